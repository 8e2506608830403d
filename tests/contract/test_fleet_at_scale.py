"""A fleet of twenty clusters with thousands of tasks and pods, all held at once, over HTTP at the
published rates: nothing is missed, nothing is lost, and one that hangs delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.audit import AuditLog
from backends.base import AwsSource, Sources
from backends.board import Board
from backends.clock import SystemClock
from backends.ecs.backend import EcsBackend
from backends.eks.backend import KubeBackend
from backends.fleet import Fleet, Subscription
from backends.model import FeedState, Health, Query, Resource
from backends.sim.blueprint import ACCOUNTS, Blueprint, SimCluster, SimWorkload
from backends.sim.churn import Churn, Wish, tally
from backends.sim.kube_world.trouble import Trouble
from backends.sim.server import SimServer

pytestmark = pytest.mark.usefixtures("_clean_environment")

REGION = "us-east-1"

CLUSTERS, SERVICES, TASKS = 10, 10, 20
"""Clusters of each provider, services in each, tasks or pods of each service."""

DEADLINE = 60.0
"""Seconds to wait for anything; an idle machine takes two or three."""

RATE, SECONDS = 1000.0, 1.0
"""Pod events a second, and for how long."""


def layout() -> Blueprint:
    workloads = {
        provider: tuple(
            SimWorkload(
                f"svc-{n}", "team", TASKS, "registry.example/app:1.0.0", 256, 512, kind=kind
            )
            for n in range(SERVICES)
        )
        for provider, kind in (("ecs", "service"), ("eks", "deployment"))
    }
    ecs = [SimCluster("ecs", f"ecs-{n}", ACCOUNTS[0], REGION, workloads["ecs"])
           for n in range(CLUSTERS)]  # fmt: skip
    eks = [SimCluster("eks", f"eks-{n}", ACCOUNTS[0], REGION, workloads["eks"], "1.36")
           for n in range(CLUSTERS)]  # fmt: skip
    return Blueprint(1, "large", ACCOUNTS, (REGION,), (*ecs, *eks))


@pytest.fixture(scope="module")
def blueprint() -> Blueprint:
    return layout()


@pytest.fixture
async def sim(blueprint: Blueprint) -> AsyncIterator[SimServer]:
    async with SimServer(layout=blueprint, lively=False) as server:
        assert len(server.world.kube) == CLUSTERS  # laid out before anybody waits for it
        yield server


class Held:
    """A fleet over the simulator, with its board."""

    def __init__(self, sim: SimServer, folder: Path, timeout: float) -> None:
        config, credentials = sim.write_aws_config(folder)
        source = AwsSource(ACCOUNTS[0].profile, (REGION,), sim.url, str(config), str(credentials))
        sources = Sources(aws=(source,), request_timeout=timeout)
        clock = SystemClock()
        self.fleet = Fleet(clock=clock, audit=AuditLog(folder / "audit.jsonl", clock))
        for backend in (EcsBackend, KubeBackend):
            self.fleet.attach(backend(sources, clock))
        self.board = Board(self.fleet)

    def rows(self) -> dict[str, Resource]:
        self.board.flush()
        return {row.ref.name: row for row in self.board.rows}

    def hold(self, kind: str, provider: str) -> list[Subscription]:
        return [
            self.fleet.open(Query(cluster.ref.scope, kind), visible=False)
            for cluster in self.board.clusters
            if cluster.ref.scope.provider == provider
        ]

    async def until(self, found: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not found():
                await asyncio.sleep(0.01)

    async def counted(self, number: int) -> None:
        await self.until(lambda: len(self.rows()) == 2 * CLUSTERS)
        await self.until(lambda: self.board.counted[0] >= number)


@asynccontextmanager
async def held(sim: SimServer, folder: Path, timeout: float = 30.0) -> AsyncIterator[Held]:
    made = Held(sim, folder, timeout)
    made.board.open()
    try:
        yield made
    finally:
        made.board.close()
        await made.fleet.close()


def live(feed: Subscription) -> bool:
    return feed.shelf.status is not None and feed.shelf.status.state is FeedState.LIVE


def pods_of(feeds: list[Subscription]) -> set[tuple[str, str, str, int]]:
    """Return (cluster, namespace, name, restarts) of every pod that is held."""
    found = set()
    for feed in feeds:
        for row in feed.shelf.rows.values():
            restarts = row.cells[4]
            assert isinstance(restarts, int)
            found.add((row.ref.scope.cluster, row.ref.scope.namespace, row.ref.name, restarts))
    return found


def pods_in(sim: SimServer) -> set[tuple[str, str, str, int]]:
    return {(name, *pod) for name, cluster in sim.world.kube.items() for pod in tally(cluster)}


async def test_all_of_it_is_held_and_follows_every_change(sim: SimServer, tmp_path: Path) -> None:
    async with held(sim, tmp_path) as fleet:
        await fleet.counted(2 * CLUSTERS)
        assert {row.ready for row in fleet.rows().values()} == {SERVICES * TASKS}
        assert {row.health for row in fleet.rows().values()} == {Health.OK}

        tasks, pods = fleet.hold("ecs/tasks", "ecs"), fleet.hold("k8s/pods", "eks")
        await fleet.until(lambda: all(live(feed) for feed in (*tasks, *pods)))
        names = {row.ref for feed in tasks for row in feed.shelf.rows.values()}
        assert len(names) == CLUSTERS * SERVICES * TASKS
        before = pods_of(pods)
        assert before == pods_in(sim)
        assert len(before) == CLUSTERS * SERVICES * TASKS

        made = await Churn(sim.world, Wish(RATE, SECONDS)).run()
        assert made == RATE * SECONDS
        await fleet.until(lambda: pods_of(pods) == pods_in(sim))
        assert len(before - pods_of(pods)) > made / 2
        assert not any(use.throttled for use in fleet.fleet.usage())


async def test_a_cluster_that_hangs_delays_no_other(sim: SimServer, tmp_path: Path) -> None:
    sim.world.kube["eks-3"].trouble.make(Trouble(times=-1, hang=True))
    async with held(sim, tmp_path, timeout=3.0) as fleet:
        await fleet.counted(2 * CLUSTERS - 1)
        rows = fleet.rows()
        late = rows.pop("eks-3")
        assert late.health is Health.UNKNOWN
        assert {row.ready for row in rows.values()} == {SERVICES * TASKS}
        await fleet.until(lambda: fleet.rows()["eks-3"].status == "stale: unreachable")
        others = [row for name, row in fleet.rows().items() if name != "eks-3"]
        assert {row.health for row in others} == {Health.OK}

        sim.world.kube["eks-3"].trouble.clear()
        await fleet.until(lambda: fleet.rows()["eks-3"].ready == SERVICES * TASKS)
