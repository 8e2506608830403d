"""The deployment controller: rolling updates by replica sets, step by step, as the real one does.

The steps and their order are those of Kubernetes' pkg/controller/deployment.
"""

from __future__ import annotations

from backends.sim.kube_world import documents, kinds, rollout
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.rollout import DESIRED, REVISION
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, is_deleting
from backends.sim.kube_world.values import Doc, template_hash

COMPONENT = "deployment-controller"
"""The name that its events carry."""


class Deployments:
    """Rolls deployments out and reports how far they are."""

    def __init__(self, state: KubeState, recorder: Recorder) -> None:
        self._state = state
        self._recorder = recorder
        state.listen(kinds.DEPLOYMENTS, self._changed)
        state.listen(kinds.REPLICA_SETS, self._set_changed)

    def _changed(self, change: Change) -> None:
        if change.type != "DELETED":
            self._enqueue(change.version.namespace, change.version.name)

    def _set_changed(self, change: Change) -> None:
        for owner in change.version.doc["metadata"].get("ownerReferences", ()):
            if owner["kind"] == "Deployment":
                self._enqueue(change.version.namespace, owner["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        self._state.enqueue(COMPONENT, namespace, name, self.sync)

    def sync(self, namespace: str, name: str) -> None:
        """Take one deployment one step further."""
        version = self._state.get(kinds.DEPLOYMENTS, namespace, name)
        if version is None or is_deleting(version.doc):
            return
        doc = version.doc
        sets = rollout.by_age(
            [v.doc for v in self._state.of(kinds.REPLICA_SETS).owned(version.uid)]
        )
        current = rollout.current_set(doc, sets)
        if doc["spec"].get("paused") or _rescaled(doc, sets):
            self._spread(doc, sets, current)
        else:
            current, doc = self._adopt(doc, sets, current)
            sets = rollout.by_age([*(s for s in sets if not _same(s, current)), current])
            self._roll(doc, sets, current)
        self._report(namespace, name)

    # -- steps ------------------------------------------------------------------------------

    def _adopt(self, doc: Doc, sets: list[Doc], current: Doc | None) -> tuple[Doc, Doc]:
        """Return the replica set of the present template, made where it is new, and the
        deployment with its revision."""
        revision = max((rollout.revision(s) for s in sets if not _same(s, current)), default=0) + 1
        if current is None:
            current = self._new_set(doc, sets, revision)
            self._state.put(kinds.REPLICA_SETS, current)
            name = current["metadata"]["name"]
            doc = self._progress(
                doc, "NewReplicaSetCreated", f'Created new replica set "{name}"', revision
            )
            if current["spec"]["replicas"]:
                self._scaled(doc, current, 0, current["spec"]["replicas"])
            return current, doc
        revision = max(revision, rollout.revision(current))
        marked = self._marked(doc, current, revision)
        if marked is not current:
            self._state.put(kinds.REPLICA_SETS, marked)
        old = doc["metadata"].get("annotations", {}).get(REVISION)
        if old != str(revision):
            name = marked["metadata"]["name"]
            doc = self._progress(
                doc, "FoundNewReplicaSet", f'Found new replica set "{name}"', revision
            )
        return marked, doc

    def _new_set(self, doc: Doc, sets: list[Doc], revision: int) -> Doc:
        total = sum(s["spec"]["replicas"] for s in sets)
        return documents.replica_set(
            self._state.rng, doc, template_hash(doc["spec"]["template"]), revision,
            rollout.room_for_new(doc, total, 0), self._state.now,
        )  # fmt: skip

    def _marked(self, doc: Doc, replica_set: Doc, revision: int | None = None) -> Doc:
        """Return a replica set with its deployment's size noted on it, as rescaling needs it."""
        meta = replica_set["metadata"]
        old = meta.get("annotations", {})
        new = old | rollout.size_marks(doc)
        if revision is not None:
            new |= {REVISION: str(revision)}
        if new == old:
            return replica_set
        return {**replica_set, "metadata": {**meta, "annotations": new}}

    def _roll(self, doc: Doc, sets: list[Doc], current: Doc) -> None:
        """Scale the new set up, or the old ones down, as far as availability allows."""
        old = [s for s in sets if not _same(s, current)]
        if doc["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(doc, old, current)
            return
        total = sum(s["spec"]["replicas"] for s in sets)
        wanted = rollout.room_for_new(doc, total, current["spec"]["replicas"])
        if wanted != current["spec"]["replicas"]:
            self._scale(doc, current, wanted)
            return
        steps = rollout.scale_downs(doc, old, current)
        for replica_set, replicas in steps:
            self._scale(doc, replica_set, replicas)
        if not steps and rollout.complete(doc, doc["status"]):
            self._clean_up(doc, old)

    def _recreate(self, doc: Doc, old: list[Doc], current: Doc) -> None:
        for replica_set in old:
            if replica_set["spec"]["replicas"]:
                self._scale(doc, replica_set, 0)
        pods = self._state.of(kinds.PODS)
        if any(pods.owned(s["metadata"]["uid"]) for s in old):
            return
        if current["spec"]["replicas"] != doc["spec"]["replicas"]:
            self._scale(doc, current, doc["spec"]["replicas"])

    def _spread(self, doc: Doc, sets: list[Doc], current: Doc | None) -> None:
        """Give a new number of replicas to the sets that there are, in proportion."""
        for replica_set, replicas in rollout.proportions(doc, sets, current):
            self._scale(doc, replica_set, replicas)

    def _scale(self, doc: Doc, replica_set: Doc, replicas: int) -> None:
        before = replica_set["spec"]["replicas"]
        marked = self._marked(doc, replica_set)
        if before == replicas:
            if marked is not replica_set:
                self._state.put(kinds.REPLICA_SETS, marked)
            return
        meta = marked["metadata"]
        self._state.put(kinds.REPLICA_SETS, {
            **marked,
            "metadata": {**meta, "generation": meta["generation"] + 1},
            "spec": {**marked["spec"], "replicas": replicas},
        })  # fmt: skip
        self._scaled(doc, replica_set, before, replicas)

    def _clean_up(self, doc: Doc, old: list[Doc]) -> None:
        idle = [s for s in old if not s["spec"]["replicas"] and not s["status"]["replicas"]]
        surplus = len(idle) - doc["spec"].get("revisionHistoryLimit", 10)
        for replica_set in sorted(idle, key=rollout.revision)[: max(surplus, 0)]:
            meta = replica_set["metadata"]
            self._state.remove(kinds.REPLICA_SETS, meta["namespace"], meta["name"])

    # -- reports ----------------------------------------------------------------------------

    def _scaled(self, doc: Doc, replica_set: Doc, before: int, after: int) -> None:
        way, name = ("up" if after > before else "down"), replica_set["metadata"]["name"]
        message = f"Scaled {way} replica set {name} from {before} to {after}"
        self._recorder.record(kinds.DEPLOYMENTS, doc, COMPONENT, "ScalingReplicaSet", message)

    def _progress(self, doc: Doc, reason: str, message: str, revision: int) -> Doc:
        """Store and return a deployment with a new revision and a Progressing condition."""
        meta, status = doc["metadata"], doc["status"]
        condition = rollout.condition("Progressing", "True", reason, message, self._state.now)
        made = with_status(
            {**doc, "metadata": {
                **meta, "annotations": {**meta.get("annotations", {}), REVISION: str(revision)},
            }},
            {**status, "conditions": rollout.replaced(status.get("conditions", []), condition)},
            self._state.now,
        )  # fmt: skip
        self._state.put(kinds.DEPLOYMENTS, made)
        return made

    def _report(self, namespace: str, name: str) -> None:
        """Store the deployment's status where it has changed, and look again at its deadline."""
        version = self._state.get(kinds.DEPLOYMENTS, namespace, name)
        if version is None:
            return
        doc = version.doc
        sets = [v.doc for v in self._state.of(kinds.REPLICA_SETS).owned(version.uid)]
        status = rollout.status(doc, sets, self._state.now)
        if status != doc["status"]:
            self._state.put(kinds.DEPLOYMENTS, with_status(doc, status, self._state.now))
        due = rollout.deadline(doc, status)
        if due is not None and due > self._state.now:
            # One second later, because conditions keep whole seconds.
            self._state.agenda.at(due + 1, lambda: self._enqueue(namespace, name))


def _same(replica_set: Doc, other: Doc | None) -> bool:
    return other is not None and replica_set["metadata"]["uid"] == other["metadata"]["uid"]


def _rescaled(doc: Doc, sets: list[Doc]) -> bool:
    """Return whether the number of replicas was changed since the sets were last scaled."""
    wanted = str(doc["spec"]["replicas"])
    return any(
        s["metadata"].get("annotations", {}).get(DESIRED, wanted) != wanted
        for s in sets
        if s["spec"]["replicas"]
    )
