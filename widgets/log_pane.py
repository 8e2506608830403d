"""A live log of any rate: follows or stands still, filters, wraps, and never grows too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip

from backends.clock import Clock
from backends.model import LogBatch, LogLine
from backends.text import clean_block
from widgets.lean_strip import LeanStrip
from widgets.log_buffer import MAX_BYTES
from widgets.log_canvas import LogCanvas
from widgets.log_control import PAUSE
from widgets.log_filter import Pattern
from widgets.log_format import write_lines
from widgets.log_marks import LineMarks
from widgets.log_model import LogModel
from widgets.log_paint import DARK_SOURCES, LIGHT_SOURCES
from widgets.log_query import read_filter
from widgets.log_reading import Badge, LogReading
from widgets.log_selection import PinnedSelection, with_selected
from widgets.log_text import ROLES
from widgets.log_wrap import folded

FRAME = 1 / 30
"""Seconds between two paints at least, and from the first line after a rest to its paint: others
come along with it."""

STREAM_FRAME = 1 / 12
"""Seconds between two paints while lines go on coming, and while a filter looks for matches far
away from a screen that is full of them. More often nobody could read on; what keys do is painted
at once."""


class LogPane(LogReading):
    """Draws a bounded log by the line API: only what is on the screen costs anything.

    Keys and the scroll bar are in `LogControl` and `LogReading`, everything that needs no screen
    is in `LogModel`.
    """

    ALLOW_SELECT = True

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-pane--current",
        *(f"log-pane--{role}" for role in ROLES),
    }

    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .log-pane--time { color: $foreground-muted; }
        & > .log-pane--key, & > .log-pane--quiet { color: $foreground-muted; }
        & > .log-pane--more { color: $foreground-muted; }
        & > .log-pane--note { color: $foreground-muted; text-style: italic; }
        & > .log-pane--error { color: $text-error; text-style: bold; }
        & > .log-pane--warning { color: $text-warning; text-style: bold; }
        & > .log-pane--lost, & > .log-pane--problem { color: $text-warning; text-style: bold; }
        & > .log-pane--current { background: $block-cursor-blurred-background; }
    }
    """

    def __init__(
        self,
        *,
        clock: Clock,
        max_bytes: int = MAX_BYTES,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        marks = LineMarks()
        super().__init__(LogModel(clock, max_bytes, marks), marks, id=id)
        self._clock = clock
        self._canvas = LogCanvas(self._model)
        self._scheduled = False
        self._stale = True  # something has changed since it was painted
        self._painted = -FRAME
        self._empty = ""
        self._marked: Pattern | None = None
        self._pinned: PinnedSelection | None = None
        self._base = Style.null()
        self._span = 0, 0  # the first cell in view, and how many cells are
        self._painting = False

    # What it is told

    def feed(self, batch: LogBatch) -> None:
        """Take in a batch; it costs little, and the next frame shows it."""
        self._model.feed(batch)
        self._schedule()

    def prepend(self, lines: Sequence[LogLine]) -> int:
        """Put older lines, in their order, before the oldest one held; what is in view stays.

        Returns how many there was room for; those next to the oldest are taken first. Nothing
        falls out for history: where the memory is full there is room for a quarter more, and
        only while the pane does not follow. Once it follows again, the oldest lines fall out.
        """
        if self._current is not None and self._current < self._model.buffer.first:
            self._current = None  # what it named fell out, and its id is given anew
        taken = self._model.prepend(lines)
        if taken:
            self._canvas.redraw()
            self._schedule()
        return taken

    def clear(self) -> None:
        """Forget every line and count, for another log; filter and modes stay."""
        self._marks.clear()
        self._model.clear()
        self._current = None
        self._canvas.redraw()
        self.following = True
        self.show_log()

    def set_empty(self, text: str) -> None:
        """Say why there are no lines, in place of them; it may have several lines."""
        self._empty = clean_block(text)
        self.refresh()

    def set_filter(self, pattern: str) -> str:
        """Show only what matches; an empty pattern shows everything again.

        A pattern is a regular expression, looked for in a line's text and in its source,
        whatever the case unless it holds a capital; a leading ``!`` shows what does not
        match. Conditions on fields may stand beside it (see `Query`). Returns what the user
        should know about how it was read, usually nothing.
        """
        wanted = read_filter(pattern)
        if wanted.text == self.filter_text:
            return wanted.note
        if not wanted.empty:
            self._needle = wanted
        self._search = None
        self._model.set_filter(wanted)
        self.mark(wanted)
        self._advance()
        self.show_log()
        return wanted.note

    # From the log to the screen

    @property
    def busy(self) -> bool:
        """Whether lines are still to be painted, or a filter or a search to be finished."""
        return self._scheduled or self._search is not None

    def on_mount(self) -> None:
        """Begin to paint, and let ages tick."""
        self.set_interval(1.0, self._tick)
        self._flush()

    def _tick(self) -> None:
        self.prune_counts()
        if self.timestamps == "relative":
            self._canvas.redraw()
            self.show_log()

    def _schedule(self, delay: float | None = None) -> None:
        self._stale = True
        if not self._scheduled and self.is_running:
            self._scheduled = True
            rest = self._painted + STREAM_FRAME - self._clock.monotonic()
            self.set_timer(max(FRAME, rest) if delay is None else delay, self._flush)

    def _flush(self) -> None:
        """Look on where a filter is at work, and paint if a frame is due."""
        self._scheduled = False
        busy = self._advance()
        if not self._stale:
            return
        full = busy and self.matched > 2 * self._model.viewport.height
        pace = STREAM_FRAME if full else FRAME
        if not busy or self._clock.monotonic() - self._painted >= pace:
            self.show_log()

    def _advance(self) -> bool:
        """Take one slice of the scan and see to the next; return whether there is one."""
        busy = self._model.step()
        if busy:
            self._schedule(PAUSE)
        return busy

    def show_log(self) -> None:
        """Bring what is drawn up to date with the log."""
        if not self.is_running or not self.scrollable_size:
            return
        self._painted = self._clock.monotonic()
        self._stale = False
        if self._model.grown:
            self.lay_out()
        self._model.update(self.scrollable_size.height)
        self.show_window()

    def show_window(self) -> None:
        """Draw what is in view."""
        self.fit_columns()
        self._draw()
        room = self.scrollable_size.width
        width = room if self.wrap else max(room, self._canvas.widest)
        self.place(Size(width, self._model.viewport.index.rows))
        self._move_selection()
        self.refresh()
        self.post_message(self.StatusChanged(self))

    def _draw(self) -> None:
        if not self._canvas.ready:
            self._choose_styles()
        self._canvas.update()

    def lay_out(self) -> None:
        """Lay out anew, because something that all lines depend on has changed."""
        self._canvas.redraw()
        self._model.relay(self.scrollable_size.width if self.wrap else 0)

    def mark(self, pattern: Pattern) -> None:
        """Set off what a pattern matches."""
        self._marked = None if pattern.empty else pattern
        self._canvas.forget()

    def _choose_styles(self) -> None:
        self._base = self.rich_style
        styles = {role: self.get_component_rich_style(f"log-pane--{role}") for role in ROLES}
        colours = DARK_SOURCES if self.app.current_theme.dark else LIGHT_SOURCES
        sources = [styles["source"] + Style(color=colour) for colour in colours]
        self._canvas.use(styles, sources, self._marked)

    def notify_style_update(self) -> None:
        """Draw everything anew in the new styles."""
        super().notify_style_update()
        self._canvas.forget()
        self._schedule()

    def on_resize(self, event: Resize) -> None:
        """Lay out anew for the new size."""
        if self._model.format.fit(self.scrollable_size.width) or self.wrap:
            self.lay_out()
        self.show_log()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the pane, in the styles of the moment."""
        if self.rich_style != self._base:  # it has a tint that comes and goes with the focus
            self._canvas.forget()
            self._draw()
        elif self._model.catch_up():
            self._draw()
        self._span = self.scroll_offset.x, self.scrollable_size.width
        self._painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._painting = False

    def render_line(self, y: int) -> Strip:
        """Return one row of the screen."""
        rows = self._canvas.rows
        if y >= len(rows):
            if rows:
                return LeanStrip([], 0)
            return self._empty_row(y, self.scrollable_size.width, self._base)
        ordinal, strip = rows[y]
        if self._model.folding and (badge := self.badge(rows, y)):
            strip = self._with_badge(strip, badge)
        current = self._current
        lit = current is not None and self._model.id_at(ordinal) == current
        x, width = self._span
        if lit or self._pinned is not None or not self._painting:
            return self._lively_row(y, strip, lit=lit)
        return strip.view(x, width, self._base)

    def _with_badge(self, strip: LeanStrip, badge: Badge) -> LeanStrip:
        """Return a row with some words behind its text, or at the edge where that is longer."""
        x, width = self._span
        size = cell_len(badge.words)
        at = max(x, min(strip.cell_length - badge.covers, x + width - size))
        fill = Segment(" " * max(0, at - strip.cell_length), self._base)
        style = self.get_component_rich_style("log-pane--more", partial=True)
        return LeanStrip([*strip.crop(0, at), fill, Segment(badge.words, style)], at + size)

    def _lively_row(self, y: int, strip: Strip, *, lit: bool) -> Strip:
        """Return a row as the match that was jumped to, or as one with selected text in it.

        Where the mouse is, Textual asks of the row's own characters: only then they are named.
        """
        x, width = self._span
        shown = strip.crop_extend(x, x + width, self._base)
        if lit:
            current = self.get_component_rich_style("log-pane--current", partial=True)
            shown = Strip(Segment.apply_style(shown, post_style=current), width)
        row = self.scroll_offset.y + y
        first = len(strip.crop(0, x).text)  # the index of the first character in view
        if (selection := self.text_selection) is not None and (span := selection.get_span(row)):
            style = self.screen.get_component_rich_style("screen--selection")
            stop = span[1] if span[1] < 0 else max(0, span[1] - first)
            shown = with_selected(shown, (span[0] - first, stop), style)
        return shown if self._painting else shown.apply_offsets(first, row)

    def _empty_row(self, y: int, width: int, base: Style) -> Strip:
        lines = [
            row
            for line in self._model.why_empty(self._empty).splitlines()
            for row in folded(line, width)
        ]
        if y >= len(lines):
            return Strip.blank(width, base)
        style = base + self.get_component_rich_style("log-pane--note", partial=True)
        return Strip([Segment(lines[y], style)]).adjust_cell_length(width, base)

    # Text for elsewhere

    def selection_updated(self, selection: Selection | None) -> None:
        """Hold on to what is selected with the mouse; the log stands still meanwhile."""
        index = self._model.viewport.index
        if selection is None:
            self._pinned = None
        elif self._pinned is None or self._pinned.selection(index) != selection:
            self._pinned = PinnedSelection.pin(selection, index)
            self.following = False
        self.refresh()

    def _move_selection(self) -> None:
        """Let the selection stay with its text where rows have moved."""
        if self._pinned is None:
            return
        moved = self._pinned.selection(self._model.viewport.index)
        others = {w: s for w, s in self.screen.selections.items() if w is not self}
        if moved is None:
            self.screen.selections = others
        elif moved != self.text_selection:
            self.screen.selections = {**others, self: moved}

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text, for Textual's own copying."""
        text = self.selected_text()
        return (text, "\n") if text else None

    def selected_text(self) -> str:
        """Return what is selected with the mouse, as it is drawn; empty if nothing is."""
        if self._pinned is None:
            return ""
        self._model.catch_up()
        rows = self._canvas.strips
        return self._pinned.text(
            self._model.viewport.index, lambda ordinal: [strip.text for strip in rows(ordinal)]
        )

    def visible_text(self) -> str:
        """Return the lines in view, each in full and as it is drawn, unwrapped."""
        model = self._model
        return "\n".join(
            model.format.line(model.buffer[entry_id], model.buffer.mark(entry_id))
            for entry_id in self.ids_in_view()
        )

    def snapshot_text(self, filtered: bool) -> Iterator[str]:
        """Return every line as text without its line break, or only those that match.

        What is held at the time of the call is what is returned; the lines may be read in
        any thread, and it is only there that they are formatted and matched.
        """
        return self._model.snapshot_text(filtered=filtered)

    def save(self, path: Path, *, filtered: bool) -> int:
        """Write the log to a file that only its owner can read; return how many lines.

        Meant to be called in a thread. Raises OSError where the file can't be written.
        """
        return write_lines(path, self.snapshot_text(filtered))
