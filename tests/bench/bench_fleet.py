"""The huge world: how soon its board is complete, what it costs to hold it and to do nothing, and
whether 2,000 pod events a second are absorbed. Real app without a terminal, real HTTP; the
simulator is another process. CPU is that of the app's process alone."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.serving import serving

if TYPE_CHECKING:
    from backends.base import Sources
    from backends.board import Board
    from backends.fleet import Fleet, Subscription
    from backends.sim.blueprint import Blueprint

SHARE = 0.5
"""Of the published rates: what Topdeck takes where nobody says otherwise."""

CLUSTERS, ROWS = 200, 50_000
"""Of the huge world; so many tasks, and so many pods."""

IDLE = 20.0
"""Seconds over which doing nothing is measured."""

RATE, SECONDS = 2000.0, 10.0
"""Pod events a second, and for how long."""

PATIENCE = 90.0
"""Seconds after which whatever is waited for has failed."""

LOOK = 0.05
"""Seconds between two looks at whether everything is there."""

PROBE = 0.002
"""Seconds that the probe of the loop's lag sleeps."""

_APP = "from tests.bench.bench_fleet import app; app()"


def measure() -> list[tuple[str, float, str]]:
    """Return the figures of one run."""
    with serving("tests.bench.bench_fleet") as info:
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-c", _APP],
            input=json.dumps(info | {"began": began}), capture_output=True, text=True, timeout=280,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    allowed = _allowed()
    return [
        ("fleet: first clusters on the board", found["first"], "s after the backends, at most 1"),
        ("fleet: the same from the start of the process", found["first_start"], "s"),
        ("fleet: board complete, 200 clusters", found["board"], "s, at most 20"),
        ("fleet: what half of the rates allows for that", allowed, "s"),
        ("fleet: app's own CPU until then", found["board_cpu"], "s"),
        ("fleet: throttled answers", found["throttled"], "target 0"),
        ("fleet: resident with the board live", found["board_rss"], "MB"),
        ("fleet: idle CPU, the board's watches open", found["idle"], "% of a core, at most 5"),
        ("fleet: all tasks and pods loaded", found["all"], "s more"),
        ("fleet: tasks held", found["tasks"], "50,000 and those that stopped"),
        ("fleet: pods held", found["pods"], "50,000"),
        ("fleet: resident with all of them", found["all_rss"], "MB, at most 600"),
        ("fleet: idle CPU, all pods' watches open too", found["idle_all"], "% of a core"),
        ("fleet: pod events sent", found["sent"], "a second, for 10 s"),
        ("fleet: pods that differ from the server's at the end", found["differ"], "target 0"),
        ("fleet: seconds until they did not", found["caught_up"], "s after the last event"),
        ("fleet: CPU while they came", found["churn_cpu"], "% of a core"),
        ("fleet: loop lag meanwhile, p99", found["p99"], "ms, at most 50"),
        ("fleet: loop lag meanwhile, longest", found["longest"], "ms"),
        ("fleet: resident at the end", found["end_rss"], "MB"),
    ]


def _allowed() -> float:
    """Return the seconds in which the share of the rates grants the board's calls.

    Per account and region: a list and a description for each page of services and of clusters,
    one list of stopped tasks a cluster, one description of each EKS cluster for the board and one
    to connect to it.
    """
    from backends.aws.limits import limit_for
    from backends.sim.blueprint import blueprint

    calls: Counter[tuple[str, str, str]] = Counter()
    for cluster in blueprint(1, "huge").clusters:
        where = (cluster.account.account_id, cluster.region)
        if cluster.provider == "ecs":
            services = len(cluster.workloads)
            calls[*where, "ListServices"] += math.ceil(services / 100)
            calls[*where, "DescribeServices"] += math.ceil(services / 10)
            calls[*where, "ListTasks"] += 1
        else:
            calls[*where, "DescribeCluster"] += 1
        calls[*where, "ListClusters"] = calls[*where, "DescribeClusters"] = 1
    spent: Counter[tuple[str, str, Any]] = Counter()
    for (account, region, operation), count in calls.items():
        service = "eks" if operation == "DescribeCluster" else "ecs"
        spent[account, region, limit_for(service, operation, region).share(SHARE)] += count
    return max(max(0.0, (count - limit.burst) / limit.rate) for (*_, limit), count in spent.items())


