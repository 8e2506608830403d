"""The feeds that find clusters: EKS's own list, polled, and one probe for each context."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeAlias

import msgspec

from backends.aws.access import AwsAccess
from backends.base import BackendError, Demand, Denied, Expired, NotFound
from backends.clock import Clock
from backends.eks.codec import broken
from backends.eks.connections import Connections
from backends.eks.errors import Act
from backends.eks.kinds.clusters import Version, from_context, from_eks, unreachable
from backends.eks.pace import Pace
from backends.model import Change, FeedState, FeedStatus, Problem, Query, Resource, Scope

VISIBLE = 30.0
"""Seconds between polls while clusters are on screen: they change by the quarter of an hour."""

BACKGROUND = 120.0
"""Seconds between polls while they are not."""

PAGE = 100
"""Names on one page of ListClusters: the most that EKS gives (EKS API reference)."""

AT_ONCE = 8
"""Clusters described at the same time; the call budget sets the pace anyway."""

_VERSION = msgspec.json.Decoder(Version)


class Found(msgspec.Struct, frozen=True):
    """What one look found."""

    rows: tuple[Resource, ...]
    problem: Problem | None = None
    """What went wrong with some of it."""
    stale: bool = False
    """The rows only say that there is no answer."""


Look: TypeAlias = Callable[[bool], Awaitable[Found]]
"""Fetches all rows; told whether somebody is looking."""


async def changes(
    look: Look, demand: Demand, clock: Clock, pace: Pace
) -> AsyncGenerator[Change, None]:
    """Yield what `look` finds, for ever; a failed look keeps the rows and is tried again."""
    began = good = clock.now()
    yield Change(FeedStatus(FeedState.LOADING, began), resync=True)
    failures = 0
    while True:
        try:
            found = await look(demand.visible)
        except BackendError as error:
            found = Found((), error.problem, stale=True)
        if not found.stale:
            failures, good = 0, clock.now()
            status = FeedStatus(FeedState.LIVE, good, found.problem)
            yield Change(status, upserts=found.rows, resync=True)
            await demand.pause(VISIBLE, BACKGROUND)
            continue
        failures += 1
        yield Change(FeedStatus(FeedState.STALE, good, found.problem), upserts=found.rows)
        delay = pace.pause(failures)
        await demand.pause(delay, max(delay, BACKGROUND / 4))


class EksLook:
    """Lists and describes the EKS clusters of one account and region."""

    def __init__(self, aws: AwsAccess, scope: Scope) -> None:
        self._aws = aws
        self._scope = scope
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, urgent: bool) -> Found:
        """Return a row for every cluster; one that may not be described is told of."""
        names: list[str] = []
        pages = self._aws.pages(self._scope, "eks", "ListClusters", urgent=urgent, maxResults=PAGE)
        async for page in pages:
            names += page.get("clusters") or []
        problems: list[Problem] = []
        rows = await asyncio.gather(*(self._describe(n, urgent, problems) for n in names))
        return Found(tuple(row for row in rows if row), problems[0] if problems else None)

    async def _describe(self, name: str, urgent: bool, problems: list[Problem]) -> Resource | None:
        async with self._limit:
            try:
                answer = await self._aws.call(
                    self._scope, "eks", "DescribeCluster", urgent=urgent, name=name
                )
            except NotFound:
                return None  # deleted since it was listed
            except Denied as error:
                problems.append(error.problem)
                return from_eks({"name": name}, self._scope)
        return from_eks(answer["cluster"], self._scope)


class ContextLook:
    """Asks the cluster of one kubeconfig context for its version."""

    def __init__(self, connections: Connections, scope: Scope) -> None:
        self._connections = connections
        self._scope = scope

    async def __call__(self, urgent: bool) -> Found:
        """Return the one row, whether or not the cluster answers."""
        act = Act("get", "/version")
        try:
            client = await self._connections.client(self._scope)
            version = _VERSION.decode(await client.get("/version", act))
        except Denied:  # it answers, though not to this
            return Found((from_context(self._scope, client.server.url, Version()),))
        except Expired as error:
            return self._down("No credentials", error)
        except BackendError as error:
            self._connections.doubt(self._scope)
            return self._down("Unreachable", error)
        except msgspec.MsgspecError as error:
            return self._down("Unreachable", broken(act, error))
        return Found((from_context(self._scope, client.server.url, version),))

    def _down(self, status: str, error: BackendError) -> Found:
        row = unreachable(self._scope, status, error.problem.message)
        return Found((row,), error.problem, stale=True)


def cluster_changes(
    connections: Connections, query: Query, demand: Demand, clock: Clock, pace: Pace
) -> AsyncGenerator[Change, None]:
    """Yield the clusters of one root query."""
    look: Look
    if query.scope.provider == "eks" and connections.aws is not None:
        look = EksLook(connections.aws, query.scope)
    else:
        look = ContextLook(connections, query.scope)
    return changes(look, demand, clock, pace)
