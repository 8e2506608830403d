"""What is shown of services beyond their listing: how their instances are, and whose they are.

Cloud Map tells both by the service only, so they are asked after a few at a time and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from backends.base import BackendError
from backends.clock import Clock
from backends.cloudmap.catalog import Catalog, together
from backends.cloudmap.links import ECS_CLUSTER, ECS_SERVICE
from backends.cloudmap.rows import Tally, check
from backends.cloudmap.wire import Payload, attributes, count, text
from backends.model import Scope

HEALTH_FOR = 8.0
"""Seconds for which the health of a service's instances is not asked again."""

OWNER_FOR = 300.0
"""Seconds for which it is not asked again who registered a service's instances."""

AT_ONCE = 20
"""Services that are asked after in one round; those that were not for the longest come first."""


class Tallies:
    """The latest tally of each service, by its id."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: dict[str, Tally] = {}
        self._healths_at: dict[str, float] = {}
        self._owners_at: dict[str, float] = {}

    def of(self, service: Payload) -> Tally:
        """Return what is known of a service now."""
        return self._known.get(text(service, "Id"), Tally())

    async def refresh(self, scope: Scope, services: Mapping[str, Payload], *, urgent: bool) -> None:
        """Ask after the services of a namespace whose tallies are old.

        Errors leave a tally as it is: it is not worth failing the listing for.
        """
        now = self._clock.monotonic()
        there = [service for service in services.values() if count(service, "InstanceCount")]
        checked = [service for service in there if check(service) != "none"]
        await together(
            [
                *(
                    self._ask_health(scope, service, urgent)
                    for service in _due(checked, self._healths_at, now - HEALTH_FOR)
                ),
                *(
                    self._ask_owner(scope, service, urgent)
                    for service in _due(there, self._owners_at, now - OWNER_FOR)
                ),
            ]
        )

    async def _ask_health(self, scope: Scope, service: Payload, urgent: bool) -> None:
        identity = text(service, "Id")
        self._healths_at[identity] = self._clock.monotonic()
        with suppress(BackendError):
            healths = await self._catalog.healths(scope, service, urgent=urgent)
            self._keep(identity, Tally(Counter(healths.values()), self.of(service).ecs))

    async def _ask_owner(self, scope: Scope, service: Payload, urgent: bool) -> None:
        identity = text(service, "Id")
        self._owners_at[identity] = self._clock.monotonic()
        with suppress(BackendError):
            for instance in await self._catalog.sample(scope, service, urgent=urgent):
                found = attributes(instance)
                ecs = (found.get(ECS_CLUSTER, ""), found.get(ECS_SERVICE, ""))
                self._keep(identity, Tally(self.of(service).healths, ecs))

    def _keep(self, identity: str, tally: Tally) -> None:
        self._known[identity] = tally


def _due(services: list[Payload], asked: Mapping[str, float], before: float) -> list[Payload]:
    """Return the services last asked after before a time, the longest ago first, not too many."""
    never = float("-inf")
    old = [each for each in services if asked.get(text(each, "Id"), never) <= before]
    return sorted(old, key=lambda each: asked.get(text(each, "Id"), never))[:AT_ONCE]
