"""The servers that the contract holds for, behind one face: the simulator and moto."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path

from aws_facts import ACCOUNT, CROWDED, EMPTY, HOME, LOG
from aws_moto import MotoProcess
from aws_raw import RawAws
from aws_sweep import passing
from aws_views import DEADLINE

from backends.base import AwsSource, Sources
from backends.clock import Clock
from backends.sim.ecs.model import Task
from backends.sim.faults import Fault
from backends.sim.files import write_private
from backends.sim.server import SimServer

ALLOWED = ("ecs:ListClusters", "ecs:DescribeClusters")
"""What an onlooker may do."""


class FastClock:
    """The time of day, and a stopwatch that runs so fast that no call budget is ever short."""

    def __init__(self, day: Clock | None = None) -> None:
        self._day = day

    def now(self) -> float:
        return self._day.now() if self._day is not None else time.time()

    def monotonic(self) -> float:
        return time.monotonic() * 1000


class Server(ABC):
    """A server that holds the world of `aws_facts`."""

    name: str

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.raw = RawAws(url, ACCOUNT.access_key, ACCOUNT.secret_key, HOME)
        """Asks it without Topdeck."""

    def sources(self, directory: Path, access_key: str = "", secret_key: str = "") -> Sources:
        """Return what points a backend at it, with the keys given or those of its owner."""
        keys = (access_key or ACCOUNT.access_key, secret_key or ACCOUNT.secret_key)
        profile = f"[{ACCOUNT.profile}]\naws_access_key_id = {keys[0]}\n"
        credentials = write_private(
            directory / "credentials", profile + f"aws_secret_access_key = {keys[1]}\n"
        )
        config = write_private(directory / "config", f"[profile {ACCOUNT.profile}]\n")
        source = AwsSource(
            profile=ACCOUNT.profile,
            regions=(HOME, CROWDED, EMPTY),
            endpoint_url=self.url,
            config_file=str(config),
            credentials_file=str(credentials),
        )
        return Sources(aws=(source,), budget_share=1.0, request_timeout=DEADLINE)

    @abstractmethod
    def time(self) -> AbstractAsyncContextManager[None]:
        """Let time pass while a block runs."""

    @abstractmethod
    async def chatter(self, streams: Sequence[str], lines: int) -> None:
        """See to it that streams of the log group `LOG` have new lines, soon."""

    @abstractmethod
    async def ail(self, service: str, instance: str) -> None:
        """Make an instance of a Cloud Map service, by its id, fail its health check."""

    @abstractmethod
    async def heal(self, service: str, instance: str) -> None:
        """Make it healthy again."""

    @abstractmethod
    def unlog(self, group: str) -> None:
        """See to it that there is no such log group."""

    @abstractmethod
    def strict(self) -> AbstractContextManager[tuple[str, str]]:
        """Return the keys of somebody who may do no more than what is `ALLOWED`, and check
        everybody's while a block runs."""


class Simulated(Server):
    """The simulator, in this process."""

    name = "simulator"

    def __init__(self, sim: SimServer) -> None:
        super().__init__(sim.url, FastClock(sim.world.clock))
        self.sim = sim

    def time(self) -> AbstractAsyncContextManager[None]:
        return passing(self.sim)

    async def chatter(self, streams: Sequence[str], lines: int) -> None:
        await self.sim.advance(60)

    async def ail(self, service: str, instance: str) -> None:
        self._task(instance).target = "unhealthy"

    async def heal(self, service: str, instance: str) -> None:
        self._task(instance).target = "healthy"

    def _task(self, identity: str) -> Task:
        services = self.sim.world.ecs.services()
        return next(s.tasks[identity] for s in services if identity in s.tasks)

    def unlog(self, group: str) -> None:
        del self.sim.world.logs._places[ACCOUNT.account_id, HOME][group]

    @contextmanager
    def strict(self) -> Iterator[tuple[str, str]]:
        """Refuse whatever comes, since it tells no users apart, in the words of AWS."""
        user = f"arn:aws:iam::{ACCOUNT.account_id}:user/onlooker"
        for action in (*ALLOWED, "*"):
            denied = {} if action in ALLOWED else {
                "code": "AccessDeniedException",
                "message": f"User: {user} is not authorized to perform: ecs:ListServices",
            }  # fmt: skip
            self.sim.world.faults.add(Fault(action=action, times=-1, **denied))
        yield ACCOUNT.access_key, ACCOUNT.secret_key
        self.sim.world.faults.clear()


class Moto(Server):
    """moto, in a process of its own."""

    name = "moto"

    def __init__(self, process: MotoProcess, onlooker: tuple[str, str]) -> None:
        super().__init__(process.url, FastClock())
        self._process = process
        self._onlooker = onlooker
        self._spoken = 0

    @asynccontextmanager
    async def time(self) -> AsyncIterator[None]:
        """Time passes by itself, and changes nothing."""
        yield

    async def chatter(self, streams: Sequence[str], lines: int) -> None:
        for stream in streams:
            self._spoken += 1
            now = int(time.time() * 1000)
            await self.raw(
                "logs",
                "PutLogEvents",
                logGroupName=LOG,
                logStreamName=stream,
                logEvents=[
                    {"timestamp": now + line, "message": f"again {self._spoken}: {line}"}
                    for line in range(lines)
                ],
            )

    async def ail(self, service: str, instance: str) -> None:
        await self._judge(service, instance, "UNHEALTHY")

    async def heal(self, service: str, instance: str) -> None:
        await self._judge(service, instance, "HEALTHY")

    async def _judge(self, service: str, instance: str, status: str) -> None:
        call = "UpdateInstanceCustomHealthStatus"
        which = {"ServiceId": service, "InstanceId": instance}
        await self.raw("servicediscovery", call, **which, Status=status)

    def unlog(self, group: str) -> None:
        """Nothing is to be done: there is but one log group here."""
        assert group != LOG

    @contextmanager
    def strict(self) -> Iterator[tuple[str, str]]:
        self._process.let_in(0)
        try:
            yield self._onlooker
        finally:
            self._process.let_in(float("inf"))
