"""What the log pane costs in a real terminal, at the rates and sizes that it is meant for.

All figures but the latency of keys are of CPU, so that what else the machine does matters little.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median, quantiles

from textual.app import ComposeResult
from textual.widgets import RichLog

from backends.clock import SystemClock
from backends.model import LogBatch, LogLine
from tests.bench.log_lines import batches, lines
from tests.bench.table_app import Figure, Workload, figures_of
from widgets.log_buffer import LogBuffer
from widgets.log_pane import LogPane

RATE = 100_000
"""Lines a second that are to be taken in."""

SECONDS = 10
"""For so long they come."""

BATCH = 1_000
"""Lines of a batch: one arrives each hundredth of a second."""

POOL = 100_000
"""Different lines, which are sent over and over."""

MILLION = 1_000_000
"""Lines that are searched."""

FRAMES = 60
"""Frames that are drawn for a figure."""

KEY_PAUSE = 0.05
"""Seconds between two keys."""

_NAME = "tests.bench.bench_logs"
"""This module, by the name that a program of its own finds it by."""

MS = "ms of CPU"


class KeyedPane(LogPane):
    """A pane that takes the time from a key to the frame that shows what it did."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(clock=SystemClock(), max_bytes=max_bytes)
        self.pressed = 0.0
        self.answered = asyncio.Event()
        self.waits: list[float] = []

    def action_scroll_up(self) -> None:
        """Note when it is done."""
        super().action_scroll_up()
        self.call_after_refresh(self._answer)

    def action_scroll_end(self) -> None:
        """Note when it is done."""
        super().action_scroll_end()
        self.call_after_refresh(self._answer)

    def _answer(self) -> None:
        self.waits.append(time.perf_counter() - self.pressed)
        self.answered.set()


class LogWorkload(Workload):
    """Puts a `LogPane` through its paces."""

    max_bytes = 1 << 30

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.pane = KeyedPane(self.max_bytes)

    @property
    def subject(self) -> LogPane:
        """The pane."""
        return self.pane

    def compose(self) -> ComposeResult:
        """Show nothing but the pane."""
        yield self.pane

    def note(self, what: str, value: float, unit: str) -> None:
        """Keep one figure."""
        self.figures.append((f"log: {what}", value, unit))

    async def painted(self) -> None:
        """Wait until nothing waits to be drawn."""
        while self.pane.busy:
            await asyncio.sleep(0.001)
        await self.refreshed()


