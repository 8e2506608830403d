"""The endpoint slice controller: which pods stand behind each service."""

from __future__ import annotations

from backends.sim.kube_world import frontends, kinds, pods
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, Version, is_deleting, is_ready
from backends.sim.kube_world.values import Doc, dig, stamp

COMPONENT = "endpoint-slice-controller"
"""The name under which its work is queued."""

MOST = 100
"""Endpoints in one slice (--max-endpoints-per-slice); services here have fewer."""


class Endpoints:
    """Keeps one slice for each service; a pod's change costs that pod alone."""

    def __init__(self, state: KubeState) -> None:
        self._state = state
        self._members: dict[str, dict[str, Doc]] = {}
        """The endpoints of each service by pod, once one of its pods has changed."""
        state.listen(kinds.PODS, self._pod_changed)
        state.listen(kinds.SERVICES, self._service_changed)

    def _service_changed(self, change: Change) -> None:
        self._members.pop(change.version.uid, None)
        if change.type != "DELETED":
            self._enqueue(change.version.namespace, change.version.name)

    def _pod_changed(self, change: Change) -> None:
        pod = change.version
        for service in self._state.of(kinds.SERVICES).select(pod.namespace):
            if not _selects(service.doc, pod.labels):
                continue
            members = self._members.get(service.uid)
            if members is None:
                members = self._members[service.uid] = self._gather(service)
            members.pop(pod.name, None)
            if change.type != "DELETED" and dig(pod.doc, "status", "podIP"):
                members[pod.name] = endpoint(pod.doc, _headless(service.doc))
            self._enqueue(service.namespace, service.name)

    def _gather(self, service: Version) -> dict[str, Doc]:
        return {
            pod.name: endpoint(pod.doc, _headless(service.doc))
            for pod in self._state.of(kinds.PODS).select(service.namespace)
            if _selects(service.doc, pod.labels) and dig(pod.doc, "status", "podIP")
        }

    def _enqueue(self, namespace: str, name: str) -> None:
        self._state.enqueue(COMPONENT, namespace, name, self.sync)

    def sync(self, namespace: str, name: str) -> None:
        """Bring the slice of one service up to date."""
        service = self._state.get(kinds.SERVICES, namespace, name)
        if service is None:
            return
        members = self._members.get(service.uid)
        if members is None:
            members = self._members[service.uid] = self._gather(service)
        made = [members[pod] for pod in sorted(members)][:MOST]
        owned = self._state.of(kinds.ENDPOINT_SLICES).owned(service.uid)
        now = self._state.now
        if not owned:
            self._state.put(kinds.ENDPOINT_SLICES, frontends.endpoint_slice(
                self._state.rng, service.doc, made, now
            ))  # fmt: skip
            return
        doc = owned[0].doc
        if doc["endpoints"] == made:
            return
        meta = doc["metadata"]
        marks = {"endpoints.kubernetes.io/last-change-trigger-time": stamp(now)}
        self._state.put(kinds.ENDPOINT_SLICES, {
            **doc, "endpoints": made,
            "metadata": {**meta, "annotations": marks, "generation": meta["generation"] + 1},
        })  # fmt: skip


def endpoint(pod: Doc, headless: bool) -> Doc:
    """Return one pod as an endpoint."""
    ready, going = is_ready(pod), is_deleting(pod)
    meta, spec = pod["metadata"], pod["spec"]
    made: Doc = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not going, "serving": ready, "terminating": going},
    }
    if headless and spec.get("hostname"):
        made["hostname"] = spec["hostname"]
    reference = {
        "kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]
    }  # fmt: skip
    return made | {
        "targetRef": reference, "nodeName": spec["nodeName"],
        "zone": meta["labels"].get(pods.ZONE, ""),
    }  # fmt: skip


def _headless(service: Doc) -> bool:
    return bool(service["spec"]["clusterIP"] == "None")


def _selects(service: Doc, labels: Doc) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())
