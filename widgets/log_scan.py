"""The lines of a ring that a pattern accepts, found in short slices, newest first."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from backends.clock import Clock
from widgets.joint_search import SPARSE
from widgets.log_buffer import LogBuffer
from widgets.log_chunk import Chunk
from widgets.log_filter import Pattern
from widgets.log_search import find

SLICE = 0.008
"""Seconds that one step of a scan may take before it lets others run."""

MAX_STEP = 50_000
"""Entries that one step looks at, however quick it is."""


def pick(
    pattern: Pattern, chunk: Chunk, ids: Sequence[int], over: Callable[[], bool]
) -> tuple[Sequence[int], int]:
    """Return which of the entries of a chunk are accepted, and how many were looked at.

    They are looked at in the order of `ids`, all of them unless the time is `over` before.
    """
    if pattern.marks is not None:
        return _pick_marked(pattern, pattern.marks, chunk, ids, over)
    if isinstance(ids, range):
        found = find(pattern, chunk, min(ids), max(ids) + 1)
        if found is not None:
            return found if ids.step > 0 else found[::-1], len(ids)
    hits = pattern.decide(map(chunk.entry, ids), over)
    return [i for i, hit in zip(ids, hits, strict=False) if hit], len(hits)


def _pick_marked(
    pattern: Pattern,
    marks: frozenset[int],
    chunk: Chunk,
    ids: Sequence[int],
    over: Callable[[], bool],
) -> tuple[Sequence[int], int]:
    """Ask only for those lines that have one of some marks; notes are none."""
    given, first, notes = chunk.marks, chunk.first, chunk.kinds
    wanted = [i for i in ids if given[i - first] in marks and i not in notes]
    if pattern.by_mark or not wanted:
        return wanted, len(ids)
    hits = pattern.decide(map(chunk.entry, wanted), over)
    looked = len(ids) if len(hits) == len(wanted) else ids.index(wanted[len(hits) - 1]) + 1
    return [i for i, hit in zip(wanted, hits, strict=False) if hit], looked


class Matches:
    """The entries of a buffer that a pattern accepts, found step by step.

    Each has an ordinal: those found behind the starting point count up from 0, those before
    it down from -1, so that an ordinal never changes while the scan works its way back, new
    entries arrive, and old ones fall out.
    """

    def __init__(
        self, buffer: LogBuffer, pattern: Pattern, *, within: Matches | None = None
    ) -> None:
        self.pattern = pattern
        """What is looked for."""
        self._buffer = buffer
        self._older = array("q")  # ids, newest first: ordinals _shift - 1, _shift - 2, ...
        self._newer = array("q")  # ids, oldest first: ordinals _shift, _shift + 1, ...
        self._shift = 0
        self._back = buffer.end  # everything from here to _ahead has been looked at
        self._ahead = buffer.end
        self._candidates = array("q")
        self._floor = self._back
        if within is not None:
            self._candidates = array("q", within.ids())
            self._floor = within.reached
            self._ahead = self._back = within.ahead

    @property
    def lo(self) -> int:
        """The ordinal of the oldest match."""
        return self._shift - len(self._older)

    @property
    def hi(self) -> int:
        """The ordinal behind the newest match."""
        return self._shift + len(self._newer)

    def id_at(self, ordinal: int) -> int:
        """Return the id of the entry that has this ordinal."""
        if ordinal < self._shift:
            return self._older[self._shift - 1 - ordinal]
        return self._newer[ordinal - self._shift]

    def ordinal_of(self, entry_id: int) -> int:
        """Return the ordinal of the first match whose id is at least `entry_id`."""
        if self._older and entry_id <= self._older[0]:
            rank = bisect_left(self._older, -entry_id, key=lambda known: -known)
            if rank < len(self._older) and self._older[rank] == entry_id:
                return self._shift - 1 - rank
            return self._shift - rank
        return self._shift + bisect_left(self._newer, entry_id)

    def ids(self) -> list[int]:
        """Return the ids of all matches, oldest first."""
        return [*reversed(self._older), *self._newer]

    @property
    def reached(self) -> int:
        """The id down to which everything has been looked at."""
        return self._back if self._candidates else min(self._back, self._floor)

    @property
    def ahead(self) -> int:
        """The id up to which everything has been looked at."""
        return self._ahead

    @property
    def searched(self) -> int | None:
        """How many of the entries held have been looked at; None when all of them have been."""
        if self._done():
            return None
        return max(0, self._ahead - max(self.reached, self._buffer.first))

    @property
    def scanning(self) -> float | None:
        """The share of the buffer that has been looked at; None when that is all of it."""
        searched = self.searched
        return None if searched is None else min(1.0, searched / max(1, len(self._buffer)))

    def forget(self) -> None:
        """Drop the matches that fell out of the buffer."""
        first = self._buffer.first
        while self._older and self._older[-1] < first:
            self._older.pop()
        if not self._older and self._newer and self._newer[0] < first:
            gone = bisect_left(self._newer, first)
            del self._newer[:gone]
            self._shift += gone

    def rewind(self) -> None:
        """Expect that entries are put before the oldest: they are to be looked at as well."""
        self.forget()
        first = self._buffer.first
        self._back = max(self._back, first)
        self._floor = max(self._floor, first)
        del self._candidates[: bisect_left(self._candidates, first)]

    def step(self, clock: Clock, budget: float = SLICE) -> bool:
        """Look on for about `budget` seconds; return whether there is more to look at.

        What has arrived is looked at first, then what was there before, backwards.
        """
        self.forget()
        deadline = clock.monotonic() + budget
        left = MAX_STEP

        def over() -> bool:
            return clock.monotonic() >= deadline

        while left > 0 and not self._done():
            if self._ahead < self._buffer.end:
                left -= self._look_ahead(over)
            elif self._candidates:
                left -= self._narrow(over)
            else:
                left -= self._look_back(over)
            if over():
                break
        return not self._done()

    def _done(self) -> bool:
        if self._ahead < self._buffer.end or self._candidates:
            return False
        return self.reached <= self._buffer.first

    def _look_ahead(self, over: Callable[[], bool]) -> int:
        """Look at what has arrived, up to a chunk of it; return how many entries that was."""
        start = max(self._ahead, self._buffer.first)
        chunk = self._buffer.chunk_at(start)
        picked, looked = pick(self.pattern, chunk, range(start, chunk.end), over)
        self._newer.extend(picked)
        self._ahead = start + looked
        return looked

    def _look_back(self, over: Callable[[], bool]) -> int:
        """Look at what was there before, up to a chunk of it."""
        stop = self.reached
        chunk = self._buffer.chunk_at(stop - 1)
        picked, looked = pick(self.pattern, chunk, range(stop - 1, chunk.first - 1, -1), over)
        self._older.extend(picked)
        self._back = stop - looked
        return looked

    def _narrow(self, over: Callable[[], bool]) -> int:
        """Look at what an earlier scan has found, up to a chunk of it.

        Where it found much, all between is looked at: it was refused then and is so again.
        """
        known = self._candidates
        del known[: bisect_left(known, self._buffer.first)]
        looked = 0
        if known:
            chunk = self._buffer.chunk_at(known[-1])
            begin = bisect_left(known, chunk.first)
            if (len(known) - begin) * SPARSE > len(chunk):
                ids: Sequence[int] = range(known[-1], known[begin] - 1, -1)
            else:
                ids = known[begin:][::-1]
            picked, looked = pick(self.pattern, chunk, ids, over)
            self._older.extend(picked)
            left = ids[looked] if looked < len(ids) else ids[-1] - 1
            del known[bisect_right(known, left) :]
        self._back = known[-1] + 1 if known else self._floor
        return looked
