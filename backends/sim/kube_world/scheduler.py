"""The scheduler: which node a pod goes to, and what it says where none will do."""

from __future__ import annotations

from dataclasses import dataclass

from backends.sim.kube_world import kinds, pods
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change, is_deleting
from backends.sim.kube_world.values import Doc, dig

RETRY = 15.0
"""Seconds until a pod that found no node is tried again."""


def millicores(quantity: str) -> int:
    """Return a CPU quantity (``250m``, ``8``) in thousandths of a core."""
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def requested(spec: Doc) -> int:
    """Return the thousandths of a core that a pod asks for."""
    quantities = (dig(c, "resources", "requests", "cpu") for c in spec["containers"])
    return sum(millicores(quantity) for quantity in quantities if quantity)


@dataclass
class Seat:
    """What is taken of one node."""

    millicores: int = 0
    pods: int = 0


class Scheduler:
    """Binds pods to the emptiest node that has room for them."""

    def __init__(self, state: KubeState, recorder: Recorder, kubelet: Kubelet) -> None:
        self._state = state
        self._recorder = recorder
        self._kubelet = kubelet
        self.seats: dict[str, Seat] = {}
        state.listen(kinds.PODS, self._noticed)

    def occupy(self, node: str, cpu: int, pods_: int = 1) -> None:
        """Count a pod's requests against its node; negative figures give them back."""
        seat = self.seats.setdefault(node, Seat())
        seat.millicores += cpu
        seat.pods += pods_

    def _noticed(self, change: Change) -> None:
        doc = change.version.doc
        if change.type == "ADDED" and not doc["spec"].get("nodeName"):
            self._state.enqueue("scheduler", *_key(doc), self.schedule)
        elif change.type == "DELETED" and doc["spec"].get("nodeName"):
            self.occupy(doc["spec"]["nodeName"], -requested(doc["spec"]), -1)

    def schedule(self, namespace: str, name: str) -> None:
        """Bind a pod to a node, or say why that can't be done and try again later."""
        version = self._state.get(kinds.PODS, namespace, name)
        if version is None or version.doc["spec"].get("nodeName") or is_deleting(version.doc):
            return
        pod = version.doc
        cpu = requested(pod["spec"])
        node, why = self._choose(pod, cpu)
        if node is None:
            self._state.put(kinds.PODS, pods.unschedulable(pod, why, self._state.now))
            self._recorder.scheduled(pod, "Scheduling", "FailedScheduling", why)
            self._state.agenda.after(RETRY, lambda: self.schedule(namespace, name))
            return
        host = node["metadata"]["name"]
        self.occupy(host, cpu)
        bound = pods.bound(pod, host, node["metadata"]["labels"][pods.ZONE], self._state.now)
        self._state.put(kinds.PODS, bound)
        where = f"{namespace}/{name}"
        message = f"Successfully assigned {where} to {host}"
        self._recorder.scheduled(bound, "Binding", "Scheduled", message)
        self._kubelet.admit(namespace, name, version.uid)

    def _choose(self, pod: Doc, cpu: int) -> tuple[Doc | None, str]:
        """Return the node for a pod, or None and the reason in the scheduler's words."""
        wanted = pinned_node(pod["spec"])
        nodes = [version.doc for version in self._state.of(kinds.NODES).select()]
        refusals: dict[str, int] = {}
        fitting: list[tuple[float, str, Doc]] = []
        for node in nodes:
            name = node["metadata"]["name"]
            reason = self._refusal(node, cpu, wanted)
            if reason:
                refusals[reason] = refusals.get(reason, 0) + 1
                continue
            fitting.append((self.seats.setdefault(name, Seat()).pods, name, node))
        if fitting:
            return min(fitting, key=lambda entry: entry[:2])[2], ""
        total = len(nodes)
        parts = ", ".join(sorted(f"{count} {reason}" for reason, count in refusals.items()))
        return None, (
            f"0/{total} nodes are available: {parts}. no new claims to deallocate, preemption: "
            f"0/{total} nodes are available: {total} Preemption is not helpful for scheduling."
        )

    def _refusal(self, node: Doc, cpu: int, wanted: str) -> str:
        name, room = node["metadata"]["name"], node["status"]["allocatable"]
        seat = self.seats.setdefault(name, Seat())
        if wanted and wanted != name:
            return "node(s) didn't satisfy plugin(s) [NodeAffinity]"
        if node["spec"].get("unschedulable") and not wanted:
            return "node(s) were unschedulable"
        if seat.pods >= int(room["pods"]):
            return "Too many pods"
        if seat.millicores + cpu > millicores(room["cpu"]):
            return "Insufficient cpu"
        return ""


def pinned_node(spec: Doc) -> str:
    """Return the node that a daemon set's pod is meant for, or an empty string."""
    terms = dig(
        spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    ) or []  # fmt: skip
    for term in terms:
        for match in term.get("matchFields", ()):
            if match["key"] == "metadata.name":
                return str(match["values"][0])
    return ""


def _key(doc: Doc) -> tuple[str, str]:
    return doc["metadata"].get("namespace", ""), doc["metadata"]["name"]
