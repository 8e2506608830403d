"""A backend for tests of what stands above backends: it says what it is told to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from backends.base import BackendError, Demand
from backends.model import (
    Accepted,
    Change,
    Column,
    Description,
    FeedState,
    FeedStatus,
    Format,
    Health,
    Kind,
    LogBatch,
    LogRequest,
    Operation,
    Query,
    Ref,
    Resource,
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
    Verb,
)

ROOT = Scope("ecs", profile="prod", region="us-east-1")
CLUSTER = ROOT.at(account="111122223333", cluster="shop")
CLUSTERS = Query(ROOT, "ecs/clusters")
SERVICES = Query(CLUSTER, "ecs/services")
OPERATED = frozenset({Verb.DESCRIBE, Verb.YAML, Verb.LOGS, Verb.SCALE, Verb.RESTART})
KINDS = (
    Kind(
        "ecs/clusters",
        "Clusters",
        "cluster",
        (Column("name", "Cluster"), Column("status", "Status", Format.STATUS)),
        child="ecs/services",
        narrows="cluster",
        aliases=("clusters",),
    ),
    Kind(
        "ecs/services",
        "Services",
        "service",
        (Column("name", "Service"), Column("status", "Status", Format.STATUS)),
        child="ecs/tasks",
        verbs=OPERATED,
        aliases=("services", "svc"),
        workload=True,
    ),
    Kind(
        "ecs/tasks",
        "Tasks",
        "task",
        (Column("name", "Task"), Column("status", "Status", Format.STATUS)),
        verbs=frozenset({Verb.DESCRIBE, Verb.YAML, Verb.LOGS}),
        aliases=("tasks", "task"),
    ),
)


def status(state: FeedState = FeedState.LIVE, at: float = 1000.0, **rest: object) -> FeedStatus:
    return FeedStatus(state, at, **rest)  # type: ignore[arg-type]


def resource(
    scope: Scope, kind: str, name: str, health: Health = Health.OK, **rest: object
) -> Resource:
    return Resource(
        ref=Ref(scope, kind, name),
        health=health,
        status="ACTIVE",
        cells=(name, "ACTIVE"),
        **rest,  # type: ignore[arg-type]
    )


def cluster(name: str = "shop", health: Health = Health.OK) -> Resource:
    return resource(CLUSTER.at(cluster=name), "ecs/clusters", name, health)


class ScriptedBackend:
    """Feeds are queues that tests put changes into; operations are kept."""

    def __init__(self, roots: Sequence[Query] = (CLUSTERS,)) -> None:
        self.kinds: Mapping[str, Kind] = {kind.id: kind for kind in KINDS}
        self.providers = frozenset({"ecs"})
        self.sent: list[Operation] = []
        self.refusal: BackendError | None = None
        self.watched: list[Query] = []
        self.demands: dict[Query, Demand] = {}
        self.ended: list[Query] = []
        self.renewed: list[Scope] = []
        self._roots = tuple(roots)
        self._queues: dict[Query, asyncio.Queue[Change | Exception]] = {}

    def feed(self, query: Query) -> asyncio.Queue[Change | Exception]:
        return self._queues.setdefault(query, asyncio.Queue())

    def say(self, query: Query, *rows: Resource, state: FeedState = FeedState.LIVE) -> None:
        self.feed(query).put_nowait(Change(status(state), rows, resync=True))

    def roots(self) -> Sequence[Query]:
        return self._roots

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        return (Query(cluster.scope, "ecs/services"),)

    def plan(self, query: Query) -> Query:
        return query

    async def watch(self, query: Query, demand: Demand) -> AsyncIterator[Change]:
        self.watched.append(query)
        self.demands[query] = demand
        try:
            while True:
                said = await self.feed(query).get()
                if isinstance(said, Exception):
                    raise said
                yield said
        finally:
            self.ended.append(query)

    async def describe(self, resource: Resource) -> Description:
        return Description(resource.ref, (), {}, 0.0)

    async def logs(self, resource: Resource, request: LogRequest) -> AsyncIterator[LogBatch]:
        yield LogBatch(live=True)

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        return ScaleInfo(2, 2)

    async def perform(self, operation: Operation) -> Accepted:
        self.sent.append(operation)
        if self.refusal is not None:
            raise self.refusal
        return Accepted("requested", "request-1")

    async def rollout(self, ref: Ref) -> AsyncIterator[Rollout]:
        for rollout in ():
            yield rollout

    def renew(self, scope: Scope) -> None:
        self.renewed.append(scope)

    def usage(self) -> Sequence[Usage]:
        return ()

    async def close(self) -> None:
        pass


async def until(condition: object, seconds: float = 5.0) -> None:
    """Let the loop run until `condition()` holds; fails at the deadline."""
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0)
