"""An app that measures itself in a real terminal, and writes down what it found.

A headless app writes nothing, so that its frames cost less than real ones. Times are CPU
milliseconds of the thread that runs the loop: what else the machine does matters little.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from textual.app import App
from textual.filter import LineFilter
from textual.widget import Widget

from widgets.safe_text import SafeLineFilter
from widgets.themes import TOPDECK_DARK

Figure = tuple[str, float, str]
"""What was measured, the value, its unit and target."""

SECONDS = 140.0
"""A program that takes longer has failed."""


class Workload(App[None]):
    """Measures a widget that fills its screen; a subclass says what."""

    def __init__(self, out: Path) -> None:
        super().__init__()
        self.out = out
        self.safe = SafeLineFilter()
        self.figures: list[Figure] = []

    @property
    def subject(self) -> Widget:
        """The widget that is measured."""
        raise NotImplementedError

    async def work(self) -> None:
        """Measure."""
        raise NotImplementedError

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Filter as the real app does."""
        return [*super().get_line_filters(), self.safe]

    def on_ready(self) -> None:
        """Begin once there is a screen."""
        self.register_theme(TOPDECK_DARK)
        self.theme = TOPDECK_DARK.name
        self.subject.focus()
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        await self.work()
        self.out.write_text(json.dumps(self.figures))
        self.exit()

    async def refreshed(self) -> None:
        """Wait until the next repaint is done."""
        done = asyncio.Event()
        self.subject.call_after_refresh(done.set)
        await done.wait()

    async def painted(self) -> None:
        """Wait until nothing waits to be drawn."""
        await self.refreshed()

    async def timed(self, act: Callable[[], object]) -> float:
        """Return the ms of CPU until what `act` does is painted; it begins a frame."""
        await self.painted()
        began = time.thread_time()
        act()
        await self.refreshed()
        return (time.thread_time() - began) * 1000

    async def median_of(self, times: int, act: Callable[[], object]) -> float:
        """Return the median of several times of the same."""
        return median([await self.timed(act) for _ in range(times)])


@asynccontextmanager
async def delays(pause: float = 0.005) -> AsyncIterator[list[float]]:
    """Collect by how many seconds the loop is late for a task that wakes each `pause`."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(pause)
            late.append(time.perf_counter() - began - pause)

    task = asyncio.create_task(watch())
    try:
        yield late
    finally:
        task.cancel()


def figures_of(module: str, name: str) -> list[Figure]:
    """Run a workload of a module by name on a pty of 200 by 50; return what it wrote.

    Raises RuntimeError where it ends, or takes too long, without having written anything.
    """
    from tests.pty_app import PtyApp

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        with PtyApp([sys.executable, "-m", module, name, str(out)]) as app:
            deadline = time.perf_counter() + SECONDS
            while not out.exists() and time.perf_counter() < deadline:
                try:
                    app.drain(0.2)
                except EOFError:
                    break
        if not out.exists():
            said = app.output.decode(errors="replace")[-2000:]
            raise RuntimeError(f"{name} wrote nothing; on its screen: {said!r}")
        return [(what, value, unit) for what, value, unit in json.loads(out.read_text())]
