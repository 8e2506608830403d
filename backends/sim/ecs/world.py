"""Every simulated ECS cluster, where to find it, and what can be done to it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from backends.sim.agenda import Agenda
from backends.sim.blueprint import Blueprint
from backends.sim.ecs import words
from backends.sim.ecs.incidents import Incidents
from backends.sim.ecs.layout import lay_out
from backends.sim.ecs.model import Cluster, Service, Task, TaskDefinition
from backends.sim.ecs.registry import Definitions
from backends.sim.ecs.scheduler import Scheduler, Witness

RELEASE_EVERY = (50.0, 110.0)
"""Seconds, from and to, between two releases of services that nothing is wrong with."""

AUTOSCALE_EVERY = (90.0, 180.0)
"""Seconds, from and to, between two moves of an autoscaler."""

BEFORE_OPENING = (6.0, 12.0)
"""Seconds, from and to, by which every incident of the blueprint precedes the first look."""


class EcsWorld:
    """The ECS clusters of all accounts and regions.

    `opening` is the epoch second at which somebody first looks: incidents are then under way.
    None: there are no incidents, releases or autoscaling, unless they are asked for.
    """

    def __init__(
        self, blueprint: Blueprint, agenda: Agenda, rng: random.Random, opening: float | None
    ) -> None:
        self.definitions = Definitions()
        self._agenda = agenda
        self._rng = rng
        self._scheduler = Scheduler(agenda, rng)
        self._incidents = Incidents(agenda, rng, self._scheduler, self.definitions)
        self._places: dict[tuple[str, str], dict[str, Cluster]] = {}
        clusters, definitions = lay_out(blueprint, agenda.now, rng)
        for cluster in clusters:
            self._places.setdefault((cluster.account, cluster.region), {})[cluster.name] = cluster
        for definition in definitions:
            self.definitions.register(definition)
        if opening is not None:
            self._enliven(opening)

    def clusters(self, account: str, region: str) -> Mapping[str, Cluster]:
        """Return the clusters of one account and region, by name."""
        return self._places.get((account, region), {})

    def services(self) -> Iterable[Service]:
        """Yield the services of all clusters."""
        for clusters in self._places.values():
            for cluster in clusters.values():
                yield from cluster.services.values()

    def service(self, cluster: str, service: str) -> Service:
        """Return a service by its cluster's name and its own; ValueError where there is none."""
        for found in self.services():
            if found.name == service and found.cluster.name == cluster:
                return found
        raise ValueError(f"no service {service!r} in {cluster!r}")

    def update(
        self,
        service: Service,
        *,
        desired: int | None = None,
        definition: TaskDefinition | None = None,
        force: bool = False,
    ) -> None:
        """Change how many tasks a service has, or which; what that brings about takes time."""
        if desired is not None and desired != service.desired:
            self._scheduler.scale(service, desired)
        current = service.primary.definition
        if force or (definition is not None and definition is not current):
            self._scheduler.deploy(service, definition or current)

    def stop_deployment(self, service: Service, *, back: bool) -> None:
        """End the rollout under way as an operator does, and have it rolled `back`."""
        self._scheduler.end(service, words.STOPPED_BY_REQUEST, back=back)

    def stop_task(self, task: Task, reason: str = "") -> None:
        """Stop a task as an operator does."""
        self._scheduler.lifecycle.stop(task, "UserInitiated", reason or words.USER_STOPPED)

    def witnessed_by(self, witness: Witness) -> None:
        """Have somebody told of every change from now on."""
        self._scheduler.witnesses.append(witness)

    def incident(self, name: str, cluster: str, service: str) -> None:
        """Make an incident befall a service; raises ValueError where something is unknown."""
        self._incidents.befall(self.service(cluster, service), name)

    def release_soon(self, within: tuple[float, float]) -> None:
        """Have some sound service deploy a new version in so many seconds, from and to."""
        sound = [s for s in self.services() if not s.incident and not s.scaling and s.desired]
        if sound:
            when = self._rng.uniform(*within)
            self._agenda.after(when, lambda: self._incidents.release(self._rng.choice(sound)))

    def _enliven(self, opening: float) -> None:
        """Set going what goes on by itself for ever."""
        for service in self.services():
            if service.incident:
                self._incidents.repeat(service, service.incident, self._rng.uniform(1, 30))
                when = opening - self._rng.uniform(*BEFORE_OPENING)
                self._incidents.begin(service, service.incident, when)
            if service.scaling is not None:
                self._autoscale(service)
        self._keep_releasing()

    def _keep_releasing(self) -> None:
        self.release_soon((0.0, 5.0))
        self._agenda.after(self._rng.uniform(*RELEASE_EVERY), self._keep_releasing)

    def _autoscale(self, service: Service) -> None:
        def move() -> None:
            self._incidents.autoscale(service)
            self._autoscale(service)

        self._agenda.after(self._rng.uniform(*AUTOSCALE_EVERY), move)
