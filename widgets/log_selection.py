"""Text selected with the mouse, held by the entries it is in while rows move under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset
from textual.selection import Selection
from textual.strip import Strip

from widgets.log_rows import RowIndex

MAX_COPIED = 20_000
"""Entries that one selection returns at most."""


class Anchor(NamedTuple):
    """A place in an entry."""

    ordinal: int
    row: int
    x: int
    """The index of a character in the row."""


class PinnedSelection(NamedTuple):
    """A selection that knows its entries; None: from the first, or up to the last."""

    start: Anchor | None
    end: Anchor | None

    @classmethod
    def pin(cls, selection: Selection, index: RowIndex) -> PinnedSelection:
        """Return a selection of rows as one of entries, by what is on these rows now."""
        return cls(_anchor(selection.start, index), _anchor(selection.end, index))

    def selection(self, index: RowIndex) -> Selection | None:
        """Return it as a selection of rows where the entries are now; None if all are gone."""
        if self.end is not None and self.end.ordinal < index.lo:
            return None
        start = self.start
        if start is not None and start.ordinal < index.lo:
            start = None
        return Selection(_offset(start, index), _offset(self.end, index))

    def text(self, index: RowIndex, rows_of: Callable[[int], list[str]]) -> str:
        """Return what is selected; `rows_of` returns the rows of an entry as text.

        The rows of a wrapped entry are joined again.
        """
        start = self.start or Anchor(index.lo, 0, 0)
        end = self.end or Anchor(index.hi - 1, 1 << 30, 1 << 30)
        first, last = max(start.ordinal, index.lo), min(end.ordinal, index.hi - 1)
        lines: list[str] = []
        for ordinal in range(first, min(last, first + MAX_COPIED) + 1):
            line = ""
            for number, text in enumerate(rows_of(ordinal)):
                here = Anchor(ordinal, number, 0)
                if here[:2] < start[:2] or here[:2] > end[:2]:
                    continue
                a = start.x if here[:2] == start[:2] else 0
                b = end.x if here[:2] == end[:2] else len(text)
                part = text[a:b]
                line += part.lstrip(" ") if number and line else part
            lines.append(line)
        return "\n".join(lines)


def _anchor(offset: Offset | None, index: RowIndex) -> Anchor | None:
    return None if offset is None else Anchor(*index.locate(offset.y), offset.x)


def _offset(anchor: Anchor | None, index: RowIndex) -> Offset | None:
    if anchor is None:
        return None
    return Offset(anchor.x, index.row_of(anchor.ordinal) + anchor.row)


def with_selected(strip: Strip, span: tuple[int, int] | None, style: Style) -> Strip:
    """Return a strip with the characters of a span in a style; an end of -1 is the strip's."""
    if span is None:
        return strip
    text = strip.text
    start = cell_len(text[: max(0, span[0])])
    stop = strip.cell_length if span[1] < 0 else cell_len(text[: span[1]])
    if stop <= start:
        return strip
    chosen = Strip(Segment.apply_style(strip.crop(start, stop), post_style=style), stop - start)
    return Strip.join([strip.crop(0, start), chosen, strip.crop(stop)])
