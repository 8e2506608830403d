"""Keys, wheel and scroll bar of a log pane: where one looks, and in which mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import var
from textual.widget import Widget

from widgets.log_filter import Pattern
from widgets.log_format import JsonMode, Timestamps
from widgets.log_model import LogModel
from widgets.log_status import LogStatus

PAUSE = 0.001
"""Seconds between two slices of a search, in which keys are answered."""


class LogControl(LogStatus):
    """Moves the window of a `LogModel`; a subclass draws it.

    The model's window is the truth, and Textual's scroll position only follows it: rows above
    come, go and turn out taller than was thought, while the text in view stands still.
    """

    class TopReached(Message):
        """Somebody went up, and the oldest line is in view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "toggle_follow", "Follow", id="log.follow", tooltip="Follow the end or stop"),
        Binding("w", "toggle_wrap", "Wrap", id="log.wrap", tooltip="Wrap long lines or not"),
        Binding(
            "t", "cycle_time", "Time", id="log.time", show=False, tooltip="Local, UTC, age, none"
        ),
        Binding(
            "o", "toggle_source", "Source", id="log.source", show=False, tooltip="Show who wrote it"
        ),
        Binding(
            "J", "toggle_json", "JSON", id="log.json", show=False, tooltip="JSON readable or raw"
        ),
        Binding(
            "n", "seek(1)", "Next", id="log.next", show=False, tooltip="Next match of the filter"
        ),
        Binding("N", "seek(-1)", "Previous", id="log.previous", show=False, tooltip="Match before"),
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

    def __init__(self, model: LogModel, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(model, id=id)
        self._needle = Pattern("")
        self._current: int | None = None
        self._search: Iterator[int | None] | None = None
        self._missed = ""
        self._placing = False

    def show_log(self) -> None:
        """Bring what is drawn up to date with the model."""
        raise NotImplementedError

    def show_window(self) -> None:
        """Draw the model's window where it is now."""
        raise NotImplementedError

    def lay_out(self) -> None:
        """Take note that every line looks different now."""
        raise NotImplementedError

    def mark(self, pattern: Pattern) -> None:
        """Set off what a pattern matches."""
        raise NotImplementedError

    # Scrolling

    def place(self, size: Size) -> None:
        """Let Textual's scroll bar say how large the log is and where the window is.

        The size is set without Textual's knowledge, which would lay out the whole screen and
        paint it once more, thirty times a second: a longer log moves no widget.
        """
        self._placing = True
        try:
            if size != self.virtual_size:
                self.set_reactive(Widget.virtual_size, size)
                self.vertical_scrollbar.window_virtual_size = size.height
                self.vertical_scrollbar.window_size = self._model.viewport.height
            self.scroll_to(y=self._model.viewport.row, animate=False, force=True)
        finally:
            self._placing = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the wheel and the scroll bar."""
        super().watch_scroll_y(old_value, new_value)
        viewport = self._model.viewport
        rows = round(new_value) - viewport.row
        if self._placing or not rows:
            return
        if self.following and new_value >= self.max_scroll_y:
            return  # nobody scrolled: the pane became higher, and the end is still the end
        if abs(rows) <= 2 * viewport.height:
            self._move(rows)
        else:
            self._model.catch_up()
            viewport.to_row(round(new_value))
            self._moved(down=rows > 0)

    def _move(self, rows: int) -> None:
        viewport = self._model.viewport
        self._model.catch_up()
        before, followed = viewport.top, self.following
        viewport.move(rows)
        self._moved(down=rows > 0 or (followed and viewport.top == before))

    def _moved(self, *, down: bool) -> None:
        """Draw the window where it went; at the end, on its way down, it follows again."""
        self._search = None
        following = down and self._model.viewport.at_end
        self._model.moved(following=following)
        self.following = following
        self.show_window()
        if not down and self._model.viewport.top[0] <= self._model.lo:
            self.post_message(self.TopReached())

    def action_scroll_up(self) -> None:
        """One row up."""
        self._move(-1)

    def action_scroll_down(self) -> None:
        """One row down."""
        self._move(1)

    def action_page_up(self) -> None:
        """One screen up, less a row."""
        self._move(-max(1, self._model.viewport.height - 1))

    def action_page_down(self) -> None:
        """One screen down, less a row."""
        self._move(max(1, self._model.viewport.height - 1))

    def action_scroll_home(self) -> None:
        """Go to the oldest line."""
        self._model.catch_up()
        self._model.viewport.to_entry(self._model.lo)
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

    # Searching

    def action_seek(self, step: int) -> None:
        """Go to the next entry (step 1) or the one before (-1) that matches the last filter."""
        if self._needle.empty:
            return
        model = self._model
        model.catch_up()
        start = self._beyond_current(step)
        self.mark(self._needle)
        if start is None:
            start = model.viewport.top[0]
        self.search(model.seek(self._needle, start, step))

    def _beyond_current(self, step: int) -> int | None:
        """Return where to look on from what was jumped to; None where that is nothing."""
        if self._current is None:
            return None
        model = self._model
        in_view = [ordinal for ordinal, _ in model.viewport.window()]
        before = next((o for o in in_view if model.id_at(o) == self._current), None)
        return model.viewport.top[0] if before is None else before + step

    def search(self, found: Iterator[int | None], missed: str = "") -> None:
        """Go where a search leads, as it yields it; say `missed` where that is nowhere."""
        self._search = found
        self._missed = missed
        self._seek_on()

    def _seek_on(self) -> None:
        if self._search is None:
            return
        found = next(self._search, self._model.hi)
        if found is None:
            self.set_timer(PAUSE, self._seek_on)
            return
        self._search = None
        model = self._model
        if not model.lo <= found < model.hi:
            self.show_window()
            if self._missed:
                self.notify(self._missed, timeout=2, markup=False)
            return
        self._current = model.id_at(found)
        if model.folding and model.folds.hides(self._current):
            model.folds.toggle(self._current)
            self.lay_out()
        model.catch_up()
        if found not in {ordinal for ordinal, _ in model.viewport.window()}:
            model.viewport.to_entry(found, above=model.viewport.height // 3)
        self._moved(down=False)

    # Modes

    def watch_following(self, following: bool) -> None:
        """Go to the end, or stay where it is."""
        if following:
            self._search = None
            self._current = None
        if following != self._model.viewport.following:
            self._model.moved(following=following)
        self.show_log()

    def watch_wrap(self) -> None:
        """Lay out anew."""
        self._restyle()

    def watch_timestamps(self, timestamps: Timestamps) -> None:
        """Write times anew."""
        self._model.format.timestamps = timestamps
        self._restyle()

    def watch_show_source(self, show_source: bool) -> None:
        """Write sources or leave them out."""
        self._model.format.show_source = show_source
        self._restyle()

    def watch_json_mode(self, json_mode: JsonMode) -> None:
        """Write JSON anew."""
        self._model.format.json_mode = json_mode
        self._restyle()

    def _restyle(self) -> None:
        if self.is_running:
            self.lay_out()
            self.scroll_to(x=0, animate=False, force=True)
        self.show_log()

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
        self.json_mode = "readable" if self.json_mode == "raw" else "raw"
