"""How wide the columns of a table are, and which of them there is room for.

Widths settle: they are fitted to the content when it is loaded and only ever grow, so that the
picture does not jitter while rows change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backends.model import Column, Format
from widgets.cells import RIGHT_ALIGNED, cell_text, width_of
from widgets.sorted_rows import Row
from widgets.sparkline import SPARK_WIDTH

GUTTER = 1
"""Cells at the left edge of each line that hold the cursor's mark."""

GAP = 2
"""Cells between columns; the first of them holds the sort marker in the header."""

_FIRST_SOFT, _SOFT = 40, 36
"""Cells that a text column takes at most while others need the room."""

_FIRST_FLOOR, _TEXT_FLOOR, _STATUS_FLOOR = 18, 10, 18
"""Cells to which text columns are squeezed before the table scrolls sideways."""

_FIXED = {Format.AGE: 6, Format.SPARK: SPARK_WIDTH}
"""Cells of what changes by itself, so that it moves nothing: the longest age is ``1y364d``."""

_USUAL_SHARE = 0.95
"""Of the rows, so many must be shown whole before others get the room that they would like."""

_LIMIT = 200
"""Cells that no column exceeds."""

SAMPLE = 400
"""Rows that are looked at to fit columns to a load."""


class Box(NamedTuple):
    """Where one column is drawn."""

    cell: int
    """The index of the column, and of its cells."""
    column: Column
    x: int
    """Its first cell, counted from the left edge of the unscrolled line."""
    width: int
    right: bool
    """Whether its text ends at the right edge."""


class Layout(NamedTuple):
    """What is drawn of each row."""

    boxes: tuple[Box, ...] = ()
    width: int = GUTTER
    """Cells of a whole line; the table scrolls sideways where it has fewer."""
    frozen: int = GUTTER
    """Cells at the left that do not scroll: the gutter and the first column with its gap."""

    def column_at(self, x: int, scroll_x: int) -> Column | None:
        """Return the column under a cell of the screen line, when scrolled by `scroll_x`."""
        if x >= self.frozen:
            x += scroll_x
        for box in self.boxes:
            if x < box.x + box.width + GAP:
                return box.column
        return None


class ColumnWidths:
    """What the content has asked for so far, column by column."""

    def __init__(self, columns: Sequence[Column] = ()) -> None:
        self._columns = tuple(columns)
        self._wanted = [max(width_of(c.title), c.width, _FIXED.get(c.format, 1)) for c in columns]
        self._usual = list(self._wanted)

    def measure(self, rows: Iterable[Row], *, texts: bool) -> bool:
        """Widen columns to what these rows hold; return whether any grew.

        `texts`: columns of plain text as well, which are cut rather than widened while live.
        """
        watched = [
            (index, column)
            for index, column in enumerate(self._columns)
            if column.format not in _FIXED and (texts or column.format is not Format.TEXT)
        ]
        rows = list(rows)
        if not rows:
            return False
        before = [*self._wanted, *self._usual]
        for index, column in watched:
            found = sorted(
                width_of(cell_text(row.cells[index], column, row.resource.health, 0.0))
                for row in rows
            )
            self._wanted[index] = max(self._wanted[index], min(found[-1], _LIMIT))
            if texts:
                usual = found[int((len(found) - 1) * _USUAL_SHARE)]
                self._usual[index] = max(self._usual[index], min(usual, _LIMIT))
        return [*self._wanted, *self._usual] != before

    def lay_out(self, room: int, *, wide: bool) -> Layout:
        """Place columns in `room` cells; `wide`: also those that there is no room for.

        Room goes first to what most rows need, then to longer texts, then to wide columns, and
        what is left over to the longest texts.
        """
        widths = {
            index: min(want, self._usual[index]) if self._flexible(index) else want
            for index, want in enumerate(self._wanted)
        }
        chosen = [i for i in widths if wide or not self._columns[i].wide]
        left = room - GUTTER - sum(widths[i] + GAP for i in chosen)
        if not wide:
            left = self._squeeze(widths, chosen, left)
            left = self._grow(widths, chosen, left, soft=True)
            for index, width in widths.items():
                if self._columns[index].wide and width + GAP <= left:
                    chosen.append(index)
                    left -= width + GAP
            chosen.sort()
        self._grow(widths, chosen, left, soft=False)
        return self._boxes(widths, chosen, room)

    def _grow(self, widths: dict[int, int], chosen: list[int], left: int, *, soft: bool) -> int:
        """Widen columns to what they want, or to their soft limit; return what is left over."""
        for index in chosen:
            want = min(self._wanted[index], self._soft(index)) if soft else self._wanted[index]
            more = max(0, min(want - widths[index], left))
            widths[index] += more
            left -= more
        return left

    def _flexible(self, index: int) -> bool:
        return self._columns[index].format in (Format.TEXT, Format.STATUS)

    def _soft(self, index: int) -> int:
        return max(_SOFT if index else _FIRST_SOFT, self._columns[index].width)

    def _floor(self, index: int) -> int:
        column = self._columns[index]
        least = _STATUS_FLOOR if column.format is Format.STATUS else _TEXT_FLOOR
        return max(width_of(column.title), least if index else _FIRST_FLOOR)

    def _squeeze(self, widths: dict[int, int], chosen: list[int], left: int) -> int:
        """Narrow the widest text columns until all fit; return the cells that are left over.

        Where even that is not enough the table scrolls sideways. Then only what stands between the
        name and the status is narrowed, so that no text pushes the status out of sight.
        """
        narrow = dict(widths)
        while left < 0:
            loose = [i for i in chosen if self._flexible(i) and narrow[i] > self._floor(i)]
            if not loose:
                widths.update((i, narrow[i]) for i in self._before_status(chosen))
                return 0
            narrow[max(loose, key=lambda i: narrow[i])] -= 1
            left += 1
        widths.update(narrow)
        return left

    def _before_status(self, chosen: list[int]) -> list[int]:
        for place, index in enumerate(chosen):
            if self._columns[index].format is Format.STATUS:
                return chosen[1 : place + 1]
        return []

    def _boxes(self, widths: dict[int, int], chosen: list[int], room: int) -> Layout:
        boxes: list[Box] = []
        x = GUTTER
        scrolls = x + sum(widths[i] + GAP for i in chosen) > room
        for index in chosen:
            column = self._columns[index]
            width = widths[index]
            if scrolls and not boxes:
                width = min(width, max(1, min(_FIRST_SOFT, room // 2)))
            boxes.append(Box(index, column, x, width, column.format in RIGHT_ALIGNED))
            x += width + GAP
        frozen = GUTTER + (boxes[0].width + GAP if boxes else 0)
        return Layout(tuple(boxes), x, frozen)
