"""The daemon set controller: one pod on every node."""

from __future__ import annotations

from math import ceil

from backends.sim.kube_world import kinds, pods, revisions
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.scheduler import pinned_node
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, is_deleting, is_ready
from backends.sim.kube_world.values import Doc, dig, pruned, suffix, uid

COMPONENT = "daemonset-controller"
"""The name that its events carry."""


def pod_shape(doc: Doc, hash_: str, fields: Doc | None = None) -> pods.PodShape:
    """Return what the pods of one revision of a daemon set have in common."""
    meta, template = doc["metadata"], doc["spec"]["template"]
    owner = pods.owner_reference("DaemonSet", "apps/v1", meta["name"], meta["uid"])
    labels = {
        **template["metadata"].get("labels", {}), revisions.HASH: hash_,
        "pod-template-generation": str(meta["generation"]),
    }  # fmt: skip
    return pods.PodShape(
        template, owner, f"{meta['name']}-", labels, pinned=True, spec_fields=fields
    )


class DaemonSets:
    """Keeps a pod of each daemon set on every node and reports their counts."""

    def __init__(self, state: KubeState, recorder: Recorder, lifecycle: Lifecycle) -> None:
        self._state = state
        self._recorder = recorder
        self._lifecycle = lifecycle
        state.listen(kinds.DAEMON_SETS, self._changed)
        state.listen(kinds.PODS, self._pod_changed)
        state.listen(kinds.NODES, self._node_changed)

    def _changed(self, change: Change) -> None:
        if change.type != "DELETED":
            self._enqueue(change.version.namespace, change.version.name)

    def _pod_changed(self, change: Change) -> None:
        for owner in change.version.doc["metadata"].get("ownerReferences", ()):
            if owner["kind"] == "DaemonSet":
                self._enqueue(change.version.namespace, owner["name"])

    def _node_changed(self, change: Change) -> None:
        if change.type != "MODIFIED":
            for version in self._state.of(kinds.DAEMON_SETS).select():
                self._enqueue(version.namespace, version.name)

    def _enqueue(self, namespace: str, name: str) -> None:
        self._state.enqueue(COMPONENT, namespace, name, self.sync)

    def sync(self, namespace: str, name: str) -> None:
        """Bring one daemon set nearer to a present-day pod on every node."""
        version = self._state.get(kinds.DAEMON_SETS, namespace, name)
        if version is None or is_deleting(version.doc):
            return
        doc = version.doc
        update = revisions.update_revision(self._state, "DaemonSet", doc)
        nodes = [v.name for v in self._state.of(kinds.NODES).select()]
        owned = [v.doc for v in self._state.of(kinds.PODS).owned(version.uid)]
        by_node = {_node(pod): pod for pod in owned}
        for node in nodes:
            if node not in by_node:
                self._create(doc, update, node)
        for pod in owned:
            if _node(pod) not in nodes and not is_deleting(pod):
                self._delete(doc, pod)
        self._update(doc, update, nodes, by_node)
        self._report(doc, update, nodes)

    def _update(self, doc: Doc, update: Doc, nodes: list[str], by_node: dict[str, Doc]) -> None:
        """Delete old pods: first those that are not ready, the others as far as is allowed."""
        strategy = doc["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        limit = dig(strategy, "rollingUpdate", "maxUnavailable") or 1
        allowed = limit if isinstance(limit, int) else ceil(int(limit[:-1]) * len(nodes) / 100)
        living = [p for p in by_node.values() if not is_deleting(p)]
        unready = len(nodes) - sum(1 for pod in living if is_ready(pod))
        hash_ = revisions.hash_of(update)
        old = [p for p in living if p["metadata"]["labels"].get(revisions.HASH) != hash_]
        for pod in sorted(old, key=lambda p: (is_ready(p), _node(p))):
            if is_ready(pod):
                if unready >= allowed:
                    return
                unready += 1
            self._delete(doc, pod)

    def _create(self, doc: Doc, update: Doc, node: str) -> None:
        meta, rng = doc["metadata"], self._state.rng
        name = f"{meta['name']}-{suffix(rng)}"
        shape = pod_shape(doc, revisions.hash_of(update))
        self._state.put(kinds.PODS, pods.new_pod(
            shape, meta["namespace"], name, uid(rng), suffix(rng), self._state.now, node
        ))  # fmt: skip
        self._record(doc, "SuccessfulCreate", f"Created pod: {name}")

    def _delete(self, doc: Doc, pod: Doc) -> None:
        self._lifecycle.delete_pod(pod)
        self._record(doc, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _record(self, doc: Doc, reason: str, message: str) -> None:
        self._recorder.record(kinds.DAEMON_SETS, doc, COMPONENT, reason, message)

    def _report(self, doc: Doc, update: Doc, nodes: list[str]) -> None:
        owned = [v.doc for v in self._state.of(kinds.PODS).owned(doc["metadata"]["uid"])]
        made = status(doc, update, [p for p in owned if not is_deleting(p)], len(nodes))
        if made != doc["status"]:
            self._state.put(kinds.DAEMON_SETS, with_status(doc, made, self._state.now))
        in_use = {f"{doc['metadata']['name']}-{p['metadata']['labels'].get(revisions.HASH)}"
                  for p in owned}  # fmt: skip
        revisions.discard(self._state, doc, in_use | {update["metadata"]["name"]})


def status(doc: Doc, update: Doc, living: list[Doc], nodes: int) -> Doc:
    """Return the status of a daemon set with these pods on so many nodes."""
    ready = sum(1 for pod in living if is_ready(pod))
    hash_ = revisions.hash_of(update)
    updated = sum(1 for p in living if p["metadata"]["labels"].get(revisions.HASH) == hash_)
    return pruned({
        "currentNumberScheduled": len({_node(pod) for pod in living}),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": nodes,
        "numberReady": ready,
        "observedGeneration": doc["metadata"]["generation"],
        "updatedNumberScheduled": updated or None,
        "numberAvailable": ready or None,
        "numberUnavailable": max(nodes - ready, 0) or None,
    })  # fmt: skip


def _node(pod: Doc) -> str:
    return str(pod["spec"].get("nodeName") or pinned_node(pod["spec"]))
