"""Events, worded and counted as the controllers' and kubelets' event recorders do."""

from __future__ import annotations

from backends.sim.kube_world import kinds
from backends.sim.kube_world.fields import managed
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.values import Doc, pruned, stamp, stamp_micro, uid

KEPT = 3600.0
"""Seconds that the API server keeps an event after its last occurrence (--event-ttl)."""

SIMILAR = 10
"""Different messages of one reason for one object after which they are combined."""

SIMILAR_WITHIN = 600.0
"""Seconds within which messages count as similar (client-go's EventAggregator)."""

_FIELDS: Doc = {
    "f:count": {}, "f:firstTimestamp": {}, "f:involvedObject": {}, "f:lastTimestamp": {},
    "f:message": {}, "f:reason": {}, "f:reportingComponent": {}, "f:reportingInstance": {},
    "f:source": {"f:component": {}, "f:host": {}}, "f:type": {},
}  # fmt: skip

_SCHEDULER_FIELDS: Doc = {
    "f:action": {}, "f:eventTime": {}, "f:note": {}, "f:reason": {}, "f:regarding": {},
    "f:reportingController": {}, "f:reportingInstance": {}, "f:type": {},
}  # fmt: skip


class Recorder:
    """Writes events into the cluster; the same one again counts up what is there."""

    def __init__(self, state: KubeState) -> None:
        self._state = state
        self._known: dict[tuple[str, ...], str] = {}
        self._similar: dict[tuple[str, ...], dict[str, float]] = {}
        state.agenda.after(60.0, self._forget)

    def record(
        self,
        kind: KubeKind,
        doc: Doc,
        component: str,
        reason: str,
        message: str,
        *,
        host: str = "",
        container: str = "",
        warning: bool = False,
        first: float | None = None,
        count: int = 1,
    ) -> None:
        """Record that `component` (on the node `host`) says this of an object.

        `first` and `count`: it has said so that often since then, now for the last time.
        """
        about = _reference(kind, doc, container)
        combined = self._combined((about["uid"], component, reason), message)
        if combined:
            message = f"(combined from similar events): {message}"
            key: tuple[str, ...] = (about["uid"], component, reason)
        else:
            key = (about["uid"], about.get("fieldPath", ""), component, reason, message)
        known = self._state.get(kinds.EVENTS, self._home(about), self._known.get(key, ""))
        if known is not None:
            self._again(known.doc, message)
            return
        now = self._state.now
        made = {
            **self._head(about, "kubelet" if host else "kube-controller-manager", "v1", _FIELDS),
            "involvedObject": about, "reason": reason, "message": message,
            "source": pruned({"component": component, "host": host or None}),
            "firstTimestamp": stamp(now if first is None else first),
            "lastTimestamp": stamp(now), "count": count,
            "type": "Warning" if warning else "Normal", "eventTime": None,
            "reportingComponent": "" if combined else component, "reportingInstance": host,
        }  # fmt: skip
        self._known[key] = made["metadata"]["name"]
        self._state.put(kinds.EVENTS, made)

    def scheduled(self, pod: Doc, action: str, reason: str, message: str) -> None:
        """Record what the scheduler says of a pod, in the newer events API's way."""
        about = _reference(kinds.PODS, pod, "")
        key = (about["uid"], reason, message)
        known = self._state.get(kinds.EVENTS, self._home(about), self._known.get(key, ""))
        now = stamp_micro(self._state.now)
        if known is not None:
            count = (known.doc.get("series") or {"count": 1})["count"] + 1
            series = {"count": count, "lastObservedTime": now}
            self._state.put(kinds.EVENTS, {**known.doc, "series": series})
            return
        made = {
            **self._head(about, "kube-scheduler", "events.k8s.io/v1", _SCHEDULER_FIELDS),
            "involvedObject": about, "reason": reason, "message": message, "source": {},
            "firstTimestamp": None, "lastTimestamp": None,
            "type": "Normal" if action == "Binding" else "Warning", "eventTime": now,
            "action": action, "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-0",
        }  # fmt: skip
        self._known[key] = made["metadata"]["name"]
        self._state.put(kinds.EVENTS, made)

    def _home(self, about: Doc) -> str:
        return str(about.get("namespace") or "default")

    def _head(self, about: Doc, manager: str, api_version: str, fields: Doc) -> Doc:
        now = self._state.now
        return {"metadata": {
            "name": f"{about['name']}.{int(now * 1e9) + self._state.rng.getrandbits(12):x}",
            "namespace": self._home(about),
            "uid": uid(self._state.rng),
            "resourceVersion": "",
            "creationTimestamp": stamp(now),
            "managedFields": [managed(manager, api_version, now, fields)],
        }}  # fmt: skip

    def _again(self, event: Doc, message: str) -> None:
        self._state.put(kinds.EVENTS, {
            **event, "message": message, "count": event["count"] + 1,
            "lastTimestamp": stamp(self._state.now),
        })  # fmt: skip

    def _combined(self, group: tuple[str, ...], message: str) -> bool:
        """Return whether this message comes after too many others like it."""
        now = self._state.now
        recent = self._similar.setdefault(group, {})
        for text in [t for t, at in recent.items() if at < now - SIMILAR_WITHIN]:
            del recent[text]
        recent[message] = now
        return len(recent) >= SIMILAR and next(iter(recent)) != message

    def _forget(self) -> None:
        """Drop the events that are older than the API server keeps them."""
        oldest = stamp(self._state.now - KEPT)
        for version in self._state.of(kinds.EVENTS).select():
            doc = version.doc
            last = (doc.get("series") or {}).get("lastObservedTime") or doc["lastTimestamp"]
            if (last or doc["eventTime"]) < oldest:
                self._state.remove(kinds.EVENTS, version.namespace, version.name)
        events = self._state.of(kinds.EVENTS)
        names = {version.name for version in events.select()}
        self._known = {key: name for key, name in self._known.items() if name in names}
        cut = self._state.now - SIMILAR_WITHIN
        self._similar = {k: v for k, v in self._similar.items() if max(v.values()) > cut}
        self._state.agenda.after(60.0, self._forget)


def _reference(kind: KubeKind, doc: Doc, container: str) -> Doc:
    metadata = doc["metadata"]
    return pruned({
        "kind": kind.kind,
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": kind.api_version,
        "resourceVersion": metadata.get("resourceVersion"),
        "fieldPath": f"spec.containers{{{container}}}" if container else None,
    })  # fmt: skip
