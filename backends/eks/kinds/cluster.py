"""Nodes and namespaces: what a cluster consists of."""

from __future__ import annotations

import msgspec

from backends.eks.kinds.spec import AGE, NAME, STATUS, KindSpec, Verdict, View
from backends.eks.wire import Condition, LabelledMeta, Object, Wire, epoch
from backends.model import Column, Health, Kind, Ref, Resource
from backends.text import clean

_ROLE = "node-role.kubernetes.io/"
"""The prefix of labels that kubectl shows as a node's roles."""

_INSTANCE_TYPE = "node.kubernetes.io/instance-type"
_ZONE = "topology.kubernetes.io/zone"


class NodeInfo(Wire, frozen=True, gc=False):
    """NodeSystemInfo."""

    kubelet_version: str = ""
    os_image: str = ""


class Address(Wire, frozen=True, gc=False):
    """An entry of a node's addresses."""

    type: str = ""
    address: str = ""


class NodeSpec(Wire, frozen=True, gc=False):
    """The spec of a node."""

    unschedulable: bool = False


class NodeStatus(Wire, frozen=True, gc=False):
    """The status of a node."""

    conditions: tuple[Condition, ...] = ()
    addresses: tuple[Address, ...] = ()
    capacity: dict[str, str] = msgspec.field(default_factory=dict)
    node_info: NodeInfo = NodeInfo()


class Node(Wire, frozen=True, gc=False):
    """A node."""

    metadata: LabelledMeta = LabelledMeta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


def judge_node(node: Node) -> Verdict:
    """Return how a node is; its status is kubectl's: ``Ready,SchedulingDisabled``."""
    ready = next((c for c in node.status.conditions if c.type == "Ready"), None)
    word = "Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"
    status = f"{word},SchedulingDisabled" if node.spec.unschedulable else word
    if ready is None or word == "NotReady":
        why = clean(ready.message or ready.reason, 300) if ready else "the node has not reported"
        return Verdict(Health.FAILING if ready else Health.UNKNOWN, status, why)
    pressing = [c for c in node.status.conditions if c.type != "Ready" and c.status == "True"]
    if pressing:
        why = f"{clean(pressing[0].type)}: {clean(pressing[0].message, 300)}"
        return Verdict(Health.DEGRADED, status, why)
    if node.spec.unschedulable:
        return Verdict(Health.IDLE, status, "cordoned: no new pods are put on it")
    return Verdict(Health.OK, status)


def _node_rows(node: Node, view: View) -> tuple[Resource, ...]:
    meta, status, verdict = node.metadata, node.status, judge_node(node)
    labels, ref = meta.labels, view.ref("k8s/nodes", "", meta.name)
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))
    addresses = tuple(clean(a.address) for a in status.addresses if a.type.endswith("IP"))
    created = epoch(meta.creation_timestamp)
    return (
        Resource(
            ref=ref,
            health=verdict.health,
            status=verdict.status,
            reason=verdict.reason,
            cells=(
                ref.name,
                verdict.status,
                clean(", ".join(roles)) or None,
                created,
                clean(status.node_info.kubelet_version),
                clean(labels.get(_INSTANCE_TYPE, "")) or None,
                clean(labels.get(_ZONE, "")) or None,
                clean(status.capacity.get("cpu", "")) or None,
                memory(status.capacity.get("memory", "")),
                clean(status.capacity.get("pods", "")) or None,
                clean(status.node_info.os_image),
            ),
            uid=meta.uid,
            created=created,
            addresses=addresses,
            raw=node,
        ),
    )


_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9}


def memory(quantity: str) -> str | None:
    """Return a quantity of memory in GiB, as people know instances by: ``15.4 GiB``."""
    digits = quantity.rstrip("KMGTikm")
    try:
        size = float(digits) * _UNITS.get(quantity[len(digits) :], 1)
    except ValueError:
        return clean(quantity) or None
    return f"{size / 2**30:.1f} GiB"


NODES = KindSpec(
    kind=Kind(
        id="k8s/nodes",
        title="Nodes",
        singular="node",
        columns=(
            NAME,
            STATUS,
            Column("roles", "Roles", wide=True),
            AGE,
            Column("version", "Version"),
            Column("type", "Instance type"),
            Column("zone", "Zone"),
            Column("cpu", "CPU"),
            Column("memory", "Memory"),
            Column("max-pods", "Max pods", wide=True),
            Column("os", "OS", wide=True),
        ),
        child="k8s/pods",
        aliases=("nodes", "node", "no"),
    ),
    api="/api/v1",
    plural="nodes",
    object_kind="Node",
    wire=Node,
    rows=_node_rows,
)


class NamespaceStatus(Wire, frozen=True, gc=False):
    """The status of a namespace."""

    phase: str = ""


class Namespace(Object, frozen=True, gc=False):
    """A namespace."""

    status: NamespaceStatus = NamespaceStatus()


def _namespace_rows(obj: Namespace, view: View) -> tuple[Resource, ...]:
    name, phase = clean(obj.metadata.name), clean(obj.status.phase) or "Unknown"
    created = epoch(obj.metadata.creation_timestamp)
    health = Health.OK if phase == "Active" else Health.PROGRESSING
    return (
        Resource(
            ref=Ref(view.at(name), "k8s/namespaces", name),
            health=health,
            status=phase,
            reason="" if phase == "Active" else "it is being deleted",
            cells=(name, phase, created),
            uid=obj.metadata.uid,
            created=created,
            raw=obj,
        ),
    )


NAMESPACES = KindSpec(
    kind=Kind(
        id="k8s/namespaces",
        title="Namespaces",
        singular="namespace",
        columns=(NAME, STATUS, AGE),
        child="k8s/workloads",
        aliases=("namespaces", "namespace", "ns"),
        narrows="namespace",
    ),
    api="/api/v1",
    plural="namespaces",
    object_kind="Namespace",
    wire=Namespace,
    rows=_namespace_rows,
)
