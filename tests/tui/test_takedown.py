"""A screen that is being left hears of changes until it has gone."""

from __future__ import annotations

from textual.containers import Container

from tui.navigation import HOME
from tui.screens.browse import BrowseScreen


async def test_rows_that_come_while_a_screen_has_no_table_any_more_are_let_go() -> None:
    screen = BrowseScreen(HOME)  # Textual takes its parts away before it is told
    screen._rows_changed([], [])
    assert not screen._stirred


async def test_so_are_those_that_come_while_what_was_around_the_table_is_still_there() -> None:
    screen = BrowseScreen(HOME)
    screen._nodes._append(Container())
    screen._rows_changed([], [])
    assert not screen._stirred
