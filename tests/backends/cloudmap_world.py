"""The Cloud Map backend before a simulated world whose time moves when it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from backends.base import AwsSource, Demand, Sources
from backends.clock import ManualClock
from backends.cloudmap import create
from backends.model import Change, FeedState, Query, Resource, Scope
from backends.sim.server import SimServer
from backends.store import Shelf

DEADLINE = 20.0
ROOT = Scope("cloudmap", profile="acme-prod", region="us-east-1")
SHOP = ROOT.at(account="111122223333", namespace="shop.local")


class SteppedClock:
    """The wall clock of a `ManualClock`, with a monotonic one that runs, for call budgets."""

    def __init__(self, manual: ManualClock) -> None:
        self._manual = manual

    def now(self) -> float:
        return self._manual.now()

    def monotonic(self) -> float:
        return time.monotonic()


class Brisk(Demand):
    """Waits a twentieth of what it is told to."""

    async def pause(self, visible: float, background: float) -> None:
        await super().pause(visible / 20, background / 20)


class Watch:
    """Keeps a shelf of what a query's watch brings."""

    def __init__(self, backend, query: Query, demand: Demand | None = None) -> None:
        self.shelf = Shelf(query)
        self.changes: list[Change] = []
        self.demand = demand or Brisk()
        self._came = asyncio.Event()
        self.task = asyncio.create_task(self._read(backend, query))

    async def _read(self, backend, query: Query) -> None:
        try:
            async with aclosing(backend.watch(query, self.demand)) as changes:
                async for change in changes:
                    self.changes.append(change)
                    self.shelf.apply(change)
                    self._came.set()
        finally:
            self._came.set()

    @property
    def rows(self) -> dict[str, Resource]:
        return {ref.name: row for ref, row in self.shelf.rows.items()}

    @property
    def state(self) -> FeedState | None:
        return self.shelf.status.state if self.shelf.status else None

    @property
    def live(self) -> bool:
        return self.state is FeedState.LIVE

    async def until(
        self, condition: Callable[[], object], step: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Wait for a condition; `step` is called before each further change is waited for."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    if self.task.done():
                        self.task.result()
                    self._came.clear()
                    if step is not None:
                        await step()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"never came: {self.shelf.status} {list(self.rows)}") from None


async def rows_of(backend, query: Query) -> dict[str, Resource]:
    """Return the rows of a query's first complete answer, by name."""
    watch = Watch(backend, query)
    try:
        await watch.until(lambda: watch.live)
        return watch.rows
    finally:
        watch.task.cancel()
        await asyncio.wait({watch.task})


class World:
    """A simulator with the backend before it."""

    def __init__(self, server: SimServer, sources: Sources, clock: SteppedClock) -> None:
        self.server = server
        self.sources = sources
        self.clock = clock
        self.backend = create(sources, clock)
        self._watches: list[Watch] = []

    def watch(self, query: Query, demand: Demand | None = None) -> Watch:
        watch = Watch(self.backend, query, demand)
        self._watches.append(watch)
        return watch

    async def rows(self, query: Query) -> dict[str, Resource]:
        return await rows_of(self.backend, query)

    def service(self, name: str, namespace: str = "shop"):
        """Return the simulator's own service, to change it behind the API."""
        found = self.server.world.cloudmap.namespaces("111122223333", "us-east-1")
        return found[namespace].services[name]

    async def close(self) -> None:
        for watch in self._watches:
            watch.task.cancel()
        await asyncio.gather(*(watch.task for watch in self._watches), return_exceptions=True)
        await self.backend.close()


@asynccontextmanager
async def cloudmap_world(directory: Path, *, lively: bool = False) -> AsyncIterator[World]:
    """Serve a small world, and look at the production account's Cloud Map."""
    manual = ManualClock()
    async with SimServer(clock=manual, throttling=False, lively=lively) as server:
        await server.advance(60.0)  # Cloud Map hears of tasks some seconds late
        config, credentials = server.write_aws_config(directory)
        source = AwsSource(
            profile="acme-prod",
            regions=("us-east-1", "eu-west-1"),
            config_file=str(config),
            credentials_file=str(credentials),
        )
        sources = Sources(aws=(source,), budget_share=1.0)
        world = World(server, sources, SteppedClock(manual))
        try:
            yield world
        finally:
            await world.close()
