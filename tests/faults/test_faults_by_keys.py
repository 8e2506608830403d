"""An operator in front of a cluster in trouble: what the screen says, and what keys still do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.lab import CONTROL, Lab
from tests.faults.trial import KINDS
from tests.faults.truth import SCALED, STEADY
from tests.tui.app_help import Operator, operating
from tui.screens.logs import LogScreen
from widgets.confirm_dialog import ConfirmDialog
from widgets.log_pane import LogPane

both = pytest.mark.parametrize("backend", ["ecs", "eks"])


@asynccontextmanager
async def in_front_of(
    backend: str, fault: str, folder: Path
) -> AsyncIterator[tuple[Lab, Operator]]:
    """Show the workloads of a cluster that is still well, the cursor on one of them."""
    async with (
        Lab(backend, [fault, CONTROL], folder, timeout=3.0) as lab,
        operating(lab.sources, folder / "state", notices=True) as operator,
    ):
        await operator.on_row(fault)
        await operator.press("enter")
        await operator.on_row(STEADY)
        await operator.until(lambda: "live" in operator.seen().partition("\n")[0])
        yield lab, operator


@both
async def test_the_header_tells_the_age_and_the_line_below_it_why(
    backend: str, tmp_path: Path
) -> None:
    async with in_front_of(backend, "503", tmp_path) as (lab, operator):
        await lab.strike("503")
        await operator.until(lambda: "stale" in operator.seen().partition("\n")[0])
        await operator.until(lambda: "apiserver is shutting down" in operator.seen())
        names = {row.ref.name for row in operator.browse.table.resources}
        assert names == {STEADY, SCALED}
        await lab.lift("503")
        await operator.until(lambda: "stale" not in operator.seen())
        assert "apiserver is shutting down" not in operator.seen()


@both
async def test_a_refresh_by_key_asks_at_once(backend: str, tmp_path: Path) -> None:
    async with in_front_of(backend, "refuse", tmp_path) as (lab, operator):
        await lab.strike("refuse")
        await operator.until(lambda: "stale" in operator.seen().partition("\n")[0])
        await lab.lift("refuse")
        before = lab.doors["refuse"].count
        await operator.press("ctrl+r")
        await operator.until(lambda: lab.doors["refuse"].count > before)
        await operator.until(lambda: "stale" not in operator.seen())


@both
async def test_a_restart_whose_answer_is_lost_is_sent_once_and_said_to_be_uncertain(
    backend: str, tmp_path: Path
) -> None:
    async with in_front_of(backend, "504", tmp_path) as (lab, operator):
        await lab.strike("504")
        await operator.press("r")
        await operator.until(lambda: isinstance(operator.app.screen, ConfirmDialog))
        await operator.press("y")
        await operator.until(lambda: "it may have been done" in operator.seen())
        action = {"ecs": KINDS["ecs"][1], "eks": f"patch {STEADY}"}[backend]
        assert [one.action for one in lab.doors["504"].arrived] == [action]
        assert len(lab.doors["504"].passed) == 1


@both
async def test_a_log_on_screen_says_what_is_wrong_and_goes_on(backend: str, tmp_path: Path) -> None:
    async with in_front_of(backend, "403", tmp_path) as (lab, operator):
        await operator.press("l")
        await operator.until(lambda: isinstance(operator.app.screen, LogScreen))
        pane = operator.app.screen.query_one(LogPane)
        await operator.until(lambda: pane.held > 10, "lines")
        await lab.strike("403")
        await operator.until(lambda: "not authorized" in operator.seen(), "the refusal")
        held = pane.held
        await lab.lift("403")
        await operator.until(lambda: pane.held > held + 5, "more lines")
        await operator.until(lambda: pane.problem is None, "the problem is over")
        assert pane.following
