"""A service of 200 tasks and a deployment of 200 pods, in a simulator of their own."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from aws_views import DEADLINE, View

from backends.base import AwsSource, Backend, KubeSource, Sources
from backends.clock import Clock, ManualClock
from backends.ecs.backend import EcsBackend
from backends.eks.backend import KubeBackend
from backends.model import LogBatch, LogLine, LogRequest, Query, Resource
from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload
from backends.sim.files import write_private
from backends.sim.server import SimServer

COUNT = 200
"""Tasks of the service, and pods of the deployment."""

ACCOUNT = SimAccount("ops", "111122223333", "AKIACROWD00000000001", "crowd-secret")
REGION = "us-east-1"


def layout(count: int) -> Blueprint:
    """Return a world of one service and one deployment, of so many tasks and pods."""
    horde = SimWorkload("horde", "shop", count, "horde:1.9.0", 256, 512)
    clusters = (
        SimCluster("ecs", "crowd-ecs", ACCOUNT, REGION, (horde,)),
        SimCluster("eks", "crowd-eks", ACCOUNT, REGION, (horde,), "1.36", 20),
    )
    return Blueprint(1, "small", (ACCOUNT,), (REGION,), clusters)


class Watch:
    """The world's time of day, and a stopwatch of its own that goes as everybody's does."""

    def __init__(self, day: Clock) -> None:
        self._day = day

    def now(self) -> float:
        return self._day.now()

    def monotonic(self) -> float:
        return time.monotonic()


class Crowd:
    """The simulator, which stands still until it is moved on, and the backends on it."""

    def __init__(self, sim: SimServer, clock: ManualClock, folder: Path) -> None:
        self.sim = sim
        self.clock = clock
        keys = f"[ops]\naws_access_key_id = {ACCOUNT.access_key}\n"
        keys += f"aws_secret_access_key = {ACCOUNT.secret_key}\n"
        source = AwsSource(
            profile="ops",
            regions=(REGION,),
            endpoint_url=sim.url,
            config_file=str(write_private(folder / "config", "[profile ops]\n")),
            credentials_file=str(write_private(folder / "credentials", keys)),
        )
        kube = KubeSource(str(sim.write_kubeconfig(folder / "kubeconfig")))
        aws = Sources(aws=(source,), budget_share=1.0, request_timeout=DEADLINE)
        self.ecs = EcsBackend(aws, Watch(clock))
        self.eks = KubeBackend(Sources(kube=(kube,), request_timeout=DEADLINE), clock)

    async def row(self, backend: Backend, kind: str) -> Resource:
        """Return the service or the deployment, all of it running."""
        root = backend.roots()[0]
        scope = root.scope
        if kind == "ecs/services":
            clusters = View(backend, root)
            await clusters.until(lambda v: bool(v.rows))
            scope = clusters.rows[0].ref.scope
            await clusters.aclose()
        view = View(backend, Query(scope, kind))
        async with self.time():
            await view.until(lambda v: any(r.desired and r.ready == r.desired for r in v.rows))
        row = next(r for r in view.rows if r.desired and r.ready == r.desired)
        await view.aclose()
        return row

    @asynccontextmanager
    async def time(self) -> AsyncIterator[None]:
        """Let the world's time pass while a block runs."""

        async def tick() -> None:
            while True:
                await self.sim.advance(0.5)
                await asyncio.sleep(0.02)

        task = asyncio.create_task(tick())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        await self.ecs.close()
        await self.eks.close()


class Tail:
    """A tail that is being read."""

    def __init__(self, backend: Backend, row: Resource, request: LogRequest) -> None:
        self._batches = cast("Any", backend.logs(row, request))
        self.lines: list[LogLine] = []
        self.statuses: list[str] = []
        self.notes: list[str] = []
        self.since = 0.0
        self.live = False

    async def until(self, found: Callable[[Tail], object]) -> Tail:
        async with asyncio.timeout(DEADLINE):
            while not found(self):
                batch: LogBatch = await anext(self._batches)
                assert batch.problem is None
                self.lines += batch.lines
                self.notes += batch.notes
                self.statuses += [batch.status] if batch.status else []
                self.since = batch.since or self.since
                self.live = self.live or batch.live
        return self

    async def close(self) -> None:
        await self._batches.aclose()


def counted(lines: list[LogLine]) -> Counter[tuple[float, str, str]]:
    """Return how often each line is there; times as exact as a millisecond."""
    return Counter((round(line.at, 3), line.source, line.text) for line in lines)
