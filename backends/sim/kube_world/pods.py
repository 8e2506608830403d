"""Pods as documents, and each step of their lives as a function from document to document."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal, TypeAlias

from backends.sim.kube_world.fields import fields_of, managed, recorded
from backends.sim.kube_world.values import Doc, stamp

ConditionStatus: TypeAlias = Literal["True", "False"]

ZONE = "topology.kubernetes.io/zone"
"""The label that a pod takes from its node as it is bound (since 1.35)."""

_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute",
     "tolerationSeconds": 300}
    for what in ("not-ready", "unreachable")
]  # fmt: skip

_API_ACCESS = {
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{
            "path": "namespace",
            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
        }]}},
    ],
    "defaultMode": 420,
}  # fmt: skip

_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")
_CONDITION_FIELDS: Doc = {
    f'k:{{"type":"{type_}"}}': {
        ".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:observedGeneration": {},
        "f:status": {}, "f:type": {},
    }
    for type_ in sorted(_CONDITIONS)
} | {'k:{"type":"PodScheduled"}': {"f:observedGeneration": {}}}  # fmt: skip


_PINNED_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": effect}
    for what, effect in (
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"), ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
    )
]  # fmt: skip
"""What the daemon set controller lets its pods put up with."""


class PodShape:
    """What all pods of one template and owner have in common; their documents share it."""

    def __init__(
        self, template: Doc, owner: Doc, generate_name: str, labels: Doc, *, service: str = "",
        pinned: bool = False, spec_fields: Doc | None = None,
    ) -> None:  # fmt: skip
        self.labels = labels
        self.annotations: Doc | None = template["metadata"].get("annotations")
        self.owners = [owner]
        self.generate_name = generate_name
        self.spec: Doc = template["spec"]
        self.service = service
        """The governing service of a stateful set, whose pods have ordinals; else empty."""
        self.pinned = pinned
        """Whether each pod is made for one node."""
        self._spec_fields = spec_fields

    @cached_property
    def fields(self) -> Doc:
        """What the creating controller owns of each pod, as FieldsV1."""
        meta: Doc = {"labels": self.labels, "ownerReferences": self.owners}
        if self.annotations:
            meta["annotations"] = self.annotations
        if self.generate_name:
            meta["generateName"] = self.generate_name
        spec = self._spec_fields or fields_of(self.spec)
        return {"f:metadata": fields_of(meta), "f:spec": {**spec, "f:enableServiceLinks": {}}}

    def labels_of(self, name: str) -> Doc:
        """Return the labels of the pod of that name."""
        if not self.service:
            return self.labels
        return {
            **self.labels,
            "apps.kubernetes.io/pod-index": name.rpartition("-")[2],
            "statefulset.kubernetes.io/pod-name": name,
        }

    def own_spec(self, name: str, node: str) -> Doc:
        """Return what the spec of that pod has beyond the template's; `node`: where it must go."""
        if self.service:
            return {"hostname": name, "subdomain": self.service}
        if not self.pinned:
            return {}
        only = {"key": "metadata.name", "operator": "In", "values": [node]}
        required = {"nodeSelectorTerms": [{"matchFields": [only]}]}
        return {"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": required
        }}}  # fmt: skip


