"""Where one is, as a line: ``fleet › shop-prod › web › tasks (6 of 12)``."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from backends.text import clean
from widgets.cells import ELLIPSIS
from widgets.fit import clip, clip_middle

SEPARATOR = " › "
"""Between two parts."""

LONGEST_PART = 40
"""Cells for one part, however much room there is; a longer name loses its middle."""

SHORTEST_PART = 7
"""Cells below which a clipped name would say nothing."""

MUTED = "$foreground-muted"


def crumb_line(parts: Sequence[str], note: str, width: int) -> Content:
    """Return breadcrumbs with a note behind them in at most `width` cells.

    Parts are text from outside. Those on the left give way first; the last one stays, and the
    note has at most half of the width.
    """
    names = [clip_middle(clean(part), LONGEST_PART) for part in parts if part] or [""]
    tail = f" ({clean(note)})" if note else ""
    *way, last = names
    if cell_len(last) + cell_len(tail) > width:
        last = clip_middle(last, max(width // 2, width - cell_len(tail)))
        tail = clip(tail, width - cell_len(last))
    room = width - cell_len(last) - cell_len(tail)
    lead = _lead(way, room)
    return Content.assemble((lead, MUTED), (last, "bold"), (tail, MUTED))


def _lead(way: Sequence[str], room: int) -> str:
    """Return as much of the way's end as there is room for, with its separators."""
    for first in range(len(way) + 1):
        names = [*way[first:]] if first == 0 else [ELLIPSIS, *way[first:]]
        lead = "".join(name + SEPARATOR for name in names)
        if cell_len(lead) <= room and (names != [ELLIPSIS] or not way):
            return lead
    # Not even the nearest name fits whole, such as a task's id: its ends still say which it is.
    left = room - 2 * cell_len(SEPARATOR) - cell_len(ELLIPSIS)
    if way and left >= SHORTEST_PART:
        return f"{ELLIPSIS}{SEPARATOR}{clip_middle(way[-1], left)}{SEPARATOR}"
    return ELLIPSIS + SEPARATOR if way and room >= 1 + cell_len(SEPARATOR) else ""


class Crumbs(Widget):
    """Draws breadcrumbs on one line, clipped from the left."""

    DEFAULT_CSS = """
    Crumbs { height: 1; width: 1fr; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._parts: tuple[str, ...] = ()
        self._note = ""

    def show(self, parts: Sequence[str], note: str = "") -> None:
        """Replace what is shown."""
        self._parts, self._note = tuple(parts), note
        self.refresh()

    def render(self) -> Content:
        """Draw what fits."""
        return crumb_line(self._parts, self._note, self.content_size.width)
