"""The stateful set controller: one pod after the other, up in order and down in reverse."""

from __future__ import annotations

from backends.sim.kube_world import kinds, pods, revisions
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, is_deleting, is_ready
from backends.sim.kube_world.values import Doc, dig, pruned, suffix, uid

COMPONENT = "statefulset-controller"
"""The name that its events carry."""


def pod_shape(doc: Doc, hash_: str, fields: Doc | None = None) -> pods.PodShape:
    """Return what the pods of one revision of a stateful set have in common."""
    meta, template = doc["metadata"], doc["spec"]["template"]
    owner = pods.owner_reference("StatefulSet", "apps/v1", meta["name"], meta["uid"])
    labels = {**template["metadata"].get("labels", {}), revisions.HASH: hash_}
    return pods.PodShape(
        template, owner, f"{meta['name']}-", labels, service=doc["spec"]["serviceName"] or "-",
        spec_fields=fields,
    )  # fmt: skip


class StatefulSets:
    """Keeps the pods of stateful sets in order and reports their counts."""

    def __init__(self, state: KubeState, recorder: Recorder, lifecycle: Lifecycle) -> None:
        self._state = state
        self._recorder = recorder
        self._lifecycle = lifecycle
        state.listen(kinds.STATEFUL_SETS, self._changed)
        state.listen(kinds.PODS, self._pod_changed)

    def _changed(self, change: Change) -> None:
        if change.type != "DELETED":
            self._enqueue(change.version.namespace, change.version.name)

    def _pod_changed(self, change: Change) -> None:
        for owner in change.version.doc["metadata"].get("ownerReferences", ()):
            if owner["kind"] == "StatefulSet":
                self._enqueue(change.version.namespace, owner["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        self._state.enqueue(COMPONENT, namespace, name, self.sync)

    def sync(self, namespace: str, name: str) -> None:
        """Take one stateful set one step further."""
        version = self._state.get(kinds.STATEFUL_SETS, namespace, name)
        if version is None or is_deleting(version.doc):
            return
        doc = version.doc
        update = revisions.update_revision(self._state, "StatefulSet", doc)
        found = {_ordinal(v.doc): v.doc for v in self._state.of(kinds.PODS).owned(version.uid)}
        self._step(doc, update, found)
        self._report(doc, update)

    def _step(self, doc: Doc, update: Doc, found: dict[int, Doc]) -> None:
        """Create, wait for or delete one pod; all at once where the policy is Parallel."""
        ordered = doc["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        replicas = doc["spec"].get("replicas", 1)
        for ordinal in range(replicas):
            pod = found.get(ordinal)
            if pod is None:
                self._create(doc, update, ordinal)
            # One that can't become ready is waited for only where an update can't replace it.
            if ordered and (pod is None or is_deleting(pod) or _stuck(pod, update)):
                return
        for ordinal in sorted((o for o in found if o >= replicas), reverse=True):
            if not is_deleting(found[ordinal]):
                self._delete(doc, found[ordinal])
            if ordered:
                return
        self._update(doc, update, {o: pod for o, pod in found.items() if o < replicas})

    def _update(self, doc: Doc, update: Doc, found: dict[int, Doc]) -> None:
        """Replace the last pod of an older revision, once those after it are ready again."""
        strategy = doc["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        partition = dig(strategy, "rollingUpdate", "partition") or 0
        for ordinal in sorted((o for o in found if o >= partition), reverse=True):
            pod = found[ordinal]
            if is_deleting(pod):
                return
            if not _current(pod, update):
                self._delete(doc, pod)
                return
            if not is_ready(pod):
                return

    def _create(self, doc: Doc, update: Doc, ordinal: int) -> None:
        meta, rng = doc["metadata"], self._state.rng
        name = f"{meta['name']}-{ordinal}"
        shape = pod_shape(doc, revisions.hash_of(update))
        self._state.put(kinds.PODS, pods.new_pod(
            shape, meta["namespace"], name, uid(rng), suffix(rng), self._state.now
        ))  # fmt: skip
        self._record(doc, "Create", name)

    def _delete(self, doc: Doc, pod: Doc) -> None:
        self._lifecycle.delete_pod(pod)
        self._record(doc, "Delete", pod["metadata"]["name"])

    def _record(self, doc: Doc, verb: str, pod: str) -> None:
        message = f"{verb} Pod {pod} in StatefulSet {doc['metadata']['name']} successful"
        self._recorder.record(kinds.STATEFUL_SETS, doc, COMPONENT, f"Successful{verb}", message)

    def _report(self, doc: Doc, update: Doc) -> None:
        owned = [v.doc for v in self._state.of(kinds.PODS).owned(doc["metadata"]["uid"])]
        made = status(doc, update, [pod for pod in owned if not is_deleting(pod)], len(owned))
        if made != doc["status"]:
            self._state.put(kinds.STATEFUL_SETS, with_status(doc, made, self._state.now))
        in_use = {f"{doc['metadata']['name']}-{pod['metadata']['labels'].get(revisions.HASH)}"
                  for pod in owned}  # fmt: skip
        revisions.discard(
            self._state, doc, in_use | {made["currentRevision"], made["updateRevision"]}
        )


def status(doc: Doc, update: Doc, living: list[Doc], replicas: int) -> Doc:
    """Return the status of a stateful set with these pods; `replicas` counts those going too."""
    name = update["metadata"]["name"]
    current = doc["status"].get("currentRevision") or name
    ready = sum(1 for pod in living if is_ready(pod))
    updated = sum(1 for pod in living if _current(pod, update))
    if updated == len(living) == replicas == doc["spec"].get("replicas", 1) == ready:
        current = name
    old = sum(
        1 for pod in living
        if f"{doc['metadata']['name']}-{pod['metadata']['labels'].get(revisions.HASH)}" == current
    )  # fmt: skip
    return pruned({
        "observedGeneration": doc["metadata"]["generation"],
        "replicas": replicas,
        "readyReplicas": ready or None,
        "currentReplicas": old or None,
        "updatedReplicas": updated or None,
        "currentRevision": current,
        "updateRevision": name,
        "collisionCount": 0,
        "availableReplicas": ready,
    })  # fmt: skip


def _stuck(pod: Doc, update: Doc) -> bool:
    return not is_ready(pod) and _current(pod, update)


def _current(pod: Doc, update: Doc) -> bool:
    return bool(pod["metadata"]["labels"].get(revisions.HASH) == revisions.hash_of(update))


def _ordinal(pod: Doc) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
