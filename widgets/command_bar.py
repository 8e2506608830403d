"""The ``:`` prompt with its completions and its history."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from backends.text import clean
from widgets.completion import Completer, Completion
from widgets.completion_list import Completions
from widgets.fit import plain
from widgets.prompt import Prompt

MOST_SHOWN = 8
"""Completions shown at once."""

LONGEST_HISTORY = 100
"""Commands that are kept."""


class CommandLine(Prompt):
    """The prompt's field; its keys come before those of the screen."""

    BINDING_GROUP_TITLE = "Command prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", id="command.complete", tooltip="Complete the word."),
        Binding(
            "up",
            "choose(-1)",
            "Previous",
            id="command.previous",
            tooltip="Choose the completion above, or go back to an earlier command.",
        ),
        Binding(
            "down",
            "choose(1)",
            "Next",
            id="command.next",
            tooltip="Choose the completion below, or come back to a later command.",
        ),
        Binding(
            "right",
            "right_or_complete",
            "Complete",
            show=False,
            id="command.accept",
            tooltip="Move right; at the end of the line, complete the word.",
        ),
        Binding(
            "escape", "close", "Close", id="command.close", tooltip="Close the command prompt."
        ),
    ]

    class Key(Message):
        """One of the prompt's own keys was pressed."""

        def __init__(self, name: str, by: int = 0) -> None:
            super().__init__()
            self.name = name
            self.by = by

    def action_complete(self) -> None:
        """Ask for the word to be completed."""
        self.post_message(self.Key("complete"))

    def action_choose(self, by: int) -> None:
        """Ask for another completion, or another command of the history."""
        self.post_message(self.Key("choose", by))

    def action_right_or_complete(self) -> None:
        """Move right, or complete at the end."""
        if self.cursor_at_end:
            self.action_complete()
        else:
            self.action_cursor_right()

    def action_close(self) -> None:
        """Ask for the prompt to be closed."""
        self.post_message(self.Key("close"))


class CommandBar(Vertical):
    """Hidden until `open`; then it has the focus until it closes, and gives it back.

    Place it in the vertical flow of a screen, above the key bar.
    """

    DEFAULT_CSS = """
    CommandBar { height: auto; display: none; background: $panel; }
    CommandBar .command-error { height: auto; max-height: 2; padding: 0 1; color: $text-error; }
    CommandBar .command-line { height: 1; }
    CommandBar .command-mark { width: 2; text-style: bold; padding-left: 0; }
    """

    class Submitted(Message):
        """A command was entered."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text
            """The line without its colon, stripped; never empty."""

    class Dismissed(Message):
        """The prompt was closed without a command."""

    def __init__(
        self,
        completer: Completer | None = None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.completer = completer or Completer(())
        """What completes; it may be replaced at any time."""
        self.history: list[str] = []
        """Commands entered, newest last; a screen may share one list among its bars."""
        self._text = ""
        self._recalled: int | None = None
        self._completion = Completion(0)
        self._chosen: int | None = None
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Lay out the error, the completions and the line."""
        yield Static(classes="command-error")
        with Horizontal(classes="command-line"):
            yield Static(Content(" :"), classes="command-mark")
            yield CommandLine(id="command-input")
        yield Completions()

    def on_mount(self) -> None:
        """Hide what has nothing to show yet."""
        self.query_one(".command-error").display = False

    @property
    def line(self) -> CommandLine:
        """The field that is typed into."""
        return self.query_one(CommandLine)

    @property
    def is_open(self) -> bool:
        """Whether the prompt is to be seen."""
        return self.display

    def open(self, text: str = "") -> None:
        """Show the prompt with `text` in it, and give it the focus."""
        if not self.line.has_focus:
            self._before = self.screen.focused
        self.display = True
        self._recalled = None
        self._say("")
        self._put(text)
        # At once, not by a message: what is typed next belongs here already.
        self.screen.set_focus(self.line)

    def offer(self, completer: Completer) -> None:
        """Complete by something that knows more; what is typed and what is chosen stays."""
        self.completer = completer
        if self.is_open and self._chosen is None and not self._problem.display:
            self._complete(self._text)

    def close(self) -> None:
        """Hide the prompt, and give the focus back to what had it."""
        if not self.display:
            return
        had_focus = self.line.has_focus
        self.display = False
        before, self._before = self._before, None
        if had_focus and before is not None and before.is_attached:
            before.focus(scroll_visible=False)

    def fail(self, message: str) -> None:
        """Open again with the last command in it, and say what was wrong with it."""
        last = self.line.value if self.display else (self.history[-1] if self.history else "")
        self.open(last)
        self._say(message)
        # The list would cover what is said; typing on, or choosing, brings it back.
        self.query_one(Completions).display = False

    @property
    def _problem(self) -> Static:
        return self.query_one(".command-error", Static)

    def _say(self, message: str) -> None:
        error = self._problem
        error.display = bool(message)
        error.update(plain(f"✗ {message}") if message else Content(""))

    def _put(self, text: str) -> None:
        self._text = text
        self.line.value = text
        self.line.cursor_position = len(text)
        self._complete(text)

    def _complete(self, text: str, chosen: int | None = None) -> None:
        self._completion = self.completer.complete(text, MOST_SHOWN)
        self._show(chosen)

    def _show(self, chosen: int | None) -> None:
        self._chosen = chosen
        self.query_one(Completions).show(self._completion, chosen)

    @on(Input.Changed, "#command-input")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display and event.value != self._text and event.value == self.line.value:
            self._text = event.value
            self._recalled = None
            self._say("")
            self._complete(event.value)

    @on(Input.Submitted, "#command-input")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value
        if self._chosen is not None:
            text = self._completion.apply(text, self._completion.matches[self._chosen])
        text = clean(text).strip()
        self.close()
        if not text:
            self.post_message(self.Dismissed())
            return
        self._remember(text)
        self.post_message(self.Submitted(text))

    def _remember(self, text: str) -> None:
        if text in self.history:
            self.history.remove(text)
        self.history.append(text)
        del self.history[:-LONGEST_HISTORY]

    @on(CommandLine.Key)
    def _key(self, event: CommandLine.Key) -> None:
        event.stop()
        if event.name == "close":
            self.close()
            self.post_message(self.Dismissed())
        elif event.name == "complete":
            self._take()
        elif self._recalls(event.by):
            self._recall(event.by)
        else:
            self._choose(event.by)

    def _take(self) -> None:
        if self._completion.matches:
            best = self._completion.matches[self._chosen or 0]
            self._put(self._completion.apply(self.line.value, best))

    def _recalls(self, by: int) -> bool:
        if self._recalled is not None:
            return self._chosen is None
        return by < 0 and not self.line.value and self._chosen is None and bool(self.history)

    def _recall(self, by: int) -> None:
        at = (len(self.history) if self._recalled is None else self._recalled) + by
        if at >= len(self.history):
            self._recalled = None
            self._put("")
            return
        self._recalled = max(0, at)
        self._put(self.history[self._recalled])

    def _choose(self, by: int) -> None:
        count = len(self._completion.matches)
        if not count:
            return
        if self._chosen is None:
            self._show(0 if by > 0 else count - 1)
        else:
            at = self._chosen + by
            self._show(at if 0 <= at < count else None)