class Flood(LogWorkload):
    """Takes in lines at full rate while keys are pressed, and looks whether any is missing."""

    max_bytes = 64 << 20
    seconds = SECONDS
    pattern = ""
    target = "(at most 40)"

    async def work(self) -> None:
        """Measure."""
        pool = batches(POOL, BATCH)
        gc.collect()
        gc.freeze()
        what = f"{RATE:,} lines/s for {self.seconds} s{' under a regex' * bool(self.pattern)}"
        pane = self.pane
        pane.set_filter(self.pattern)
        keys = asyncio.create_task(self.press())
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(RATE * self.seconds // BATCH):
            pane.feed(pool[number % len(pool)])
            due = began + (number + 1) * BATCH / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        keys.cancel()
        await self.painted()
        share = (time.process_time() - cpu) / self.seconds * 100
        self.note(what, share, f"% of a core {self.target}")
        self.note(f"{what}: lines lost or doubled", self.missing(pool), "(target 0)")
        slow = quantiles(pane.waits, n=100)[98] * 1000
        self.note(f"{what}: p99 of {len(pane.waits)} keys", slow, "ms to the frame (at most 60)")

    async def press(self) -> None:
        """Scroll up and go back to the end, over and over."""
        while True:
            for key in ("k", "G"):
                self.pane.answered.clear()
                self.pane.pressed = time.perf_counter()
                self.simulate_key(key)
                await self.pane.answered.wait()
                await asyncio.sleep(KEY_PAUSE)

    def missing(self, pool: list[LogBatch]) -> int:
        """Return how many lines are not in the ring, or not where they belong."""
        ring, sent = self.pane._model.buffer, RATE * self.seconds
        expected = [line for batch in pool for line in batch.lines]
        wrong = sum(
            entry != expected[number % POOL]
            for number, entry in enumerate(ring.snapshot(), ring.fell_out)
        )
        return wrong + abs(sent - ring.received) + abs(sent - ring.fell_out - ring.held)


class FilteredFlood(Flood):
    """The same while a regular expression is looked for in every line."""

    seconds = 3
    pattern = r"request \d+ .*7$"
    target = ""


class Search(LogWorkload):
    """Filters a million lines."""

    async def work(self) -> None:
        """Measure a literal and expressions, those that match much and those that do not."""
        pool = batches(POOL, 10_000)
        for _ in range(MILLION // POOL):
            for batch in pool:
                self.pane.feed(batch)
        await self.painted()
        gc.collect()
        gc.freeze()
        for what, pattern in (
            ("a literal, 1 in 1,000 match", "error"),
            ("a literal, most match", "info"),
            ("a regex, 1 in 140 match", r"request \d+7 .*trace=1f.* 9\d$"),
            ("a regex, 1 in 1,000 match", "(error|panic).*request"),
            ("a regex, all match", "[0-9]+"),
            ("not a literal", "!info"),
        ):
            firsts = [await self.search(pattern) for _ in range(3)]
            self.note(f"{what}: first screen of a million", median(firsts), f"{MS} (at most 60)")
            began = time.thread_time()
            await self.painted()
            whole = firsts[-1] + (time.thread_time() - began) * 1000
            self.note(f"{what}: all of a million", whole, f"{MS} in the background")
        self.pane.set_filter("error")
        await self.painted()
        narrowed = await self.timed(lambda: self.pane.set_filter("error request"))
        self.note("a literal typed further", narrowed, f"{MS} (at most 60)")

    async def search(self, pattern: str) -> float:
        """Return the CPU ms until a screen full of matches is painted, or there are no more."""
        pane = self.pane
        pane.set_filter("")
        await self.painted()
        began = time.thread_time()
        pane.set_filter(pattern)
        while pane.scanning is not None and pane.matched < pane.size.height:
            await asyncio.sleep(0)
        await self.refreshed()
        return (time.thread_time() - began) * 1000


class Frames(LogWorkload):
    """Draws frames of new lines, and scrolls past lines of a megabyte."""

    async def work(self) -> None:
        """Measure."""
        self.pane.feed(LogBatch(lines=lines(20_000)))
        await self.painted()
        for wrap in (False, True):
            self.pane.wrap = wrap
            kind = "wrapped" if wrap else "plain"
            took = median([await self.new(20_000 + 50 * n) for n in range(FRAMES)])
            self.note(f"frame of 50 new lines, {kind}", took, f"{MS} (at most 10)")
            short, long = await self.scroll("x"), await self.scroll("y" * (1 << 20))
            self.note(f"a line to scroll past, {kind}", short, MS)
            self.note(
                f"a line of 1 MB to scroll past, {kind}",
                long / short,
                "times a short one (at most 1.3)",
            )

    async def new(self, start: int) -> float:
        """Return the CPU ms of taking in 50 lines and painting them."""
        batch = LogBatch(lines=lines(50, start))

        def show() -> None:
            self.pane.feed(batch)
            self.pane.show_log()

        return await self.timed(show)

    async def scroll(self, text: str) -> float:
        """Return the CPU ms of scrolling up by a line that was not in view before."""
        rows = [LogLine(at=1.79e9 + n, source="web", text=f"{n} {text}") for n in range(2 * FRAMES)]
        self.pane.feed(LogBatch(lines=tuple(rows)))
        await self.painted()
        self.pane.action_scroll_up()
        found = [await self.timed(self.pane.action_scroll_up) for _ in range(FRAMES)]
        self.pane.action_scroll_end()
        await self.painted()
        return median(found)


class Textuals(Workload):
    """Textual's own log, full, with the same lines."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.log_view = RichLog(max_lines=POOL // 10)

    @property
    def subject(self) -> RichLog:
        """The log."""
        return self.log_view

    def compose(self) -> ComposeResult:
        """Show nothing but the log."""
        yield self.log_view

    async def work(self) -> None:
        """Note how many lines it takes in a second of CPU, frames and all."""
        made = lines(POOL // 10 + 1_000)
        began = time.process_time()
        for begin in range(0, len(made), 100):
            if begin == POOL // 10:
                began = time.process_time()
            for line in made[begin : begin + 100]:
                self.log_view.write(line.text)
            await asyncio.sleep(0)
        await self.refreshed()
        self.figures.append(("", 1_000 / (time.process_time() - began), ""))


def overhead() -> float:
    """Return the bytes that a held line takes beside its characters, with all that is kept."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    ring = LogBuffer(1 << 30)
    characters = 0
    for start in range(0, 2 * POOL, BATCH):
        batch = lines(BATCH, start)
        characters += sum(len(line.text) for line in batch)
        ring.extend(batch)
        del batch
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return (used - characters) / (2 * POOL)


def measure() -> list[Figure]:
    """Return (name, value, unit and target) for the bench table."""
    flood = figures_of(_NAME, "Flood")
    [(_, theirs, _)] = figures_of(_NAME, "Textuals")
    ours = RATE / (flood[0][1] / 100)
    return [
        *flood,
        *figures_of(_NAME, "FilteredFlood"),
        ("log: lines taken in and shown", ours, "lines per s of CPU (at least 250,000)"),
        ("log: Textual's RichLog, full", theirs, "lines per s of CPU"),
        ("log: beside RichLog", ours / theirs, "times as many lines"),
        ("log: memory beside a line's characters", overhead(), "bytes (at most 100)"),
        *figures_of(_NAME, "Search"),
        *figures_of(_NAME, "Frames"),
    ]


if __name__ == "__main__":
    if sys.argv[1:]:
        kinds = {kind.__name__: kind for kind in (Flood, FilteredFlood, Search, Frames, Textuals)}
        kinds[sys.argv[1]](Path(sys.argv[2])).run()
    else:
        for label, value, unit in measure():
            print(f"{label:64} {value:12,.2f} {unit}")
