"""The lines of a ring that a pattern accepts, found in short slices, newest first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from backends.clock import Clock
from widgets.log_buffer import Entry, LogBuffer
from widgets.log_filter import Pattern

SLICE = 0.008
"""Seconds that one step of a scan may take before it lets others run."""

BLOCK = 256
"""Entries looked at between two looks at the clock; fewer where lines are very long."""

BLOCK_CHARACTERS = 256 * 1024
"""Characters looked at between two looks at the clock, about."""

MAX_STEP = 50_000
"""Entries that one step looks at, however quick it is."""


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
        self._older: list[int] = []  # ids, newest first: ordinals _shift - 1, _shift - 2, ...
        self._newer: list[int] = []  # ids, oldest first: ordinals _shift, _shift + 1, ...
        self._shift = 0
        self._back = buffer.end  # everything from here to _ahead has been looked at
        self._ahead = buffer.end
        self._candidates: list[int] = []
        self._floor = self._back
        if within is not None:
            self._candidates = within.ids()
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
    def scanning(self) -> float | None:
        """The share of the buffer that has been looked at; None when that is all of it."""
        if self._done():
            return None
        total = max(1, self._buffer.end - self._buffer.first)
        return max(0.0, min(1.0, (self._ahead - max(self.reached, self._buffer.first)) / total))

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
        self._candidates = [i for i in self._candidates if i >= first]

    def step(self, clock: Clock, budget: float = SLICE) -> bool:
        """Look on for about `budget` seconds; return whether there is more to look at.

        What has arrived is looked at first, then what was there before, backwards.
        """
        self.forget()
        deadline = clock.monotonic() + budget
        block = max(1, min(BLOCK, BLOCK_CHARACTERS // max(1, self._buffer.longest)))
        left = MAX_STEP

        def over() -> bool:
            return clock.monotonic() >= deadline

        while left > 0 and not self._done():
            if self._ahead < self._buffer.end:
                self._look_ahead(block, over)
            elif self._candidates:
                self._narrow(block, over)
            else:
                self._look_back(block, over)
            left -= block
            if over():
                break
        return not self._done()

    def _done(self) -> bool:
        if self._ahead < self._buffer.end or self._candidates:
            return False
        return self.reached <= self._buffer.first

    def _look_ahead(self, block: int, over: Callable[[], bool]) -> None:
        start = max(self._ahead, self._buffer.first)
        entries = self._buffer.span(start, start + block)
        picked, looked = self._pick(range(start, start + len(entries)), entries, over)
        self._newer.extend(picked)
        self._ahead = start + looked

    def _look_back(self, block: int, over: Callable[[], bool]) -> None:
        stop = self.reached
        start = max(self._buffer.first, stop - block)
        entries = self._buffer.span(start, stop)
        picked, looked = self._pick(range(stop - 1, start - 1, -1), entries[::-1], over)
        self._older.extend(picked)
        self._back = stop - looked

    def _narrow(self, block: int, over: Callable[[], bool]) -> None:
        ids = self._candidates[: -block - 1 : -1]
        held = [i for i in ids if i >= self._buffer.first]
        picked, looked = self._pick(held, [self._buffer[i] for i in held], over)
        self._older.extend(picked)
        del self._candidates[-looked if looked < len(held) else -len(ids) :]
        self._back = self._candidates[-1] + 1 if self._candidates else self._floor

    def _pick(
        self, ids: Sequence[int], entries: Sequence[Entry], over: Callable[[], bool]
    ) -> tuple[list[int], int]:
        """Return the ids of the entries that are accepted, and how many were looked at."""
        if self.pattern.limited:
            hits = self.pattern.decide(entries, over)
            return [i for i, hit in zip(ids, hits, strict=False) if hit], len(hits)
        return [ids[at] for at in self.pattern.pick(entries)], len(entries)
