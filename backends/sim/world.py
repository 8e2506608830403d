"""The simulated world: the ECS half, the Kubernetes half and Cloud Map on one clock."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from backends.clock import Clock
from backends.sim.agenda import Agenda
from backends.sim.blueprint import Blueprint
from backends.sim.ecs.world import EcsWorld
from backends.sim.faults import Faults
from backends.sim.logins import Logins
from backends.sim.roles import AssumedRole

if TYPE_CHECKING:
    from backends.sim.cloudmap import CloudMapWorld
    from backends.sim.insights import Queries
    from backends.sim.kube_world import KubeClusters
    from backends.sim.logs import LogWorld
    from backends.sim.queues import Queues


AGE = {"small": 900.0, "large": 240.0, "huge": 60.0}
"""Seconds that a world of each scale has already lived through when it is first looked at."""

FIRST_RELEASE = (4.0, 8.0)
"""Seconds from then to the first rollout that begins before the visitor's eyes."""


class World:
    """A world made from a blueprint; the same seed and the same times give the same world.

    Nothing in it runs by itself: `advance` makes happen what is due by the clock.
    """

    def __init__(self, blueprint: Blueprint, clock: Clock, *, lively: bool = True) -> None:
        self.blueprint = blueprint
        self.clock = clock
        self.opened = clock.now()
        """The epoch second at which it was first looked at."""
        self.agenda = Agenda(self.opened - AGE[blueprint.scale])
        self.faults = Faults()
        self.roles: dict[str, AssumedRole] = {}
        """The roles that somebody has assumed, by the access keys that they got."""
        self.logins = Logins(blueprint.accounts, self.roles, clock)
        self._lively = lively
        self.base_url = ""
        """Where the simulator listens, once it does."""
        opening = self.opened if lively else None
        self.ecs = EcsWorld(blueprint, self.agenda, self.rng("ecs"), opening)
        self._kube: KubeClusters | None = None
        self._cloudmap: CloudMapWorld | None = None
        self._logs: LogWorld | None = None
        self._queues: Queues | None = None
        self._questions: Queries | None = None
        self.agenda.run(self.opened)
        if lively:
            self.ecs.release_soon(FIRST_RELEASE)

    def rng(self, part: str) -> random.Random:
        """Return the source of chance of one part of the world, the same for the same seed."""
        return random.Random(f"{self.blueprint.seed}:{part}")

    @property
    def kube(self) -> KubeClusters:
        """The Kubernetes clusters by name, laid out when they are first asked for."""
        if self._kube is None:
            from backends.sim.kube_world import build

            rng = self.rng("kube")
            self._kube = build(self.blueprint, self.clock, rng, lively=self._lively)
        return self._kube

    @property
    def cloudmap(self) -> CloudMapWorld:
        """The Cloud Map namespaces, laid out when they are first asked for."""
        if self._cloudmap is None:
            from backends.sim.cloudmap import CloudMapWorld

            self._cloudmap = CloudMapWorld(self)
        return self._cloudmap

    @property
    def queues(self) -> Queues:
        """The SQS queues; there are none until one is made."""
        if self._queues is None:
            from backends.sim.queues import Queues

            self._queues = Queues(self)
        return self._queues

    @property
    def logs(self) -> LogWorld:
        """The CloudWatch log groups, laid out when they are first asked for."""
        if self._logs is None:
            from backends.sim.logs import LogWorld

            self._logs = LogWorld(self)
        return self._logs

    @property
    def questions(self) -> Queries:
        """The queries of CloudWatch Logs Insights."""
        if self._questions is None:
            from backends.sim.insights import Queries

            self._questions = Queries(self)
        return self._questions

    def incident(self, name: str, cluster: str, service: str) -> None:
        """Make an incident befall a service or workload now.

        Raises ValueError where the cluster, the service or the incident is unknown.
        """
        for laid_out in self.blueprint.clusters:
            if laid_out.name == cluster:
                if laid_out.provider == "ecs":
                    self.ecs.incident(name, cluster, service)
                else:
                    self.kube[cluster].incident(name, service)
                return
        raise ValueError(f"no cluster {cluster!r}")

    def advance(self) -> None:
        """Process every event due up to the clock's now, in both halves."""
        self.agenda.run(self.clock.now())
        if self._kube is not None:
            self._kube.advance(self.clock.now())

    def prepare(self) -> None:
        """Lay out a little more of a world that is too large to be laid out at once."""
        if self.blueprint.scale == "huge":
            self.kube.lay_out_next()
