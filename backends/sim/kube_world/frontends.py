"""What stands before a workload as documents: its service, endpoint slice and autoscaler."""

from __future__ import annotations

import random

from backends.sim.blueprint import SimWorkload
from backends.sim.kube_world.documents import PORT, applied, labels_of, metadata
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.pods import owner_reference
from backends.sim.kube_world.values import Doc, stamp, suffix


def service(
    rng: random.Random, workload: SimWorkload, address: str, at: float, *, headless: bool
) -> Doc:
    """Return the service in front of a workload; `address` is its cluster IP."""
    labels = labels_of(workload)
    meta = metadata(rng, workload.name, workload.namespace, at, labels)
    del meta["generation"]
    ip = "None" if headless else address
    spec = {
        "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "http"}],
        "selector": labels, "clusterIP": ip, "clusterIPs": [ip], "type": "ClusterIP",
        "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }  # fmt: skip
    doc = {"metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}
    return applied(doc, "v1", at)


def endpoint_slice(rng: random.Random, service_: Doc, endpoints: list[Doc], at: float) -> Doc:
    """Return the slice with the endpoints of a service."""
    meta = service_["metadata"]
    labels = {
        **meta["labels"],
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": meta["name"],
    }
    if service_["spec"]["clusterIP"] == "None":
        labels["service.kubernetes.io/headless"] = ""
    name = f"{meta['name']}-{suffix(rng)}"
    made = metadata(rng, name, meta["namespace"], at, labels)
    made["generateName"] = f"{meta['name']}-"
    made["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time": stamp(at)}
    made["ownerReferences"] = [owner_reference("Service", "v1", meta["name"], meta["uid"])]
    kept = {k: made[k] for k in ("labels", "annotations", "ownerReferences", "generateName")}
    fields = {
        "f:addressType": {}, "f:endpoints": {}, "f:metadata": fields_of(kept), "f:ports": {}
    }  # fmt: skip
    made["managedFields"] = [managed("kube-controller-manager", "discovery.k8s.io/v1", at, fields)]
    return {
        "metadata": made, "addressType": "IPv4", "endpoints": endpoints,
        "ports": [{"name": "http", "protocol": "TCP", "port": PORT}],
    }  # fmt: skip


def autoscaler(rng: random.Random, workload: SimWorkload, least: int, most: int, at: float) -> Doc:
    """Return the horizontal pod autoscaler of a deployment; it aims at 70% of the CPU request."""
    meta = metadata(rng, workload.name, workload.namespace, at, labels_of(workload))
    del meta["generation"]
    policies = [{"type": "Percent", "value": 100, "periodSeconds": 15}]
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": workload.name, "apiVersion": "apps/v1"},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70},
        }}],
        "behavior": {
            "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max",
                        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, *policies]},
            "scaleDown": {"stabilizationWindowSeconds": 30, "selectPolicy": "Max",
                          "policies": policies},
        },
    }  # fmt: skip
    doc = {"metadata": meta, "spec": spec, "status": {"desiredReplicas": 0, "currentMetrics": None}}
    return applied(doc, "autoscaling/v2", at)
