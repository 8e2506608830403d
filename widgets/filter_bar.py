"""The ``/`` prompt: filters while one types."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from backends.text import clean
from widgets.fit import plain
from widgets.patterns import warm_up
from widgets.prompt import Prompt


class FilterLine(Prompt):
    """The prompt's field; its keys come before those of the screen."""

    BINDING_GROUP_TITLE = "Filter prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,down",
            "submit",
            "Keep filter",
            id="filter.keep",
            tooltip="Keep the filter and go back to the rows.",
        ),
        Binding(
            "escape",
            "clear_or_close",
            "Clear",
            id="filter.clear",
            tooltip="Clear the filter; once it is empty, close the prompt.",
        ),
    ]

    class Escaped(Message):
        """Escape was pressed."""

    def action_clear_or_close(self) -> None:
        """Ask for the filter to be cleared, or the prompt to be closed."""
        self.post_message(self.Escaped())


class FilterBar(Horizontal):
    """Hidden until `open`; stays in sight while a filter is in force.

    Place it in the vertical flow of a screen, above the key bar.
    """

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; background: $panel; }
    FilterBar .filter-mark { width: 2; text-style: bold; }
    FilterBar FilterLine { width: 1fr; }
    FilterBar .filter-note {
        width: auto; max-width: 60%; height: 1; padding: 0 1; color: $foreground-muted;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    FilterBar .filter-note.-problem { color: $text-warning; }
    """

    class Changed(Message):
        """What is typed is another filter now; sent at each key."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """Enter was pressed: the filter stays, and the rows have the focus again."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Dismissed(Message):
        """The prompt was closed, and there is no filter."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._sent = ""
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Lay out the mark, the field and the note."""
        yield Static(Content(" /"), classes="filter-mark")
        yield FilterLine(id="filter-input")
        yield Static(classes="filter-note")

    @property
    def line(self) -> FilterLine:
        """The field that is typed into."""
        return self.query_one(FilterLine)

    @property
    def text(self) -> str:
        """The filter as it stands; empty: none."""
        return self._sent

    def open(self, text: str | None = None) -> None:
        """Show the prompt, with `text` where given, and give it the focus."""
        if not self.line.has_focus:
            self._before = self.screen.focused
        self.display = True
        warm_up()
        if text is not None:
            self.set_text(text)
        # At once, not by a message: what is typed next belongs here already.
        self.screen.set_focus(self.line)
        self.line.cursor_position = len(self.line.value)

    def set_text(self, text: str) -> None:
        """Show a filter that was set elsewhere; nothing is posted."""
        self._sent = text
        if not text:
            self.set_note("")
        self.line.value = text
        self.line.cursor_position = len(text)
        self.display = bool(text) or self.line.has_focus

    def clear(self) -> None:
        """Take the filter back and say so; the prompt closes unless it has the focus."""
        self._change("")
        self.set_text("")

    def set_note(self, note: str, *, problem: bool = False) -> None:
        """Show a remark at the right: ``12 of 340``, or how an invalid filter was taken."""
        widget = self.query_one(".filter-note", Static)
        widget.set_class(problem, "-problem")
        widget.update(plain(note))

    def _change(self, text: str) -> None:
        if text != self._sent:
            self._sent = text
            if not text:
                self.set_note("")  # it was about what is gone
            self.post_message(self.Changed(text))

    def _leave(self) -> None:
        before, self._before = self._before, None
        if self.line.has_focus:
            if before is not None and before.is_attached:
                before.focus(scroll_visible=False)
            else:
                self.screen.set_focus(None)
        self.display = bool(self._sent)

    @on(Input.Changed, "#filter-input")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value == self.line.value:
            self._change(clean(event.value))

    @on(Input.Submitted, "#filter-input")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._change(clean(event.value))
        self._leave()
        self.post_message(self.Kept(self._sent) if self._sent else self.Dismissed())

    @on(FilterLine.Escaped)
    def _escaped(self, event: FilterLine.Escaped) -> None:
        event.stop()
        if self.line.value:
            self.clear()
        else:
            self._leave()
            self.post_message(self.Dismissed())
