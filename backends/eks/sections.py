"""Sections of a description, made of plain documents: what kubectl describe says, reordered.

What is wrong comes first, then what the object is, then what it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from backends.eks.facts import (
    Doc,
    ago,
    container_facts,
    dig,
    in_seconds,
    joined,
    moment,
    pairs,
    yes_or_no,
)
from backends.eks.kinds.events import Event, seen, times
from backends.eks.kinds.podstatus import Pod, summarise
from backends.eks.kinds.workloads import REVISION
from backends.model import Ref, Section
from backends.text import clean

_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)
"""Annotations that repeat the object."""


def of(ref: Ref, document: Doc) -> Sequence[Section]:
    """Return the sections of an object of any kind that is listed and watched."""
    match ref.kind:
        case "k8s/pods":
            return _pod(document)
        case "k8s/containers":
            return _one_container(document, ref.name.partition("/")[2])
        case "k8s/nodes":
            return _node(document)
        case "k8s/events":
            return (pairs("Event", _event_facts(document)), identity(document))
        case "k8s/namespaces":
            phase = dig(document, "status", "phase")
            return (pairs("Status", [("Phase", phase)]), identity(document))
    return _workload(document)


def _workload(doc: Doc) -> Sequence[Section]:
    spec, status = doc.get("spec") or {}, doc.get("status") or {}
    counts = [
        ("Desired", status.get("desiredNumberScheduled", spec.get("replicas"))),
        ("Ready", status.get("numberReady", status.get("readyReplicas", 0))),
        ("Up to date", status.get("updatedNumberScheduled", status.get("updatedReplicas"))),
        ("Available", status.get("numberAvailable", status.get("availableReplicas", 0))),
        ("Unavailable", status.get("numberUnavailable", status.get("unavailableReplicas"))),
        ("Paused", "yes" if spec.get("paused") else None),
    ]
    template = spec.get("template") or {}
    return (
        pairs("Status", counts),
        conditions(status),
        pairs("Rollout", _strategy(spec)),
        *_containers(template.get("spec") or {}, {}),
        identity(doc),
    )


def _strategy(spec: Doc) -> Iterable[tuple[str, Any]]:
    strategy = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    yield "Strategy", strategy.get("type")
    yield "Max unavailable", rolling.get("maxUnavailable")
    yield "Max surge", rolling.get("maxSurge")
    yield "Partition", rolling.get("partition")
    yield "Progress deadline", in_seconds(spec.get("progressDeadlineSeconds"))
    yield "Min ready", in_seconds(spec.get("minReadySeconds"))
    yield "Selector", joined(dig(spec, "selector", "matchLabels"))


def _pod(doc: Doc) -> Sequence[Section]:
    spec, status = doc.get("spec") or {}, doc.get("status") or {}
    summary = summarise(msgspec.convert(doc, Pod))
    facts = [
        ("Status", summary.status),
        ("Reason", status.get("reason")),
        ("Message", status.get("message")),
        ("Ready", f"{summary.ready}/{summary.total}"),
        ("Restarts", summary.restarts),
        ("Node", spec.get("nodeName")),
        ("Pod IP", status.get("podIP")),
        ("Host IP", status.get("hostIP")),
        ("QoS class", status.get("qosClass")),
        ("Service account", spec.get("serviceAccountName")),
        ("Priority", spec.get("priorityClassName") or spec.get("priority")),
        ("Started", moment(status.get("startTime"))),
    ]
    return (
        pairs("Status", facts),
        conditions(status, only_false=True),
        *_containers(spec, status),
        _volumes(spec),
        identity(doc),
    )


def _one_container(doc: Doc, name: str) -> Sequence[Section]:
    spec, status = doc.get("spec") or {}, doc.get("status") or {}
    return [s for s in _containers(spec, status) if s.title.endswith(f" {clean(name)}")]


def _containers(spec: Doc, status: Doc) -> Iterable[Section]:
    for word, key, states in (
        ("Init container", "initContainers", "initContainerStatuses"),
        ("Container", "containers", "containerStatuses"),
    ):
        found = {state.get("name"): state for state in status.get(states) or []}
        for container in spec.get(key) or []:
            facts = container_facts(container, found.get(container.get("name")) or {})
            yield pairs(f"{word} {clean(str(container.get('name')))}", facts)


def _volumes(spec: Doc) -> Section:
    rows = []
    for volume in spec.get("volumes") or []:
        kind = next((key for key in volume if key != "name"), "")
        source = volume.get(kind) or {}
        name = source.get("name") or source.get("secretName") or source.get("claimName") or ""
        rows.append((clean(str(volume.get("name"))), clean(kind), clean(str(name))))
    return Section("Volumes", head=("Name", "Kind", "Of"), rows=tuple(rows))


def _node(doc: Doc) -> Sequence[Section]:
    spec, status = doc.get("spec") or {}, doc.get("status") or {}
    info = status.get("nodeInfo") or {}
    capacity, free = status.get("capacity") or {}, status.get("allocatable") or {}
    rows = tuple((clean(k), clean(str(capacity[k])), clean(str(free.get(k, "")))) for k in capacity)
    taints = (
        f"{t.get('key')}={t.get('value', '')}:{t.get('effect')}" for t in spec.get("taints") or []
    )
    facts = [
        ("Schedulable", "no" if spec.get("unschedulable") else "yes"),
        ("Taints", ", ".join(taints)),
        ("Provider id", spec.get("providerID")),
        ("Kubelet", info.get("kubeletVersion")),
        ("Runtime", info.get("containerRuntimeVersion")),
        ("OS", info.get("osImage")),
        ("Kernel", info.get("kernelVersion")),
        ("Architecture", info.get("architecture")),
        *((a.get("type"), a.get("address")) for a in status.get("addresses") or []),
    ]
    return (
        conditions(status),
        pairs("Node", facts),
        Section("Capacity", head=("Resource", "Capacity", "Allocatable"), rows=rows),
        identity(doc),
    )


def _event_facts(doc: Doc) -> Iterable[tuple[str, Any]]:
    about = doc.get("involvedObject") or {}
    yield "Type", doc.get("type")
    yield "Reason", doc.get("reason")
    yield "Message", doc.get("message")
    yield "Object", f"{about.get('kind')} {about.get('name')}"
    yield "Count", doc.get("count")
    yield "First", moment(doc.get("firstTimestamp") or doc.get("eventTime"))
    yield "Last", moment(doc.get("lastTimestamp") or doc.get("eventTime"))
    yield "From", doc.get("reportingComponent") or dig(doc, "source", "component")


def identity(doc: Doc) -> Section:
    """Return who an object is: what every object's metadata has."""
    meta = doc.get("metadata") or {}
    owners = (f"{o.get('kind')} {o.get('name')}" for o in meta.get("ownerReferences") or [])
    notes = {k: v for k, v in (meta.get("annotations") or {}).items() if k not in _NOISE}
    facts = [
        ("Name", meta.get("name")),
        ("Namespace", meta.get("namespace")),
        ("Controlled by", ", ".join(owners)),
        ("Created", moment(meta.get("creationTimestamp"))),
        ("Deleted", moment(meta.get("deletionTimestamp"))),
        ("Finalizers", ", ".join(meta.get("finalizers") or [])),
        ("UID", meta.get("uid")),
        ("Labels", joined(meta.get("labels"))),
        ("Annotations", joined(notes)),
    ]
    return pairs("Identity", facts)


