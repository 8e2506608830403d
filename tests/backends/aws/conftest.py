"""What the tests of AWS access share: a server, the files of a user, a clean environment."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aws_server import AwsServer, Files, serve


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the variables and files of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A config file with the profiles acme (with keys) and other (without)."""
    return Files(tmp_path)


@pytest.fixture
async def server() -> AsyncIterator[AwsServer]:
    """A server that answers every call with an empty object until it is told otherwise."""
    async with serve() as running:
        yield running
