"""Few pictures, of a world that stands still: what the main screens look like.

``pytest tests/tui/test_snapshots.py --snapshot-update`` draws them anew.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from app_help import Operator, demo_sources

os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual.pilot import Pilot

from backends.base import Sources
from backends.board import Board
from backends.clock import ManualClock
from backends.sim.server import SimServer
from tui.app import TopdeckApp
from tui.compose import attach_backends, make_fleet
from tui.config import Config
from tui.screens.detail import DetailScreen
from widgets.scale_dialog import ScaleDialog

Steps = Callable[[Operator], Awaitable[None]]
SnapCompare = Callable[..., bool]


class StillApp(TopdeckApp):
    """The application over a simulator of its own whose clock does not move."""

    def __init__(self, folder: Path) -> None:
        clock = ManualClock()
        config = Config()
        fleet = make_fleet(config, clock=clock, state_dir=folder / "state")
        # How many calls were made by the time of the picture depends on the machine.
        fleet.usage = lambda: ()  # type: ignore[method-assign]
        board = Board(fleet)
        self.sim = SimServer(seed=1, clock=clock, throttling=False, lively=False)
        folder.mkdir(exist_ok=True)

        async def given() -> Sources:
            return demo_sources(self.sim, folder)

        async def start() -> None:
            await self.sim.start()
            await attach_backends(fleet, given)
            board.open()

        super().__init__(fleet, board, config, start, demo=True)

    async def _on_exit_app(self) -> None:
        await self.shut_down()
        await self.sim.stop()
        await super()._on_exit_app()


def seen(steps: Steps, tmp_path: Path) -> dict[str, Any]:
    """Return what the snapshot fixture is called with."""
    app = StillApp(tmp_path)

    async def before(pilot: Pilot[None]) -> None:
        operator = Operator(app, pilot, tmp_path)
        await operator.until(lambda: len(app.board.clusters) == 7 and app.board.settled)
        operator.app.board.flush()
        await steps(operator)
        operator.app.clear_notifications()
        await pilot.pause(0.3)

    return {"app": app, "run_before": before, "terminal_size": (120, 32)}


async def nothing(operator: Operator) -> None:
    await operator.press("g")


async def services(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press("slash", *"a", "enter")


async def scale(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("enter")
    await operator.on_row("card-api")
    await operator.press("s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
    await operator.until(lambda: "HorizontalPodAutoscaler" in operator.seen())
    await operator.press("up", "up")


async def describe(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("enter")
    await operator.on_row("redis")
    await operator.press("d")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    await operator.until(lambda: "Selector" in operator.seen())


@pytest.fixture(autouse=True)
def loop_is_free() -> None:
    """The snapshot fixture brings a loop of its own."""
    asyncio.set_event_loop(None)


def test_board(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert snap_compare(**seen(nothing, tmp_path))


def test_board_at_80_by_24(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert snap_compare(**{**seen(nothing, tmp_path), "terminal_size": (80, 24)})


def test_filtered_services(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert snap_compare(**seen(services, tmp_path))


def test_scale_dialog(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert snap_compare(**seen(scale, tmp_path))


def test_description(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert snap_compare(**seen(describe, tmp_path))
