"""A screen for one widget after another, whose every line is looked at as a terminal would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Container
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widget import Widget

from tests.hostile.strategies import MARKUP
from tests.hostile.terminal import cells, unsafe
from widgets.safe_text import SafeLineFilter
from widgets.themes import THEMES

DEADLINE = 60.0
"""Seconds that anything may take to come true."""

SIZE = (160, 60)
"""Cells of the screen."""


class StageApp(App[None]):
    """Nothing but room, and the gate that the real application has."""

    def __init__(self, *, gate: bool) -> None:
        super().__init__()
        self._gates: list[LineFilter] = [SafeLineFilter()] if gate else []

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._gates]

    def compose(self) -> ComposeResult:
        yield Container(id="stage")

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name


class Stage:
    """Shows widgets and looks at what they draw."""

    def __init__(self, app: StageApp, pilot: Pilot[None], *, gate: bool) -> None:
        self.app = app
        self.pilot = pilot
        self.met: set[type] = set()
        """The classes, and their bases, of all that was on the screen when it was looked at."""
        self._gate = gate

    async def show(self, *widgets: Widget) -> None:
        """Show these widgets and no others."""
        room = self.app.query_one("#stage")
        await room.remove_children()
        await room.mount(*widgets)
        await self.pilot.pause()

    async def push(self, screen: Screen[Any]) -> None:
        """Show a screen on top."""
        await self.app.push_screen(screen)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await self.pilot.pause(0.01)

    async def look(self, *said: str) -> None:
        """Look at every line; `said` is what should stand there, wherever it is markup."""
        await self.pilot.pause()
        screen = self.app.screen
        for node in (screen, *screen.walk_children(), *_bars(screen)):
            self.met.update(type(node).__mro__)
        lines = self.app.screen._compositor.render_strips()
        seen = "\n".join("".join(segment.text for segment in line) for line in lines)
        for line in lines:
            text = "".join(segment.text for segment in line)
            assert not unsafe(text), f"{unsafe(text)} in {text!r}"
            for segment in line:
                assert segment.style is None or segment.style.link is None, segment
                if self._gate:
                    assert cells(segment.text) == segment.cell_length, ascii(segment.text)
            if self._gate:
                assert cells(text) == self.app.size.width, ascii(text)
        for text in said:
            if text in MARKUP.values():
                assert text in seen, f"{text} is not to be seen in\n{seen}"


def _bars(screen: Screen[Any]) -> list[Widget]:
    views = [view for view in screen.walk_children() if isinstance(view, ScrollView)]
    return [view.vertical_scrollbar for view in views]


@asynccontextmanager
async def stage(*, gate: bool = True, size: tuple[int, int] = SIZE) -> AsyncIterator[Stage]:
    """Set the stage up; without the gate of the application if that is asked for."""
    app = StageApp(gate=gate)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Stage(app, pilot, gate=gate)


Act = Callable[[Stage, Sequence[str]], Awaitable[None]]
"""Feeds hostile texts to a widget through its real inputs."""


def perform(act: Act, texts: Sequence[str], *, gate: bool = True) -> set[type]:
    """Run one act; return the classes that were on the screen."""

    async def run() -> set[type]:
        async with stage(gate=gate) as made:
            await act(made, texts)
            return made.met

    return asyncio.run(run())
