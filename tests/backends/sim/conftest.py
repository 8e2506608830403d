"""What the simulator's tests share: worlds that stand still, and a client for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sim_aws import Aws

from backends.clock import ManualClock
from backends.sim.server import SimServer


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the files and variables of whoever runs the tests out of them."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    """A small world with its incidents, whose clock stands still, without throttles."""
    async with SimServer(clock=ManualClock(), throttling=False) as server:
        yield server


@pytest.fixture
async def calm() -> AsyncIterator[SimServer]:
    """A small world in which nothing happens unasked."""
    async with SimServer(clock=ManualClock(), throttling=False, lively=False) as server:
        yield server


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> Aws:
    """Calls whichever of the two worlds the test uses."""
    name = "calm" if "calm" in request.fixturenames else "sim"
    server: SimServer = request.getfixturevalue(name)
    return Aws(server.url)
