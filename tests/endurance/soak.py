"""A working day in minutes: the app over a world whose hour passes quickly, and what it holds.

Run as a program it prints a table: ``python -m tests.endurance.soak --scale large``. The simulator
is a process of its own, whose clock this one moves on, its own clock along with it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from backends import fleet as fleets
from backends.base import AwsSource, Sources
from backends.board import Board
from backends.clock import ManualClock
from backends.sim.blueprint import ACCOUNTS, REGIONS
from tests.endurance.meter import Census, Sample, census, grown, sample
from tests.endurance.operator import DayWorker
from tui.app import TopdeckApp
from tui.compose import attach_backends, make_fleet
from tui.config import Config

HOUR = 3600.0
STEP = 0.25
"""Seconds between two moves of the clock."""

LOOKS = 8
"""How often is looked for a quiet moment after a round."""

FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "ecs:*", "code": "ThrottlingException", "message": "Rate exceeded", "times": 5},
    {"action": "k8s:*", "code": "InternalError", "status": 500, "times": 5},
    {"action": "*", "delay": 0.2, "times": 20},
    {"action": "logs:*", "code": "AccessDeniedException", "times": 1},
    {"action": "servicediscovery:*", "code": "InternalFailure", "status": 500, "times": 3},
)
"""What goes wrong now and then."""


class Report(msgspec.Struct):
    """What a soak came to."""

    scale: str
    rounds: int
    seconds: float
    """How long it took."""
    samples: list[Sample]
    """One after each round."""
    before: Census
    """After the warm-up."""
    after: Census
    warm: int
    """How many rounds were the warm-up."""
    visited: int = 0


class World:
    """The simulator, and how its time goes by."""

    def __init__(self, info: dict[str, str], clock: ManualClock, speed: float) -> None:
        self.info = info
        self.clock = clock
        self._speed = speed
        self._chance = random.Random(7)

    def sources(self) -> Sources:
        info = self.info
        return Sources(
            aws=tuple(
                AwsSource(
                    account.profile, REGIONS, info["aws_endpoint"], info["aws_config_file"],
                    info["aws_shared_credentials_file"],
                )
                for account in ACCOUNTS
            ),
            budget_share=1.0,
        )  # fmt: skip

    async def pass_time(self) -> None:
        """Let time pass quickly for everybody, for ever."""
        async with aiohttp.ClientSession() as http:
            last = time.monotonic()
            while True:
                await asyncio.sleep(STEP)
                seconds = (time.monotonic() - last) * self._speed
                last = time.monotonic()
                await self._post(http, "advance", {"seconds": seconds})
                self.clock.advance(seconds)
                if self._chance.random() < STEP / 10:
                    await self._post(http, "fault", self._chance.choice(FAULTS))

    async def _post(self, http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
        async with http.post(f"{self.info['aws_endpoint']}/_sim/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()


@contextlib.asynccontextmanager
async def world_of(scale: str, speed: float) -> AsyncIterator[World]:
    command = [
        sys.executable, "-m", "backends.sim", "--scale", scale, "--standing-clock",
        "--no-throttling", "--die-with-parent", "--eager",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            info = json.loads(await asyncio.to_thread(process.stdout.readline))
            yield World(info, ManualClock(time.time()), speed)
        finally:
            process.terminate()


async def soak(scale: str, rounds: int, hour_in: float, variety: int = 4) -> Report:
    """Work through `rounds`, with an hour of the world's time passing in `hour_in` seconds.

    After `variety` rounds they begin anew; until then it is the warm-up, in which connections are
    opened and what is remembered is filled.
    """
    # What is in real seconds is shortened along with the hour.
    fleets.LINGER = 0.2
    began = time.monotonic()
    report = Report(scale, rounds, 0.0, [], Census(0, {}), Census(0, {}), variety)
    with tempfile.TemporaryDirectory() as state:
        async with world_of(scale, HOUR / hour_in) as world:
            fleet = make_fleet(Config(), clock=world.clock, state_dir=Path(state))
            board = Board(fleet)

            async def given() -> Sources:
                return world.sources()

            async def start() -> None:
                await attach_backends(fleet, given)
                board.open()

            app = TopdeckApp(fleet, board, Config(), start, demo=True)
            async with app.run_test(size=(160, 48)) as pilot:
                worker = DayWorker(app, pilot)
                await worker.until(lambda: board.rows and board.settled, "the board")
                gc.freeze()
                gc.set_threshold(50_000, 20, 100)  # as tui.run has it
                passing = asyncio.create_task(world.pass_time())
                idle = len(fleet._feeds)
                for number in range(rounds):
                    await worker.round(number % variety)
                    await worker.until(lambda: len(fleet._feeds) <= idle, "feeds ended")
                    report.samples.append(await quiet_sample(worker))
                    if number == variety - 1:
                        report.before = census()
                    if passing.done():
                        passing.result()
                report.after = census()
                report.visited = worker.visited
                passing.cancel()
            await app.shut_down()
    report.seconds = time.monotonic() - began
    return report


async def quiet_sample(worker: DayWorker) -> Sample:
    """Look for a while and return the least there was: feeds poll in bursts of many calls."""
    app, found = worker.app, []
    for _ in range(LOOKS):
        await worker.pilot.pause(STEP)
        found.append(sample(len(app.fleet._feeds), len(app.screen_stack)))
    least = {name: min(getattr(one, name) for one in found) for name in ("tasks", "sockets")}
    return msgspec.structs.replace(found[-1], **least)


def table(report: Report) -> str:
    """Return what a soak came to, as a table in Markdown."""
    first, last = report.samples[report.warm - 1 :], report.samples[-1]
    rows = [
        f"| after {report.rounds} rounds, {report.scale} world | warm | most | end |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in ("rss", "tasks", "sockets", "files", "threads", "feeds", "screens"):
        values = [getattr(one, name) for one in first]
        unit = "memory, MiB" if name == "rss" else name
        rows.append(f"| {unit} | {values[0]:.0f} | {max(values):.0f} | {getattr(last, name):.0f} |")
    series = " ".join(f"{one.rss:.0f}" for one in report.samples)
    rows.append(f"| objects | {report.before.objects:,} | | {report.after.objects:,} |")
    return "\n".join(rows) + f"\n\nMemory after each round: {series} MiB."


def main() -> int:
    """Run a soak and print its table, or with ``--json`` all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", choices=("small", "large"), default="large")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--variety", type=int, default=4, help="rounds that differ")
    parser.add_argument("--hour-in", type=float, default=600.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    report = asyncio.run(soak(options.scale, options.rounds, options.hour_in, options.variety))
    if options.json:
        print(msgspec.json.encode(report).decode())
        return 0
    print(table(report))
    print(f"\n{report.visited} screens in {report.seconds:.0f} s. Types that grew:\n")
    for name, (before, after) in list(grown(report.before, report.after, least=50).items())[:40]:
        print(f"    {name}: {before:,} -> {after:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
