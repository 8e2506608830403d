"""The replica set controller: as many pods as were asked for, no more and no fewer."""

from __future__ import annotations

from functools import lru_cache

from backends.sim.kube_world import kinds, pods
from backends.sim.kube_world.fields import fields_of, managed, recorded
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, Version, is_deleting, is_ready
from backends.sim.kube_world.values import Doc, pruned, suffix, uid

COMPONENT = "replicaset-controller"
"""The name that its events carry."""


class ReplicaSets:
    """Creates and deletes the pods of replica sets and reports their counts."""

    def __init__(self, state: KubeState, recorder: Recorder, lifecycle: Lifecycle) -> None:
        self._state = state
        self._recorder = recorder
        self._lifecycle = lifecycle
        self._shapes: dict[str, pods.PodShape] = {}
        state.listen(kinds.REPLICA_SETS, self._changed)
        state.listen(kinds.PODS, self._pod_changed)

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._shapes.pop(change.version.uid, None)
        else:
            self._enqueue(change.version.namespace, change.version.name)

    def _pod_changed(self, change: Change) -> None:
        for owner in change.version.doc["metadata"].get("ownerReferences", ()):
            if owner["kind"] == "ReplicaSet":
                self._enqueue(change.version.namespace, owner["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        self._state.enqueue(COMPONENT, namespace, name, self.sync)

    def shape(self, replica_set: Doc, fields: Doc | None = None) -> pods.PodShape:
        """Return what the pods of a replica set have in common.

        `fields` are the FieldsV1 of their spec, where somebody has them already.
        """
        metadata = replica_set["metadata"]
        shape = self._shapes.get(metadata["uid"])
        if shape is None:
            template = replica_set["spec"]["template"]
            owner = pods.owner_reference("ReplicaSet", "apps/v1", metadata["name"], metadata["uid"])
            shape = pods.PodShape(
                template, owner, f"{metadata['name']}-", template["metadata"]["labels"],
                spec_fields=fields,
            )  # fmt: skip
            self._shapes[metadata["uid"]] = shape
        return shape

    def sync(self, namespace: str, name: str) -> None:
        """Bring one replica set's pods nearer to their number, then report its status."""
        version = self._state.get(kinds.REPLICA_SETS, namespace, name)
        if version is None:
            return
        doc = version.doc
        owned = self._state.of(kinds.PODS).owned(version.uid)
        living = [pod for pod in owned if not pod.deleting]
        if not is_deleting(doc):
            missing = doc["spec"]["replicas"] - len(living)
            if missing > 0:
                self._create(doc, missing)
            elif missing < 0:
                self._delete(doc, living, -missing)
        self._report(doc, living, len(owned) - len(living))

    def _create(self, doc: Doc, number: int) -> None:
        shape, rng = self.shape(doc), self._state.rng
        for _ in range(number):
            name = f"{doc['metadata']['name']}-{suffix(rng)}"
            self._state.put(kinds.PODS, pods.new_pod(
                shape, doc["metadata"]["namespace"], name, uid(rng), suffix(rng), self._state.now
            ))  # fmt: skip
            self._record(doc, "SuccessfulCreate", f"Created pod: {name}")

    def _delete(self, doc: Doc, living: list[Version], number: int) -> None:
        for pod in sorted((v.doc for v in living), key=_expendable)[:number]:
            self._lifecycle.delete_pod(pod)
            self._record(doc, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _record(self, doc: Doc, reason: str, message: str) -> None:
        self._recorder.record(kinds.REPLICA_SETS, doc, COMPONENT, reason, message)

    def _report(self, doc: Doc, living: list[Version], terminating: int) -> None:
        ready = sum(1 for pod in living if pod.ready)
        status = pruned({
            "replicas": len(living),
            "fullyLabeledReplicas": len(living) or None,
            "readyReplicas": ready or None,
            "availableReplicas": ready or None,
            "terminatingReplicas": terminating,
            "observedGeneration": doc["metadata"]["generation"],
        })  # fmt: skip
        if status != doc["status"]:
            self._state.put(kinds.REPLICA_SETS, with_status(doc, status, self._state.now))


def with_status(doc: Doc, status: Doc, at: float, api_version: str = "apps/v1") -> Doc:
    """Return an object with the status that its controller wrote."""
    types = tuple(c["type"] for c in status.get("conditions", ()))
    fields = _status_fields(tuple(status), types)
    entry = managed("kube-controller-manager", api_version, at, fields, "status")
    return {**doc, "metadata": recorded(doc["metadata"], entry), "status": status}


@lru_cache(maxsize=256)
def _status_fields(keys: tuple[str, ...], types: tuple[str, ...]) -> Doc:
    """Return the FieldsV1 of a status with these keys and conditions of these types."""
    blank = dict.fromkeys(("lastTransitionTime", "lastUpdateTime", "message", "reason", "status"))
    conditions = [{**blank, "type": type_} for type_ in types]
    status = {key: conditions if key == "conditions" else None for key in keys}
    return {"f:status": fields_of(status, "status")}


def _expendable(pod: Doc) -> tuple[int, int, int, str]:
    """Order pods by how little would be lost: unscheduled, unready, restarted, young."""
    restarts = sum(s["restartCount"] for s in pod["status"].get("containerStatuses", ()))
    born = pod["metadata"]["creationTimestamp"]
    youth = "".join(chr(255 - ord(c)) for c in born)
    return (
        1 if pod["spec"].get("nodeName") else 0,
        1 if is_ready(pod) else 0,
        -restarts,
        youth,
    )
