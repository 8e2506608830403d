"""Says what was not accepted of several operations, each with its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from backends.model import Problem, Ref
from widgets.dialog import Dialog, DialogBody, DialogButton
from widgets.fields import Fields
from widgets.fit import plain
from widgets.key_bar import KeyBar
from widgets.together import WIDE_BOX, listed


class OutcomeDialog(Dialog[None]):
    """Lists what was refused; there is nothing to answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="dialog.close", tooltip="Close the dialog."),
    ]
    DEFAULT_CSS = "OutcomeDialog > .box" + WIDE_BOX

    def __init__(self, title: str, note: str, refused: Mapping[Ref, Problem]) -> None:
        """Show `refused` under a title; `note` says what became of the rest."""
        super().__init__()
        self._title = title
        self._note = note
        self._refused = refused

    def compose(self) -> ComposeResult:
        """Lay out how many were accepted, and the error of each that was not."""
        said = {
            ref: (f"{problem.action}: {problem.message}", f"→ {problem.remedy}")
            for ref, problem in self._refused.items()
        }
        with Vertical(classes="box"):
            yield Static(plain(self._title), classes="title")
            with DialogBody():
                yield Static(plain(self._note))
                yield Static(f"Not accepted: {len(self._refused)}", classes="gap")
                yield Fields(listed(self._refused, said), id="refused")
            with Horizontal(classes="buttons"):
                yield DialogButton("Close", id="close")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Put the focus on the only button."""
        self.query_one("#close").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close the dialog."""
        event.stop()
        self.dismiss(None)

    def action_close(self) -> None:
        """Close the dialog."""
        self.dismiss(None)
