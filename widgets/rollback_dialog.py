"""Asks before a workload goes back to what it was, and shows what that changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from backends.model import Difference, Problem, Resource, Rollback, RollbackPlan
from widgets.dialog import LABELS, Dialog, DialogBody, DialogButton
from widgets.fields import Field, Fields, address_fields
from widgets.fit import plain
from widgets.key_bar import KeyBar

Planner: TypeAlias = Callable[[], Awaitable[RollbackPlan]]
"""Looks up what going back would do."""

SHOWN = 12
"""Differences that are shown; the others are counted."""


class RollbackDialog(Dialog[Rollback | None]):
    """Answers with the operation to send, or None where nothing is to change.

    It opens at once and looks up meanwhile what there is to go back to; until that is known, and
    where it can't be, only the safe answer is there to give. That one has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "send", "Roll back", id="dialog.confirm", tooltip="Do what the dialog says."),
        Binding(
            "n,escape",
            "cancel",
            "Cancel",
            id="dialog.cancel",
            tooltip="Close the dialog; nothing is changed.",
        ),
    ]

    def __init__(self, resource: Resource, plan: Planner) -> None:
        """Ask about `resource`; `plan` is awaited once, while the dialog is already open."""
        super().__init__()
        self.resource = resource
        self._look_up = plan
        self.plan: RollbackPlan | None = None
        """What would be done, once it is known."""
        self.problem: Problem | None = None
        """Why it can't be known or done."""

    def compose(self) -> ComposeResult:
        """Lay out the address, the revisions, what differs, what will happen, and the answers."""
        with Vertical(classes="box"):
            yield Static(plain(f"Roll back {self.resource.ref.name}"), classes="title")
            with DialogBody():
                yield Fields(address_fields(self.resource.ref), id="address", label_width=LABELS)
                yield Fields(self._facts(), id="facts", label_width=LABELS)
                yield Static(id="effects", classes="gap")
            with Horizontal(classes="buttons"):
                yield DialogButton("Cancel", id="cancel")
                yield DialogButton("Roll back", id="confirm")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Put the focus on the safe answer, and look up what the other one would do."""
        self.query_one("#cancel").focus()
        self.query_one("#confirm", Button).disabled = True
        self.run_worker(self._ask(), exit_on_error=False)

    async def _ask(self) -> None:
        try:
            self.plan = await self._look_up()
        except Exception as error:  # whatever it is, the dialog goes on
            problem = getattr(error, "problem", None)
            if not isinstance(problem, Problem):
                what = f"{type(error).__name__}: {error}"
                problem = Problem("internal", "look up its past", what, "close this and try again")
            self.problem = problem
        self._redraw()

    def _redraw(self) -> None:
        plan = self.plan
        if plan is not None:
            title = f"Roll back {plan.operation.ref.name}"
            self.query_one(".title", Static).update(plain(title))
            self.query_one("#address", Fields).show(address_fields(plan.operation.ref))
            effects = Content("\n").join(plain(effect) for effect in plan.effects)
            self.query_one("#effects", Static).update(effects)
        self.query_one("#facts", Fields).show(self._facts())
        self.query_one("#confirm", Button).disabled = plan is None
        self.refresh_bindings()

    def _facts(self) -> tuple[Field, ...]:
        if self.problem is not None:
            problem = self.problem
            said = f"{problem.action}: {problem.message}"
            return (("", ""), ("not now", said), ("", f"→ {problem.remedy}"))
        if self.plan is None:
            return (("", ""), ("now", Content.styled("looking up its past…", "$foreground-muted")))
        return (
            ("", ""),
            ("now", self.plan.current),
            ("back to", self.plan.to),
            *difference_fields(self.plan.differences),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out sending while there is nothing to send."""
        if action == "send" and self.plan is None:
            return None
        return True

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "confirm":
            self.action_send()
        else:
            self.action_cancel()

    def action_send(self) -> None:
        """Answer with the operation, where it is known."""
        if self.plan is not None:
            self.dismiss(self.plan.operation)

    def action_cancel(self) -> None:
        """Answer that nothing is to change."""
        self.dismiss(None)


def difference_fields(differences: Sequence[Difference] | None) -> tuple[Field, ...]:
    """Return what differs, one thing a line: what it is, and from what to what it changes."""
    if differences is None:
        return (("changes", "not known"),)
    if not differences:
        return (("changes", "none in images, variables, CPU or memory"),)
    fields: list[Field] = []
    for label, one in zip(["changes", *[""] * SHOWN], differences[:SHOWN], strict=False):
        fields.append((label, f"{one.what}: {one.now or 'none'} → {one.then or 'none'}"))
    if len(differences) > SHOWN:
        fields.append(("", f"and {len(differences) - SHOWN} more"))
    return tuple(fields)
