"""Every simulated ECS cluster, and where to find it."""

from __future__ import annotations

import random

from backends.sim.agenda import Agenda
from backends.sim.blueprint import Blueprint


class EcsWorld:
    """The ECS clusters of all accounts and regions."""

    def __init__(
        self, blueprint: Blueprint, agenda: Agenda, rng: random.Random, *, lively: bool
    ) -> None:
        self.blueprint = blueprint
        self.agenda = agenda
        self.rng = rng
        self.lively = lively

    def incident(self, name: str, cluster: str, service: str) -> None:
        """Make an incident befall a service; raises ValueError where something is unknown."""
        raise ValueError(f"no service {service!r} in {cluster!r} for {name!r}")
