"""The table of what faults did: one row each, what missed its target marked."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faults.outcome import Outcome
from tests.faults.tails import Verdict

KEY_MS = 100.0
"""Milliseconds within which a key is to be answered."""

BACK = 10.0
"""Seconds within which rows are to be live again."""

COLUMNS = (
    "fault", "backend", "keys answered ms (max)", "rows", "others", "live again after s", "state",
    "notes",
)  # fmt: skip

BEYOND = " !"
"""Behind what missed its target."""


def sound(outcome: Outcome) -> bool:
    """Whether everything was as it is meant to be, but for how long it took: that is marked in the
    table, and depends on what else the machine does."""
    whole = outcome.kept and outcome.others and outcome.equal and outcome.passed <= 1
    return whole and outcome.keys > 0 and _log_met(outcome.log)


def _log_met(log: Verdict) -> bool:
    told = not log.missing or any("log ends" in mark for mark in log.marks)
    return told and not log.twice and not log.foreign


def _mark(text: str, good: bool) -> str:
    return text if good else text + BEYOND


def cells(outcome: Outcome) -> tuple[str, ...]:
    """Return the cells of one row."""
    rows = "live" if outcome.state == "live" else f"{outcome.state}: {outcome.code}"
    if outcome.state != "live":
        rows += f" after {outcome.noticed:.1f} s"
    back = f"{outcome.back:.1f}" if outcome.back >= 0 else "never"
    return (
        outcome.fault,
        outcome.backend,
        _mark(f"{outcome.usual:.0f} ({outcome.keys:.0f})", 0 < outcome.keys <= KEY_MS),
        _mark(f"kept, {rows}" if outcome.kept else f"lost, {rows}", outcome.kept),
        _mark("live" if outcome.others else "disturbed", outcome.others),
        _mark(back, 0 <= outcome.back <= BACK),
        _mark("equal" if outcome.equal else "differs", outcome.equal),
        f"{_scaled(outcome)}; {_logged(outcome.log)}",
    )


def _scaled(outcome: Outcome) -> str:
    """Say what became of the scaling that was sent meanwhile."""
    times = {0: "did not reach the server", 1: "reached it once"}
    reached = _mark(times.get(outcome.passed, f"{outcome.passed} times"), outcome.passed <= 1)
    said = outcome.answer.partition(":")[0]
    if "it may have been done" in outcome.answer:
        said += ", may have been done"
    return f"scaling {reached}, told: {said}"


def _logged(log: Verdict) -> str:
    """Say what became of the log."""
    if not log.missing and not log.twice and not log.foreign:
        return f"log: all {log.lines} lines once"
    lost = f"{len(log.missing)} of {log.lines} missing" if log.missing else "none missing"
    more = f", {len(log.twice)} twice" if log.twice else ""
    more += f", {len(log.foreign)} foreign" if log.foreign else ""
    marked = ", marked" if any("log ends" in mark for mark in log.marks) else ""
    return _mark(f"log: {lost}{more}{marked}", _log_met(log))


def width(table: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column has to be."""
    return [max(len(row[index]) for row in table) for index in range(len(table[0]))]
