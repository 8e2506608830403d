"""Asks for a new desired count, and shows what it would do before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from backends.model import Problem, Resource, ScaleInfo
from widgets.dialog import LABELS, Dialog, DialogBody, DialogButton
from widgets.fields import Field, Fields, address_fields
from widgets.fit import plain
from widgets.key_bar import KeyBar
from widgets.prompt import Prompt
from widgets.scale_plan import autoscaler_line, change_line, parse_count, unit_of

Loader = Callable[[], Awaitable[ScaleInfo]]
"""Asks the provider for what the dialog shows."""


def problem_of(error: Exception) -> Problem:
    """Return the problem that a backend's error carries, or make one of any other error."""
    problem = getattr(error, "problem", None)
    if isinstance(problem, Problem):
        return problem
    text = f"{type(error).__name__}: {error}"
    return Problem("internal", "ask for the current counts", text, "close the dialog and try again")


class ScaleDialog(Dialog[int | None]):
    """Answers with the new desired count, or None where nothing is to change.

    The number has the focus first; enter moves on to the buttons, where the safe one has it.
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
    ScaleDialog #new { height: 1; margin-top: 1; }
    ScaleDialog #new-label { width: 12; color: $foreground-muted; }
    ScaleDialog #count { width: 14; background: $foreground 15%; }
    ScaleDialog #limit { width: 1fr; padding-left: 2; color: $foreground-muted; }
    ScaleDialog #change { height: 1; text-style: bold; text-wrap: nowrap; }
    """

    def __init__(self, resource: Resource, load: Loader) -> None:
        """Ask about `resource`; `load` is awaited once, while the dialog is already open."""
        super().__init__()
        self.resource = resource
        self._load = load
        self._info: ScaleInfo | None = None
        self._problem: Problem | None = None
        self._unit = unit_of(resource.ref)
        self._given = "" if resource.desired is None else str(resource.desired)
        self._touched = False

    @property
    def current(self) -> int | None:
        """The desired count as last heard of; None where nobody has said."""
        return self.resource.desired if self._info is None else self._info.desired

    @property
    def desired(self) -> int | None:
        """The new count, None while what is typed is no such thing."""
        count = parse_count(self._count.value, self._unit)
        return count if isinstance(count, int) else None

    @property
    def _count(self) -> Input:
        return self.query_one("#count", Input)

    def compose(self) -> ComposeResult:
        """Lay out the address, the counts, the autoscaler, the number and the two answers."""
        title = f"Scale {self.resource.ref.name}"
        with Vertical(classes="box"):
            yield Static(plain(title), classes="title")
            with DialogBody():
                yield Fields(address_fields(self.resource.ref), id="address", label_width=LABELS)
                yield Fields(self._facts(), id="facts", label_width=LABELS)
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
        """Put the focus on the number, and ask the provider for the counts."""
        self._count.focus()
        self._redraw()
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        try:
            self._info = await self._load()
        except Exception as error:  # whatever it is, the dialog goes on
            self._problem = problem_of(error)
        if self._info is not None and not self._touched:
            self._given = str(self._info.desired)
            self._set_count(self._info.desired)
        self._redraw()

    def _set_count(self, count: int) -> None:
        self._count.value = str(count)
        self._count.action_select_all()

    def _facts(self) -> tuple[Field, ...]:
        return (("now", self._counts()), *self._autoscaler())

    def _counts(self) -> Content:
        info, own = self._info, self.resource
        figures = (
            ("desired", self.current),
            ("running", own.ready if info is None else info.running),
            ("pending", own.pending if info is None else info.pending),
        )
        text = "   ".join(f"{label} {'–' if n is None else f'{n:,}'}" for label, n in figures)
        if info is not None:
            return Content(text)
        asking = "   asking…" if self._problem is None else "   as last listed"
        return Content.assemble(text, (asking, "$foreground-muted"))

    def _autoscaler(self) -> tuple[Field, ...]:
        problem = self._problem or (self._info.problem if self._info else None)
        if problem is not None:
            return (
                ("autoscaler", f"could not ask: {problem.action}: {problem.message}"),
                ("", f"→ {problem.remedy}"),
            )
        if self._info is None:
            return (("autoscaler", Content.styled("asking…", "$foreground-muted")),)
        scaler = self._info.autoscaler
        if scaler is None:
            return (("autoscaler", "no autoscaler found"),)
        note = f" ({scaler.note})" if scaler.note else ""
        name = f"{scaler.name}, {scaler.minimum:,}–{scaler.maximum:,}{note}"
        asked = self.desired if self._sendable else None
        sentence = autoscaler_line(scaler, asked, self.resource.ref)
        return (("autoscaler", name), ("", sentence))

    def _redraw(self) -> None:
        self.query_one("#facts", Fields).show(self._facts())
        count = parse_count(self._count.value, self._unit)
        line = count if isinstance(count, str) else change_line(self.current, count, self._unit)
        self.query_one("#change", Static).update(Content(line))
        confirm = self.query_one("#confirm", Button)
        if confirm.has_focus and not self._sendable:
            self.query_one("#cancel").focus()
        confirm.disabled = not self._sendable
        self.refresh_bindings()

    @property
    def _sendable(self) -> bool:
        return self.desired is not None and self.desired != self.current

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out sending while there is nothing that could be sent."""
        if action == "send" and not self._sendable:
            return None
        return True

    @on(Input.Changed, "#count")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._touched = self._touched or event.value != self._given
        self._redraw()

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
        start = self.desired if self.desired is not None else self.current or 0
        self._set_count(min(self._unit.most, max(0, start + by)))

    def action_send(self) -> None:
        """Answer with the new count, where there is one."""
        if self._sendable:
            self.dismiss(self.desired)

    def action_cancel(self) -> None:
        """Answer that nothing is to change."""
        self.dismiss(None)
