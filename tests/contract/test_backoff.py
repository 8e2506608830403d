"""Two clients over one account's rates: Topdeck is the one that gives way, and it comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from stepped_loop import SteppedClock, SteppedLoop

from backends.aws.access import AwsAccess
from backends.base import AwsSource, Sources, Throttled
from backends.model import Scope, Usage
from backends.sim.blueprint import ACCOUNTS
from backends.sim.server import SimServer

ACCOUNT, REGION, CLUSTER = ACCOUNTS[0], "us-east-1", "shop-prod"
RATE = 20
"""AWS's published rate of the calls that both make, by account and region."""

WANTED = 16
"""Calls a second that the other client makes, throttled or not."""

SHARE = 0.8
"""Of the rate; more than is left beside the other client, whose calls fail if nobody gives way."""

WORKERS = 8
"""Calls that Topdeck always has more of, as in a sweep."""

PARTS = 6
"""Moments of a step, at one of which the other client calls."""

STEP = 1 / WANTED
ALONE = 0.25
"""Seconds that the time is moved on by while there are two, and while there is one."""


class Stranger:
    """Somebody else's client of the same account: plain botocore, one call after the other."""

    def __init__(self, url: str) -> None:
        session = botocore.session.Session()
        session.set_credentials(ACCOUNT.access_key, ACCOUNT.secret_key)
        config = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self._client = session.create_client("ecs", REGION, endpoint_url=url, config=config)

    async def call(self) -> bool:
        """Return whether a call was answered, and not throttled."""
        return await asyncio.to_thread(self._call)

    def _call(self) -> bool:
        try:
            self._client.list_services(cluster=CLUSTER)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            return False
        return True

    def close(self) -> None:
        self._client.close()


class Contest:
    """Topdeck and a stranger, in time that is moved on by hand."""

    def __init__(self, sim: SimServer, loop: SteppedLoop, folder: Path) -> None:
        config, credentials = sim.write_aws_config(folder)
        source = AwsSource(ACCOUNT.profile, (REGION,), sim.url, str(config), str(credentials))
        sources = Sources(aws=(source,), budget_share=SHARE, request_timeout=10_000.0)
        self.topdeck = AwsAccess(sources, SteppedClock(loop))
        self.stranger = Stranger(sim.url)
        self._loop, self._answered = loop, 0
        self._chance = random.Random(1)
        (self._scope,) = self.topdeck.scopes("ecs")
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self._call(self._scope)
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.topdeck.close()
        await asyncio.to_thread(self.stranger.close)

    def sweep(self) -> None:
        """Have Topdeck ask for more, and more."""
        self._workers = [asyncio.create_task(self._work(self._scope)) for _ in range(WORKERS)]

    async def _call(self, scope: Scope) -> None:
        await self.topdeck.call(scope, "ecs", "ListServices", cluster=CLUSTER)
        self._answered += 1

    async def _work(self, scope: Scope) -> None:
        while True:
            try:
                await self._call(scope)
            except Throttled:
                continue  # as a feed would, with its next round

    @property
    def usage(self) -> Usage:
        (usage,) = self.topdeck.usage()
        return usage

    def _at_rest(self) -> bool:
        """Whether Topdeck knows the answer to every call that it made."""
        usage = self.usage
        return usage.calls == self._answered + usage.throttled

    async def both(self, seconds: float) -> float:
        """Let both go on for a while; return the share of the stranger's calls that succeed.

        Who comes first changes: a token that is there now and then would else always be taken by
        the same of them.
        """
        answers = []
        for _ in range(round(seconds / STEP)):
            moment = self._chance.randrange(PARTS)
            for part in range(PARTS):
                await self._loop.step(STEP / PARTS, self._at_rest)
                if part == moment:
                    answers.append(await self.stranger.call())
        return sum(answers) / len(answers)

    async def alone(self, seconds: float) -> float:
        """Let Topdeck go on alone; return the calls a second that it makes."""
        before = self.usage.calls
        for _ in range(round(seconds / ALONE)):
            await self._loop.step(ALONE, self._at_rest)
        return (self.usage.calls - before) / seconds


@asynccontextmanager
async def contest(folder: Path) -> AsyncIterator[Contest]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppedLoop)
    async with (
        SimServer(clock=SteppedClock(loop), lively=False) as sim,
        Contest(sim, loop, folder) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
def _clean(_clean_environment: None) -> None:
    """Keep the variables and files of whoever runs the tests out of them."""


def test_topdeck_gives_way_to_another_client_and_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with contest(tmp_path) as made:
            while await made.stranger.call():
                pass  # until the account's burst is used up
            full = made.usage.limit
            made.sweep()
            first = await made.both(2)
            later = await made.both(8)
            before = made.usage.calls
            settled = await made.both(15)
            # Nobody gives way: 20 of 32 calls a second are answered, whoever's they are (0.62).
            assert first < settled
            assert later >= 0.85
            assert settled >= 0.9
            assert (made.usage.calls - before) / 15 <= 1.5 * (RATE - WANTED)
            assert made.usage.rate < 0.75 * full
            refused = made.usage.throttled
            paces = [await made.alone(10) for _ in range(6)]
            assert paces == sorted(paces)
            assert paces[-1] == pytest.approx(full, rel=0.05)
            assert (made.usage.rate, made.usage.throttled_until) == (full, 0.0)
            assert made.usage.throttled == refused

    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(scenario())
