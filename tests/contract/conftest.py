"""What the contract's tests share: both servers, and where moto is known to be wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aws_facts import ACCOUNT, HOME, blueprint
from aws_known import MOTO_KNOWN_WRONG
from aws_moto import MotoProcess
from aws_raw import RawAws
from aws_seed import ONLOOKER, Seeder
from aws_servers import Moto, Server, Simulated
from aws_site import Site

from backends.clock import ManualClock
from backends.sim.server import SimServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect of moto that it fails where it is known to be wrong, and to be told when it is not."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        reason = MOTO_KNOWN_WRONG.get(getattr(item, "originalname", ""))
        if reason and callspec is not None and callspec.params.get("server") == "moto":
            item.add_marker(pytest.mark.xfail(reason=f"moto {reason}", strict=True))


@pytest.fixture
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the variables and files of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """moto with the world of the contract in it, made once, ended with the session."""
    process = MotoProcess(tmp_path_factory.mktemp("moto") / "log")
    try:
        process.wait()
        process.reset()
        seeder = Seeder(RawAws(process.url, ACCOUNT.access_key, ACCOUNT.secret_key, HOME))

        async def seed() -> tuple[str, str]:
            await seeder.seed()
            return await seeder.user("onlooker", ONLOOKER)

        yield Moto(process, asyncio.run(seed()))
    finally:
        process.stop()


@pytest.fixture(params=["simulator", "moto"])
def server(request: pytest.FixtureRequest) -> Moto | None:
    """Each server that the contract holds for; None is the simulator, which `site` starts."""
    return request.getfixturevalue("moto") if request.param == "moto" else None


@pytest.fixture
async def where(server: Moto | None) -> AsyncIterator[Server]:
    """A server with the world of the contract in it."""
    if server is not None:
        yield server
        return
    async with SimServer(
        clock=ManualClock(), throttling=False, lively=False, layout=blueprint()
    ) as sim:
        yield Simulated(sim)


@pytest.fixture
async def site(where: Server, tmp_path: Path, _clean_environment: None) -> AsyncIterator[Site]:
    """Every backend, pointed at a server by its owner."""
    made = Site(where, where.sources(tmp_path))
    yield made
    await made.close()
