"""What is known of each line of a log from the moment it comes in: level, trace, minute."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model import LogLine
from widgets.log_counts import MinuteCounts
from widgets.log_traces import TraceReader


class LineMarks:
    """Marks lines for a `LogBuffer`, and counts them by the minute on the way."""

    def __init__(self) -> None:
        self.counts = MinuteCounts()
        """What there was in each minute."""
        self._traces = TraceReader()

    def __call__(self, lines: Sequence[LogLine]) -> bytes:
        """Return a mark for each of some lines that follow each other."""
        marks = self._traces(lines)
        self.counts.add(lines, marks)
        return marks

    def clear(self) -> None:
        """Forget what came before: another log begins."""
        self.counts.clear()
        self._traces.clear()
