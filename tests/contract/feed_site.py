"""The ECS backend with a queue of events, on a clock that the test moves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from aws_facts import ACCOUNT, HOME, blueprint
from aws_servers import FastClock, Simulated
from aws_views import DEADLINE

from backends.base import Demand, Sources
from backends.budget import Budget
from backends.clock import ManualClock
from backends.ecs.backend import EcsBackend
from backends.ecs.wire import opened
from backends.model import Change, Query, Scope
from backends.sim.blueprint import Blueprint
from backends.sim.queues import Queue
from backends.sim.server import SimServer
from backends.store import Shelf

QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT.account_id}:topdeck-test"


class Paced(Demand):
    """Somebody looks; pauses last as long as the test's clock says."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.until: float | None = None
        """When the current pause ends; None: there is a round under way."""

    async def pause(self, visible: float, background: float) -> None:
        self._wake.clear()
        self.until = self._clock.now() + visible
        try:
            await self._wake.wait()
        finally:
            self.until = None

    @property
    def rests(self) -> bool:
        return self.until is not None and not self._wake.is_set()

    def tick(self) -> None:
        if self.until is not None and self._clock.now() >= self.until:
            self._wake.set()


class Watch:
    """One watch that runs by itself, with its shelf."""

    def __init__(self, backend: EcsBackend, query: Query, clock: ManualClock) -> None:
        self.demand = Paced(clock)
        self.shelf = Shelf(query)
        self.last: Change | None = None
        self._task = asyncio.create_task(self._run(backend, query))

    async def _run(self, backend: EcsBackend, query: Query) -> None:
        async for change in backend.watch(query, self.demand):
            self.shelf.apply(change)
            self.last = change

    @property
    def by(self) -> str:
        return self.last.status.by if self.last is not None else ""

    @property
    def problem(self) -> str:
        problem = self.last.status.problem if self.last is not None else None
        return f"{problem.message} {problem.remedy}" if problem is not None else ""

    def payloads(self) -> dict[str, Any]:
        """Return what each row was made of; times to the millisecond, as events have them."""
        return {ref.name: _rounded(opened(row.raw)) for ref, row in self.shelf.rows.items()}

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return math.floor(value * 1000 + 0.01) if isinstance(value, float) else value


class FeedSite:
    """A simulator with a queue, the backend, and watches of one cluster."""

    def __init__(self, sim: SimServer, directory: Path, queues: tuple[str, ...]) -> None:
        self.sim = sim
        clock = sim.world.clock
        assert isinstance(clock, ManualClock)
        self.clock = clock
        sources: Sources = msgspec.structs.replace(
            Simulated(sim).sources(directory), feed_queues=queues
        )
        self.backend = EcsBackend(sources, clock)
        self.backend._access._budget = Budget(FastClock(), 1.0)
        self.profile = sources.aws[0].profile
        self.watches: list[Watch] = []
        self.queue: Queue | None = None

    def make_queue(self) -> Queue:
        account, name = ACCOUNT.account_id, QUEUE.rpartition(":")[2]
        self.queue = self.sim.world.queues.make(account, HOME, name)
        return self.queue

    def watch(self, kind: str, cluster: str) -> Watch:
        scope = Scope("ecs", self.profile, ACCOUNT.account_id, HOME, cluster)
        watch = Watch(self.backend, Query(scope, kind), self.clock)
        self.watches.append(watch)
        return watch

    def calls(self, *services: str) -> int:
        """Return how many calls there were, of all services or of some."""
        counted = self.sim.world.faults.calls.items()
        return sum(n for name, n in counted if not services or name.startswith(services))

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait for something, while the clock stands still."""
        async with asyncio.timeout(DEADLINE):
            while not seen():
                await asyncio.sleep(0.002)

    async def rest(self) -> None:
        """Wait until all that is under way at this moment is done."""
        await self.until(self._rests)

    def _rests(self) -> bool:
        waits = self.queue is None or bool(self.queue._waiting) or not self.queue_reached
        return waits and all(watch.demand.rests for watch in self.watches)

    @property
    def queue_reached(self) -> bool:
        return any(consumer._reached for consumer in self.backend._events._consumers.values())

    async def pass_time(self, seconds: float, step: float = 0.5) -> None:
        """Let time pass, with all that is due in it."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            await self.sim.advance(min(step, end - self.clock.now()))
            for watch in self.watches:
                watch.demand.tick()
            await self.rest()

    async def close(self) -> None:
        for watch in self.watches:
            await watch.close()
        await self.backend.close()


def world(layout: Blueprint | None = None) -> SimServer:
    return SimServer(
        clock=ManualClock(), throttling=False, lively=False, layout=layout or blueprint()
    )
