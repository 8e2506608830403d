"""Asks before something is changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Button, Static

from backends.model import Ref
from widgets.dialog import LABELS, Dialog, DialogBody, DialogButton
from widgets.fields import Field, Fields, address_fields
from widgets.fit import plain
from widgets.key_bar import KeyBar


class ConfirmDialog(Dialog[bool]):
    """Shows what would happen to which resource, and answers whether it may.

    The safe answer has the focus; only the other button, or its key, answers True.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y",
            "answer(True)",
            "Yes",
            id="dialog.confirm",
            tooltip="Do what the dialog says.",
        ),
        Binding(
            "n,escape",
            "answer(False)",
            "Cancel",
            id="dialog.cancel",
            tooltip="Close the dialog; nothing is changed.",
        ),
    ]

    def __init__(
        self, title: str, ref: Ref | None, effects: Sequence[str], *, confirm: str = "Confirm"
    ) -> None:
        """Ask about `ref`; `effects` are sentences, `confirm` is the label of the acting button."""
        super().__init__()
        self._title = title
        self.ref = ref
        self._effects = tuple(effects)
        self._confirm = confirm

    @property
    def fields(self) -> Sequence[Field]:
        """What it is about: every part of the address."""
        return address_fields(self.ref) if self.ref is not None else ()

    def body(self) -> Iterable[Widget]:
        """Return what is between the title and the answers: what it is about, what will happen."""
        yield Fields(self.fields, id="address", label_width=LABELS)
        for effect in self._effects:
            yield Static(plain(effect), classes="effect gap")

    def compose(self) -> ComposeResult:
        """Lay out the question, the whole address, what will happen and the two answers."""
        with Vertical(classes="box"):
            yield Static(plain(self._title), classes="title")
            with DialogBody():
                yield from self.body()
            with Horizontal(classes="buttons"):
                yield DialogButton("Cancel", id="cancel")
                yield DialogButton(self._confirm, id="confirm")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Put the focus on the safe answer."""
        self.query_one("#cancel").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "confirm")

    def action_answer(self, answer: bool) -> None:
        """Close the dialog with an answer."""
        self.dismiss(answer)
