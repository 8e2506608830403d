"""Every simulated ECS cluster, and where to find it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from backends.sim.agenda import Agenda
from backends.sim.blueprint import Blueprint
from backends.sim.ecs.layout import lay_out
from backends.sim.ecs.model import Cluster, Service, TaskDefinition


class EcsWorld:
    """The ECS clusters of all accounts and regions."""

    def __init__(
        self, blueprint: Blueprint, agenda: Agenda, rng: random.Random, *, lively: bool
    ) -> None:
        self.agenda = agenda
        self.rng = rng
        self._places: dict[tuple[str, str], dict[str, Cluster]] = {}
        self._families: dict[tuple[str, str], dict[str, dict[int, TaskDefinition]]] = {}
        clusters, definitions = lay_out(blueprint, agenda.now, rng)
        for cluster in clusters:
            place = (cluster.account, cluster.region)
            self._places.setdefault(place, {})[cluster.name] = cluster
        for definition in definitions:
            self.register(definition)

    def clusters(self, account: str, region: str) -> Mapping[str, Cluster]:
        """Return the clusters of one account and region, by name."""
        return self._places.get((account, region), {})

    def every_cluster(self) -> Iterable[Cluster]:
        """Yield all clusters of all accounts and regions."""
        for clusters in self._places.values():
            yield from clusters.values()

    def families(self, account: str, region: str) -> Mapping[str, Mapping[int, TaskDefinition]]:
        """Return the task definitions of one account and region, by family and revision."""
        return self._families.get((account, region), {})

    def register(self, definition: TaskDefinition) -> None:
        """Enter a task definition, so that it can be found and used."""
        region, account = definition.arn.split(":")[3:5]
        place = self._families.setdefault((account, region), {})
        place.setdefault(definition.family, {})[definition.revision] = definition

    def find_service(self, cluster: str, service: str) -> Service:
        """Return a service by its cluster's name and its own; ValueError where there is none."""
        for found in self.every_cluster():
            if found.name == cluster and service in found.services:
                return found.services[service]
        raise ValueError(f"no service {service!r} in {cluster!r}")

    def update(
        self, service: Service, *, desired: int | None, definition: TaskDefinition | None, force: bool
    ) -> None:
        """Change what is wanted of a service."""
        if desired is not None:
            service.desired = service.primary.desired = desired

    def incident(self, name: str, cluster: str, service: str) -> None:
        """Make an incident befall a service; raises ValueError where something is unknown."""
        self.find_service(cluster, service)
        raise ValueError(f"no incident {name!r}")
