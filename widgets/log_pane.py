"""A live log of any rate: follows or stands still, filters, wraps, and never grows too large."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from backends.clock import Clock
from backends.model import LogBatch, Problem
from backends.text import clean
from widgets.fit import clip
from widgets.log_buffer import MAX_BYTES, Entry, LogBuffer, Note, NoteKind
from widgets.log_filter import Matches, Pattern
from widgets.log_format import JsonMode, LogFormat, Timestamps, saved_line
from widgets.log_paint import DARK_SOURCES, LIGHT_SOURCES, Painter
from widgets.log_rows import RowIndex, Viewport
from widgets.log_text import Role

FRAME = 1 / 30
"""Seconds between two paints at least."""

PAUSE = 0.001
"""Seconds between two slices of a scan, in which keys are answered."""

MAX_STRIPS = 2_000
"""Drawn entries that are remembered."""

ROLES: tuple[Role, ...] = (
    "time",
    "source",
    "text",
    "key",
    "error",
    "warning",
    "quiet",
    "note",
    "lost",
    "problem",
    "more",
)
"""Every role has a component class ``log-pane--<role>``."""


class LogPane(ScrollView, can_focus=True):
    """Draws a bounded log by the line API: only what is on the screen costs anything."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"log-pane--{role}" for role in ROLES}

    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .log-pane--time { color: $foreground-muted; }
        & > .log-pane--key, & > .log-pane--quiet, & > .log-pane--more { color: $foreground-muted; }
        & > .log-pane--note { color: $foreground-muted; text-style: italic; }
        & > .log-pane--error { color: $text-error; text-style: bold; }
        & > .log-pane--warning { color: $text-warning; text-style: bold; }
        & > .log-pane--lost, & > .log-pane--problem { color: $text-warning; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "toggle_follow", "Follow", id="log.follow", tooltip="Follow the end or stop"),
        Binding("w", "toggle_wrap", "Wrap", id="log.wrap", tooltip="Wrap long lines or not"),
        Binding("t", "cycle_time", "Time", id="log.time", tooltip="Local, UTC, age or no time"),
        Binding("o", "toggle_source", "Source", id="log.source", tooltip="Show who wrote it"),
        Binding("J", "toggle_json", "JSON", id="log.json", tooltip="JSON readable or raw"),
        Binding("up,k", "scroll_up", "Up", id="log.up", show=False),
        Binding("down,j", "scroll_down", "Down", id="log.down", show=False),
        Binding("left", "scroll_left", "Left", id="log.left", show=False),
        Binding("right", "scroll_right", "Right", id="log.right", show=False),
        Binding("pageup,ctrl+b", "page_up", "Page up", id="log.page_up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "Page down", id="log.page_down", show=False),
        Binding("home,g", "scroll_home", "First line", id="log.home", show=False),
        Binding("end,G", "scroll_end", "Last line, and follow", id="log.end", show=False),
    ]

    following: var[bool] = var(True)
    """It sticks to the end; scrolling up turns it off, reaching the end turns it on."""
    wrap: var[bool] = var(False)
    """Long lines are continued below; else they are scrolled to with left and right."""
    timestamps: var[Timestamps] = var[Timestamps]("local")
    """How the time of a line is shown."""
    show_source: var[bool] = var(True)
    """Who wrote a line is shown before it, in a colour of its own."""
    json_mode: var[JsonMode] = var[JsonMode]("readable")
    """How lines of JSON are shown."""

    class StatusChanged(Message):
        """Counts, the scan's progress or a mode changed; at most 30 a second."""

        def __init__(self, pane: LogPane) -> None:
            super().__init__()
            self.pane = pane
            """Whose status it is."""

        @property
        def control(self) -> LogPane:
            """The pane, for selectors."""
            return self.pane

    def __init__(
        self,
        *,
        clock: Clock,
        max_bytes: int = MAX_BYTES,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._buffer = LogBuffer(max_bytes)
        self._format = LogFormat(clock)
        self._pattern = Pattern("")
        self._matches: Matches | None = None
        self._viewport = Viewport(RowIndex())
        self._wanted: int | None = None
        self._painter: Painter | None = None
        self._strips: dict[int, list[Strip]] = {}
        self._rows: list[tuple[int, Strip]] = []
        self._widest = 0
        self._scheduled = False
        self._syncing = False
        self._painted = -FRAME
        self._stale_layout = False
        self._empty = ""
        self._dropped = 0
        self._live = False
        self._problem: Problem | None = None

    # What it says of itself

    @property
    def received(self) -> int:
        """Lines that were ever fed."""
        return self._buffer.received

    @property
    def held(self) -> int:
        """Lines in memory now."""
        return self._buffer.held

    @property
    def fell_out(self) -> int:
        """Lines that were forgotten to keep within `max_bytes`."""
        return self._buffer.fell_out

    @property
    def dropped(self) -> int:
        """Lines that were lost or sampled away before they got here."""
        return self._dropped

    @property
    def matched(self) -> int:
        """Lines and notes that the filter found so far; without a filter, all there are."""
        return self._hi - self._lo

    @property
    def scanning(self) -> float | None:
        """The share of the buffer that a filter has looked at; None when it is through."""
        return self._matches.scanning if self._matches else None

    @property
    def live(self) -> bool:
        """The past that was asked for has been delivered."""
        return self._live

    @property
    def problem(self) -> Problem | None:
        """Why lines are missing at the moment."""
        return self._problem

    @property
    def filter_text(self) -> str:
        """The filter in force, as it was given; empty if there is none."""
        return self._pattern.text if self._matches else ""

    # What is fed to it

    def feed(self, batch: LogBatch) -> None:
        """Take in a batch; it costs little, and the next frame shows it."""
        if batch.dropped:
            self._dropped += batch.dropped
            noun = "line" if batch.dropped == 1 else "lines"
            self._note(f"{batch.dropped:,} {noun} lost upstream", "lost")
        for note in batch.notes:
            self._note(note)
        if batch.problem != self._problem:
            self._problem = batch.problem
            if batch.problem:
                told = batch.problem
                self._note(f"{told.action}: {told.message} · {told.remedy}", "problem")
        if batch.lines:
            self._buffer.extend(batch.lines)
            if self._format.admit({line.source for line in batch.lines}):
                self._stale_layout = True
        self._live = self._live or batch.live
        self._schedule()

    def clear(self) -> None:
        """Forget every line; the counts of what was received go on."""
        self._buffer.clear()
        self._start_over(self._pattern)
        self.following = True
        self._show()

    def set_empty(self, text: str) -> None:
        """Say why there are no lines, in place of them."""
        self._empty = text
        self.refresh()

    def _note(self, text: str, kind: NoteKind = "note") -> None:
        self._buffer.note(Note(at=self._clock.now(), text=text, kind=kind))

    # Filtering

    def set_filter(self, pattern: str) -> str:
        """Show only what matches; an empty pattern shows everything again.

        A pattern is a regular expression, looked for in a line's text and in its source,
        whatever the case unless it holds a capital; a leading ``!`` shows what does not
        match. Returns what the user should know about how it was read, usually nothing.
        """
        wanted = Pattern(pattern)
        if wanted.text == self.filter_text:
            return wanted.note
        top = self._id_at(self._viewport.top[0])
        self._start_over(wanted)
        self._wanted = None if self.following else top
        self._advance()
        self._show()
        return wanted.note

    def _start_over(self, pattern: Pattern) -> None:
        old = self._matches
        self._matches = None
        if not pattern.empty:
            within = old if old is not None and pattern.narrows(self._pattern) else None
            self._matches = Matches(self._buffer, pattern, within=within)
        self._pattern = pattern
        self._viewport.index = self._index()
        self._viewport.index.resize(self._lo, self._hi)
        self._viewport.top = (self._lo, 0)
        self._forget_strips()

    @property
    def _lo(self) -> int:
        return self._matches.lo if self._matches else self._buffer.first

    @property
    def _hi(self) -> int:
        return self._matches.hi if self._matches else self._buffer.end

    def _id_at(self, ordinal: int) -> int:
        if not self._lo <= ordinal < self._hi:
            return self._buffer.end
        return self._matches.id_at(ordinal) if self._matches else ordinal

    def _entry(self, ordinal: int) -> Entry:
        return self._buffer[self._id_at(ordinal)]

    # From the ring to the screen

    def on_mount(self) -> None:
        """Begin to paint, and let ages tick."""
        self.set_interval(1.0, self._tick)
        self._flush()

    def _tick(self) -> None:
        if self.timestamps == "relative":
            self._strips.clear()
            self._show()

    def _schedule(self, delay: float = FRAME) -> None:
        if not self._scheduled and self.is_running:
            self._scheduled = True
            self.set_timer(delay, self._flush)

    def _flush(self) -> None:
        """Look on where a filter is at work, and paint if a frame is due."""
        self._scheduled = False
        busy = self._advance()
        if not busy or self._clock.monotonic() - self._painted >= FRAME:
            self._show()

    def _advance(self) -> bool:
        """Take one slice of the scan and see to the next; return whether there is one."""
        busy = self._matches is not None and self._matches.step(self._clock)
        if busy:
            self._schedule(PAUSE)
        return busy

    def _show(self) -> None:
        """Bring what is drawn up to date with what there is."""
        if not self.is_running or not self.scrollable_size:
            return
        self._painted = self._clock.monotonic()
        if self._matches:
            self._matches.forget()
        if self._stale_layout:
            self._stale_layout = False
            self._forget_strips()
            self._viewport.reindex(self._index())
        self._viewport.height = self.scrollable_size.height
        if self._wanted is not None and self._matches:
            self._viewport.top = (self._matches.ordinal_of(self._wanted), 0)
            if self._matches.reached <= self._wanted:
                self._wanted = None
        elif self._wanted is not None:
            self._viewport.top = (self._wanted, 0)
            self._wanted = None
        self._viewport.update(self._lo, self._hi)
        self._sync()
        self.post_message(self.StatusChanged(self))

    def _sync(self) -> None:
        """Draw what is in view, and let Textual's scroll bar say where that is."""
        self._rows = []
        for ordinal, row in self._viewport.window():
            self._rows.append((ordinal, self._drawn(ordinal)[row]))
        width = 0
        if not self.wrap:
            self._widest = max([self._widest, *(strip.cell_length for _, strip in self._rows)])
            width = self._widest
        self._syncing = True
        try:
            size = Size(max(width, self.scrollable_size.width), self._viewport.index.rows)
            if size != self.virtual_size:
                self.virtual_size = size
            self.scroll_to(y=self._viewport.row, animate=False, force=True)
        finally:
            self._syncing = False
        self.refresh()

    def _index(self) -> RowIndex:
        return RowIndex(self._measure if self.wrap else None)

    def _measure(self, lo: int, hi: int) -> list[int]:
        width = self.scrollable_size.width
        return [self._format.layout(self._entry(i), width).rows for i in range(lo, hi)]

    def _drawn(self, ordinal: int) -> list[Strip]:
        entry_id = self._id_at(ordinal)
        strips = self._strips.get(entry_id)
        if strips is None:
            if len(self._strips) > MAX_STRIPS:
                self._strips.clear()
            entry = self._buffer[entry_id]
            painter = self._painter or self._make_painter()
            if self.wrap:
                layout = self._format.layout(entry, self.scrollable_size.width)
                strips = painter.rows(layout, entry.source)
            else:
                strips = [painter.line(self._format.parts(entry), entry.source)]
            self._strips[entry_id] = strips
        return strips

    def _make_painter(self) -> Painter:
        styles = {role: self.get_component_rich_style(f"log-pane--{role}") for role in ROLES}
        colours = DARK_SOURCES if self.app.current_theme.dark else LIGHT_SOURCES
        sources = [styles["source"] + Style(color=colour) for colour in colours]
        shown = None if self._pattern.empty else self._pattern
        self._painter = Painter(styles, sources, shown)
        return self._painter

    def _forget_strips(self) -> None:
        self._strips.clear()
        self._painter = None
        self._widest = 0

    def notify_style_update(self) -> None:
        """Draw everything anew in the new styles."""
        super().notify_style_update()
        self._forget_strips()
        self._schedule()

    def on_resize(self, event: Resize) -> None:
        """Lay out anew for the new size."""
        if self.wrap:
            self._stale_layout = True
        self._show()

    def render_line(self, y: int) -> Strip:
        """Return one row of the screen."""
        width = self.scrollable_size.width
        base = self.rich_style
        if y < len(self._rows):
            x = self.scroll_offset.x
            return self._rows[y][1].crop_extend(x, x + width, base).apply_style(base)
        if y == 0:
            text = clip(self._why_empty(), width)
            style = self.get_component_rich_style("log-pane--note")
            return Strip([Segment(text, style)]).adjust_cell_length(width, base)
        return Strip.blank(width, base)

    def _why_empty(self) -> str:
        if self._rows:
            return ""
        if self._matches is None or not len(self._buffer):
            return clean(self._empty)
        if self._matches.scanning is not None:
            return f"looking for {clean(self._pattern.text)} …"
        return f"none of {len(self._buffer):,} lines matches {clean(self._pattern.text)}"

    # Scrolling

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the wheel and the scroll bar."""
        super().watch_scroll_y(old_value, new_value)
        rows = round(new_value) - self._viewport.row
        if self._syncing or not rows:
            return
        if abs(rows) <= 2 * self._viewport.height:
            self._move(rows)
        else:
            self._viewport.to_row(round(new_value))
            self._moved(down=new_value > old_value)

    def _move(self, rows: int) -> None:
        before = self._viewport.top
        self._viewport.move(rows)
        self._moved(down=rows > 0 or before == self._viewport.top)

    def _moved(self, *, down: bool) -> None:
        self._wanted = None
        following = self._viewport.at_end and down
        self._viewport.following = following
        self.following = following
        self._sync()

    def action_scroll_up(self) -> None:
        """One row up."""
        self._move(-1)

    def action_scroll_down(self) -> None:
        """One row down."""
        self._move(1)

    def action_page_up(self) -> None:
        """One screen up, less a row."""
        self._move(1 - max(2, self._viewport.height))

    def action_page_down(self) -> None:
        """One screen down, less a row."""
        self._move(max(2, self._viewport.height) - 1)

    def action_scroll_home(self) -> None:
        """Go to the oldest line."""
        self._viewport.to_entry(self._lo)
        self._moved(down=False)

    def action_scroll_end(self) -> None:
        """Go to the newest line and follow."""
        self.following = True

    def action_scroll_left(self) -> None:
        """Half a screen to the left."""
        self._pan(-1)

    def action_scroll_right(self) -> None:
        """Half a screen to the right."""
        self._pan(1)

    def _pan(self, direction: int) -> None:
        step = max(1, self.scrollable_size.width // 2) * direction
        self.scroll_to(x=self.scroll_offset.x + step, animate=False, force=True)

    # Modes

    def watch_following(self, following: bool) -> None:
        """Go to the end, or stay where it is."""
        self._viewport.following = following
        if following:
            self._wanted = None
        self._show()

    def watch_wrap(self) -> None:
        """Lay out anew."""
        self._restyle()

    def watch_timestamps(self, timestamps: Timestamps) -> None:
        """Write times anew."""
        self._format.timestamps = timestamps
        self._restyle()

    def watch_show_source(self, show_source: bool) -> None:
        """Write sources or leave them out."""
        self._format.show_source = show_source
        self._restyle()

    def watch_json_mode(self, json_mode: JsonMode) -> None:
        """Write JSON anew."""
        self._format.json_mode = json_mode
        self._restyle()

    def _restyle(self) -> None:
        self._stale_layout = True
        if self.is_running:
            self.scroll_to(x=0, animate=False, force=True)
        self._show()

    def action_toggle_follow(self) -> None:
        """Follow the end, or stop."""
        self.following = not self.following

    def action_toggle_wrap(self) -> None:
        """Wrap long lines, or stop."""
        self.wrap = not self.wrap

    def action_cycle_time(self) -> None:
        """Go on to the next way of showing times."""
        order: tuple[Timestamps, ...] = ("local", "utc", "relative", "off")
        self.timestamps = order[(order.index(self.timestamps) + 1) % len(order)]

    def action_toggle_source(self) -> None:
        """Show who wrote a line, or not."""
        self.show_source = not self.show_source

    def action_toggle_json(self) -> None:
        """Show JSON in words, or as it came."""
        self.json_mode = "raw" if self.json_mode == "readable" else "readable"

    # Text for elsewhere

    def visible_text(self) -> str:
        """Return the lines in view, each in full and as it is drawn, unwrapped."""
        ordinals = dict.fromkeys(ordinal for ordinal, _ in self._viewport.window())
        return "\n".join(self._format.line(self._entry(i)) for i in ordinals)

    def snapshot_text(self, filtered: bool) -> Iterator[str]:
        """Return every line as text without its line break, or only those that match.

        What is held at the time of the call is what is returned; the lines may be read in
        any thread, and it is only there that they are formatted and matched.
        """
        entries = self._buffer.span(self._buffer.first, self._buffer.end)
        pattern = self._pattern if filtered and self._matches else Pattern("")
        return (saved_line(e) for e in entries if pattern.empty or pattern.accepts(e))

    def save(self, path: Path, *, filtered: bool) -> int:
        """Write the log to a file that only its owner can read; return how many lines.

        Meant to be called in a thread. Raises OSError where the file can't be written.
        """
        lines = self.snapshot_text(filtered)
        count = 0
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for count, line in enumerate(lines, 1):  # noqa: B007 - the last count is the answer
                file.write(line + "\n")
        return count
