"""What the table costs with 100,000 rows of 10 columns, and beside Textual's own with 10,000."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

from textual.app import ComposeResult
from textual.widgets import DataTable

from backends.clock import SystemClock
from backends.model import Resource
from tests.bench.table_app import Figure, Workload, delays, figures_of
from tests.bench.table_rows import COLUMNS, pod
from widgets.resource_table import ResourceTable

ROWS = 100_000
"""Rows in the large table."""

FEW = 10_000
"""Rows that Textual's own table bears."""

CHANGES = 5_000
"""Rows that change each second, in ten batches."""

LIVE_SECONDS = 2.0
"""For so long they do."""

RUNS = 3
"""Times that each thing is measured; the median counts."""

_NAME = "tests.bench.bench_table"
"""This module, by the name that a program of its own finds it by."""

WORD, EXPRESSION = "query", "^query.*[02468]$"
"""What is typed into the filter."""


def many(count: int) -> list[Resource]:
    """Return so many rows, known by their address as those that come out of a store are."""
    rng = random.Random(1)
    rows = [pod(number, rng) for number in range(count)]
    assert len({row.ref: row for row in rows}) == count
    gc.collect()
    gc.freeze()  # as after any large load: else every later figure has its collections in it
    return rows


class TableWorkload(Workload):
    """Puts a `ResourceTable` through its paces."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.table = ResourceTable(clock=SystemClock())
        self.count = 0

    @property
    def subject(self) -> ResourceTable:
        """The table."""
        return self.table

    def compose(self) -> ComposeResult:
        """Show nothing but the table."""
        yield self.table

    def note(self, what: str, value: float, unit: str) -> None:
        """Keep one figure."""
        self.figures.append((f"table of {self.count:,}: {what}", value, unit))

    async def painted(self) -> None:
        """Wait until nothing waits to be drawn."""
        while self.table.painting:
            await asyncio.sleep(0.001)
        await self.refreshed()

    async def at_rest(self) -> None:
        """Wait until rows are in order, and prepared for a filter if one is to come."""
        await self.painted()
        while self.table.warming or self.table.painting:
            await asyncio.sleep(0.02)

    async def loads(self, rows: list[Resource]) -> float:
        """Return the ms of CPU from the rows to the first screen."""
        found = []
        for _ in range(RUNS):
            self.table.set_columns(COLUMNS)
            await self.at_rest()
            found.append(await self.timed(lambda: self.table.replace(rows)))
        await self.at_rest()
        return median(found)

    async def sorts(self) -> dict[str, float]:
        """Return the ms of CPU of sorting by each column, in the dearer of both directions."""
        found: dict[str, list[float]] = {}
        for _ in range(RUNS):
            for column in COLUMNS:
                for reverse in (False, True):
                    took = await self.timed(
                        lambda c=column, r=reverse: self.table.sort_by(c.key, r)
                    )  # type: ignore[misc]
                    found.setdefault(f"{column.key}{' down' * reverse}", []).append(took)
        return {key: median(times) for key, times in found.items()}

    async def key(self, text: str) -> tuple[float, float]:
        """Return the ms of CPU until a filter shows its first rows, and until all are found."""
        first = await self.timed(lambda: self.table.set_filter(text))
        began = time.thread_time()
        while self.table.searching:
            await asyncio.sleep(0.001)
        return first, first + (time.thread_time() - began) * 1000

    async def keys(self, text: str) -> tuple[float, float]:
        """Type a filter; return the worst `key`."""
        worst = []
        for _ in range(RUNS):
            typed = []
            for end in range(1, len(text) + 1):
                typed.append(await self.key(text[:end]))
            worst.append((max(first for first, _ in typed), max(both for _, both in typed)))
            self.table.set_filter("")
        return median([first for first, _ in worst]), median([both for _, both in worst])


class LargeTable(TableWorkload):
    """Every figure that there is a target for."""

    async def work(self) -> None:
        """Measure."""
        rows, self.count = many(ROWS), ROWS
        unit = "ms of CPU"
        self.note("first screen of a load", await self.loads(rows), f"{unit} (at most 50)")
        again = await self.median_of(RUNS, lambda: self.table.replace(rows))
        self.note("the same rows once more", again, unit)
        await self.at_rest()
        sorts = await self.sorts()
        worst = max(sorts, key=lambda key: sorts[key])
        self.note(f"sort, the worst ({worst})", sorts[worst], f"{unit} (at most 80)")
        self.note("sort, the median of all columns", median(sorts.values()), unit)
        self.table.sort_by("name", False)
        await self.measure_filter()
        await self.measure_scrolling()
        await self.measure_live(rows, "name", "changes in sight of no sorted column")
        await self.measure_live(rows, "memory", "changes that move every row")

    async def measure_filter(self) -> None:
        """Type a word and an expression, at once and once texts are at hand."""
        _, cold = await self.key(WORD)
        self.note("a word at once, until all rows are found", cold, "ms of CPU")
        self.table.set_filter("")
        self.table.expect_filter(True)
        await self.at_rest()
        for what, typed in (("a word", WORD), ("an expression", EXPRESSION)):
            first, complete = await self.keys(typed)
            self.note(f"filter, the worst key of {what}", first, "ms of CPU (at most 40)")
            self.note("filter, the same until all rows are found", complete, "ms of CPU")
        await self.key(WORD)
        off = await self.timed(lambda: self.table.set_filter(""))
        self.note("filter off", off, "ms of CPU (at most 40)")
        self.table.expect_filter(False)

    async def measure_scrolling(self) -> None:
        """Measure frames: pages of new rows, and single steps of the cursor."""
        rate, cost = await self.frames(lambda: self.table.action_page(1), 60)
        self.note("page down", rate, "frames a second (at least 50)")
        self.note("page down, a frame", cost, "ms of CPU")
        _, cost = await self.frames(lambda: self.table.action_move(1), 40)
        self.note("cursor down, a frame", cost, "ms of CPU")

    async def frames(self, act: Callable[[], None], count: int) -> tuple[float, float]:
        """Return frames a second and the ms of CPU of each, from the first row on."""
        rates, costs = [], []
        for _ in range(RUNS):
            self.table.action_first()
            await self.painted()
            began, cpu = time.perf_counter(), time.thread_time()
            for _ in range(count):
                act()
                await self.refreshed()
            costs.append((time.thread_time() - cpu) / count * 1000)
            rates.append(count / (time.perf_counter() - began))
        return median(rates), median(costs)

    async def measure_live(self, rows: list[Resource], order: str, what: str) -> None:
        """Measure CPU and the loop's delay while rows change."""
        rng = random.Random(2)
        self.table.sort_by(order, False)
        found = []
        for _ in range(RUNS):
            batches = [
                [pod(number, rng) for number in rng.sample(range(ROWS), CHANGES // 10)]
                for _ in range(int(LIVE_SECONDS * 10))
            ]
            await self.at_rest()
            gc.collect()
            gc.freeze()
            async with delays() as late:
                began, cpu = time.perf_counter(), time.process_time()
                for number, batch in enumerate(batches):
                    self.table.apply(batch)
                    await asyncio.sleep(max(0, began + (number + 1) / 10 - time.perf_counter()))
                share = (time.process_time() - cpu) / (time.perf_counter() - began) * 100
            found.append((share, sorted(late)[int(len(late) * 0.99)] * 1000))
        share, worst = (median(values) for values in zip(*found, strict=True))
        aimed = order == "name"
        unit = "% of one core (at most 8)" if aimed else "% of one core"
        self.note(f"5,000 {what} a second", share, unit)
        unit = "ms (at most 10)" if aimed else "ms"
        self.note(f"5,000 {what} a second: delay of the loop, p99", worst, unit)


class TableMemory(TableWorkload):
    """What is allocated for rows beyond the rows themselves; allocations are slow to follow."""

    async def work(self) -> None:
        """Measure."""
        rows, self.count = many(ROWS), ROWS
        self.table.set_columns(COLUMNS)
        await self.at_rest()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]

        def grown() -> float:
            gc.collect()
            return (tracemalloc.get_traced_memory()[0] - before) / ROWS

        self.table.replace(rows)
        await self.at_rest()
        self.note("memory of the table", grown(), "bytes a row (at most 100)")
        self.table.sort_by("memory", True)
        await self.painted()
        self.note("memory of the table, sorted", grown(), "bytes a row (at most 100)")
        self.table.set_filter(WORD)
        while self.table.searching:
            await asyncio.sleep(0.01)
        await self.at_rest()
        self.note("memory of the table, filtered", grown(), "bytes a row (at most 100)")
        self.table.expect_filter(True)
        await self.at_rest()
        self.note("memory of the table while a filter is typed", grown(), "bytes a row")
        tracemalloc.stop()


class FewRows(TableWorkload):
    """What Textual's own table does as well."""

    async def work(self) -> None:
        """Measure."""
        rows, self.count = many(FEW), FEW
        self.note("load", await self.loads(rows), "ms of CPU")
        self.note("sort", (await self.sorts())["ip"], "ms of CPU")
        self.table.expect_filter(True)
        await self.at_rest()
        self.note("filter", (await self.keys(WORD))[1], "ms of CPU")


class TextualTable(Workload):
    """The same with a `DataTable`, which is given the texts that it is to show."""

    def __init__(self, out: Path) -> None:
        super().__init__(out)
        self.table: DataTable[str] = DataTable(cursor_type="row")

    @property
    def subject(self) -> DataTable[str]:
        """The table."""
        return self.table

    def compose(self) -> ComposeResult:
        """Show nothing but the table."""
        yield self.table

    async def work(self) -> None:
        """Measure; it has no filter, so that rows are taken out and put in."""
        rows = [tuple(str(cell) for cell in row.cells) for row in many(FEW)]
        for column in COLUMNS:
            self.table.add_column(column.title, key=column.key)
        loads = []
        for _ in range(RUNS):
            self.table.clear()
            loads.append(await self.timed(lambda: self.table.add_rows(rows)))
        self.figures.append(("load", median(loads), ""))
        sort = await self.median_of(RUNS, lambda: self.table.sort("ip"))
        self.figures.append(("sort", sort, ""))

        def narrow() -> None:
            self.table.clear()
            self.table.add_rows(row for row in rows if any(WORD in cell for cell in row))

        self.figures.append(("filter", await self.median_of(RUNS, narrow), ""))


def measure() -> list[Figure]:
    """Return (name, value, unit and target) for the bench table."""
    own = figures_of(_NAME, "FewRows")
    others = figures_of(_NAME, "TextualTable")
    ratios = [
        (f"{what}: Textual's DataTable takes", theirs / ours, "times as long")
        for (what, ours, _), (_, theirs, _) in zip(own, others, strict=True)
    ]
    large = [*figures_of(_NAME, "LargeTable"), *figures_of(_NAME, "TableMemory")]
    return [*large, *own, *ratios]


if __name__ == "__main__":
    if sys.argv[1:]:
        kinds = {kind.__name__: kind for kind in (LargeTable, TableMemory, FewRows, TextualTable)}
        kinds[sys.argv[1]](Path(sys.argv[2])).run()
    else:
        for label, value, unit in measure():
            print(f"{label:55} {value:10.2f} {unit}")
