"""One simulated Kubernetes cluster: its objects and the controllers that move them."""

from __future__ import annotations

import random

from backends.clock import Clock
from backends.sim.blueprint import SimCluster
from backends.sim.kube_world import kinds
from backends.sim.kube_world.deployments import Deployments
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.layout import Layout
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import ReplicaSets
from backends.sim.kube_world.scheduler import Scheduler
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import is_deleting
from backends.sim.kube_world.values import dig


class KubeCluster:
    """A cluster that lives by the clock: `advance` makes happen what is due."""

    def __init__(
        self, laid_out: SimCluster, clock: Clock, rng: random.Random, index: int = 0,
        *, lively: bool = True,
    ) -> None:  # fmt: skip
        self.name = laid_out.name
        self.version = laid_out.version or "1.36"
        self.clock = clock
        self.epoch = 0
        """Counts up when open watches are to end."""
        self.state = KubeState(clock.now(), rng)
        self.recorder = Recorder(self.state)
        self.kubelet = Kubelet(self.state, self.recorder)
        self.scheduler = Scheduler(self.state, self.recorder, self.kubelet)
        self.lifecycle = Lifecycle(self.state, self.kubelet)
        self.replica_sets = ReplicaSets(self.state, self.recorder, self.lifecycle)
        self.deployments = Deployments(self.state, self.recorder)
        Layout(self, laid_out, index).build()

    def advance(self, now: float | None = None) -> None:
        """Process everything due up to epoch second `now`, or the clock's; costs what is due."""
        self.state.agenda.run(self.clock.now() if now is None else now)

    def next_due(self) -> float | None:
        """Return the epoch second at which something happens next, or None."""
        return self.state.agenda.next_due

    def pod_addresses(self, namespace: str, workload: str) -> list[tuple[str, str]]:
        """Return (pod name, pod IP) of a workload's pods that have an address and may stay."""
        found = []
        for version in self.state.of(kinds.PODS).select(namespace):
            doc = version.doc
            address = dig(doc, "status", "podIP")
            if doc["metadata"]["labels"].get("app") == workload and address:
                if not is_deleting(doc):
                    found.append((version.name, address))
        return found
