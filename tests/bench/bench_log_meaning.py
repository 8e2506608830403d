"""What it costs to understand a log: levels and traces of every line, filters by field.

All figures are of CPU, so that what else the machine does matters little.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from statistics import median
from time import process_time

from backends.clock import SystemClock
from backends.model import LogBatch, LogLine
from backends.sim.logtext import LogVoice
from tests.bench.log_lines import lines
from widgets.log_columns import Columns
from widgets.log_levels import level_of
from widgets.log_marks import LineMarks
from widgets.log_model import LogModel
from widgets.log_query import read_filter

ROUNDS = 5
"""Every figure is the median of so many."""

BATCH = 1_000
"""Lines that arrive together."""

HELD = 100_000
"""Lines that are filtered."""

NOW = 1_790_000_000.0


def mixed() -> list[LogLine]:
    """Return lines of twenty workloads, in order of time: JSON, logfmt, access logs, terminal
    colours, stack traces."""
    said: list[LogLine] = []
    for number in range(20):
        voice = LogVoice(1, f"svc-{number}", "stream", random.Random(number).choice(("", "oom")))
        source = f"svc-{number}/app"
        found = voice.lines(NOW, NOW + 1800)
        said += [LogLine(at=at, source=source, text=text) for at, text in found]
    said.sort(key=lambda line: line.at)
    return said


def cost(work: Callable[[], object], count: int) -> float:
    """Return the microseconds that one of `count` things took."""
    spent: list[float] = []
    for _ in range(ROUNDS):
        gc.collect()
        began = process_time()
        work()
        spent.append((process_time() - began) / count * 1e6)
    return median(spent)


def marking(said: list[LogLine]) -> float:
    """Return what levels, traces and counts take for one line as it comes in."""
    batches = [said[start : start + BATCH] for start in range(0, len(said), BATCH)]

    def work() -> None:
        marks = LineMarks()
        for batch in batches:
            marks(batch)

    return cost(work, len(said))


def filtering(model: LogModel, pattern: str) -> float:
    """Return milliseconds until all that is held has been looked at."""

    def work() -> None:
        model.set_filter(read_filter(pattern))
        while model.step():
            pass
        model.set_filter(read_filter(""))

    return cost(work, 1000)


def measure() -> list[tuple[str, float, str]]:
    """Return (name, value, unit and target) for the bench table."""
    said = mixed()
    uniform = list(lines(HELD))
    texts = [line.text for line in said]
    model = LogModel(SystemClock(), 1 << 30, LineMarks())
    times = -(-HELD // len(said))
    for start in range(0, HELD, BATCH):
        model.feed(LogBatch(lines=tuple((said * times)[start : start + BATCH])))
    ms = f"ms of CPU for {HELD:,} lines"
    columns = Columns()
    view = [(line, 0) for line in said[:60]]
    return [
        ("log: level of a line, mixed formats",
         cost(lambda: [level_of(text) for text in texts], len(texts)), "µs of CPU (at most 2)"),
        ("log: level, trace and count of a line, mixed", marking(said), "µs of CPU (at most 3)"),
        ("log: the same of lines of one format", marking(uniform), "µs of CPU (at most 2)"),
        ("log: filter level>=warn", filtering(model, "level>=warn"), f"{ms} (at most 50)"),
        ("log: filter status>=500", filtering(model, "status>=500"), f"{ms} (at most 1000)"),
        ("log: filter level=error latency_ms>500",
         filtering(model, "level=error latency_ms>500"), f"{ms} (at most 200)"),
        ("log: columns fitted to 60 lines",
         cost(lambda: columns.update(view, 200), 1000), "ms of CPU a frame (at most 5)"),
    ]  # fmt: skip


if __name__ == "__main__":
    for label, value, unit in measure():
        print(f"{label:50} {value:10,.2f} {unit}")
