"""Sections of a description, made of plain documents: what kubectl describe says, reordered.

What is wrong comes first, then what the object is, then what it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from backends.eks.kinds.events import Event, seen, times
from backends.eks.kinds.podstatus import Pod, summarise
from backends.eks.kinds.workloads import REVISION
from backends.model import Ref, Section
from backends.text import clean

_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)
"""Annotations that repeat the object."""

Doc = Mapping[str, Any]


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
            return (_pairs("Event", _event_facts(document)), _identity(document))
        case "k8s/namespaces":
            phase = _dig(document, "status", "phase")
            return (_pairs("Status", [("Phase", phase)]), _identity(document))
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
        _pairs("Status", counts),
        _conditions(status),
        _pairs("Rollout", _strategy(spec)),
        *_containers(template.get("spec") or {}, {}),
        _identity(doc),
    )


def _strategy(spec: Doc) -> Iterable[tuple[str, Any]]:
    strategy = spec.get("strategy") or spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    yield "Strategy", strategy.get("type")
    yield "Max unavailable", rolling.get("maxUnavailable")
    yield "Max surge", rolling.get("maxSurge")
    yield "Partition", rolling.get("partition")
    yield "Progress deadline", _seconds(spec.get("progressDeadlineSeconds"))
    yield "Min ready", _seconds(spec.get("minReadySeconds"))
    yield "Selector", _labels(_dig(spec, "selector", "matchLabels"))


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
        ("Started", _moment(status.get("startTime"))),
    ]
    return (
        _pairs("Status", facts),
        _conditions(status, only_false=True),
        *_containers(spec, status),
        _volumes(spec),
        _identity(doc),
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
            facts = _container(container, found.get(container.get("name")) or {})
            yield _pairs(f"{word} {clean(str(container.get('name')))}", facts)


def _container(spec: Doc, status: Doc) -> Iterable[tuple[str, Any]]:
    yield "State", _state(status.get("state") or {})
    yield "Last state", _state(status.get("lastState") or {})
    if status:
        yield "Ready", "yes" if status.get("ready") else "no"
        yield "Restarts", status.get("restartCount")
    yield "Image", spec.get("image")
    yield "Image id", status.get("imageID")
    yield "Command", " ".join(map(str, [*(spec.get("command") or []), *(spec.get("args") or [])]))
    ports = (
        f"{p.get('containerPort')}/{p.get('protocol', 'TCP')}" for p in spec.get("ports") or []
    )
    yield "Ports", ", ".join(ports)
    resources = spec.get("resources") or {}
    yield "Requests", _labels(resources.get("requests"))
    yield "Limits", _labels(resources.get("limits"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield probe.removesuffix("Probe").capitalize() + " probe", _probe(spec.get(probe) or {})
    yield "Environment", ", ".join(str(e.get("name")) for e in spec.get("env") or [])
    mounts = (f"{m.get('mountPath')} from {m.get('name')}" for m in spec.get("volumeMounts") or [])
    yield "Mounts", ", ".join(mounts)


def _state(state: Doc) -> str:
    for word, facts in state.items():
        told = [word.capitalize()]
        if facts.get("reason"):
            told.append(f"({facts['reason']})")
        if "exitCode" in facts:
            told.append(f"exit {facts['exitCode']}")
        for label, key in (("since", "startedAt"), ("until", "finishedAt")):
            if facts.get(key):
                told.append(f"{label} {_moment(facts[key])}")
        if facts.get("message"):
            told.append(f"— {facts['message']}")
        return " ".join(told)
    return ""


def _probe(probe: Doc) -> str:
    if not probe:
        return ""
    http, tcp, command = probe.get("httpGet"), probe.get("tcpSocket"), probe.get("exec")
    what = "gRPC"
    if http:
        what = f"GET {http.get('path', '/')} on port {http.get('port')}"
    elif tcp:
        what = f"TCP port {tcp.get('port')}"
    elif command:
        what = " ".join(map(str, command.get("command") or []))
    return (
        f"{what}, every {probe.get('periodSeconds', 10)} s, "
        f"fails after {probe.get('failureThreshold', 3)}"
    )


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
        _conditions(status),
        _pairs("Node", facts),
        Section("Capacity", head=("Resource", "Capacity", "Allocatable"), rows=rows),
        _identity(doc),
    )


def _event_facts(doc: Doc) -> Iterable[tuple[str, Any]]:
    about = doc.get("involvedObject") or {}
    yield "Type", doc.get("type")
    yield "Reason", doc.get("reason")
    yield "Message", doc.get("message")
    yield "Object", f"{about.get('kind')} {about.get('name')}"
    yield "Count", doc.get("count")
    yield "First", _moment(doc.get("firstTimestamp") or doc.get("eventTime"))
    yield "Last", _moment(doc.get("lastTimestamp") or doc.get("eventTime"))
    yield "From", doc.get("reportingComponent") or _dig(doc, "source", "component")


def _identity(doc: Doc) -> Section:
    meta = doc.get("metadata") or {}
    owners = (f"{o.get('kind')} {o.get('name')}" for o in meta.get("ownerReferences") or [])
    notes = {k: v for k, v in (meta.get("annotations") or {}).items() if k not in _NOISE}
    facts = [
        ("Name", meta.get("name")),
        ("Namespace", meta.get("namespace")),
        ("Controlled by", ", ".join(owners)),
        ("Created", _moment(meta.get("creationTimestamp"))),
        ("Deleted", _moment(meta.get("deletionTimestamp"))),
        ("Finalizers", ", ".join(meta.get("finalizers") or [])),
        ("UID", meta.get("uid")),
        ("Labels", _labels(meta.get("labels"))),
        ("Annotations", _labels(notes)),
    ]
    return _pairs("Identity", facts)


def _conditions(status: Doc, *, only_false: bool = False) -> Section:
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
        containers = _dig(item, "spec", "template", "spec", "containers") or []
        revision = str((meta.get("annotations") or {}).get(REVISION, ""))
        rows.append(
            (
                clean(revision),
                clean(str(meta.get("name"))),
                f"{status.get('readyReplicas', 0)}/{_dig(item, 'spec', 'replicas') or 0}",
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
        return (_pairs("Cluster", facts),)
    network = doc.get("resourcesVpcConfig") or {}
    issues = (f"{i.get('code')}: {i.get('message')}" for i in _dig(doc, "health", "issues") or [])
    facts = [
        ("Status", doc.get("status")),
        ("Version", doc.get("version")),
        ("Platform version", doc.get("platformVersion")),
        ("Endpoint", doc.get("endpoint")),
        ("ARN", doc.get("arn")),
        ("Role", doc.get("roleArn")),
        ("VPC", network.get("vpcId")),
        ("Public endpoint", _yes(network.get("endpointPublicAccess"))),
        ("Private endpoint", _yes(network.get("endpointPrivateAccess"))),
        ("Authentication", _dig(doc, "accessConfig", "authenticationMode")),
        ("Tags", _labels(doc.get("tags"))),
    ]
    return (
        Section("Issues", lines=tuple(clean(issue) for issue in issues)),
        _pairs("Cluster", facts),
    )


def ago(seconds: float) -> str:
    """Return a duration as kubectl would: ``45s``, ``3m``, ``5h``, ``2d``."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= 2 * size or (unit == "m" and whole >= 120):
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _pairs(title: str, facts: Iterable[tuple[Any, Any]]) -> Section:
    """Make a section of the facts that are known; numbers are, at nought, too."""
    kept = tuple(
        (clean(str(name)), clean(str(value)))
        for name, value in facts
        if value is not None and value != ""
    )
    return Section(title, pairs=kept)


def _labels(labels: Any) -> str:
    return ", ".join(f"{key}={value}" for key, value in (labels or {}).items())


def _seconds(value: Any) -> str:
    return f"{value} s" if value else ""


def _yes(value: Any) -> str:
    return "" if value is None else "yes" if value else "no"


def _moment(stamp: Any) -> str:
    """Return a timestamp of the API as ``2026-11-22 21:27:23 UTC``."""
    try:
        return datetime.fromisoformat(str(stamp or "")).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return ""


def _dig(doc: Any, *keys: str) -> Any:
    for key in keys:
        doc = (doc or {}).get(key)
    return doc
