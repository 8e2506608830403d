"""A simulated world over HTTP for tests of logs, whose time moves when it is told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from backends.aws.access import AwsAccess
from backends.base import AwsSource, Sources
from backends.clock import ManualClock
from backends.ecs.logs import tail
from backends.model import Health, LogBatch, LogRequest, Ref, Resource, Scope
from backends.sim.server import SimServer

DEADLINE = 20.0
REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")


class SteppedClock:
    """The wall clock of a `ManualClock`, with a monotonic one that runs, for call budgets."""

    def __init__(self, manual: ManualClock) -> None:
        self._manual = manual

    def now(self) -> float:
        return self._manual.now()

    def monotonic(self) -> float:
        return time.monotonic()


class LogWorld:
    """A simulator and the access of one account to it."""

    def __init__(self, server: SimServer, access: AwsAccess, clock: SteppedClock) -> None:
        self.server = server
        self.access = access
        self.clock = clock

    def scope(self, cluster: str) -> Scope:
        there = next(c for c in self.server.world.blueprint.clusters if c.name == cluster)
        return Scope(
            "ecs",
            profile=there.account.profile,
            account=there.account.account_id,
            region=there.region,
            cluster=cluster,
        )

    def resource(self, cluster: str, kind: str, name: str, raw: object = None) -> Resource:
        ref = Ref(self.scope(cluster), kind, name)
        return Resource(ref=ref, health=Health.OK, status="", cells=(), raw=raw)

    async def tasks(self, cluster: str, service: str, status: str = "RUNNING") -> list[dict]:
        """Return a service's tasks as DescribeTasks has them."""
        scope = self.scope(cluster)
        listed = await self.access.call(
            scope, "ecs", "ListTasks", cluster=cluster, serviceName=service, desiredStatus=status
        )
        answer = await self.access.call(
            scope, "ecs", "DescribeTasks", cluster=cluster, tasks=listed["taskArns"]
        )
        return answer["tasks"]

    def written(self, cluster: str, group: str, since: float) -> list[tuple[float, str]]:
        """Return the (time, text) of every line that a group has got from a time on."""
        logs, scope = self.server.world.logs, self.scope(cluster)
        there = logs.groups(scope.account, scope.region)[group]
        events = [
            (event.at / 1000, line)
            for stream in logs.streams(there).values()
            for event in logs.events(stream, since, self.clock.now() + 1)
            for line in event.text.rstrip("\n").split("\n")
        ]
        return sorted(events)


class Tail:
    """Reads a tail in the background and keeps what it brought."""

    def __init__(self, world: LogWorld, resource: Resource, request: LogRequest) -> None:
        self.batches: list[LogBatch] = []
        self.error: BaseException | None = None
        self._came = asyncio.Event()
        self._world = world
        self.task = asyncio.create_task(self._read(resource, request))

    async def _read(self, resource: Resource, request: LogRequest) -> None:
        world = self._world
        batches = tail(
            world.access, resource, request, world.clock, discover=0.1, drain=5.0, poll=0.05
        )
        try:
            async with aclosing(batches):
                async for batch in batches:
                    self.batches.append(batch)
                    self._came.set()
        finally:
            self._came.set()

    @property
    def lines(self) -> list[tuple[float, str]]:
        return [(line.at, line.text) for batch in self.batches for line in batch.lines]

    @property
    def sources(self) -> set[str]:
        return {line.source for batch in self.batches for line in batch.lines}

    @property
    def notes(self) -> list[str]:
        return [note for batch in self.batches for note in batch.notes if note]

    @property
    def live(self) -> bool:
        return any(batch.live for batch in self.batches)

    async def until(self, condition: Callable[[], bool], *, step: float = 0.0) -> None:
        """Wait for a condition; the world's time moves by `step` seconds at each look."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    if self.task.done():
                        self.task.result()
                        assert condition(), "the tail ended"
                        return
                    self._came.clear()
                    if step:
                        await self._world.server.advance(step)
                    try:
                        async with asyncio.timeout(0.1):
                            await self._came.wait()
                    except TimeoutError:
                        pass
        except TimeoutError:
            raise AssertionError(f"never came: {self.notes} {self.batches[-3:]}") from None


@asynccontextmanager
async def log_world(directory: Path, regions: tuple[str, ...] = REGIONS) -> AsyncIterator[LogWorld]:
    """Serve a small, calm world, with access to its production account in some regions."""
    manual = ManualClock()
    async with SimServer(clock=manual, throttling=False, lively=False) as server:
        config, credentials = server.write_aws_config(directory)
        source = AwsSource(
            profile="acme-prod",
            regions=regions,
            config_file=str(config),
            credentials_file=str(credentials),
        )
        clock = SteppedClock(manual)
        access = AwsAccess(Sources(aws=(source,), budget_share=1.0), clock)
        try:
            yield LogWorld(server, access, clock)
        finally:
            await access.close()


@asynccontextmanager
async def tailing(
    world: LogWorld, resource: Resource, request: LogRequest | None = None
) -> AsyncIterator[Tail]:
    """Tail a resource for the time of a block, and see that nothing is left running."""
    before = asyncio.all_tasks()
    reading = Tail(world, resource, request or LogRequest(since=60.0))
    try:
        yield reading
    finally:
        reading.task.cancel()
        await asyncio.wait({reading.task})
        left = [t for t in asyncio.all_tasks() - before if t.get_name().startswith("log:")]
        assert left == []