def conditions(status: Doc, *, only_false: bool = False) -> Section:
    """Return a table of a status's conditions, those that hold left out if wanted."""
    rows = tuple(
        tuple(
            clean(str(c.get(key) or ""))
            for key in ("type", "status", "lastTransitionTime", "reason", "message")
        )
        for c in status.get("conditions") or []
        if not (only_false and c.get("status") == "True")
    )
    return Section("Conditions", head=("Type", "Status", "Since", "Reason", "Message"), rows=rows)


def events(found: Sequence[Event], now: float) -> Section:
    """Return a table of events as they are given."""
    rows = tuple(
        (
            ago(now - (seen(event) or now)),
            clean(event.type),
            clean(event.reason),
            str(times(event)),
            clean(event.message),
        )
        for event in found
    )
    return Section("Events", head=("Age", "Type", "Reason", "Count", "Message"), rows=rows)


def replica_sets(items: Sequence[Doc], owner: str) -> Section:
    """Return a table of the replica sets that an owner's uid controls, the newest first."""
    rows = []
    for item in items:
        meta, status = item.get("metadata") or {}, item.get("status") or {}
        if not any(o.get("uid") == owner for o in meta.get("ownerReferences") or []):
            continue
        containers = dig(item, "spec", "template", "spec", "containers") or []
        revision = str((meta.get("annotations") or {}).get(REVISION, ""))
        rows.append(
            (
                clean(revision),
                clean(str(meta.get("name"))),
                f"{status.get('readyReplicas', 0)}/{dig(item, 'spec', 'replicas') or 0}",
                clean(", ".join(str(c.get("image")) for c in containers)),
            )
        )
    rows.sort(key=lambda row: int(row[0]) if row[0].isdecimal() else 0, reverse=True)
    head = ("Revision", "Name", "Ready", "Images")
    return Section("Replica sets", head=head, rows=tuple(rows))


def node_pods(items: Sequence[Doc]) -> Section:
    """Return a table of pods."""
    rows = []
    for item in items:
        summary, meta = summarise(msgspec.convert(item, Pod)), item.get("metadata") or {}
        rows.append(
            (
                clean(str(meta.get("namespace"))),
                clean(str(meta.get("name"))),
                f"{summary.ready}/{summary.total}",
                clean(summary.status),
            )
        )
    head = ("Namespace", "Name", "Ready", "Status")
    return Section("Pods", head=head, rows=tuple(sorted(rows)))


def cluster(ref: Ref, doc: Doc) -> Sequence[Section]:
    """Return the sections of a cluster: EKS's description, or what a context tells."""
    if ref.scope.provider != "eks":
        version = doc.get("version") or {}
        facts = [
            ("Context", ref.scope.profile),
            ("Server", doc.get("server")),
            ("Version", version.get("gitVersion")),
            ("Platform", version.get("platform")),
        ]
        return (pairs("Cluster", facts),)
    network = doc.get("resourcesVpcConfig") or {}
    issues = (f"{i.get('code')}: {i.get('message')}" for i in dig(doc, "health", "issues") or [])
    facts = [
        ("Status", doc.get("status")),
        ("Version", doc.get("version")),
        ("Platform version", doc.get("platformVersion")),
        ("Endpoint", doc.get("endpoint")),
        ("ARN", doc.get("arn")),
        ("Role", doc.get("roleArn")),
        ("VPC", network.get("vpcId")),
        ("Public endpoint", yes_or_no(network.get("endpointPublicAccess"))),
        ("Private endpoint", yes_or_no(network.get("endpointPrivateAccess"))),
        ("Authentication", dig(doc, "accessConfig", "authenticationMode")),
        ("Tags", joined(doc.get("tags"))),
    ]
    return (
        Section("Issues", lines=tuple(clean(issue) for issue in issues)),
        pairs("Cluster", facts),
    )
