"""The problem line, and the cover of a terminal that is too small."""

from __future__ import annotations

import pytest
from chrome_support import NASTY, AskApp, HostApp, assert_inside, ecs_ref, screen_text
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.events import Resize

from backends.model import Problem
from widgets.banner import Banner, banner_lines
from widgets.confirm_dialog import ConfirmDialog
from widgets.prompt import Prompt
from widgets.too_small import TooSmall, guard_size

DENIED = Problem("denied", "ecs:ListClusters", "not authorized", "allow ecs:ListClusters")


def test_a_short_problem_is_one_line() -> None:
    (line,) = banner_lines(DENIED, 100)
    assert line.plain == "✗ ecs:ListClusters: not authorized → allow ecs:ListClusters"


def test_a_long_problem_keeps_its_remedy_whole() -> None:
    long = Problem("denied", "ecs:ListClusters", "not authorized " * 30, DENIED.remedy)
    first, second = banner_lines(long, 78)
    assert first.plain.startswith("✗ ecs:ListClusters: not authorized")
    assert first.plain.endswith("…")
    assert second.plain.strip() == "→ allow ecs:ListClusters"


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200), st.integers(20, 200))
def test_never_more_than_two_lines_that_fit(
    action: str, message: str, remedy: str, width: int
) -> None:
    drawn = banner_lines(Problem("internal", action, message, remedy), width)
    assert 1 <= len(drawn) <= 2
    assert all(line.cell_length <= width and "\n" not in line.plain for line in drawn)


async def test_it_takes_room_only_while_there_is_a_problem() -> None:
    banner = Banner()
    app = HostApp(banner)
    async with app.run_test(size=(80, 24)) as pilot:
        assert not banner.display
        banner.show(DENIED)
        await pilot.pause()
        assert banner.size.height == 1
        banner.show(Problem("denied", "a", "b " * 100, "c"))
        await pilot.pause()
        assert banner.size.height == 2
        banner.show(None)
        await pilot.pause()
        assert not banner.display


@pytest.mark.parametrize("text", NASTY)
async def test_any_text_is_only_text(text: str) -> None:
    banner = Banner()
    app = HostApp(banner)
    async with app.run_test(size=(80, 24)) as pilot:
        banner.show(Problem("internal", text, text, text))
        await pilot.pause()
        assert text[:2] in screen_text(app)
        assert banner.size.height <= 2


class GuardedApp(App[None]):
    """Covers itself when it is too small."""

    def compose(self) -> ComposeResult:
        yield Prompt(id="text")

    def on_resize(self, event: Resize) -> None:
        guard_size(self, event.size)


async def test_a_small_terminal_is_told_what_is_needed_and_comes_back_as_it_was() -> None:
    app = GuardedApp()
    async with app.run_test(size=(80, 24)) as pilot:
        text = app.query_one("#text", Prompt)
        text.focus()
        await pilot.resize_terminal(79, 24)
        await pilot.pause()
        assert "Topdeck needs 80x24." in screen_text(app)
        assert "This terminal is 79x24." in screen_text(app)
        await pilot.press("x")
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert "This terminal is 60x10." in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert not isinstance(app.screen, TooSmall)
        assert text.value == ""
        assert app.focused is text


async def test_starting_small_is_covered_from_the_first_frame() -> None:
    app = GuardedApp()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert "This terminal is 40x10." in screen_text(app)
        assert_inside(app.screen, "Static")


async def test_a_dialog_below_the_cover_survives_it_and_cannot_be_answered() -> None:
    app = AskApp(lambda: ConfirmDialog("Restart web", ecs_ref(), ("It restarts.",)))
    async with app.run_test(size=(80, 24)) as pilot:
        guard_size(app, type(app.size)(70, 20))
        await pilot.resize_terminal(70, 20)
        await pilot.press("y", "tab", "enter")
        assert app.answers == []
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        await pilot.press("y")
        assert app.answers == [True]


async def test_a_screen_pushed_over_the_cover_does_not_bring_it_back() -> None:
    app = GuardedApp()
    async with app.run_test(size=(70, 20)) as pilot:
        await pilot.pause()
        app.push_screen(ConfirmDialog("Restart web", ecs_ref(), ()))
        await pilot.pause()
        await pilot.resize_terminal(100, 30)
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1
