"""From a row to a line on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.cells import split_text
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from backends.model import Format, Health
from widgets.cells import NOTHING, age_text, cell_text, fit, width_of
from widgets.changed_cells import STEPS, Fading
from widgets.lean_strip import LeanStrip
from widgets.sorted_rows import Row
from widgets.table_layout import GAP, GUTTER, Layout

CURSOR_MARK = "▌"
"""Drawn before the cursor's row, so that it is seen without any colour."""

MARKED, MARKED_CURSOR = "●", "◉"
"""Drawn instead before what is marked, where the cursor is not and where it is."""

GONE_MARK = "✗"
"""Drawn instead of it once that row is gone."""

ASCENDING, DESCENDING = "↑", "↓"
"""Behind the title of the column that rows are sorted by."""


MORE_LEFT, MORE_RIGHT = "‹", "›"
"""In the header, where columns are out of sight."""

_GAP = " " * GAP
_KEPT = 1000
"""Lines that are kept drawn, for scrolling to and fro."""


SHADES = (0.0, 0.08, 0.15, 0.22)
"""How far the background of a changed cell is from its own to that of its text, by weight."""


@lru_cache(maxsize=64)
def shade(base: Style, weight: int) -> Style:
    """Return what is laid over a cell that changed, in a line whose style is `base`: a shade
    between its own colours, and bold at first.

    No hue is added: colour means health.
    """
    bold = weight == STEPS or None
    if base.bgcolor is None or base.color is None:
        return Style(bold=bold, underline=weight > 1)
    ground = Color.from_rich_color(base.bgcolor)
    ground = ground.blend(Color.from_rich_color(base.color).monochrome, SHADES[weight])
    return Style(bold=bold, bgcolor=ground.rich_color)


class Styles(NamedTuple):
    """The styles of a table, each complete with its background."""

    row: Style
    marked: Style
    cursor: Style
    header: Style
    gone: Style
    empty: Style
    health: Mapping[Health, Style]
    """Of status cells: only a foreground, laid over the line's own style."""


class Line(NamedTuple):
    """All that decides how the line of a row looks; equal values look the same."""

    row: Row
    version: object
    """The resource that the row held."""
    ages: tuple[str, ...]
    cursor: bool
    marked: bool
    fading: Fading = ()
    """The cells that changed lately, and how much of that is shown."""


class Part(NamedTuple):
    """A piece of a line, before it is cut to what is in view."""

    text: str
    width: int
    style: Style


class Gone(NamedTuple):
    """The line that holds the place of a row which is no longer shown."""

    name: str
    word: str


Shown: TypeAlias = Line | Gone | str | None
"""What a line of the screen shows: a row, a place held, a text in place of rows, nothing."""


class Painter:
    """Draws lines for one layout, in one set of styles, scrolled sideways by `scroll_x`."""

    def __init__(self, layout: Layout, styles: Styles, width: int, scroll_x: int) -> None:
        self.layout = layout
        self._styles = styles
        self._width = width
        self._scroll_x = scroll_x
        self._ages = tuple(box for box in layout.boxes if box.column.format is Format.AGE)
        self._drawn: dict[Line, Strip] = {}
        self.blank = self._message("", styles.row)

    def line(
        self, row: Row, now: float, *, cursor: bool, marked: bool, fading: Fading = ()
    ) -> Line:
        """Return what the line of a row depends on, at an epoch second."""
        cells = row.cells
        ages = tuple(
            age_text(now - cell) if isinstance(cell := cells[box.cell], (int, float)) else NOTHING
            for box in self._ages
        )
        return Line(row, row.resource, ages, cursor, marked, fading)

    def draw(self, shown: Shown, now: float) -> Strip:
        """Return a line of the screen below the header."""
        if isinstance(shown, Line):
            strip = self._drawn.get(shown)
            if strip is None:
                if len(self._drawn) > _KEPT:
                    self._drawn.clear()
                strip = self._drawn[shown] = self._row(shown, now)
            return strip
        if isinstance(shown, Gone):
            room = max(1, self._width - GUTTER - width_of(shown.word) - 3)
            name = fit(shown.name, min(room, width_of(shown.name)))
            return self._message(f"{name} — {shown.word}", self._styles.gone, GONE_MARK)
        return self.blank if shown is None else self._message(f" {shown}", self._styles.empty)

    def _row(self, line: Line, now: float) -> Strip:
        row, styles = line.row, self._styles
        health = row.resource.health
        if line.cursor:
            gutter, base = MARKED_CURSOR if line.marked else CURSOR_MARK, styles.cursor
        else:
            gutter, base = (MARKED, styles.marked) if line.marked else (" ", styles.row)
        colour = base + styles.health[health]
        parts = [Part(gutter, GUTTER, base)]
        weights = dict(line.fading)
        for box in self.layout.boxes:
            text = cell_text(row.cells[box.cell], box.column, health, now)
            fitted = fit(text, box.width, right=box.right)
            style = colour if box.column.format is Format.STATUS else base
            if box.cell in weights:
                style += shade(base, weights[box.cell])
            if style is not base:
                parts.append(Part(fitted, box.width, style))
                parts.append(Part(_GAP, GAP, base))
            else:
                parts.append(Part(fitted + _GAP, box.width + GAP, base))
        return self._window(parts, base)

    def header(self, sort_index: int | None, *, reverse: bool, mark: str) -> Strip:
        """Return the header; `mark` is one cell in the gutter."""
        style = self._styles.header
        parts = [Part(mark, GUTTER, style)]
        for box in self.layout.boxes:
            title = fit(box.column.title, box.width, right=box.right)
            if box.cell == sort_index:
                title = title.rstrip() + (DESCENDING if reverse else ASCENDING)
            parts.append(Part(fit(title, box.width + GAP), box.width + GAP, style))
        return self._overflow(self._window(parts, style), style)

    def _overflow(self, strip: Strip, style: Style) -> Strip:
        """Show in the header that there are columns to the left or to the right."""
        width, frozen = self._width, self.layout.frozen
        if self._scroll_x and 0 < frozen < width:
            left = Strip([Segment(MORE_LEFT, style)], 1)
            strip = Strip.join([strip.crop(0, frozen - 1), left, strip.crop(frozen, width)])
        if self.layout.width - self._scroll_x > width > 1:
            right = Strip([Segment(MORE_RIGHT, style)], 1)
            strip = Strip.join([strip.crop(0, width - 1), right])
        return strip

    def _message(self, text: str, style: Style, mark: str = " ") -> Strip:
        line = Segment(mark + fit(text, self._width - GUTTER), style)
        return LeanStrip([line], self._width)

    def _window(self, parts: list[Part], style: Style) -> Strip:
        """Join the parts that are in view, the frozen ones left in their place.

        Strips are dear to make: one is made here, rather than cropping and joining several.
        """
        frozen, hidden = self.layout.frozen, self._scroll_x
        segments: list[Segment] = []
        x, left = 0, self._width
        for text, width, part_style in parts:
            begin, x = x, x + width
            shown, size = text, width
            if hidden and begin >= frozen:
                skip = min(max(0, frozen + hidden - begin), size)
                shown, size = split_text(shown, skip)[1], size - skip
            if size > left:
                shown, size = split_text(shown, left)[0], left
            if size:
                if segments and segments[-1].style is part_style:
                    shown = segments.pop().text + shown
                segments.append(Segment(shown, part_style))
                left -= size
        if left:
            segments.append(Segment(" " * left, style))
        return LeanStrip(segments, self._width)
