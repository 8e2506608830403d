"""One simulated Kubernetes cluster: its objects and the controllers that move them."""

from __future__ import annotations

import random

from backends.clock import Clock
from backends.sim.blueprint import SimCluster
from backends.sim.kube_world import kinds
from backends.sim.kube_world.autoscaling import Autoscaling
from backends.sim.kube_world.daemonsets import DaemonSets
from backends.sim.kube_world.deployments import Deployments
from backends.sim.kube_world.endpoints import Endpoints
from backends.sim.kube_world.kubelet import Kubelet
from backends.sim.kube_world.layout import Layout
from backends.sim.kube_world.life import Life
from backends.sim.kube_world.lifecycle import Lifecycle
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.replicasets import ReplicaSets
from backends.sim.kube_world.scheduler import Scheduler
from backends.sim.kube_world.spot import Spot
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.statefulsets import StatefulSets
from backends.sim.kube_world.store import is_deleting
from backends.sim.kube_world.trouble import Troubles
from backends.sim.kube_world.values import dig


class KubeCluster:
    """A cluster that lives by the clock: `advance` makes happen what is due."""

    def __init__(
        self, laid_out: SimCluster, clock: Clock, rng: random.Random, index: int = 0, *,
        seed: int = 1, lively: bool = True, require_token: bool = False,
    ) -> None:  # fmt: skip
        self.name = laid_out.name
        self.seed = seed
        """The world's seed, from which logs are made up."""
        self.home = next(
            (w.namespace for w in laid_out.workloads if w.namespace != "kube-system"), "default"
        )
        """The namespace in which the user ``limited`` may read pods."""
        self.require_token = require_token
        """Whether a request without a bearer token is refused instead of being the operator's."""
        self.trouble = Troubles()
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
        self.stateful_sets = StatefulSets(self.state, self.recorder, self.lifecycle)
        self.daemon_sets = DaemonSets(self.state, self.recorder, self.lifecycle)
        self.endpoints = Endpoints(self.state)
        self.autoscaling = Autoscaling(self.state, self.recorder)
        spot = Spot(self.state, self.lifecycle, self.kubelet.addresses, self.recorder)
        self.life = Life(self.state, self.kubelet, spot)
        layout = Layout(self, laid_out, index)
        layout.build()
        layout.remember()
        self.life.beat()
        if lively:
            self.autoscaling.begin()
            self.life.begin()

    def advance(self, now: float | None = None) -> None:
        """Process everything due up to epoch second `now`, or the clock's; costs what is due."""
        self.state.agenda.run(self.clock.now() if now is None else now)

    def next_due(self) -> float | None:
        """Return the epoch second at which something happens next, or None."""
        return self.state.agenda.next_due

    def incident(self, name: str, workload: str) -> None:
        """Make an incident befall a workload (``name`` or ``namespace/name``); an empty one ends.

        Raises ValueError where either is unknown.
        """
        self.life.befall(name, workload)

    def expire_watches(self) -> None:
        """Forget the past: open watches, old pages and old resource versions are too old (410)."""
        for collection in self.state.collections.values():
            collection.compact()
        self.state.wake_watchers()

    def disconnect_watches(self) -> None:
        """End every open watch, as an API server does that restarts."""
        self.epoch += 1
        self.state.wake_watchers()

    def pod_addresses(self, namespace: str, workload: str) -> list[tuple[str, str]]:
        """Return (pod name, pod IP) of a workload's pods that have an address and may stay."""
        found = []
        for version in self.state.of(kinds.PODS).select(namespace):
            if version.labels.get("app") == workload and not is_deleting(version.doc):
                address = dig(version.doc, "status", "podIP")
                if address:
                    found.append((version.name, address))
        return found
