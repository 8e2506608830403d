"""A screen that was left is let go: nothing that it opened holds on to it."""

from __future__ import annotations

import gc
import weakref

import pytest
from app_help import Operator
from textual.screen import Screen

from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from widgets.help_panel import HelpText
from widgets.log_pane import LogPane


@pytest.mark.parametrize("cluster", ["shop-prod", "payments-prod"])
async def test_screens_that_were_left_are_let_go_while_their_connections_stay_open(
    operator: Operator, cluster: str
) -> None:
    left: list[weakref.ref[Screen[object]]] = []

    async def leave() -> None:
        depth = len(operator.app.screen_stack)
        left.append(weakref.ref(operator.app.screen))
        await operator.press("escape")
        await operator.until(lambda: len(operator.app.screen_stack) < depth)

    await operator.on_row(cluster)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.table.total > 0, "workloads")
    await operator.press("l")
    await operator.until(lambda: isinstance(operator.app.screen, LogScreen))
    await operator.until(lambda: operator.app.screen.query_one(LogPane).held > 0, "lines")
    await leave()
    await operator.press("d")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    await operator.until(lambda: "Address" in operator.seen())
    await leave()
    await operator.press("enter")
    await operator.until(lambda: operator.browse.table.total > 0, "what runs")
    await leave()
    await leave()

    def gone() -> bool:
        gc.collect()
        return not any(ref() is not None for ref in left)

    await operator.until(gone, "every screen that was left, gone")


async def test_nothing_that_a_screen_has_drawn_is_kept_once_it_was_left(
    operator: Operator,
) -> None:
    await operator.on_row("shop-prod")
    await operator.press("question_mark")
    await operator.until(lambda: operator.app.screen.query(HelpText))
    drawn = [weakref.ref(w._styles_cache) for w in operator.app.screen.walk_children()]
    assert len(drawn) > 4
    await operator.press("escape")

    def gone() -> bool:
        gc.collect()
        return not any(ref() is not None for ref in drawn)

    await operator.until(gone, "every line that was drawn, gone")
