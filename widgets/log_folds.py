"""Stack traces folded to their first line, and the way to the next failure."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from widgets.log_buffer import LogBuffer
from widgets.log_levels import ERROR, FATAL
from widgets.log_traces import CONTINUES

REACH: Final = 4096
"""Entries after a line, or after the last that goes on with it, among which more are looked for;
and before one, for the line that it goes on with."""

WINDOW: Final = 256
"""Entries that are unpacked at a time on the way there."""

FAILURE_WINDOW: Final = 4096
"""Entries that are looked through at a time for one that reports an error."""

MAX_KNOWN: Final = 4096
"""Lines whose traces are remembered; beyond that all are forgotten and looked for anew."""

HAS_TRACE: Final = re.compile(rb"[\x10-\x1f]")
"""Finds marks of lines that go on with another."""


class _Fold(msgspec.Struct, gc=False):
    ids: list[int]
    upto: int
    closed: bool = False


class Folds:
    """Which entries of a ring are put away beneath the line that they go on with."""

    def __init__(self, buffer: LogBuffer) -> None:
        self.folding = True
        """Traces are folded, but for those that were unfolded one by one."""
        self._buffer = buffer
        self._known: dict[int, _Fold] = {}
        self._heads: dict[int, int | None] = {}
        self._unfolded: set[int] = set()

    def lines(self, entry_id: int) -> list[int]:
        """Return the ids of the entries that go on with one, none if it goes on itself."""
        if not self._buffer.first <= entry_id < self._buffer.end:
            return []
        known = self._known.get(entry_id)
        if known is None:
            if self._buffer.mark(entry_id) & CONTINUES:
                return []
            known = _Fold([], entry_id + 1)
        if not known.closed and known.upto < self._buffer.end:
            self._look_on(entry_id, known)
        return known.ids

    def _look_on(self, entry_id: int, fold: _Fold) -> None:
        """Take in what has arrived since; a line from the same source that stands alone ends it."""
        source = self._buffer[entry_id].source
        if not fold.ids and not HAS_TRACE.search(self._buffer.marks(fold.upto, fold.upto + REACH)):
            return  # nothing has been looked at in earnest
        while not fold.closed and fold.upto < self._buffer.end:
            last = fold.ids[-1] if fold.ids else entry_id
            stop = min(self._buffer.end, fold.upto + WINDOW, last + 1 + REACH)
            marks = self._buffer.marks(fold.upto, stop)
            self._take(fold, source, marks, stop)
            fold.closed = fold.closed or stop == last + 1 + REACH
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[entry_id] = fold

    def _take(self, fold: _Fold, source: str, marks: bytes, stop: int) -> None:
        for offset, entry in enumerate(self._buffer.span(fold.upto, stop)):
            if entry.source != source:
                continue
            if not marks[offset] & CONTINUES:
                fold.closed = True
                break
            fold.ids.append(fold.upto + offset)
        fold.upto = stop

    def head(self, entry_id: int) -> int:
        """Return the id of the entry that one goes on with; its own if there is none held."""
        if not self._buffer.mark(entry_id) & CONTINUES:
            return entry_id
        known = self._heads.get(entry_id)
        if known is None or known < self._buffer.first:
            if len(self._heads) >= MAX_KNOWN:
                self._heads.clear()
            known = self._look_for_head(entry_id)
            if not self._buffer.mark(known) & CONTINUES:
                self._heads[entry_id] = known
        return known

    def _look_for_head(self, entry_id: int) -> int:
        source = self._buffer[entry_id].source
        oldest = stop = entry_id
        while stop > max(self._buffer.first, oldest - REACH):
            start = max(self._buffer.first, stop - WINDOW)
            marks = self._buffer.marks(start, stop)
            entries = self._buffer.span(start, stop)
            for offset in range(len(entries) - 1, -1, -1):
                if entries[offset].source == source:
                    oldest = start + offset
                    if not marks[offset] & CONTINUES:
                        return oldest
            stop = start
        return oldest

    def hides(self, entry_id: int) -> bool:
        """Return whether an entry is folded away."""
        if not self.folding or not self._buffer.mark(entry_id) & CONTINUES:
            return False
        if entry_id - self._buffer.first < REACH and self._is_orphan(entry_id):
            return False
        return not self._unfolded or self.head(entry_id) not in self._unfolded

    def _is_orphan(self, entry_id: int) -> bool:
        """Return whether what an entry goes on with has fallen out, or is history yet to come."""
        return bool(self._buffer.mark(self.head(entry_id)) & CONTINUES)

    def folded(self, entry_id: int) -> int:
        """Return how many entries are folded away beneath one."""
        if not self.folding or entry_id in self._unfolded:
            return 0
        return len(self.lines(entry_id))

    def toggle(self, entry_id: int) -> None:
        """Unfold the trace that an entry belongs to, or fold it again."""
        self._unfolded ^= {self.head(entry_id)}

    def toggle_all(self) -> None:
        """Unfold all traces, or fold all of them."""
        self.folding = not self.folding
        self._unfolded.clear()


def next_failure(buffer: LogBuffer, start: int, step: int) -> int | None:
    """Return the id of the nearest entry that reports an error itself, None if there is none.

    It is looked for from the id `start` on, upwards or (step -1) down; stack traces count by
    their first line.
    """
    while buffer.first <= start < buffer.end:
        if step > 0:
            stop = start + FAILURE_WINDOW
            marks = buffer.marks(start, stop)
            found = [at for at in (marks.find(ERROR), marks.find(FATAL)) if at >= 0]
            if found:
                return start + min(found)
            start = stop
        else:
            begin = max(buffer.first, start + 1 - FAILURE_WINDOW)
            marks = buffer.marks(begin, start + 1)
            last = max(marks.rfind(ERROR), marks.rfind(FATAL))
            if last >= 0:
                return begin + last
            start = begin - 1
    return None
