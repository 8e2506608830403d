"""What each cluster serves, asked when it is first needed and remembered with its age."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import msgspec

from backends.base import BackendError, Demand, NotFound, Offer
from backends.clock import Clock
from backends.eks.connections import Connections
from backends.eks.discovery import discover
from backends.eks.kinds import DESIGNED
from backends.eks.kinds.spec import KindSpec
from backends.eks.kinds.tables import spec_of
from backends.eks.pace import Pace
from backends.model import Change, FeedState, FeedStatus, Problem, Query, Scope

FRESH = 600.0
"""Seconds for which a kind that was found is taken to be served in the same way."""


class Known(msgspec.Struct, frozen=True):
    """What one cluster serves beyond the kinds with designed columns."""

    at: float
    """When it was asked."""
    specs: Mapping[str, KindSpec]
    """By the kind's id, in the server's order."""
    problem: Problem | None = None
    """Which groups did not answer."""


class Catalog:
    """The kinds of every cluster; each is asked by itself, and once at a time."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._known: dict[Scope, Known] = {}
        self._locks: dict[Scope, asyncio.Lock] = {}

    async def known(self, scope: Scope, max_age: float) -> Known:
        """Return what a cluster serves, asking anew if that is older than `max_age` seconds; 0:
        in any case.

        Raises `BackendError` where the cluster does not answer.
        """
        key = scope.at(namespace="")
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            now = self._clock.now()
            if known is None or max_age <= 0.0 or not 0.0 <= now - known.at <= max_age:
                found = await discover(await self._connections.client(key))
                specs = (spec_of(s) for s in found.kinds if (s.group, s.plural) not in DESIGNED)
                known = Known(now, {spec.kind.id: spec for spec in specs}, found.problem)
                self._known[key] = known
            return known

    async def offer(self, scope: Scope, max_age: float) -> Offer:
        """Return the kinds that a cluster serves, as a `Fleet` takes them."""
        known = await self.known(scope, max_age)
        return Offer(tuple(spec.kind for spec in known.specs.values()), known.problem)

    async def spec(self, scope: Scope, kind: str, max_age: float = FRESH) -> KindSpec:
        """Return how a cluster serves a kind; raises `NotFound` where it does not."""
        known = await self.known(scope, max_age)
        found = known.specs.get(kind)
        if found is None and max_age > 0.0 and known.at < self._clock.now():
            known = await self.known(scope, 0.0)
            found = known.specs.get(kind)
        if found is None:
            why = f"; {known.problem.message}" if known.problem is not None else ""
            what = f"{scope.cluster} serves no {kind.partition('/')[2]}{why}"
            remedy = "look at what there is: kubectl api-resources"
            raise NotFound(f"list {kind.partition('/')[2]}", what, remedy)
        return found


Follow = Callable[[KindSpec], AsyncGenerator[Change, None]]
"""Follows a kind until it is not served any more, which raises `NotFound`."""


async def offered_changes(
    catalog: Catalog, query: Query, follow: Follow, demand: Demand, clock: Clock, pace: Pace
) -> AsyncGenerator[Change, None]:
    """Yield the rows of a kind that a cluster may offer, now or later.

    A cluster without the kind has none of its objects: that is a true answer, with a note.
    """
    good = clock.now()
    yield Change(FeedStatus(FeedState.LOADING, good), resync=True)
    failures, max_age = 0, FRESH
    while True:
        try:
            spec = await catalog.spec(query.scope, query.kind, max_age)
            async with aclosing(follow(spec)) as changes:
                async for change in changes:
                    failures, good = 0, change.status.at
                    yield change
        except NotFound as error:
            good = clock.now()
            yield Change(FeedStatus(FeedState.LIVE, good, error.problem), resync=True)
            await demand.pause(pace.poll, pace.denied)
        except BackendError as error:
            failures += 1
            yield Change(FeedStatus(FeedState.STALE, good, error.problem))
            delay = pace.pause(failures)
            await demand.pause(delay, delay)
        max_age = 0.0
