"""Tails of 200 pods and of 200 tasks at once, over real HTTP: what they cost, ask and show when.

The server is a process of its own; CPU is that of the tail alone, in percent of one core.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from backends.base import AwsSource, Backend, Demand, KubeSource, Sources
from backends.clock import SystemClock
from backends.ecs.backend import EcsBackend
from backends.eks.backend import KubeBackend
from backends.logs.merge import LogMerge
from backends.model import LogBatch, LogLine, LogRequest, Query, Resource
from backends.store import Shelf
from tests.bench.crowd_server import COUNT, REGION

ROOT = Path(__file__).parent.parent.parent

WARM = 5.0
"""Seconds after the past is there before anything is measured."""

PODS = 12.0
"""Seconds for which a tail of pods is measured."""

TASKS = 30.0
"""The same of tasks, whose calls are counted."""

RATE = 500
"""Lines a second that the merge is given."""

Figure = tuple[str, float, str]


class Watched:
    """A tail, and what came of it when."""

    def __init__(self, batches: AsyncIterator[LogBatch]) -> None:
        self._batches = batches
        self.delays: list[float] = []
        self.sources: set[str] = set()
        self.live = 0.0
        self.disorder = 0.0

    async def run(self, seconds: float) -> float:
        """Read until live, a while longer, and then measure; return the CPU's seconds."""
        began, used, newest, until = time.monotonic(), 0.0, 0.0, float("inf")
        measuring = False
        async with aclosing(self._batches) as batches:  # type: ignore[type-var]
            async for batch in batches:
                now = time.monotonic()
                if batch.live:
                    self.live = now - began
                    until = now + WARM
                for line in batch.lines:
                    self.disorder = max(self.disorder, newest - line.at) if measuring else 0.0
                    newest = max(newest, line.at)
                if measuring:
                    wall = time.time()
                    self.delays += [wall - line.at for line in batch.lines]
                    self.sources |= {line.source for line in batch.lines}
                if now >= until:
                    if measuring:
                        return time.process_time() - used
                    measuring, until, used = True, now + seconds, time.process_time()
        raise RuntimeError("the tail ended by itself")


async def _row(backend: Backend, query: Query) -> Resource:
    """Return the one workload that has all its parts."""
    shelf = Shelf(backend.plan(query))
    async with asyncio.timeout(60), aclosing(backend.watch(shelf.query, Demand())) as changes:  # type: ignore[type-var]
        async for change in changes:
            shelf.apply(change)
            for row in shelf.rows.values():
                if query.kind.endswith("clusters") or (row.desired == row.ready == COUNT):
                    return row
    raise RuntimeError("the watch ended by itself")


async def _pods(folder: Path) -> list[Figure]:
    sources = Sources(kube=(KubeSource(str(folder / "kubeconfig")),))
    backend = KubeBackend(sources, SystemClock())
    scope = backend.roots()[0].scope
    row = await _row(backend, Query(scope, "k8s/deployments"))
    tail = Watched(backend.logs(row, LogRequest(since=30.0)))
    reading = asyncio.create_task(tail.run(PODS))
    while not tail.live:
        await asyncio.sleep(0.1)
    await asyncio.sleep(WARM)
    client: Any = await backend._connections.client(row.ref.scope)
    connections = len(client._session.connector._acquired)
    used = await reading
    await backend.close()
    rate = len(tail.delays) / PODS
    return [
        (f"pods: {COUNT} are open after", tail.live, "s; at most 10 (40 a second, and their past)"),
        ("pods: connections", connections, f"at most {COUNT + 2} (one each, and a watch)"),
        ("pods: sources that spoke", len(tail.sources), f"target {COUNT}"),
        ("pods: lines", rate, "a second"),
        ("pods: CPU of the tail", 100 * used / PODS, "% of a core; at most 15"),
        *_delays("pods", tail, 0.6, 1.2),
    ]


async def _tasks(folder: Path) -> list[Figure]:
    source = AwsSource(
        profile="ops",
        regions=(REGION,),
        endpoint_url=(folder / "url").read_text(),
        config_file=str(folder / "config"),
        credentials_file=str(folder / "credentials"),
    )
    backend = EcsBackend(Sources(aws=(source,)), SystemClock())
    cluster = await _row(backend, backend.roots()[0])
    row = await _row(backend, Query(cluster.ref.scope, "ecs/services"))
    tail = Watched(backend.logs(row, LogRequest(since=30.0)))
    reading = asyncio.create_task(tail.run(TASKS))
    while not tail.live:
        await asyncio.sleep(0.1)
    await asyncio.sleep(WARM)
    before = _filtered(backend)
    used = await reading
    calls = _filtered(backend) - before
    await backend.close()
    return [
        (f"tasks: the past of {COUNT} is there after", tail.live, "s; at most 10"),
        ("tasks: FilterLogEvents", calls * 60 / TASKS, "calls a minute; at most 60"),
        ("tasks: calls for the past", before, "in all; at most 20"),
        ("tasks: sources that spoke", len(tail.sources), f"target {COUNT}"),
        ("tasks: lines", len(tail.delays) / TASKS, "a second"),
        ("tasks: CPU of the tail", 100 * used / TASKS, "% of a core; at most 20"),
        *_delays("tasks", tail, 8.0, 10.0),
    ]


def _filtered(backend: EcsBackend) -> int:
    return sum(one.calls for one in backend.usage() if one.action_class == "logs:filter")


def _delays(what: str, tail: Watched, usual: float, most: float) -> list[Figure]:
    return [
        (f"{what}: written to shown, median", median(tail.delays), f"s; at most {usual}"),
        (f"{what}: written to shown, p99", quantiles(tail.delays, n=100)[98],
         f"s; at most {most}"),
        (f"{what}: out of order by", tail.disorder, "s; at most 0.3"),
    ]  # fmt: skip


async def _merge() -> list[Figure]:
    """Merge 200 sources without any network: the merge's own part."""
    merge, clock = LogMerge(SystemClock()), SystemClock()

    async def source(name: str, number: int) -> AsyncIterator[LogBatch]:
        yield LogBatch(live=True)
        await asyncio.sleep(number / RATE)
        while True:
            yield LogBatch(lines=(LogLine(clock.now(), name, "GET /api/v1/orders 200 12 ms"),))
            await asyncio.sleep(COUNT / RATE)

    for number in range(COUNT):
        merge.add(f"pod-{number}", source(f"pod-{number}", number))
    tail = Watched(merge.batches())
    used = await tail.run(5.0)
    rate = len(tail.delays) / 5.0
    return [
        (f"merge: {COUNT} sources, lines", rate, "a second"),
        ("merge: CPU", 100 * used / 5.0, "% of a core, timers of the sources included; at most 8"),
        *_delays("merge", tail, 0.4, 0.5),
    ]


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.crowd_server", str(folder)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError("the server did not start")
        (folder / "url").write_text(url)
        yield
    finally:
        assert server.stdin is not None
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def measure() -> list[Figure]:
    """Tail each kind once; the figures of pods and tasks are of the same world."""
    figures = asyncio.run(_merge())
    with tempfile.TemporaryDirectory() as name, _server(Path(name)):
        figures += asyncio.run(_pods(Path(name)))
        figures += asyncio.run(_tasks(Path(name)))
    return figures
