"""The feeds that find clusters: EKS's own list, polled, and one probe for each context."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
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
from backends.model import Change, FeedState, FeedStatus, Health, Problem, Query, Resource, Scope

VISIBLE = 30.0
"""Seconds between polls while clusters are on screen: they change by the quarter of an hour."""

BACKGROUND = 120.0
"""Seconds between polls while they are not."""

STEADY_FOR = 300.0
"""Seconds for which a cluster that is ACTIVE and well is not described again, unless somebody asks
for it: its version and health change by the day."""

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
    total: int | None = None
    """How many rows there will be, where these are not all of them yet."""


Look: TypeAlias = Callable[[bool, bool], AsyncGenerator[Found, None]]
"""Fetches all rows, in parts that end with all of them; told whether somebody is looking, and
whether somebody asked."""


async def changes(
    look: Look, demand: Demand, clock: Clock, pace: Pace
) -> AsyncGenerator[Change, None]:
    """Yield what `look` finds, for ever; a failed look keeps the rows and is tried again."""
    began = good = clock.now()
    yield Change(FeedStatus(FeedState.LOADING, began), resync=True)
    failures = 0
    first = True
    while True:
        found = Found(())
        try:
            async with aclosing(look(demand.visible, demand.take_asked())) as parts:
                async for found in parts:
                    if first and found.total is not None:
                        loaded = len(found.rows)
                        status = FeedStatus(
                            FeedState.LOADING, began, loaded=loaded, total=found.total
                        )
                        yield Change(status, upserts=found.rows)
        except BackendError as error:
            found = Found((), error.problem, stale=True)
        first = False
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

    def __init__(self, connections: Connections, aws: AwsAccess, scope: Scope) -> None:
        self._connections = connections
        self._aws = aws
        self._scope = scope
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._known: dict[str, tuple[float, Resource]] = {}

    async def __call__(self, urgent: bool, asked: bool) -> AsyncGenerator[Found, None]:
        """Yield a row for every cluster; one that may not be described is told of."""
        names: list[str] = []
        pages = self._aws.pages(self._scope, "eks", "ListClusters", urgent=urgent, maxResults=PAGE)
        async for page in pages:
            names += page.get("clusters") or []
        problems: list[Problem] = []
        tasks = [
            asyncio.ensure_future(self._look_at(name, urgent, problems, asked=asked))
            for name in names
        ]
        try:
            rows: dict[int, Resource] = {}
            done = asyncio.Queue[int]()
            for number, task in enumerate(tasks):
                task.add_done_callback(partial(_finished, done, number))
            for _ in tasks:
                number = await done.get()
                row = tasks[number].result()
                if row is not None:
                    rows[number] = row
                if done.empty():
                    shown = tuple(rows[n] for n in sorted(rows))
                    yield Found(shown, total=len(tasks))
        finally:
            for task in tasks:
                task.cancel()
        self._known = {name: self._known[name] for name in names if name in self._known}
        every = tuple(rows[n] for n in sorted(rows))
        yield Found(every, problems[0] if problems else None)

    async def _look_at(
        self, name: str, urgent: bool, problems: list[Problem], *, asked: bool
    ) -> Resource | None:
        """Return a cluster as it is, or as it was lately if it was well."""
        loop = asyncio.get_running_loop()
        at, known = self._known.get(name, (0.0, None))
        if known is not None and not asked and loop.time() - at < STEADY_FOR:
            return known
        row = await self._describe(name, urgent, problems)
        self._known.pop(name, None)
        if row is not None and row.health is Health.OK:
            self._known[name] = (loop.time(), row)
        return row

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
        row = from_eks(answer["cluster"], self._scope)
        self._connections.learn(row.ref.scope, answer["cluster"])
        return row


def _finished(done: asyncio.Queue[int], number: int, _task: asyncio.Task[Resource | None]) -> None:
    done.put_nowait(number)


class ContextLook:
    """Asks the cluster of one kubeconfig context for its version."""

    def __init__(self, connections: Connections, scope: Scope) -> None:
        self._connections = connections
        self._scope = scope

    async def __call__(self, urgent: bool, asked: bool) -> AsyncGenerator[Found, None]:
        """Yield the one row, whether or not the cluster answers."""
        yield await self._ask()

    async def _ask(self) -> Found:
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
        look = EksLook(connections, connections.aws, query.scope)
    else:
        look = ContextLook(connections, query.scope)
    return changes(look, demand, clock, pace)
