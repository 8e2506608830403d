"""From entries to rows of the screen and back, without measuring those that nobody sees.

A wrapped entry takes several rows, and how many is only known once it has been laid out.
`RowIndex` measures the entries around the screen exactly and goes by their average elsewhere.
`Viewport` holds on to the entry at its top, never to a row number: what is learnt about
others, arrives or falls out moves the scroll bar but not the text.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence

CHUNK = 32
"""Entries that are measured together."""

MAX_CHUNKS = 512
"""Measured chunks that are remembered; beyond that all are forgotten but those in use."""


_LEAST = 0.01
"""Rows of an entry on average at least, where nearly all are folded away."""


class RowIndex:
    """How many rows the entries from ordinal `lo` up to `hi` take.

    `measure` returns the heights (0: folded away) of the entries from one ordinal up to another;
    without it every entry is one row.
    """

    def __init__(
        self, measure: Callable[[int, int], Sequence[int]] | None = None, chunk: int = CHUNK
    ) -> None:
        self.lo = 0
        """The ordinal of the first entry."""
        self.hi = 0
        """The ordinal behind the last entry."""
        self._measure = measure
        self._chunk = chunk
        self._known: dict[int, tuple[int, list[int]]] = {}  # chunk -> first ordinal, heights
        self._order: list[int] = []  # the keys of _known, ascending
        self._seen_rows = 0
        self._seen_entries = 0

    def resize(self, lo: int, hi: int) -> None:
        """Set the range; heights known within it are kept."""
        self.lo, self.hi = lo, hi
        while self._order and (self._order[0] + 1) * self._chunk <= lo:
            del self._known[self._order.pop(0)]
        if self._order:
            start, heights = self._known[self._order[0]]
            if start < lo:
                self._known[self._order[0]] = (lo, heights[lo - start :])

    def height(self, ordinal: int) -> int:
        """Return the rows of one entry, measuring it if need be."""
        if self._measure is None:
            return 1
        start, heights = self._chunk_of(ordinal)
        return heights[ordinal - start]

    def ensure(self, lo: int, hi: int) -> None:
        """Measure the entries from `lo` up to `hi`, as far as there are any."""
        lo, hi = max(lo, self.lo), min(hi, self.hi)
        if self._measure is None or lo >= hi:
            return
        if len(self._order) > MAX_CHUNKS:
            self._known.clear()
            self._order.clear()
        for number in range(lo // self._chunk, (hi - 1) // self._chunk + 1):
            self._chunk_of(max(lo, number * self._chunk))

    @property
    def even(self) -> bool:
        """Whether every entry is one row."""
        return self._measure is None

    @property
    def rows(self) -> int:
        """Rows of all entries, in part an estimate."""
        return self.row_of(self.hi)

    def row_of(self, ordinal: int) -> int:
        """Return the rows before an entry, in part an estimate."""
        if self._measure is None:
            return ordinal - self.lo
        rows, at = 0, self.lo
        for number in self._order:
            start, heights = self._known[number]
            if start >= ordinal:
                break
            rows += self._guess(start - at)
            at = min(ordinal, start + len(heights))
            rows += sum(heights[: at - start])
        return rows + self._guess(ordinal - at)

    def locate(self, row: int) -> tuple[int, int]:
        """Return the ordinal of the entry at a row, and the row's number within the entry."""
        if self._measure is None:
            return self.lo + row, 0
        at = self.lo
        for number in self._order:
            start, heights = self._known[number]
            gap = self._guess(start - at)
            if row < gap:
                break
            row -= gap
            at = start
            for height in heights:
                if row < height:
                    return at, row
                row -= height
                at += 1
        return min(at + int(row / self._average()), max(self.lo, self.hi - 1)), 0

    def _average(self) -> float:
        if not self._seen_entries:
            return 1.0
        return max(self._seen_rows / self._seen_entries, _LEAST)

    def _guess(self, entries: int) -> int:
        return int(entries * self._average())

    def _chunk_of(self, ordinal: int) -> tuple[int, list[int]]:
        """Return the first ordinal and the heights of the chunk around an entry, all measured."""
        assert self._measure is not None
        number = ordinal // self._chunk
        lo = max(self.lo, number * self._chunk)
        hi = min(self.hi, (number + 1) * self._chunk)
        known = self._known.get(number)
        if known is None:
            heights = self._learn(lo, hi)
            insort(self._order, number)
        else:
            start, heights = known
            stop = start + len(heights)
            if start <= lo and stop >= hi:
                return known
            heights = [*self._learn(lo, start), *heights, *self._learn(stop, hi)]
        self._known[number] = (lo, heights)
        return lo, heights

    def _learn(self, lo: int, hi: int) -> list[int]:
        if lo >= hi or self._measure is None:
            return []
        heights = list(self._measure(lo, hi))
        self._seen_rows += sum(heights)
        self._seen_entries += len(heights)
        return heights


