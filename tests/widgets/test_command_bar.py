"""The command and the filter prompt, key by key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from chrome_support import NASTY, HostApp, screen_text
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from widgets.command_bar import CommandBar
from widgets.completion import Candidate, Completer
from widgets.completion_list import Completions
from widgets.filter_bar import FilterBar

CANDIDATES = (
    Candidate("pods", "Pods of a cluster", ("po",), takes="filter"),
    Candidate("services", "Services [/of] a cluster", ("svc",)),
    Candidate("sort", "Sort by a column"),
)


class Rows(Widget, can_focus=True):
    """Stands for the table: it fills the screen and has the focus."""

    DEFAULT_CSS = "Rows { height: 1fr; }"

    def render(self) -> str:
        return ""


class PromptApp(HostApp):
    """A table, both prompts and a foot; keeps what the prompts post."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.filter_bar = FilterBar()
        self.bar = CommandBar(Completer(CANDIDATES))
        foot = Static("foot")
        foot.styles.height = 1
        super().__init__(self.rows, self.filter_bar, self.bar, foot)

    def on_mount(self) -> None:
        self.rows.focus()

    def on_command_bar_submitted(self, event: CommandBar.Submitted) -> None:
        self.messages.append(event.text)

    def on_command_bar_dismissed(self) -> None:
        self.messages.append("dismissed")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self.messages.append(("changed", event.text))

    def on_filter_bar_kept(self, event: FilterBar.Kept) -> None:
        self.messages.append(("kept", event.text))

    def on_filter_bar_dismissed(self) -> None:
        self.messages.append("dismissed")


@asynccontextmanager
async def prompt_app(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[PromptApp, Any]]:
    app = PromptApp()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def opened(app: PromptApp, pilot: Pilot[None], *keys: str) -> None:
    app.bar.open()
    await pilot.press(*keys)
    await pilot.pause()


async def test_what_was_typed_is_submitted_as_it_is() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, *"po web", "enter")
        assert app.messages == ["po web"]
        assert not app.bar.is_open
        assert app.focused is app.rows


async def test_escape_closes_and_gives_the_focus_back() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "p", "escape")
        assert app.messages == ["dismissed"]
        assert app.focused is app.rows


async def test_an_empty_line_is_no_command() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "space", "enter")
        assert app.messages == ["dismissed"]


@pytest.mark.parametrize("key", ["tab", "right"])
async def test_the_best_completion_is_taken(key: str) -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "p", key)
        assert app.bar.line.value == "pods "
        await pilot.press("x", "enter")
        assert app.messages == ["pods x"]


async def test_right_inside_the_line_moves_the_cursor() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "p", "o", "home", "right")
        assert app.bar.line.value == "po"
        assert app.bar.line.cursor_position == 1


async def test_the_chosen_completion_is_submitted() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "s", "down", "down", "enter")
        assert app.messages == ["sort"]


async def test_choosing_goes_past_the_ends_to_what_was_typed() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "s", "o", "down", "down", "enter")
        assert app.messages == ["so"]


async def test_typing_on_forgets_the_choice() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, "s", "down", "o", "enter")
        assert app.messages == ["so"]


async def test_history_goes_back_and_forth() -> None:
    async with prompt_app() as (app, pilot):
        for command in ("pods", "svc web", "pods"):
            await opened(app, pilot, *command, "enter")
        assert app.bar.history == ["svc web", "pods"]
        await opened(app, pilot, "up")
        assert app.bar.line.value == "pods"
        await pilot.press("up", "up")
        assert app.bar.line.value == "svc web"
        await pilot.press("down", "down")
        assert app.bar.line.value == ""
        await pilot.press("up", "up", "enter")
        assert app.messages[-1] == "svc web"


async def test_a_recalled_command_can_be_changed() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, *"svc", "enter")
        await opened(app, pilot, "up", "x", "enter")
        assert app.messages == ["svc", "svcx"]


