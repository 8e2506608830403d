"""An app with one log pane, and what the tests of it share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual import on
from textual.app import App, ComposeResult
from textual.strip import Strip

from backends.clock import Clock, ManualClock
from backends.model import LogBatch, LogLine
from widgets.log_pane import LogPane
from widgets.themes import THEMES

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def line(text: str, source: str = "web", at: float = NOW) -> LogLine:
    return LogLine(at=at, source=source, text=text)


def batch(*texts: str, source: str = "web") -> LogBatch:
    return LogBatch(lines=tuple(line(text, source) for text in texts))


def numbered(start: int, stop: int) -> LogBatch:
    return batch(*(f"line {number:05}" for number in range(start, stop)))


class TickingClock(ManualClock):
    """Every look at it costs a millisecond, so that slices end."""

    def monotonic(self) -> float:
        self.advance(0.001)
        return super().monotonic()


class LogApp(App[None]):
    """One log pane that shows nothing but text, unless a test says otherwise."""

    def __init__(self, *, clock: Clock | None = None, max_bytes: int = 1 << 26) -> None:
        super().__init__()
        self.clock = clock or ManualClock(NOW)
        self.pane = LogPane(clock=self.clock, max_bytes=max_bytes)
        self.pane.timestamps = "off"
        self.pane.show_source = False
        self.statuses = 0

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.pane.focus()

    @on(LogPane.StatusChanged)
    def count(self) -> None:
        self.statuses += 1

    async def shown(self) -> list[str]:
        """Wait until the pane is at rest; return the lines of the terminal."""
        await until(lambda: not self.pane.busy, "the log pane to be at rest")
        done = asyncio.Event()
        self.pane.call_after_refresh(done.set)
        async with asyncio.timeout(10):
            await done.wait()
        width = self.pane.scrollable_size.width
        return [strip.crop(0, width).text.rstrip() for strip in self.strips()]

    def strips(self) -> list[Strip]:
        return list(self.screen._compositor.render_strips())


async def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for a condition; fail after a deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.002)
