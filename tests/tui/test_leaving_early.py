"""Answers that come in the very moment in which the screen that asked for them is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from app_help import Operator
from textual.worker import Worker

from backends.base import BackendError
from backends.fleet import Fleet
from backends.model import LogPage
from tui.screens import related as related_screen
from tui.screens.browse import BrowseScreen
from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from tui.screens.related import RelatedScreen


async def too_late() -> None:
    """Wait until nobody does any more, and go on as if that had not been noticed."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass


async def nothing_related(*_: Any) -> AsyncIterator[Any]:
    await too_late()
    for found in ():
        yield found


async def no_description(*_: Any) -> Any:
    await too_late()
    raise BackendError("describe", "gone", "never mind")


async def no_logs(*_: Any) -> AsyncIterator[Any]:
    await too_late()
    if asyncio.current_task():
        raise BackendError("tail", "gone", "never mind")
    yield


async def no_older(*_: Any) -> AsyncIterator[Any]:
    yield LogPage(begins=0.0, progress="looking")
    await too_late()
    await asyncio.sleep(0.3)  # until the screen has been taken down
    raise asyncio.CancelledError


async def test_older_lines_that_are_given_up_when_the_log_is_left_are_no_defect(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fleet, "older", no_older)
    await operator.open_log("shop-prod", "web", lines=50)
    await operator.press("home")

    def looking() -> list[Worker[Any]]:
        return [worker for worker in operator.app.workers if worker.group == "older"]

    await operator.until(looking)
    (older,) = looking()
    await operator.press("escape")
    await operator.until(lambda: older.is_finished)
    await operator.pilot.pause()
    assert operator.app.crash is None


@pytest.mark.parametrize(
    ("key", "screen"), [("u", RelatedScreen), ("d", DetailScreen), ("l", LogScreen)]
)
async def test_an_answer_to_a_screen_that_was_left_is_no_defect(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, key: str, screen: type
) -> None:
    monkeypatch.setattr(related_screen, "related", nothing_related)
    monkeypatch.setattr(Fleet, "describe", no_description)
    monkeypatch.setattr(Fleet, "logs", no_logs)
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press(key)
    await operator.until(lambda: isinstance(operator.app.screen, screen))
    await operator.press("escape")
    await operator.until(lambda: isinstance(operator.app.screen, BrowseScreen))
    await operator.pilot.pause()
    assert operator.app.crash is None