async def test_a_failure_opens_again_with_the_command_and_stays_until_a_key() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot, *" psods", "enter")
        app.bar.fail("no kind [/psods]: did you mean pods?")
        await pilot.pause()
        assert "✗ no kind [/psods]: did you mean pods?" in screen_text(app)
        assert app.bar.line.value == "psods"
        assert app.focused is app.bar.line
        await pilot.press("backspace")
        await pilot.pause()
        assert "no kind" not in screen_text(app)
        await pilot.press("escape")
        assert app.focused is app.rows


async def test_the_table_keeps_its_size_while_completions_show() -> None:
    async with prompt_app() as (app, pilot):
        await opened(app, pilot)
        height = app.rows.size.height
        await pilot.press("s")
        await pilot.pause()
        assert app.rows.size.height == height == 22
        listed = app.query_one(Completions)
        assert listed.region.bottom == app.bar.line.region.y
        assert "Services [/of] a cluster  (svc)" in screen_text(app)


@pytest.mark.parametrize("name", NASTY)
async def test_any_name_can_be_completed(name: str) -> None:
    async with prompt_app() as (app, pilot):
        app.bar.completer = Completer([Candidate("x", name), Candidate(name, name, (name,))])
        await opened(app, pilot, "down", "down")
        assert app.query_one(Completions).region.right <= 80
        await pilot.press("enter")
        assert app.messages == [name]


async def test_the_cursor_does_not_blink() -> None:
    async with prompt_app() as (app, _pilot):
        assert not app.bar.line.cursor_blink
        assert not app.filter_bar.line.cursor_blink


async def test_pasted_escapes_are_taken_out() -> None:
    async with prompt_app() as (app, pilot):
        from textual.events import Paste

        app.bar.open()
        await pilot.pause()
        app.bar.line.post_message(Paste("\x1b[31mpo\x07ds\x1b]0;x\x07\nsecond"))
        await pilot.pause()
        assert app.bar.line.value == "po\ufffdds"


async def test_filter_posts_at_each_key_and_enter_keeps_it() -> None:
    async with prompt_app() as (app, pilot):
        app.filter_bar.open()
        await pilot.press("w", "e", "enter")
        await pilot.pause()
        assert app.messages == [("changed", "w"), ("changed", "we"), ("kept", "we")]
        assert app.focused is app.rows
        assert app.filter_bar.display


async def test_escape_clears_the_filter_first_and_then_closes() -> None:
    async with prompt_app() as (app, pilot):
        app.filter_bar.open()
        await pilot.press("w", "escape")
        await pilot.pause()
        assert app.messages == [("changed", "w"), ("changed", "")]
        assert app.filter_bar.display
        await pilot.press("escape")
        await pilot.pause()
        assert app.messages[-1] == "dismissed"
        assert not app.filter_bar.display
        assert app.focused is app.rows


async def test_a_filter_set_elsewhere_is_shown_and_not_posted() -> None:
    async with prompt_app() as (app, pilot):
        app.filter_bar.set_text("[/web]")
        app.filter_bar.set_note("12 of 340")
        await pilot.pause()
        assert app.messages == []
        shown = screen_text(app)
        assert "/[/web]" in shown
        assert "12 of 340" in shown
        app.filter_bar.set_text("")
        app.filter_bar.set_text("[/web]")
        await pilot.pause()
        assert "12 of 340" not in screen_text(app), "what was said was about another filter"
        app.filter_bar.open()
        await pilot.press("x")
        await pilot.pause()
        assert app.messages == [("changed", "[/web]x")]


async def test_clearing_from_outside_says_so_and_hides_the_bar() -> None:
    async with prompt_app() as (app, pilot):
        app.filter_bar.set_text("web")
        app.filter_bar.clear()
        await pilot.pause()
        assert app.messages == [("changed", "")]
        assert not app.filter_bar.display


async def test_a_long_note_leaves_room_for_the_filter() -> None:
    async with prompt_app() as (app, pilot):
        app.filter_bar.open("we(")
        app.filter_bar.set_note("not a regular expression " * 9, problem=True)
        await pilot.pause()
        assert app.filter_bar.line.size.width >= 20
        assert "/we(" in screen_text(app)