def _calm() -> Blueprint:
    """Return the huge world without what is wrong in it: crash loops are no idleness."""
    from msgspec.structs import replace

    from backends.sim.blueprint import blueprint

    laid_out = blueprint(1, "huge")
    clusters = tuple(
        replace(c, workloads=tuple(replace(w, incident="") for w in c.workloads))
        for c in laid_out.clusters
    )
    return replace(laid_out, clusters=clusters)


def serve() -> None:
    """Serve the world until standard input is closed; say on standard output where it is."""
    from backends.sim.server import SimServer

    gc.disable()

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with SimServer(layout=_calm(), lively=False) as sim:
                config, credentials = sim.write_aws_config(folder)
                kubeconfig = sim.write_kubeconfig(Path(folder) / "kubeconfig")
                for name in sim.kubernetes_endpoints:
                    assert sim.world.kube[name]
                gc.freeze()  # and never looked at again: it ends with the run
                found = {"url": sim.url, "config": str(config), "credentials": str(credentials)}
                print(json.dumps(found | {"kubeconfig": str(kubeconfig)}), flush=True)
                await asyncio.to_thread(sys.stdin.buffer.read)

    asyncio.run(run())


def app() -> None:
    """Run the app over the world that standard input tells of; print the figures as JSON."""
    gc.disable()  # as `tui.__main__` does until the backends are there
    info = json.loads(sys.stdin.read())
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(_App(info, Path(folder)).run())))


