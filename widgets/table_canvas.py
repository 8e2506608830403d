"""The drawing half of a table: what is in view, line by line, and only what changed of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from backends.clock import Clock
from backends.model import Column, Format, Ref
from backends.text import clean_block
from widgets.changed_cells import LASTING, ChangedCells
from widgets.lean_view import LeanView
from widgets.marks import Marks
from widgets.row_view import HEALTH_FIRST, RowView
from widgets.sorted_rows import Row
from widgets.table_layout import SAMPLE, ColumnWidths, Layout
from widgets.table_paint import Gone, Line, Painter, Shown, Styles
from widgets.table_styles import PARTS, TABLE_CSS, table_styles
from widgets.table_viewport import Viewport

SLICE = 0.008
"""Seconds that filtering by an expression may take before others are let run."""

_STALE_MARK = "!"
_NEVER = "\0"
"""Stands for what a line shows that was never drawn; no cleaned text is equal to it."""


class TableCanvas(LeanView, can_focus=True, inherit_bindings=False):
    """Draws a `RowView` through a `Viewport` under a header that stays.

    What is on screen is known line by line, so that a repaint touches only lines that differ.
    """

    DEFAULT_CSS = TABLE_CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"table--{name}" for name in PARTS}

    def __init__(
        self,
        *,
        clock: Clock,
        highlight: float = LASTING,
        id: str | None = None,  # noqa: A002 - as every widget calls it
        classes: str | None = None,
    ) -> None:
        """Show changed cells for `highlight` seconds; 0: never."""
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._view = RowView(pace=self._slice)
        self._port = Viewport(self._view)
        self._marks = Marks()
        self._changes = ChangedCells(self._view.row, highlight)
        self._widths = ColumnWidths()
        self._layout = Layout()
        self._laid_out_for = 0
        self._painter: Painter | None = None
        self._styles: Styles | None = None
        self._painted: dict[int, Shown] = {}
        self._empty = ""
        self._wide = False
        self._stale = False

    def _slice(self) -> Callable[[], bool]:
        """Begin a slice of filtering; what is returned says when others should be let run."""
        deadline = self._clock.monotonic() + SLICE
        return lambda: self._clock.monotonic() >= deadline

    def set_empty(self, text: str) -> None:
        """Say `text` in place of rows when there are none; it may have several lines."""
        self._empty = clean_block(text)
        self._refresh_changed()

    def set_stale(self, stale: bool) -> None:
        """Mark the header when rows are those of the last good answer."""
        self._stale = stale
        self._refresh_header()

    @property
    def show_wide(self) -> bool:
        """Whether columns are shown that there is no room for."""
        return self._wide

    @show_wide.setter
    def show_wide(self, wide: bool) -> None:
        self._wide = wide
        self._lay_out()
        self._show_window()

    def tick(self) -> None:
        """Repaint the rows whose ages read differently by now; call it each second."""
        self._refresh_changed()

    def render_line(self, y: int) -> Strip:
        """Draw a line of the screen; Textual calls it for lines that were refreshed."""
        painter = self._brush()
        if y == 0:
            return painter.header(
                self._sort_index(),
                reverse=self._view.reverse,
                mark=_STALE_MARK if self._stale else " ",
            )
        now = self._clock.now()
        line = self._port.top + y - 1
        shown = self._painted[y] = self._shown(painter, self._port.row_at(line), line, now)
        return painter.draw(shown, now)

    def notify_style_update(self) -> None:
        """Forget styles when the theme or the focus changed."""
        super().notify_style_update()
        self._styles = None
        self._painter = None

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Draw other columns."""
        self._painter = None
        super().watch_scroll_x(old_value, new_value)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Move the window with the wheel and the scrollbar."""
        top = round(new_value)
        if top != self._port.top and self.size.height:
            self._port.scroll_to(top, self._height)
            self._look()
        super().watch_scroll_y(old_value, new_value)

    def on_resize(self, event: events.Resize) -> None:
        """Fit columns to the new width; nothing is measured anew."""
        self._lay_out()
        self._sync()

    @property
    def _height(self) -> int:
        """Lines for rows: all but the header's."""
        return max(1, self.size.height - 1)

    @property
    def _room(self) -> int:
        """Cells for columns: all but the scrollbar's, whether it is there or not."""
        return max(1, self.size.width - self.styles.scrollbar_size_vertical)

    def _sort_index(self) -> int | None:
        key = self._view.sort_column
        for index, column in enumerate(self._view.columns):
            if column.key == key or (key == HEALTH_FIRST and column.format is Format.STATUS):
                return index
        return None

    def _shown(self, painter: Painter, row: Row | None, line: int, now: float) -> Shown:
        """Return what content line `line`, that of `row`, shows."""
        port = self._port
        if row is not None:
            ref, changes = row.resource.ref, self._changes
            fading = changes.fading(ref, self._clock.monotonic()) if changes else ()
            marked = ref in self._marks
            return painter.line(row, now, cursor=ref == port.ref, marked=marked, fading=fading)
        if port.gone and line == port.cursor and port.ref is not None:
            here = self._view.get(port.ref) is not None
            return Gone(port.ref.name, "no longer matches the filter" if here else "gone")
        return self._empty_line(line - port.top) if not self._view.visible else None

    def _empty_line(self, y: int) -> str | None:
        """Return a line of the text that stands in place of rows, below a blank one."""
        lines = _wrapped(self._empty, max(1, self._room - 4))
        return lines[y - 1] if 0 < y <= len(lines) else None

    def _brush(self) -> Painter:
        """Return the painter for the layout, styles and sideways scrolling of this moment.

        A frame may be drawn in a new size before `on_resize` is told of it.
        """
        if self._room != self._laid_out_for:
            self._place()
        if self._painter is None:
            if self._styles is None:
                self._styles = table_styles(self)
            self._painter = Painter(self._layout, self._styles, self._room, self.scroll_offset.x)
        return self._painter

    def _begin(self, columns: Sequence[Column]) -> None:
        """Forget rows, cursor and widths: the table is about something else now."""
        self._port.reset()
        self._changes.forget(columns)
        self._widths = ColumnWidths(columns)
        self._lay_out()

    def _fit_load(self) -> None:
        """Fit columns to the rows there are."""
        if self._widths.measure(self._view.sample(SAMPLE), texts=True):
            self._lay_out()

    def _fit_view(self, rows: Sequence[Row]) -> bool:
        """Widen columns in which a cut would mislead, such as numbers, to what is about to show.

        Only what comes into view counts: a change out of sight costs nothing.
        """
        grew = self._widths.measure(rows, texts=False)
        if grew:
            self._lay_out()
        return grew

    def _row_painted(self, y: int) -> Ref | None:
        """Return what the screen shows in its line `y`, whatever has changed since."""
        shown = self._painted.get(y)
        return shown.row.resource.ref if isinstance(shown, Line) else None

    def _lay_out(self) -> None:
        """Place the columns anew and draw everything."""
        self._place()
        self._painted.clear()
        self.refresh()

    def _place(self) -> None:
        """Place the columns in the room that there is."""
        self._laid_out_for = self._room
        self._layout = self._widths.lay_out(self._room, wide=self._wide)
        self._painter = None

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self.size.width, 1))

    def _sync(self) -> None:
        """Bring window and screen in line with the rows."""
        if self.size.height:
            self._port.follow(self._height)
        self._show_window()

    def _show_window(self) -> None:
        """Scroll to where the window is, and refresh the lines that look different."""
        if not self.size.height:
            return  # nothing has been laid out yet; `on_resize` will catch up
        scrolled = self.scroll_offset.y != self._port.top
        if scrolled:
            self._fit_view(self._view.visible[self._port.top : self._port.top + self._height])
        self._size_to_content()
        if scrolled:
            self._look()
            self.scroll_to(y=self._port.top, animate=False, force=True)
            self.refresh()
        else:
            self._refresh_changed()

    def _size_to_content(self) -> None:
        size = Size(self._layout.width, self._port.lines + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    def _look(self) -> Mapping[int, Row | None]:
        """Return the row of each line of the screen, once it is noted what changed in them."""
        top = self._port.top
        rows = {y: self._port.row_at(top + y - 1) for y in range(1, self.size.height)}
        seen = [row for row in rows.values() if row is not None]
        self._changes.look(seen, self._clock.monotonic())
        return rows

    def _refresh_changed(self) -> None:
        now, top = self._clock.now(), self._port.top
        seen, painter = self._look(), self._brush()
        lines = {y: self._shown(painter, row, top + y - 1, now) for y, row in seen.items()}
        dirty = [y for y, shown in lines.items() if self._painted.get(y, _NEVER) != shown]
        if self._fit_view([line.row for y in dirty if isinstance(line := lines[y], Line)]):
            self._size_to_content()
        elif dirty:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in dirty))


@lru_cache(maxsize=4)
def _wrapped(text: str, width: int) -> Sequence[str]:
    """Return the lines of a text; every line of an empty table asks for one of them."""
    return [line.plain for line in Content(text).wrap(width)] if text else []
