"""How many lines of each level a log had in each minute, counted as they come in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from backends.model import LogLine
from widgets.log_levels import ERROR, FATAL, WARN

MINUTE: Final = 60.0
"""Seconds that are counted together."""

MAX_MINUTES: Final = 7 * 24 * 60
"""Minutes that are remembered; of more, the oldest are forgotten."""


class Minute(msgspec.Struct, gc=False):
    """What was written in one minute."""

    lines: int = 0
    """All lines, those of stack traces too."""
    warnings: int = 0
    """Lines of the level WARN; a trace counts as one."""
    errors: int = 0
    """Lines of the levels ERROR and FATAL; a trace counts as one."""


class MinuteCounts:
    """Counts by the minute in which lines say that they were written; no time, no count."""

    def __init__(self) -> None:
        self.minutes: dict[int, Minute] = {}
        """What is known, by epoch minute; minutes without a line are left out."""

    def clear(self) -> None:
        """Forget everything."""
        self.minutes.clear()

    def add(self, lines: Sequence[LogLine], marks: bytes) -> None:
        """Count lines, which are in order of time, by their marks."""
        if lines:
            self._add(lines, marks, 0, len(lines) - 1)
            if len(self.minutes) > MAX_MINUTES:
                self.forget(sorted(self.minutes)[-MAX_MINUTES] * MINUTE)

    def _add(self, lines: Sequence[LogLine], marks: bytes, first: int, last: int) -> None:
        """Count a range whose ends are included, halving it until it lies in one minute."""
        begin, end = _minute(lines[first].at), _minute(lines[last].at)
        if begin != end and last - first > 1:
            middle = (first + last) // 2
            self._add(lines, marks, first, middle)
            self._add(lines, marks, middle + 1, last)
        elif begin != end:
            self._count(begin, marks[first : first + 1])
            self._count(end, marks[last : last + 1])
        else:
            self._count(begin, marks[first : last + 1])

    def _count(self, minute: int | None, marks: bytes) -> None:
        if minute is None:
            return
        counted = self.minutes.get(minute)
        if counted is None:
            counted = self.minutes[minute] = Minute()
        counted.lines += len(marks)
        counted.warnings += marks.count(WARN)
        counted.errors += marks.count(ERROR) + marks.count(FATAL)

    def forget(self, before: float) -> None:
        """Forget the minutes that were over before a moment, in epoch seconds."""
        first = _minute(before)
        if first is not None:
            for minute in [known for known in self.minutes if known < first]:
                del self.minutes[minute]

    def errors_since(self, moment: float) -> int:
        """Return the errors of the minutes from that of a moment on, in epoch seconds."""
        first = _minute(moment) or 0
        return sum(counted.errors for minute, counted in self.minutes.items() if minute >= first)

    def columns(self, end: float, count: int, span: int = 1) -> list[Minute]:
        """Return `count` sums over `span` minutes each, oldest first, the last one that of `end`.

        `end` is in epoch seconds. Sums begin at multiples of `span` minutes, so that they do
        not change as time goes on.
        """
        sums = [Minute() for _ in range(count)]
        last = (_minute(end) or 0) // span
        for minute, counted in self.minutes.items():
            place = count - 1 - (last - minute // span)
            if 0 <= place < count:
                column = sums[place]
                column.lines += counted.lines
                column.warnings += counted.warnings
                column.errors += counted.errors
        return sums


def _minute(at: float) -> int | None:
    return int(at // MINUTE) if at and math.isfinite(at) else None
