"""What is known of each line of a log from the moment it comes in: level, trace, minute."""

from __future__ import annotations

import math
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
        self._oldest = math.inf

    def __call__(self, lines: Sequence[LogLine]) -> bytes:
        """Return a mark for each of some lines, at least one, that follow each other.

        Lines from before all others are history: what comes next does not go on with them.
        """
        history = 0.0 < lines[-1].at < self._oldest < math.inf
        self._oldest = min(self._oldest, lines[0].at or self._oldest)
        marks = (TraceReader() if history else self._traces)(lines)
        self.counts.add(lines, marks)
        return marks

    def clear(self) -> None:
        """Forget what came before: another log begins."""
        self.counts.clear()
        self._traces.clear()
        self._oldest = math.inf
