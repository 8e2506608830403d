"""What the log pane costs: taking lines in, filtering all that is held, drawing a frame.

All times are of CPU, so that what else the machine does matters little.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from time import thread_time

from textual.app import App, ComposeResult

from backends.clock import SystemClock
from backends.model import LogBatch, LogLine
from widgets.log_filter import Pattern
from widgets.log_model import LogModel
from widgets.log_pane import LogPane

LINES = 200_000
"""Lines that a filter goes through."""

FRAMES = 60
"""Frames that are drawn for a figure."""

_WORDS = "GET /api/v1/items handled in ms status=200 user=1234 region=eu-west-1 trace=1f2e3d4c5b6a"


def lines(count: int, start: int = 0) -> tuple[LogLine, ...]:
    """Return lines of about 157 characters from twenty sources, one in a thousand an error."""
    made: list[LogLine] = []
    for n in range(start, start + count):
        level = "ERROR" if n % 1000 == 0 else "INFO "
        text = f"2026-11-22T10:11:12.{n % 1000:03}Z {level} request {n:09} {_WORDS} {n % 97}"
        made.append(LogLine(at=1.79e9 + n / 1000, source=f"web-7d9f-{n % 20:02}/app", text=text))
    return tuple(made)


def filled(count: int = LINES) -> LogModel:
    """Return a model that holds so many lines."""
    model = LogModel(SystemClock(), 1 << 30)
    model.feed(LogBatch(lines=lines(count)))
    return model


def ingest(max_bytes: int) -> float:
    """Return lines accepted a second, in batches of a thousand."""
    model = LogModel(SystemClock(), max_bytes)
    batches = [LogBatch(lines=lines(1000, n)) for n in range(0, LINES, 1000)]
    gc.collect()
    began = thread_time()
    for batch in batches:
        model.feed(batch)
    return LINES / (thread_time() - began)


def filtering(model: LogModel, pattern: str) -> tuple[float, float, float]:
    """Return ms of the first slice, of all of them, and of the longest."""
    began = last = thread_time()
    model.set_filter(Pattern(pattern))
    slices: list[float] = []
    busy = True
    while busy:
        busy = model.step()
        now = thread_time()
        slices.append(now - last)
        last = now
    return slices[0] * 1000, (last - began) * 1000, max(slices) * 1000


class _BenchApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pane = LogPane(clock=SystemClock(), max_bytes=1 << 30)

    def compose(self) -> ComposeResult:
        yield self.pane


def _milliseconds(draw: Callable[[int], None]) -> float:
    began = thread_time()
    for number in range(FRAMES):
        draw(number)
    return (thread_time() - began) / FRAMES * 1000


async def drawing(*, wrap: bool) -> tuple[float, float]:
    """Return ms a frame when all 50 lines are new, and when none has changed."""
    app = _BenchApp()
    async with app.run_test(size=(200, 50)) as pilot:
        pane = app.pane
        pane.feed(LogBatch(lines=lines(20_000)))
        pane.wrap = wrap
        await pilot.pause()
        more = [LogBatch(lines=lines(50, 20_000 + 50 * n)) for n in range(FRAMES)]

        def paint() -> None:
            pane.show_log()
            pane.render_lines(pane.size.region)

        def new(number: int) -> None:
            pane.feed(more[number])
            paint()

        def same(_number: int) -> None:
            paint()

        return _milliseconds(new), _milliseconds(same)


def measure() -> list[tuple[str, float, str]]:
    """Return (name, value, unit and target) for the bench table."""
    results: list[tuple[str, float, str]] = [
        ("log ingest", ingest(1 << 30), "lines per s of CPU (over 1,000,000)"),
        ("log ingest, ring full", ingest(1 << 24), "lines per s of CPU (over 1,000,000)"),
    ]
    model = filled()
    for name, pattern, target in (
        ("literal", "nowhere", 60),
        ("many matches", "info", 80),
        ("expression", r"request \d+7 .*trace=1f.* 9\d$", 160),
        ("inverted", "!info", 80),
    ):
        model.set_filter(Pattern(""))
        first, last, longest = filtering(model, pattern)
        unit = f"ms of CPU for 200,000 lines (at most {target})"
        results.append((f"log filter, {name}", last, unit))
        if name == "literal":
            results.append(("log filter, first matches", first, "ms of CPU (at most 10)"))
            results.append(("log filter, longest slice", longest, "ms of CPU (at most 10)"))
    model.set_filter(Pattern("error"))
    while model.step():
        pass
    results.append(
        ("log filter, one letter more", filtering(model, "error r")[1], "ms of CPU (at most 5)")
    )
    for wrap in (False, True):
        new, same = asyncio.run(drawing(wrap=wrap))
        kind = "wrapped" if wrap else "plain"
        results.append((f"log frame, {kind}, 50 new lines", new, "ms of CPU (at most 8)"))
        results.append((f"log frame, {kind}, unchanged", same, "ms of CPU (at most 3)"))
    return results


if __name__ == "__main__":
    for label, value, unit in measure():
        print(f"{label:36} {value:14,.1f} {unit}")
