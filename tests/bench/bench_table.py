"""What the table costs with 10,000 and 100,000 rows, in a real terminal of 200 by 50.

The workload runs in a program of its own on a pty, because a headless app writes nothing. Its
times are CPU milliseconds of the thread that runs the loop, so that what else the machine does
matters little.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App, ComposeResult
from textual.filter import LineFilter

from backends.clock import SystemClock
from backends.model import Column, Format, Health, Ref, Resource, Scope
from widgets.resource_table import ResourceTable
from widgets.safe_text import SafeLineFilter
from widgets.themes import TOPDECK_DARK

SIZES = (10_000, 100_000)
"""Rows in the table."""

LIVE_SECONDS = 3.0
"""For so long changes come in."""

LIVE_SHARE = 0.05
"""Rows that change each second; in ten batches."""

COLUMNS = (
    Column("name", "NAME"),
    Column("namespace", "NAMESPACE"),
    Column("status", "STATUS", Format.STATUS),
    Column("ready", "READY", Format.RATIO),
    Column("restarts", "RESTARTS", Format.NUMBER),
    Column("node", "NODE"),
    Column("ip", "IP"),
    Column("image", "IMAGE"),
    Column("memory", "MEMORY", Format.BYTES),
    Column("age", "AGE", Format.AGE),
)

_SCOPE = Scope("eks", "acme", "111122223333", "eu-west-1", "search", "search")
_STATUS = {
    Health.OK: "Running",
    Health.IDLE: "Completed",
    Health.PROGRESSING: "ContainerCreating",
    Health.DEGRADED: "Running",
    Health.FAILING: "CrashLoopBackOff",
}


def pod(number: int, rng: random.Random) -> Resource:
    """Return one of many pods as it may be at some moment."""
    health = rng.choices(list(_STATUS), [90, 3, 3, 2, 2])[0]
    name = f"{('web', 'indexer', 'query', 'ranker')[number % 4]}-7d9f8c6b5-{number:06x}"
    cells = (
        name, f"team-{number % 40}", _STATUS[health], f"{int(health == Health.OK)}/1",
        rng.randrange(20), f"ip-10-0-{number % 200}-17", f"10.0.{number % 250}.{number % 251}",
        f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/pod:1.{number % 90}",
        rng.randrange(1 << 30), 1.79e9 - rng.random() * 1e7,
    )  # fmt: skip
    ref = Ref(_SCOPE, "k8s/pods", name)
    return Resource(ref=ref, health=health, status=_STATUS[health], cells=cells)


class Workload(App[None]):
    """Puts the table through its paces, writes the figures to a file and ends."""

    def __init__(self, out: Path) -> None:
        super().__init__()
        self.out = out
        self.safe = SafeLineFilter()
        self.table = ResourceTable(clock=SystemClock())
        self.results: list[tuple[str, float, str]] = []

    def compose(self) -> ComposeResult:
        """Show nothing but the table."""
        yield self.table

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Filter as the real app does."""
        return [*super().get_line_filters(), self.safe]

    def on_ready(self) -> None:
        """Begin once there is a screen."""
        self.register_theme(TOPDECK_DARK)
        self.theme = TOPDECK_DARK.name
        self.table.focus()
        self.run_worker(self.work())

    async def work(self) -> None:
        """Measure every size, and end."""
        for size in SIZES:
            await self.measure_size(size)
        self.out.write_text(json.dumps(self.results))
        self.exit()

    def note(self, what: str, size: int, value: float, unit: str) -> None:
        """Keep one figure."""
        self.results.append((f"table of {size:,}: {what}", value, unit))

    async def painted(self) -> None:
        """Wait until what changed is on its way to the terminal."""
        while self.table.painting:
            await asyncio.sleep(0.001)
        await self.refreshed()

    async def refreshed(self) -> None:
        """Wait until the next repaint is done."""
        done = asyncio.Event()
        self.table.call_after_refresh(done.set)
        await done.wait()

    async def timed(self, act: Callable[[], object]) -> float:
        """Return the ms of CPU until what `act` does is painted; it begins a frame."""
        await self.painted()
        began = time.thread_time()
        act()
        await self.refreshed()
        return (time.thread_time() - began) * 1000

    async def measure_size(self, size: int) -> None:
        """Load, sort, filter, scroll and live changes with so many rows."""
        rng = random.Random(1)
        rows = [pod(number, rng) for number in range(size)]
        table = self.table
        table.set_columns(COLUMNS)
        gc.collect()
        gc.freeze()  # as after any large load: else every later figure has its collections in it

        def target(most: int) -> str:
            return f"ms of CPU (at most {most})" if size == SIZES[-1] else "ms of CPU"

        self.note("load", size, await self.timed(lambda: table.replace(rows)), target(400))
        self.note("load again", size, await self.timed(lambda: table.replace(rows)), target(250))
        by_name = await self.timed(lambda: table.sort_by("name", True))
        self.note("sort by text", size, by_name, target(150))
        by_number = await self.timed(lambda: table.sort_by("memory", False))
        self.note("sort by number", size, by_number, target(150))
        while table.warming:
            await asyncio.sleep(0.05)
        first = await self.timed(lambda: table.set_filter("q"))
        self.note("filter, first letter", size, first, target(200))
        more = await self.timed(lambda: table.set_filter("query"))
        self.note("filter, a letter more", size, more, target(60))
        regex = await self.timed(lambda: table.set_filter("^query.*[02468]$ !crash"))
        self.note("filter, two expressions", size, regex, target(250))
        self.note("filter off", size, await self.timed(lambda: table.set_filter("")), target(100))
        await self.measure_scrolling(size)
        await self.measure_live(size, rows, rng)

    async def measure_scrolling(self, size: int) -> None:
        """Measure frames: pages of new rows, and single steps of the cursor."""
        page = await self.frames(lambda: self.table.action_page(1), 60)
        self.note("page down", size, page, "ms of CPU a frame (aim: 7)")
        step = await self.frames(lambda: self.table.action_move(1), 40)
        self.note("cursor down", size, step, "ms of CPU a frame (aim: 1)")

    async def frames(self, act: Callable[[], None], count: int) -> float:
        """Return the ms of CPU that each of so many frames takes, from the first row on."""
        self.table.action_first()
        await self.painted()
        began = time.thread_time()
        for _ in range(count):
            act()
            await self.refreshed()
        return (time.thread_time() - began) / count * 1000

    async def measure_live(self, size: int, rows: list[Resource], rng: random.Random) -> None:
        """Measure CPU and the loop's delay while a share of all rows changes each second."""
        self.table.sort_by("name", False)
        batches = [
            [pod(number, rng) for number in rng.sample(range(size), int(size * LIVE_SHARE / 10))]
            for _ in range(int(LIVE_SECONDS * 10))
        ]
        await self.painted()
        async with delays() as late:
            began, cpu = time.perf_counter(), time.process_time()
            for number, batch in enumerate(batches):
                self.table.apply(batch)
                await asyncio.sleep(max(0, began + (number + 1) / 10 - time.perf_counter()))
            share = (time.process_time() - cpu) / (time.perf_counter() - began)
        self.note("5% a second changes", size, share * 100, "% of one CPU (at most 10)")
        worst = sorted(late)[int(len(late) * 0.99)] * 1000
        self.note("5% a second, delay of the loop, p99", size, worst, "ms (at most 20)")


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


def measure() -> list[tuple[str, float, str]]:
    """Return (name, value, unit and target) for the bench table."""
    from tests.pty_app import PtyApp

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        with PtyApp([sys.executable, "-m", "tests.bench.bench_table", str(out)]) as app:
            deadline = time.perf_counter() + 200
            while not out.exists() and time.perf_counter() < deadline:
                try:
                    app.drain(0.2)
                except EOFError:
                    break
        return [(what, value, unit) for what, value, unit in json.loads(out.read_text())]


if __name__ == "__main__":
    if sys.argv[1:]:
        Workload(Path(sys.argv[1])).run()
    else:
        for label, value, unit in measure():
            print(f"{label:55} {value:10.2f} {unit}")
