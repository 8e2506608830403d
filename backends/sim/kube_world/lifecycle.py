"""How objects go: pods by grace, owners with all that they own."""

from __future__ import annotations

from backends.sim.kube_world import kinds, pods
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change
from backends.sim.kube_world.values import Doc

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

    def delete(self, kind: KubeKind, doc: Doc) -> None:
        """Take an object away at once; what it owns follows."""
        self._state.remove(kind, doc["metadata"].get("namespace", ""), doc["metadata"]["name"])

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
