"""New objects as documents: what somebody applied, before any controller has seen it."""

from __future__ import annotations

import random
from functools import lru_cache

from backends.sim.blueprint import SimWorkload
from backends.sim.kube_world.fields import fields_of, managed, recorded
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.pods import owner_reference
from backends.sim.kube_world.rollout import HASH, REVISION, size_marks
from backends.sim.kube_world.values import Doc, dig, stamp, uid

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


def applied(doc: Doc, api_version: str, at: float, template: Doc | None = None) -> Doc:
    """Return a document with kubectl as the manager of its spec, labels and annotations.

    `template` are the FieldsV1 of its pod template, where somebody has them already.
    """
    meta = doc["metadata"]
    rest = {k: v for k, v in doc["spec"].items() if k != "template" or template is None}
    spec = fields_of(rest, "spec")
    if template is not None:
        spec["f:template"] = template
    kept = {k: meta[k] for k in ("labels", "annotations") if k in meta}
    fields = {"f:metadata": fields_of(kept), "f:spec": spec}
    entry = managed("kubectl-client-side-apply", api_version, at, fields)
    return {**doc, "metadata": {**meta, "managedFields": [entry]}}


def dependent(
    doc: Doc, manager_fields: Doc, owner_kind: str, owner: Doc, at: float, name: str
) -> Doc:
    """Return a document as a controller of kube-controller-manager makes it for an owner."""
    meta, about = doc["metadata"], owner["metadata"]
    references = [owner_reference(owner_kind, "apps/v1", about["name"], about["uid"])]
    kept = {k: meta[k] for k in ("labels", "annotations") if k in meta}
    fields = {"f:metadata": fields_of({**kept, "ownerReferences": references}), **manager_fields}
    entry = managed("kube-controller-manager", "apps/v1", at, fields)
    metadata_ = {**meta, "name": name, "ownerReferences": references, "managedFields": [entry]}
    return {**doc, "metadata": metadata_}


@lru_cache(maxsize=2048)
def template_fields(workload: SimWorkload) -> Doc:
    """Return the FieldsV1 of a workload's pod template."""
    return fields_of(pod_template(workload, workload.image))


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
    whole = workload.memory % 1024 == 0  # as the API server writes it, in the largest unit
    memory = f"{workload.memory // 1024}Gi" if whole else f"{workload.memory}Mi"
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
    }, "apps/v1", at, template_fields(workload))  # fmt: skip


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
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain", "whenScaled": "Retain",
            },
        },
        "status": {"replicas": 0, "availableReplicas": 0},
    }, "apps/v1", at, template_fields(workload))  # fmt: skip


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
    }, "apps/v1", at, template_fields(workload))  # fmt: skip


def replica_set(
    rng: random.Random, deployment_: Doc, hash_: str, revision: int, replicas: int, at: float,
    *, template: Doc | None = None, fields: Doc | None = None, generation: int = 1,
) -> Doc:  # fmt: skip
    """Return the replica set of one template of a deployment; `template` where not its own.

    `fields` are the FieldsV1 of the template, where somebody has them already.
    """
    meta = deployment_["metadata"]
    template = template or deployment_["spec"]["template"]
    labels = {**template["metadata"].get("labels", {}), HASH: hash_}
    name = f"{meta['name']}-{hash_}"
    made = metadata(rng, name, meta["namespace"], at, labels)
    made["generation"] = generation
    own = {k: v for k, v in meta.get("annotations", {}).items() if k not in _NOT_COPIED}
    made["annotations"] = own | size_marks(deployment_) | {REVISION: str(revision)}
    selector = {"matchLabels": {**deployment_["spec"]["selector"]["matchLabels"], HASH: hash_}}
    spec = {
        "replicas": replicas,
        "selector": selector,
        "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
    }
    below = fields_of(template) if fields is None else fields
    marks = below["f:metadata"].get("f:labels", {})
    hashed = {**below["f:metadata"], "f:labels": {**marks, f"f:{HASH}": {}}}
    owned = {
        "f:replicas": {}, "f:selector": {}, "f:template": {**below, "f:metadata": hashed}
    }  # fmt: skip
    doc = {"metadata": made, "spec": spec, "status": {"replicas": 0}}
    return dependent(doc, {"f:spec": owned}, "Deployment", deployment_, at, name)


_NOT_COPIED = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", REVISION,
    "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas",
    "deployment.kubernetes.io/revision-history",
})  # fmt: skip
"""Annotations that a replica set does not take over from its deployment."""


def controller_revision(
    rng: random.Random, owner_kind: str, owner: Doc, hash_: str, revision: int, at: float
) -> Doc:
    """Return the record of one template of a stateful set or daemon set."""
    meta, template = owner["metadata"], owner["spec"]["template"]
    labels = {**(dig(template, "metadata", "labels") or {}), "controller-revision-hash": hash_}
    name = f"{meta['name']}-{hash_}"
    made = metadata(rng, name, meta["namespace"], at, labels)
    del made["generation"]
    if meta.get("annotations"):
        made["annotations"] = meta["annotations"]
    data = {"spec": {"template": {"$patch": "replace", **template}}}
    doc = {"metadata": made, "data": data, "revision": revision}
    return dependent(doc, {"f:data": {}, "f:revision": {}}, owner_kind, owner, at, name)


def resized(kind: KubeKind, doc: Doc, replicas: int, manager: str, at: float) -> Doc:
    """Return a workload with another number of replicas, as set through its scale."""
    meta = doc["metadata"]
    fields: Doc = {"f:spec": {"f:replicas": {}}}
    entry = managed(manager, kind.api_version, at, fields, "scale")
    return {
        **doc,
        "metadata": {**recorded(meta, entry), "generation": meta.get("generation", 1) + 1},
        "spec": {**doc["spec"], "replicas": replicas},
    }


def reimaged(kind: KubeKind, doc: Doc, image: str, manager: str, at: float) -> Doc:
    """Return a workload whose first container runs another image."""
    template = doc["spec"]["template"]
    first, *others = template["spec"]["containers"]
    changed = {
        **template, "spec": {**template["spec"], "containers": [{**first, "image": image}, *others]}
    }  # fmt: skip
    owned: Doc = {f'k:{{"name":"{first["name"]}"}}': {"f:image": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": owned}}}}
    entry = managed(manager, kind.api_version, at, fields)
    meta = doc["metadata"]
    return {
        **doc,
        "metadata": {**recorded(meta, entry), "generation": meta.get("generation", 1) + 1},
        "spec": {**doc["spec"], "template": changed},
    }
