"""How objects go: pods by grace, owners with all that they own."""

from __future__ import annotations

from backends.sim.kube_world import kinds, pods
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change
from backends.sim.kube_world.values import Doc, stamp

_DEPENDENTS = (
    kinds.REPLICA_SETS, kinds.CONTROLLER_REVISIONS, kinds.PODS, kinds.ENDPOINT_SLICES,
)  # fmt: skip


class Lifecycle:
    """Deletes pods gracefully, and collects what belongs to owners that are gone."""

    def __init__(self, state: KubeState, kubelet: Kubelet) -> None:
        self._state = state
        self._kubelet = kubelet
        for kind in kinds.KINDS.values():
            if kind.kind not in ("Event", "Node", "Namespace", "Pod"):
                state.listen(kind, self._collect)

    def delete_pod(self, pod: Doc, grace: int | None = None) -> None:
        """Tell a pod to go; `grace` seconds instead of its own where given.

        A pod that is going already goes sooner where the new grace ends before the old one.
        """
        if grace is None:
            grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
        left = pod["metadata"].get("deletionGracePeriodSeconds")
        if left is not None and grace >= left:
            return
        if grace and pod["spec"].get("nodeName"):
            self._state.put(kinds.PODS, pods.deleting(pod, grace, self._state.now))
        self._kubelet.stop(pod, grace)

    def released(self, pod: Doc) -> None:
        """Let a pod go whose last finalizer is gone and whose containers have ended."""
        metadata = pod["metadata"]
        if metadata.get("deletionGracePeriodSeconds") == 0 and not metadata.get("finalizers"):
            self._state.remove(kinds.PODS, metadata["namespace"], metadata["name"])

    def delete(self, kind: KubeKind, doc: Doc, policy: str = "Background") -> None:
        """Take an object away with what it owns.

        ``Background``: it goes at once and the rest follows; ``Foreground``: it stays until the
        rest is gone; ``Orphan``: the rest stays, without an owner.
        """
        meta = doc["metadata"]
        namespace, name = meta.get("namespace", ""), meta["name"]
        if policy == "Background":
            self._state.remove(kind, namespace, name)
            return
        if "deletionTimestamp" in meta:
            return
        finalizer = "orphan" if policy == "Orphan" else "foregroundDeletion"
        self._state.put(kind, {**doc, "metadata": {
            **meta, "deletionTimestamp": stamp(self._state.now), "deletionGracePeriodSeconds": 0,
            "generation": meta.get("generation", 1) + 1,
            "finalizers": [*meta.get("finalizers", ()), finalizer],
        }})  # fmt: skip
        self._later(kind, namespace, name, policy)

    def _later(self, kind: KubeKind, namespace: str, name: str, policy: str) -> None:
        self._state.agenda.after(
            self._state.spread(0.1, 0.4), lambda: self._settle(kind, namespace, name, policy)
        )

    def _settle(self, kind: KubeKind, namespace: str, name: str, policy: str) -> None:
        """Go on with an object that is deleted together with, or before, what it owns."""
        version = self._state.get(kind, namespace, name)
        if version is None or not version.deleting:
            return
        owned = [(k, v) for k in _DEPENDENTS for v in self._state.of(k).owned(version.uid)]
        for of, dependent in owned:
            if policy == "Orphan":
                self._release(of, dependent.doc, version.uid)
            elif of is kinds.PODS:
                self.delete_pod(dependent.doc)
            else:
                self.delete(of, dependent.doc, policy)
        if owned and policy != "Orphan":
            self._later(kind, namespace, name, policy)
        else:
            self._state.remove(kind, namespace, name)

    def _release(self, kind: KubeKind, doc: Doc, owner: str) -> None:
        meta = doc["metadata"]
        left = [o for o in meta["ownerReferences"] if o["uid"] != owner]
        kept = {k: v for k, v in meta.items() if k != "ownerReferences"}
        self._state.put(
            kind, {**doc, "metadata": {**kept, "ownerReferences": left} if left else kept}
        )

    def _collect(self, change: Change) -> None:
        if change.type != "DELETED":
            return
        owner = change.version.uid

        def collect() -> None:
            for kind in _DEPENDENTS:
                for version in self._state.of(kind).owned(owner):
                    if kind is kinds.PODS:
                        self.delete_pod(version.doc)
                    else:
                        self.delete(kind, version.doc)

        self._state.agenda.after(self._state.spread(0.1, 0.4), collect)
