"""The application over a small world of the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from app_help import Operator, demo_sources, operating

from backends.sim.server import SimServer


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    async with SimServer(seed=1) as server:
        yield server


@pytest.fixture
async def operator(sim: SimServer, tmp_path: Path) -> AsyncIterator[Operator]:
    async with operating(demo_sources(sim, tmp_path), tmp_path / "state") as made:
        yield made
