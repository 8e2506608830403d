"""What kubectl prints of each kind: columns and cells, as the API server makes them for Table.

The words and orders are those of Kubernetes' pkg/printers/internalversion.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from backends.sim.kube_world.values import Doc, dig, parse_stamp

Cells: TypeAlias = list[str | int | None]
"""One row of a Table."""

NONE = "<none>"
"""What an absent value is printed as."""


class TableColumn(msgspec.Struct, frozen=True):
    """One entry of a Table's columnDefinitions."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0
    """0: always shown; 1: with ``-o wide``."""


def age(seconds: float) -> str:
    """Return a duration as k8s.io/apimachinery's HumanDuration writes it: ``68s``, ``3m46s``."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    return _long_age(minutes // 60, minutes % 60)


def _long_age(hours: int, minutes: int) -> str:
    if hours < 8:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days, rest = divmod(hours, 24)
    if days < 8:
        return f"{days}d{rest}h" if rest else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, rest = divmod(days, 365)
    return f"{years}y{rest}d" if rest and years < 8 else f"{years}y"


def since(text: str | None, now: float) -> str:
    """Return how long ago a time stamp was, ``<unknown>`` where there is none."""
    return age(now - parse_stamp(text)) if text else "<unknown>"


def created(doc: Doc, now: float) -> str:
    """Return the age of an object."""
    return since(doc["metadata"].get("creationTimestamp"), now)


def selector(value: Doc | None) -> str:
    """Return a label selector as kubectl prints it."""
    pairs = (value or {}).get("matchLabels", value or {})
    return ",".join(f"{key}={pairs[key]}" for key in sorted(pairs)) or NONE


def _joined(containers: list[Doc], key: str) -> str:
    return ",".join(container[key] for container in containers)


def _template(doc: Doc) -> list[Doc]:
    containers: list[Doc] = doc["spec"]["template"]["spec"]["containers"]
    return containers


def _count(doc: Doc, key: str) -> int:
    return int(dig(doc, "status", key) or 0)


def pod_status(doc: Doc) -> str:
    """Return the word in kubectl's STATUS column: a phase, a reason or ``Terminating``."""
    status = doc.get("status", {})
    reason = status.get("reason") or status.get("phase", "")
    running, wrong = False, ""
    for container in reversed(status.get("containerStatuses", ())):
        state = container["state"]
        if dig(state, "waiting", "reason"):
            reason = state["waiting"]["reason"]
        elif "terminated" in state:
            ended = state["terminated"]
            reason = ended.get("reason") or f"ExitCode:{ended['exitCode']}"
            wrong = reason if ended["exitCode"] else wrong
        elif container["ready"] and "running" in state:
            running = True
    if reason == "Completed":
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status["conditions"])
        reason = "Running" if running and ready else wrong or ("NotReady" if running else reason)
    if doc["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in {"Succeeded", "Failed"}:
            return "Terminating"
    return str(reason)


def _restarts(statuses: list[Doc], now: float) -> str:
    total = sum(status["restartCount"] for status in statuses)
    ends = [dig(status, "lastState", "terminated", "finishedAt") for status in statuses]
    latest = max((end for end in ends if end), default=None)
    return f"{total} ({since(latest, now)} ago)" if total and latest else str(total)


def pod(doc: Doc, now: float) -> Cells:
    """Return the cells of a pod."""
    spec, status = doc["spec"], doc.get("status", {})
    statuses = status.get("containerStatuses", [])
    ready = sum(1 for s in statuses if s["ready"] and "running" in s["state"])
    return [
        doc["metadata"]["name"], f"{ready}/{len(spec['containers'])}", pod_status(doc),
        _restarts(statuses, now), created(doc, now), status.get("podIP") or NONE,
        spec.get("nodeName") or NONE, status.get("nominatedNodeName") or NONE, NONE,
    ]  # fmt: skip


def deployment(doc: Doc, now: float) -> Cells:
    """Return the cells of a deployment."""
    containers = _template(doc)
    return [
        doc["metadata"]["name"], f"{_count(doc, 'readyReplicas')}/{doc['spec'].get('replicas', 1)}",
        _count(doc, "updatedReplicas"), _count(doc, "availableReplicas"), created(doc, now),
        _joined(containers, "name"), _joined(containers, "image"),
        selector(doc["spec"]["selector"]),
    ]  # fmt: skip


def replica_set(doc: Doc, now: float) -> Cells:
    """Return the cells of a replica set."""
    containers = _template(doc)
    return [
        doc["metadata"]["name"], doc["spec"].get("replicas", 1), _count(doc, "replicas"),
        _count(doc, "readyReplicas"), created(doc, now), _joined(containers, "name"),
        _joined(containers, "image"), selector(doc["spec"]["selector"]),
    ]  # fmt: skip


def stateful_set(doc: Doc, now: float) -> Cells:
    """Return the cells of a stateful set."""
    containers = _template(doc)
    return [
        doc["metadata"]["name"], f"{_count(doc, 'readyReplicas')}/{doc['spec'].get('replicas', 1)}",
        created(doc, now), _joined(containers, "name"), _joined(containers, "image"),
    ]  # fmt: skip


def daemon_set(doc: Doc, now: float) -> Cells:
    """Return the cells of a daemon set."""
    containers = _template(doc)
    return [
        doc["metadata"]["name"], _count(doc, "desiredNumberScheduled"),
        _count(doc, "currentNumberScheduled"), _count(doc, "numberReady"),
        _count(doc, "updatedNumberScheduled"), _count(doc, "numberAvailable"),
        selector(doc["spec"]["template"]["spec"].get("nodeSelector")), created(doc, now),
        _joined(containers, "name"), _joined(containers, "image"),
        selector(doc["spec"]["selector"]),
    ]  # fmt: skip


def controller_revision(doc: Doc, now: float) -> Cells:
    """Return the cells of a controller revision."""
    owner: Doc = next(
        (o for o in doc["metadata"].get("ownerReferences", ()) if o.get("controller")), {}
    )
    group = owner.get("apiVersion", "").partition("/")[0]
    name = f"{owner['kind'].lower()}.{group}/{owner['name']}" if owner else NONE
    return [doc["metadata"]["name"], name, doc["revision"], created(doc, now)]


def node(doc: Doc, now: float) -> Cells:
    """Return the cells of a node."""
    ready = next((c for c in doc["status"]["conditions"] if c["type"] == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"]
    if doc["spec"].get("unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = [k.removeprefix(prefix) for k in doc["metadata"]["labels"] if k.startswith(prefix)]
    addresses = {a["type"]: a["address"] for a in doc["status"]["addresses"]}
    info = doc["status"]["nodeInfo"]
    return [
        doc["metadata"]["name"], ",".join(words), ",".join(sorted(roles)) or NONE,
        created(doc, now), info["kubeletVersion"], addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE), info["osImage"],
        f"{info['kernelVersion']} ({info['architecture']})", info["containerRuntimeVersion"],
    ]  # fmt: skip


def namespace(doc: Doc, now: float) -> Cells:
    """Return the cells of a namespace."""
    return [doc["metadata"]["name"], doc["status"]["phase"], created(doc, now)]


def event(doc: Doc, now: float) -> Cells:
    """Return the cells of an event."""
    about, source, series = doc["involvedObject"], doc.get("source", {}), doc.get("series")
    first = doc.get("firstTimestamp") or doc.get("eventTime")
    last = dig(series, "lastObservedTime") or doc.get("lastTimestamp") or first
    component = source.get("component") or doc.get("reportingComponent", "")
    host = source.get("host") or doc.get("reportingInstance", "")
    return [
        since(last, now), doc["type"], doc["reason"], f"{about['kind'].lower()}/{about['name']}",
        about.get("fieldPath", ""), f"{component}, {host}" if host else component,
        doc["message"].strip(), since(first, now), dig(series, "count") or doc.get("count") or 1,
        doc["metadata"]["name"],
    ]  # fmt: skip


def service(doc: Doc, now: float) -> Cells:
    """Return the cells of a service."""
    spec = doc["spec"]
    ports = ",".join(f"{p['port']}/{p['protocol']}" for p in spec.get("ports", ()))
    return [
        doc["metadata"]["name"], spec["type"], spec.get("clusterIP") or NONE, NONE, ports or NONE,
        created(doc, now), selector(spec.get("selector")),
    ]  # fmt: skip


def endpoint_slice(doc: Doc, now: float) -> Cells:
    """Return the cells of an endpoint slice; three addresses and the number of the others."""
    addresses = [address for e in doc["endpoints"] or () for address in e["addresses"]]
    more = f" + {len(addresses) - 3} more..." if len(addresses) > 3 else ""
    return [
        doc["metadata"]["name"], doc["addressType"],
        ",".join(str(p["port"]) for p in doc["ports"] or ()) or "<unset>",
        (",".join(addresses[:3]) + more) or "<unset>", created(doc, now),
    ]  # fmt: skip


def autoscaler(doc: Doc, now: float) -> Cells:
    """Return the cells of a horizontal pod autoscaler."""
    spec, status = doc["spec"], doc.get("status", {})
    target = spec["scaleTargetRef"]
    current: dict[str, Any] = {
        m["resource"]["name"]: m["resource"]["current"]
        for m in status.get("currentMetrics") or ()
        if m["type"] == "Resource"
    }
    parts = []
    for metric in spec["metrics"]:
        name = metric["resource"]["name"]
        use = dig(current.get(name), "averageUtilization")
        wanted = metric["resource"]["target"]["averageUtilization"]
        parts.append(f"{name}: {'<unknown>' if use is None else f'{use}%'}/{wanted}%")
    return [
        doc["metadata"]["name"], f"{target['kind']}/{target['name']}", ", ".join(parts),
        str(spec.get("minReplicas", 1)), spec["maxReplicas"], status.get("currentReplicas", 0),
        created(doc, now),
    ]  # fmt: skip
