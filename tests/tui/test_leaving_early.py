"""Answers that come in the very moment in which the screen that asked for them is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import Operator

from backends.base import BackendError
from backends.fleet import Fleet
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