class _App:
    """One run of the app, measured from the inside."""

    def __init__(self, info: dict[str, Any], folder: Path) -> None:
        from backends.board import Board
        from tui.compose import make_fleet
        from tui.config import Config

        self._info = info
        self._fleet: Fleet = make_fleet(Config(), state_dir=folder)
        self._board: Board = Board(self._fleet)
        self._opened = 0.0
        self._found: dict[str, float] = {}

    async def run(self) -> dict[str, float]:
        """Go through it all; return the figures by name."""
        from tui.app import TopdeckApp
        from tui.config import Config

        screen = TopdeckApp(self._fleet, self._board, Config(), self._start)
        showing = asyncio.create_task(screen.run_async(headless=True, size=(120, 40)))
        try:
            await self._load()
            self._found["idle"] = await self._idle()
            tasks, pods = await self._hold()
            for feed in tasks:
                feed.close()
            self._found["idle_all"] = await self._idle()
            await self._absorb(pods)
            self._found["end_rss"] = _resident()
        finally:
            screen.exit()
            await showing
            await screen.shut_down()
        if screen.crash is not None:
            raise screen.crash
        return self._found

    async def _start(self) -> None:
        from tui.compose import attach_backends

        async def given() -> Sources:
            return _sources(self._info)

        await attach_backends(self._fleet, given)
        self._opened = time.perf_counter()
        self._board.open()
        gc.freeze()  # as `tui.run` does
        gc.set_threshold(50_000, 20, 100)
        gc.enable()

    async def _load(self) -> None:
        board, found = self._board, self._found
        await _until(lambda: any(row.desired is not None for row in board.rows), "a cluster")
        found["first"] = time.perf_counter() - self._opened
        found["first_start"] = time.time() - self._info["began"]
        await _until(lambda: board.settled and len(board.rows) == CLUSTERS, "the board")
        found["board"] = time.perf_counter() - self._opened
        found["board_cpu"] = time.process_time()
        found["throttled"] = sum(use.throttled for use in self._fleet.usage())
        found["board_rss"] = _resident()

    async def _idle(self) -> float:
        """Return the percentage of a core that doing nothing takes."""
        await asyncio.sleep(3)
        began, spent = time.perf_counter(), time.process_time()
        await asyncio.sleep(IDLE)
        return 100 * (time.process_time() - spent) / (time.perf_counter() - began)

    async def _hold(self) -> tuple[list[Subscription], list[Subscription]]:
        """Open the tasks or pods of every cluster, until all are there."""
        from backends.model import Query

        began = time.perf_counter()
        tasks, pods = [], []
        for cluster in self._board.clusters:
            scope = cluster.ref.scope
            if scope.provider == "ecs":
                tasks.append(self._fleet.open(Query(scope, "ecs/tasks"), visible=False))
            else:
                pods.append(self._fleet.open(Query(scope, "k8s/pods"), visible=False))
        held = [*tasks, *pods]
        await _until(lambda: all(_live(feed) for feed in held), "all tasks and pods")
        self._found["all"] = time.perf_counter() - began
        self._found["tasks"] = sum(len(feed.shelf.rows) for feed in tasks)
        self._found["pods"] = sum(len(feed.shelf.rows) for feed in pods)
        self._found["all_rss"] = _resident()
        return tasks, pods

    async def _absorb(self, pods: list[Subscription]) -> None:
        """Have pods change for a while; compare what is held with what the server has."""
        lags: list[float] = []
        probe = asyncio.create_task(_probe(lags))
        spent, began = time.process_time(), time.perf_counter()
        made = await self._ask("churn", {"rate": RATE, "seconds": SECONDS})
        lasted = time.perf_counter() - began
        self._found["churn_cpu"] = 100 * (time.process_time() - spent) / lasted
        self._found["sent"] = made["changes"] / lasted
        probe.cancel()
        self._found["p99"] = statistics.quantiles(lags, n=100)[98] * 1000
        self._found["longest"] = max(lags) * 1000
        ended = time.perf_counter()
        while True:
            differ = _compare(pods, await self._ask("pods"))
            if not differ or time.perf_counter() - ended > PATIENCE:
                break
            await asyncio.sleep(0.5)  # pods that were taken away are still being made again
        self._found["differ"] = differ
        self._found["caught_up"] = time.perf_counter() - ended

    async def _ask(self, what: str, body: Any = None) -> Any:
        import aiohttp

        limits = aiohttp.ClientTimeout(PATIENCE)
        url = f"{self._info['url']}/_sim/{what}"
        async with aiohttp.ClientSession(timeout=limits) as session:
            request = session.get(url) if body is None else session.post(url, json=body)
            async with request as answer:
                answer.raise_for_status()
                return json.loads(await answer.read())


def _sources(info: dict[str, Any]) -> Sources:
    from backends.base import AwsSource, KubeSource, Sources
    from backends.sim.blueprint import places

    accounts, regions, contexts = places("huge")
    return Sources(
        aws=tuple(
            AwsSource(a.profile, regions, info["url"], info["config"], info["credentials"])
            for a in accounts
        ),
        kube=(KubeSource(info["kubeconfig"], contexts),),
        budget_share=SHARE,
    )


def _compare(pods: list[Subscription], server: dict[str, list[Any]]) -> int:
    """Return how many pods are held otherwise than the server has them, or by one side only."""
    held = {
        (row.ref.scope.cluster, row.ref.scope.namespace, row.ref.name, row.cells[4])
        for feed in pods
        for row in feed.shelf.rows.values()
    }
    there = {(name, *pod) for name, cluster in server.items() for pod in cluster}
    return len(held ^ there)


def _live(feed: Subscription) -> bool:
    """Whether a feed has all its rows; one that is stale is tried again."""
    from backends.model import FeedState

    status = feed.shelf.status
    return status is not None and status.state is FeedState.LIVE


async def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not condition():
        if time.perf_counter() > deadline:
            raise AssertionError(f"{what} did not come within {PATIENCE:.0f} s")
        await asyncio.sleep(LOOK)


async def _probe(lags: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(PROBE)
        lags.append(time.perf_counter() - before - PROBE)


def _resident() -> float:
    """Return the megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
