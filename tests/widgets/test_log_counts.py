"""Counts by the minute, against counting one by one."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.log_counts import MAX_MINUTES, MinuteCounts
from widgets.log_levels import ERROR, FATAL, INFO, WARN
from widgets.log_traces import CONTINUES

START = 1_790_000_000.0 // 3600 * 3600

MARKS = st.sampled_from([0, INFO, WARN, ERROR, FATAL, CONTINUES | ERROR])
BATCH = st.lists(st.tuples(st.integers(0, 900), MARKS), max_size=30).map(sorted)


def added(counts: MinuteCounts, batch: list[tuple[int, int]]) -> None:
    lines = [LogLine(at=START + second, source="s", text="") for second, _ in batch]
    counts.add(lines, bytes(mark for _, mark in batch))


@given(st.lists(BATCH, max_size=5), st.integers(1, 20), st.integers(1, 7))
def test_every_line_is_counted_in_its_minute(
    batches: list[list[tuple[int, int]]], count: int, span: int
) -> None:
    counts = MinuteCounts()
    lines: Counter[int] = Counter()
    warnings: Counter[int] = Counter()
    errors: Counter[int] = Counter()
    for batch in batches:
        added(counts, batch)
        for second, mark in batch:
            lines[second // 60] += 1
            warnings[second // 60] += mark == WARN
            errors[second // 60] += mark in (ERROR, FATAL)
    assert {m - START // 60: c.lines for m, c in counts.minutes.items()} == lines
    columns = counts.columns(START + 900, count, span)
    first = (START + 900) // 60 // span - count + 1
    for place, column in enumerate(columns):
        minutes = [m for m in range(16) if (START / 60 + m) // span == first + place]
        assert column.lines == sum(lines[m] for m in minutes)
        assert column.warnings == sum(warnings[m] for m in minutes)
        assert column.errors == sum(errors[m] for m in minutes)
    assert counts.errors_since(START + 300) == sum(n for m, n in errors.items() if m >= 5)


def test_what_has_no_time_is_not_counted() -> None:
    counts = MinuteCounts()
    counts.add([LogLine(at=at, source="s", text="") for at in (0.0, float("nan"))], bytes(2))
    assert not counts.minutes


def test_minutes_are_forgotten() -> None:
    counts = MinuteCounts()
    added(counts, [(0, ERROR), (70, ERROR), (130, ERROR)])
    counts.forget(START + 100)
    assert counts.errors_since(0) == 2
    for day in range(2):
        added(counts, [(day * 7 * 86_400 + n * 60, 0) for n in range(0, 7 * 1440, 1)])
    assert len(counts.minutes) <= MAX_MINUTES
    counts.clear()
    assert not counts.minutes