class Viewport:
    """A window of `height` rows on the entries of an index, held by the entry at its top."""

    def __init__(self, index: RowIndex, height: int = 1) -> None:
        self.index = index
        """What is looked at."""
        self.height = height
        """Rows in view."""
        self.top = (0, 0)
        """The ordinal of the entry at the top, and which of its rows is the first in view."""
        self.following = True
        """It sticks to the end."""

    def update(self, lo: int, hi: int) -> None:
        """Take note of entries that came or went."""
        self.index.resize(lo, hi)
        self.settle()

    def reindex(self, index: RowIndex) -> None:
        """Go over to other heights of the same entries."""
        index.resize(self.index.lo, self.index.hi)
        self.index = index
        self.top = (self.top[0], 0)
        self.settle()

    def settle(self) -> None:
        """Bring the top back within bounds, or to the end if that is followed."""
        end = self.end
        if self.following or self.top >= end:
            self.top = end
        elif self.top[0] < self.index.lo:
            self.top = (self.index.lo, 0)
        else:
            ordinal, row = self.top
            self.top = (ordinal, max(0, min(row, self.index.height(ordinal) - 1)))
        reach = 2 * self.height
        self.index.ensure(self.top[0] - reach, self.top[0] + reach)

    @property
    def end(self) -> tuple[int, int]:
        """The top that shows the last row at the bottom."""
        if self.index.even:
            return max(self.index.lo, self.index.hi - self.height), 0
        left = self.height
        ordinal = self.index.hi
        while ordinal > self.index.lo:
            ordinal -= 1
            rows = self.index.height(ordinal)
            if rows >= left:
                return ordinal, rows - left
            left -= rows
        return self.index.lo, 0

    @property
    def at_end(self) -> bool:
        """Whether the last row is in view."""
        return self.top >= self.end

    @property
    def row(self) -> int:
        """The number of the first row in view, for a scroll bar; in part an estimate."""
        return self.index.row_of(self.top[0]) + self.top[1]

    def move(self, rows: int) -> None:
        """Scroll by exactly so many rows, down if positive, as far as there are any."""
        ordinal, row = self.top
        row += rows
        while row < 0 and ordinal > self.index.lo:
            ordinal -= 1
            row += self.index.height(ordinal)
        while ordinal < self.index.hi and row >= (height := self.index.height(ordinal)):
            row -= height
            ordinal += 1
        self.following = False
        self.top = (ordinal, max(0, row))
        self.settle()

    def to_row(self, row: int) -> None:
        """Scroll to about a row, as a scroll bar names it."""
        self.following = False
        ordinal, _ = self.index.locate(row)
        self.index.ensure(ordinal, ordinal + 1)
        self.top = self.index.locate(row)
        self.settle()

    def to_entry(self, ordinal: int, above: int = 0) -> None:
        """Scroll so that an entry is in view with `above` rows before it."""
        self.following = False
        self.top = (min(max(ordinal, self.index.lo), self.index.hi), 0)
        self.move(-above)

    def window(self) -> list[tuple[int, int]]:
        """Return what is in view: for each row the entry's ordinal and the row within it."""
        if self.index.even:
            first = self.top[0]
            return [(i, 0) for i in range(first, min(self.index.hi, first + self.height))]
        rows: list[tuple[int, int]] = []
        ordinal, row = self.top
        while ordinal < self.index.hi and len(rows) < self.height:
            height = self.index.height(ordinal)
            rows.extend((ordinal, r) for r in range(row, height))
            ordinal, row = ordinal + 1, 0
        return rows[: self.height]
