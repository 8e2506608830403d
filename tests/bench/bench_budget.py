"""How near to what the call budget allows a sweep of 200 ECS clusters comes, and whether AWS has
to throttle it: the fleet board and every cluster's tasks, over HTTP, at the published rates."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.serving import serving

if TYPE_CHECKING:
    from backends.base import Sources
    from backends.board import Board
    from backends.fleet import Fleet, Subscription
    from backends.model import Ref
    from backends.sim.blueprint import Blueprint

REGIONS = ("us-east-1", "eu-west-1")
"""Each has call rates of its own; with the clusters in two, a sweep takes half a minute."""

CLUSTERS = 100
"""In each region."""

SERVICES, TASKS = 12, 3
"""Services in each cluster, and tasks of each service."""

SHARE = 0.5
"""Of the published rates: what Topdeck takes where nobody says otherwise."""

BURST, RATE = 100, 20
"""Published for both classes that a sweep is made of, the reads of services and of tasks, by
account and region: "Request throttling for the Amazon ECS API"."""

LOOK = 0.05
"""Seconds between looks at whether everything is there; the board's own flush is as often."""

PATIENCE = 80.0
"""Seconds after which a sweep that is not done has failed."""


def measure() -> list[tuple[str, float, str]]:
    """Return the seconds of a sweep, their ratio to what the share allows, and the refusals."""
    from backends.base import AwsSource, Sources

    with serving("tests.bench.bench_budget") as files:
        source = AwsSource("fleet", REGIONS, files["url"], files["config"], files["credentials"])
        sources = Sources(aws=(source,), budget_share=SHARE, request_timeout=30.0)
        seconds, calls, refused = asyncio.run(_sweep(sources))
    allowed = _allowed()
    spare = calls / needed()
    return [
        ("call budget: sweep of 200 clusters", seconds, "s: board and tasks, all live"),
        ("call budget: what half of the rates allows", allowed, "s, for the calls that it needs"),
        ("call budget: sweep / allowed", seconds / allowed, "times, at most 1.15"),
        ("call budget: calls made / needed", spare, "times: reads of services and tasks"),
        ("call budget: throttling errors", refused, "answers, target 0"),
    ]


def needed() -> int:
    """Return how many reads of services and tasks a sweep is made of at the least."""
    return sum(_calls()) * len(REGIONS)


def _calls() -> tuple[int, int]:
    """Return the calls in one region: reads of services, reads of tasks.

    100 services or tasks are listed by a call, 10 services or 100 tasks described; tasks are
    listed once for those that run and once for those that stopped, and the board lists the
    latter for itself to tell failing services.
    """
    services = math.ceil(SERVICES / 100) + math.ceil(SERVICES / 10)
    tasks = 2 + math.ceil(SERVICES * TASKS / 100) + 1
    return CLUSTERS * services, CLUSTERS * tasks


def _allowed() -> float:
    """Return the seconds in which the share of the rates grants those calls."""
    return (max(_calls()) - BURST * SHARE) / (RATE * SHARE)


async def _sweep(sources: Sources) -> tuple[float, int, int]:
    """Open the fleet until everything is live; return seconds, calls, throttled answers."""
    from backends.board import Board
    from backends.clock import SystemClock
    from tui.compose import attach_backends, make_fleet
    from tui.config import Config

    async def given() -> Sources:
        return sources

    with tempfile.TemporaryDirectory() as state:
        fleet = make_fleet(Config(), clock=SystemClock(), state_dir=Path(state))
        board = Board(fleet)
        await attach_backends(fleet, given)
        began = time.perf_counter()
        board.open()
        try:
            async with asyncio.timeout(PATIENCE):
                await _until_live(fleet, board)
            seconds = time.perf_counter() - began
            used = [u for u in fleet.usage() if u.action_class in ("ecs:services", "ecs:tasks")]
            refused = sum(use.throttled for use in fleet.usage())
            return seconds, sum(use.calls for use in used), refused
        finally:
            board.close()
            await fleet.close()


async def _until_live(fleet: Fleet, board: Board) -> None:
    """Wait for every cluster's services and tasks; feeds of tasks are opened as clusters appear."""
    from backends.model import Query

    tasks: dict[Ref, Subscription] = {}
    total = CLUSTERS * len(REGIONS)
    while True:
        board.flush()
        for cluster in board.clusters:
            if cluster.ref not in tasks:
                query = Query(cluster.ref.scope, "ecs/tasks")
                tasks[cluster.ref] = fleet.open(query, visible=False)
        live = board.settled and all(feed.shelf.settled for feed in tasks.values())
        if live and len(tasks) == total:
            rows = sum(len(feed.shelf.rows) for feed in tasks.values())
            if rows != total * SERVICES * TASKS:
                raise AssertionError(f"{rows} tasks")
            return
        await asyncio.sleep(LOOK)


def _layout() -> Blueprint:
    from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload

    account = SimAccount("fleet", "111122223333", "AKIASIMFLEET00000001", "simulated-secret")
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1.0.0"
    workloads = tuple(
        SimWorkload(f"svc-{n:02d}", "fleet", TASKS, image, 256, 512, kind="service")
        for n in range(SERVICES)
    )
    clusters = tuple(
        SimCluster("ecs", f"fleet-{n:03d}", account, region, workloads)
        for region in REGIONS
        for n in range(CLUSTERS)
    )
    return Blueprint(1, "large", (account,), REGIONS, clusters)


def serve() -> None:
    """Serve the world until standard input is closed; say on standard output where it is."""
    from backends.sim.server import SimServer

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with SimServer(layout=_layout(), lively=False) as sim:
                config, credentials = sim.write_aws_config(folder)
                found = {"url": sim.url, "config": str(config), "credentials": str(credentials)}
                print(json.dumps(found), flush=True)
                await asyncio.to_thread(sys.stdin.buffer.read)

    asyncio.run(run())
