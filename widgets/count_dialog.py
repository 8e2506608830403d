"""Asks for a new desired count: the number, what it would do, and the two answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from backends.model import Problem
from widgets.dialog import Dialog, DialogBody, DialogButton
from widgets.fit import plain
from widgets.key_bar import KeyBar
from widgets.prompt import Prompt
from widgets.scale_plan import Unit, parse_count


def problem_of(error: Exception) -> Problem:
    """Return the problem that a backend's error carries, or make one of any other error."""
    problem = getattr(error, "problem", None)
    if isinstance(problem, Problem):
        return problem
    text = f"{type(error).__name__}: {error}"
    return Problem("internal", "ask for the current counts", text, "close the dialog and try again")


class CountDialog(Dialog[int | None]):
    """Answers with the new desired count, or None where nothing is to change.

    The number has the focus first; enter moves on to the buttons, where the safe one has it.
    A subclass says what is to be scaled and what a count would do to it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y", "send", "Scale", id="dialog.confirm", tooltip="Send the new count to the provider."
        ),
        Binding(
            "n,escape",
            "cancel",
            "Cancel",
            id="dialog.cancel",
            tooltip="Close the dialog; nothing is changed.",
        ),
        Binding(
            "up,plus",
            "step(1)",
            "More",
            priority=True,
            id="dialog.more",
            tooltip="Raise the new count by one.",
        ),
        Binding(
            "down,minus",
            "step(-1)",
            "Fewer",
            priority=True,
            id="dialog.fewer",
            tooltip="Lower the new count by one.",
        ),
    ]
    DEFAULT_CSS = """
    CountDialog #new { height: 1; margin-top: 1; }
    CountDialog #new-label { width: 12; color: $foreground-muted; }
    CountDialog #count { width: 14; background: $foreground 15%; }
    CountDialog #limit { width: 1fr; padding-left: 2; color: $foreground-muted; }
    CountDialog #change { height: 1; text-style: bold; text-wrap: nowrap; }
    """

    def __init__(self, title: str, unit: Unit, start: int | None) -> None:
        """Ask for a count of `unit`; `start` is what the number is to begin with."""
        super().__init__()
        self._title = title
        self._unit = unit
        self._given = "" if start is None else str(start)
        self._touched = False

    def about(self) -> Iterable[Widget]:
        """Return what the body holds: what is to be scaled, and the facts."""
        raise NotImplementedError

    def show_facts(self) -> None:
        """Bring the body up to date with the number and with what is known by now."""
        raise NotImplementedError

    def effect(self, count: int) -> str:
        """Return what a count would do, in a line."""
        raise NotImplementedError

    def changes(self, count: int) -> bool:
        """Return whether a count is another than there is."""
        raise NotImplementedError

    @property
    def base(self) -> int:
        """What the keys for more and fewer begin from while there is no number."""
        return int(self._given or 0)

    @property
    def desired(self) -> int | None:
        """The new count, None while what is typed is no such thing."""
        count = parse_count(self._count.value, self._unit)
        return count if isinstance(count, int) else None

    @property
    def sendable(self) -> bool:
        """Whether there is a count that changes anything."""
        return self.desired is not None and self.changes(self.desired)

    @property
    def _count(self) -> Input:
        return self.query_one("#count", Input)

    def compose(self) -> ComposeResult:
        """Lay out what is scaled, the number, what it would do and the two answers."""
        with Vertical(classes="box"):
            yield Static(plain(self._title), classes="title")
            with DialogBody():
                yield from self.about()
            with Horizontal(id="new"):
                yield Static("new count", id="new-label")
                yield Prompt(self._given, id="count", longest=12, select_on_focus=True)
                yield Static(f"{self._unit.noun}s, 0 to {self._unit.most:,}", id="limit")
            yield Static(id="change")
            with Horizontal(classes="buttons"):
                yield DialogButton("Cancel", id="cancel")
                yield DialogButton("Scale", id="confirm")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Put the focus on the number."""
        self._count.focus()
        self.redraw()

    def suggest(self, count: int) -> None:
        """Put a number in, unless the operator has typed one."""
        if not self._touched:
            self._given = str(count)
            self._set_count(count)

    def _set_count(self, count: int) -> None:
        self._count.value = str(count)
        self._count.action_select_all()

    def redraw(self) -> None:
        """Say what the number would do."""
        self.show_facts()
        count = parse_count(self._count.value, self._unit)
        line = count if isinstance(count, str) else self.effect(count)
        self.query_one("#change", Static).update(Content(line))
        confirm = self.query_one("#confirm", Button)
        if confirm.has_focus and not self.sendable:
            self.query_one("#cancel").focus()
        confirm.disabled = not self.sendable
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out sending while there is nothing that could be sent."""
        if action == "send" and not self.sendable:
            return None
        return True

    @on(Input.Changed, "#count")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._touched = self._touched or event.value != self._given
        self.redraw()

    @on(Input.Submitted, "#count")
    def _number_done(self, event: Input.Submitted) -> None:
        event.stop()
        if self.desired is not None:
            self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "confirm":
            self.action_send()
        else:
            self.action_cancel()

    def action_step(self, by: int) -> None:
        """Move the new count by `by`, within what can be asked for."""
        start = self.desired if self.desired is not None else self.base
        self._set_count(min(self._unit.most, max(0, start + by)))

    def action_send(self) -> None:
        """Answer with the new count, where there is one."""
        if self.sendable:
            self.dismiss(self.desired)

    def action_cancel(self) -> None:
        """Answer that nothing is to change."""
        self.dismiss(None)
