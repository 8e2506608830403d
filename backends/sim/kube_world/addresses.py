"""The addresses of pods: each node has a network of its own and hands them out again."""

from __future__ import annotations

from backends.sim.kube_world import kinds
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Change
from backends.sim.kube_world.values import dig

FIRST, LAST = 10, 254
"""The last part of the first and last pod address of a network."""


class Addresses:
    """Gives pods addresses that no other pod has, and takes them back when they are gone."""

    def __init__(self, state: KubeState) -> None:
        self.networks: dict[str, str] = {}
        """The first three parts of the pod addresses of each node: ``10.1.2``."""
        self._used: dict[str, set[int]] = {}
        state.listen(kinds.PODS, self._released)

    def take(self, node: str) -> str:
        """Return a free pod address of a node and count it as taken."""
        network = self.networks[node]
        used = self._used.setdefault(network, set())
        number = len(used) + FIRST
        while number in used:
            number = number + 1 if number < LAST else FIRST
        used.add(number)
        return f"{network}.{number}"

    def _released(self, change: Change) -> None:
        if change.type == "DELETED":
            address = dig(change.version.doc, "status", "podIP") or ""
            network, _, number = address.rpartition(".")
            if network:
                self._used.get(network, set()).discard(int(number))