def new_pod(
    shape: PodShape, namespace: str, name: str, uid: str, volume: str, at: float, node: str = ""
) -> Doc:
    """Return a pod as a controller creates it: pending, on no node yet.

    `volume` ends the name of the volume with its API token; `node` is where it is to go, where
    the shape is pinned.
    """
    metadata: Doc = {"name": name}
    if shape.generate_name:
        metadata["generateName"] = shape.generate_name
    metadata |= {
        "namespace": namespace, "uid": uid, "resourceVersion": "", "generation": 1,
        "creationTimestamp": stamp(at), "labels": shape.labels_of(name),
    }  # fmt: skip
    if shape.annotations:
        metadata["annotations"] = shape.annotations
    metadata["ownerReferences"] = shape.owners
    metadata["managedFields"] = [managed("kube-controller-manager", "v1", at, shape.fields)]
    access = f"kube-api-access-{volume}"
    mount = {
        "name": access, "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }  # fmt: skip
    tolerations = _PINNED_TOLERATIONS if shape.pinned else _TOLERATIONS
    spec = {
        "volumes": [{"name": access, "projected": _API_ACCESS}],
        **shape.spec,
        "containers": [{**c, "volumeMounts": [mount]} for c in shape.spec["containers"]],
        "serviceAccountName": "default", "serviceAccount": "default",
        **shape.own_spec(name, node),
        "tolerations": [*shape.spec.get("tolerations", ()), *tolerations],
        "priority": 0, "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority",
    }  # fmt: skip
    return {
        "metadata": metadata, "spec": spec,
        "status": {"phase": "Pending", "qosClass": _quality(shape.spec["containers"])},
    }  # fmt: skip


def _quality(containers: Iterable[Doc]) -> str:
    return "Burstable" if any(c["resources"].get("requests") for c in containers) else "BestEffort"


def _condition(type_: str, status: str, at: float, reason: str = "", message: str = "") -> Doc:
    made: Doc = {
        "type": type_, "observedGeneration": 1, "status": status, "lastProbeTime": None,
        "lastTransitionTime": stamp(at),
    }  # fmt: skip
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made


def _conditions(pod: Doc, at: float, statuses: list[Doc], sandbox: bool) -> list[Doc]:
    """Return a pod's conditions for these container statuses; unchanged ones keep their time."""
    unready = [s["name"] for s in statuses if not s["ready"]]
    why = ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    state: ConditionStatus = "False" if unready else "True"
    words = why if unready else ("", "")
    wanted = [
        _condition("PodReadyToStartContainers", "True" if sandbox else "False", at),
        _condition("Initialized", "True", at),
        _condition("Ready", state, at, *words),
        _condition("ContainersReady", state, at, *words),
        _condition("PodScheduled", "True", at),
    ]
    before = {c["type"]: c for c in pod["status"].get("conditions", ())}
    for condition in wanted:
        old = before.get(condition["type"])
        if old is not None and old["status"] == condition["status"]:
            condition["lastTransitionTime"] = old["lastTransitionTime"]
    return wanted


def bound(pod: Doc, node: str, zone: str, at: float) -> Doc:
    """Return a pod as the scheduler binds it to a node."""
    metadata = {**pod["metadata"], "labels": {**pod["metadata"].get("labels", {}), ZONE: zone}}
    status = {**pod["status"], "conditions": [_condition("PodScheduled", "True", at)]}
    return {"metadata": metadata, "spec": {**pod["spec"], "nodeName": node}, "status": status}


def unschedulable(pod: Doc, message: str, at: float) -> Doc:
    """Return a pod for which the scheduler found no node."""
    old = next(iter(pod["status"].get("conditions", ())), None)
    since = old["lastTransitionTime"] if old else stamp(at)
    condition = _condition("PodScheduled", "False", at, "Unschedulable", message)
    return {**pod, "status": {
        **pod["status"], "conditions": [{**condition, "lastTransitionTime": since}],
    }}  # fmt: skip


def reported(
    pod: Doc, at: float, statuses: list[Doc], *, host_ip: str, ip: str = "", phase: str = "Pending"
) -> Doc:
    """Return a pod with the status that its kubelet reports for these containers."""
    old = pod["status"]
    status: Doc = {
        "observedGeneration": 1,
        "phase": phase,
        "conditions": _conditions(pod, at, statuses, bool(ip)),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
    }
    if ip:
        status |= {"podIP": ip, "podIPs": [{"ip": ip}]}
    status |= {
        "startTime": old.get("startTime") or stamp(at),
        "containerStatuses": statuses,
        "qosClass": old["qosClass"],
    }
    written: Doc = {"f:conditions": _CONDITION_FIELDS}
    written |= {f"f:{key}": {} for key in sorted(status) if key not in ("conditions", "qosClass")}
    if ip:
        written["f:podIPs"] = {".": {}, f'k:{{"ip":"{ip}"}}': {".": {}, "f:ip": {}}}
    entry = managed("kubelet", "v1", at, {"f:status": written}, "status")
    return {"metadata": recorded(pod["metadata"], entry), "spec": pod["spec"], "status": status}


def deleting(pod: Doc, grace: int, at: float) -> Doc:
    """Return a pod that has been told to go within `grace` seconds."""
    old = pod["metadata"]
    metadata: Doc = {}
    for key, value in old.items():
        metadata[key] = value
        if key == "creationTimestamp":
            metadata["deletionTimestamp"] = stamp(at + grace)
            metadata["deletionGracePeriodSeconds"] = grace
    first = "deletionTimestamp" not in old
    metadata |= {
        "generation": old.get("generation", 1) + (1 if first else 0),
        "deletionTimestamp": stamp(at + grace),
        "deletionGracePeriodSeconds": grace,
    }
    return {**pod, "metadata": metadata}


def owner_reference(kind: str, api_version: str, name: str, uid: str) -> dict[str, Any]:
    """Return the reference by which an object names its controller."""
    return {
        "apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": True,
        "blockOwnerDeletion": True,
    }  # fmt: skip
