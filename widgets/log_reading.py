"""What a log pane knows of its lines beyond their text: errors, stack traces, fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.strip import Strip

from backends.model import LogLine
from widgets.fit import clip, drop_cells
from widgets.log_control import LogControl
from widgets.log_counts import MinuteCounts
from widgets.log_format import JsonMode
from widgets.log_levels import LEVEL
from widgets.log_marks import LineMarks
from widgets.log_model import LogModel
from widgets.log_text import tidy
from widgets.log_traces import CONTINUES

PYTHON_TAIL = " (most recent call last):"
"""Ends the first line of Python's traces, which name the exception only in the last one."""


LEAST_RAISED = 16
"""Cells that the exception has at least."""


class Badge(NamedTuple):
    """What stands for lines that are folded away."""

    words: str
    covers: int
    """Cells at the end of the row's text that it takes the place of."""


class LogReading(LogControl):
    """Jumps to errors, folds stack traces, and lines up fields; a subclass draws them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "seek_error(1)", "Error", id="log.error",
                tooltip="Next line of the level ERROR or FATAL; says where there is none"),
        Binding("E", "seek_error(-1)", "Error before", id="log.error_before", show=False,
                tooltip="Error before; says where there is none"),
        Binding("enter", "toggle_fold", "Unfold", id="log.fold", show=False,
                tooltip="Unfold the stack trace of the line jumped to, or the first in view"),
        Binding("z", "toggle_folds", "Unfold all", id="log.folds", show=False,
                tooltip="Unfold all stack traces, or fold them"),
        Binding("f", "toggle_fields", "Fields", id="log.fields",
                tooltip="Common fields of JSON and key=value lines as columns, or not"),
        Binding("H", "toggle_histogram", "Histogram", id="log.histogram", show=False,
                tooltip="Lines and errors by the minute above the log, or not"),
    ]  # fmt: skip

    histogram: var[bool] = var(True)
    """Lines and errors by the minute are wanted above the log."""

    def __init__(self, model: LogModel, marks: LineMarks, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(model, id=id)
        self._marks = marks
        self._before_columns: JsonMode = "readable"

    @property
    def counts(self) -> MinuteCounts:
        """Lines and errors by the minute."""
        return self._marks.counts

    def prune_counts(self) -> None:
        """Forget the minutes of which no line is held any more."""
        buffer = self._model.buffer
        if buffer.fell_out and len(buffer):
            self.counts.forget(buffer[buffer.first].at)

    # Errors

    def action_seek_error(self, step: int) -> None:
        """Go to the next line (step 1) or the one before (-1) that reports an error."""
        window = self._model.viewport.window()
        if not window:
            return
        start = self._beyond_current(step)
        if start is None:
            start = window[0 if step > 0 else -1][0]
        where = "below" if step > 0 else "above"
        among = "shown" if self.filter_text else "held"
        missed = f"No error {where} among the lines {among}"
        self.search(self._model.seek_failure(start, step), missed)

    # Stack traces

    def action_toggle_fold(self) -> None:
        """Unfold the trace at the line that was jumped to or the first in view; or fold it."""
        head = self._head_in_view()
        if head is None:
            unfolded = not self._model.folds.folding
            text = "All are unfolded: z folds them" if unfolded else "No stack trace in view"
            self.notify(text, timeout=2, markup=False)
            return
        self.following = False
        self._model.folds.toggle(head)
        self._current = head
        self.lay_out()
        self.show_log()
        if head not in self.ids_in_view():
            ordinal = self._model.ordinal_of(head)
            self._model.viewport.to_entry(ordinal, above=self._model.viewport.height // 3)
            self.show_window()

    def ids_in_view(self) -> dict[int, None]:
        """Return the ids of the entries in view, in whole or in part, in their order."""
        model = self._model
        return dict.fromkeys(model.id_at(ordinal) for ordinal, _ in model.viewport.window())

    def _head_in_view(self) -> int | None:
        """Return the first line of the trace that enter is about."""
        model = self._model
        if not model.folding or not model.folds.folding:
            return None
        ids = list(self.ids_in_view())
        if self._current in ids:
            ids.insert(0, self._current)
        elif self.following:
            ids.reverse()
        heads = [model.folds.head(entry_id) for entry_id in ids if entry_id is not None]
        return next((head for head in heads if model.folds.lines(head)), None)

    def action_toggle_folds(self) -> None:
        """Unfold all stack traces, or fold them."""
        self._model.folds.toggle_all()
        self.lay_out()
        self.show_log()

    def badge(self, rows: Sequence[tuple[int, Strip]], y: int) -> Badge | None:
        """Return what one of the rows in view says of lines folded beneath it, usually nothing.

        `rows` are the ordinal of each row's entry, and how it is drawn.
        """
        ordinal, strip = rows[y]
        if y + 1 < len(rows) and rows[y + 1][0] == ordinal:
            return None
        model = self._model
        entry_id = model.id_at(ordinal)
        count = model.folded(entry_id)
        if not count:
            return None
        words = f" +{count:,} {'line' if count == 1 else 'lines'}"
        if not model.buffer[entry_id].text.endswith(PYTHON_TAIL):
            return Badge(words, 0)
        said = _raised(model.buffer[i].text for i in reversed(model.folds.lines(entry_id)))
        covers = len(PYTHON_TAIL)
        room = self.scrollable_size.width - (strip.cell_length - covers) - len(words)
        return Badge(clip(f": {tidy(said)[0]}", max(room, LEAST_RAISED)) + words, covers)

    # Fields

    def action_toggle_fields(self) -> None:
        """Line up the fields that lines have in common, or show lines as before."""
        if self.json_mode == "columns":
            self.json_mode = self._before_columns
        else:
            self._before_columns = self.json_mode
            self.json_mode = "columns"

    def fit_columns(self) -> None:
        """Let the columns suit what is in view."""
        if self.json_mode != "columns":
            return
        model = self._model
        entries = []
        for entry_id in self.ids_in_view():
            mark = model.buffer.mark(entry_id)
            entries.append((model.buffer[entry_id], 0 if mark & CONTINUES else mark & LEVEL))
        if entries:
            room = self.scrollable_size.width - self._prefix_width()
            if model.format.columns.update(entries, room):
                self.lay_out()

    def _prefix_width(self) -> int:
        """Return the cells before the columns, as the last line in view has them."""
        lines = (entry for entry in reversed(self._model.visible()) if isinstance(entry, LogLine))
        last = next(lines, None)
        if last is None:
            return 0
        return sum(cell_len(text) for text, _ in self._model.format.parts(last).prefix)

    @property
    def heading(self) -> str:
        """What stands above the columns; empty where there are none."""
        names = self._model.format.columns.heading() if self.json_mode == "columns" else ""
        if not names:
            return ""
        return drop_cells(" " * self._prefix_width() + names, self.scroll_offset.x)

    # Histogram

    def action_toggle_histogram(self) -> None:
        """Show lines and errors by the minute, or not."""
        self.histogram = not self.histogram

    def watch_histogram(self) -> None:
        """Tell whoever shows it."""
        if self.is_running:
            self.post_message(self.StatusChanged(self))


def _raised(texts: Iterable[str]) -> str:
    """Return the line of a Python trace that names the exception: the last that is not indented."""
    return next((text for text in texts if text.strip() and text[0] not in " \t"), "")
