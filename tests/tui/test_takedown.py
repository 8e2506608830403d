"""A screen that is being left hears of changes until it has gone."""

from __future__ import annotations

from tui.navigation import HOME
from tui.screens.browse import BrowseScreen


async def test_rows_that_come_while_a_screen_has_no_table_any_more_are_let_go() -> None:
    screen = BrowseScreen(HOME)  # Textual takes its parts away before it is told
    screen._rows_changed([], [])
    assert not screen._stirred
