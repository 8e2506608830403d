"""What events have told one watch since it last looked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import msgspec

from backends.base import Demand
from backends.clock import Clock
from backends.ecs.events import Event, version
from backends.ecs.wire import Payload, tail
from backends.model import Problem, Scope

SPACING = 2.0
"""Seconds between two describe calls for the same services, however many events concern them."""


class Told(msgspec.Struct, frozen=True):
    """What was taken out of an inbox."""

    tasks: Sequence[tuple[Payload, bool]] = ()
    """Tasks, and whether the event was fresh: one that is not can't bring a task that is new."""
    services: Sequence[str] = ()
    """Names of services to describe."""


class Supply(Protocol):
    """Where events come from."""

    @property
    def live(self) -> bool:
        """Whether events come, and in time."""
        ...

    @property
    def problem(self) -> Problem | None:
        """Why they don't."""
        ...

    def doubt(self) -> None:
        """Take note that a listing knew better: something is live again with the next event."""
        ...


class Inbox:
    """One watch's share of the events of its account and region."""

    def __init__(
        self, scope: Scope, demand: Demand, clock: Clock, *, service: str = "", only: str = "",
        tasks: bool = True,
    ) -> None:  # fmt: skip
        """Take events of the scope's cluster, of `service` or of the one thing called `only`."""
        self.scope = scope
        self.supply: Supply | None = None
        """None until it is known which queue serves the scope, or where none does."""
        self.refused: Problem | None = None
        """Why that is not known."""
        self.gap = False
        """Whether events may have been lost since the last whole listing."""
        self._demand = demand
        self._clock = clock
        self._service = service
        self._only = only
        self._of_tasks = tasks
        self._tasks: dict[str, tuple[Payload, bool]] = {}
        self._services: set[str] = set()
        self._described = -math.inf

    @property
    def live(self) -> bool:
        """Whether what happens is told by events."""
        return self.supply is not None and self.supply.live

    @property
    def problem(self) -> Problem | None:
        """Why it is not."""
        return self.supply.problem if self.supply is not None else self.refused

    def hear(self, event: Event, *, fresh: bool) -> None:
        """Take in an event, if it concerns this watch."""
        if event.cluster != self.scope.cluster:
            return
        if event.task is not None:
            self._hear_task(event, event.task, fresh)
        if event.service and not self._of_tasks and self._only in ("", event.service):
            self.mark(event.service)

    def mark(self, service: str) -> None:
        """Have a service be described soon, if this watch is one of services."""
        if not self._of_tasks and self._only in ("", service):
            self._services.add(service)
            self._demand.nudge()

    def turn(self, *, gap: bool) -> None:
        """Take note that events have begun or ceased to come."""
        self.gap = self.gap or gap
        self._demand.nudge()

    def due(self) -> float:
        """Return the seconds until there is something to take; infinite: nothing was told."""
        if self._tasks:
            return 0.0
        if not self._services:
            return math.inf
        return max(0.0, self._described + SPACING - self._clock.monotonic())

    def take(self) -> Told:
        """Return what is due, and forget it."""
        tasks, self._tasks = tuple(self._tasks.values()), {}
        now = self._clock.monotonic()
        if not self._services or now < self._described + SPACING:
            return Told(tasks)
        services, self._services = sorted(self._services), set()
        self._described = now
        return Told(tasks, services)

    def _hear_task(self, event: Event, task: Payload, fresh: bool) -> None:
        arn = str(task["taskArn"])
        if self._of_tasks and (
            (self._service and event.service != self._service)
            or (self._only and tail(arn) != self._only)
        ):
            return
        known = self._tasks.get(arn)
        if known is None or version(known[0]) < version(task):
            self._tasks[arn] = (task, fresh or (known is not None and known[1]))
            self._demand.nudge()
