"""New objects as documents: what somebody applied, before any controller has seen it."""

from __future__ import annotations

import random

from backends.sim.blueprint import SimWorkload
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.values import Doc, stamp, uid

PORT = 8080
"""The port that every simulated service listens on."""

SIDECAR = "proxy"
"""The name of the second container that autoscaled workloads have."""

SIDECAR_IMAGE = "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.34.0.0-prod"


def metadata(rng: random.Random, name: str, namespace: str, at: float, labels: Doc) -> Doc:
    """Return the metadata of an object created at epoch second `at`; namespace may be empty."""
    made: Doc = {"name": name}
    if namespace:
        made["namespace"] = namespace
    return made | {
        "uid": uid(rng), "resourceVersion": "", "generation": 1, "creationTimestamp": stamp(at),
        "labels": labels,
    }  # fmt: skip


def applied(doc: Doc, api_version: str, at: float) -> Doc:
    """Return a document with kubectl as the manager of its spec and labels."""
    meta = doc["metadata"]
    fields = {"f:metadata": fields_of({k: meta[k] for k in ("labels", "annotations") if k in meta})}
    fields |= {f"f:{key}": fields_of(doc[key], key) for key in doc if key in ("spec",)}
    entry = managed("kubectl-client-side-apply", api_version, at, fields)
    return {**doc, "metadata": {**meta, "managedFields": [entry]}}


def labels_of(workload: SimWorkload) -> Doc:
    """Return the labels by which a workload's pods are selected."""
    return {"app": workload.name}


def _probe(path: str, period: int, failures: int, delay: int = 0) -> Doc:
    probe: Doc = {"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}}
    if delay:
        probe["initialDelaySeconds"] = delay
    return probe | {
        "timeoutSeconds": 1, "periodSeconds": period, "successThreshold": 1,
        "failureThreshold": failures,
    }  # fmt: skip


def _container(name: str, image: str, resources: Doc, extra: Doc) -> Doc:
    return {
        "name": name, "image": image, **extra, "resources": resources,
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }  # fmt: skip


def pod_template(workload: SimWorkload, image: str) -> Doc:
    """Return the pod template of a workload, as the API server stores it."""
    memory = f"{workload.memory}Mi"
    cpu = f"{round(workload.cpu * 1000 / 1024)}m"
    main = _container(
        workload.name, image,
        {"limits": {"memory": memory}, "requests": {"cpu": cpu, "memory": memory}},
        {
            "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
            "env": [{"name": "SERVICE", "value": workload.name}],
            "livenessProbe": _probe("/livez", 10, 3, delay=15),
            "readinessProbe": _probe("/readyz", 5, 2),
        },
    )  # fmt: skip
    containers = [main]
    if workload.autoscaled:
        requests = {"requests": {"cpu": "25m", "memory": "64Mi"}}
        containers.append(_container(SIDECAR, SIDECAR_IMAGE, requests, {}))
    spec: Doc = {
        "containers": containers, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler",
    }  # fmt: skip
    if workload.kind == "daemonset":
        spec["tolerations"] = [{"operator": "Exists"}]
    return {"metadata": {"labels": labels_of(workload)}, "spec": spec}


def deployment(rng: random.Random, workload: SimWorkload, image: str, at: float) -> Doc:
    """Return a deployment of a workload."""
    labels = labels_of(workload)
    return applied({
        "metadata": metadata(rng, workload.name, workload.namespace, at, labels),
        "spec": {
            "replicas": workload.desired, "selector": {"matchLabels": labels},
            "template": pod_template(workload, image),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
            },
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
        },
        "status": {},
    }, "apps/v1", at)  # fmt: skip


def stateful_set(rng: random.Random, workload: SimWorkload, image: str, at: float) -> Doc:
    """Return a stateful set of a workload."""
    labels = labels_of(workload)
    return applied({
        "metadata": metadata(rng, workload.name, workload.namespace, at, labels),
        "spec": {
            "replicas": workload.desired, "selector": {"matchLabels": labels},
            "template": pod_template(workload, image),
            "serviceName": workload.name, "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    }, "apps/v1", at)  # fmt: skip


def daemon_set(rng: random.Random, workload: SimWorkload, image: str, at: float) -> Doc:
    """Return a daemon set of a workload."""
    labels = labels_of(workload)
    meta = metadata(rng, workload.name, workload.namespace, at, labels)
    meta["annotations"] = {"deprecated.daemonset.template.generation": "1"}
    return applied({
        "metadata": meta,
        "spec": {
            "selector": {"matchLabels": labels},
            "template": pod_template(workload, image),
            "updateStrategy": {
                "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
            },
            "revisionHistoryLimit": 10,
        },
        "status": {
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
    }, "apps/v1", at)  # fmt: skip
