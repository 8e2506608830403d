"""What all dialogs share: a box in the middle whose foot never leaves the screen."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.widgets import Button

from widgets.fit import plain
from widgets.modal import Modal

Answer = TypeVar("Answer")

LABELS = 10
"""Cells for labels, so that all blocks of fields in dialogs line up."""


class DialogBody(VerticalScroll, can_focus=False):
    """The part of a dialog that scrolls when there is more than the screen can show."""


class DialogButton(Button):
    """A button of one line; its label is never parsed, and pressing it plays no animation."""

    DEFAULT_CSS = """
    DialogButton, DialogButton.-textual-compact {
        min-width: 10;
        margin-right: 2;
        border: none !important;
        color: $foreground;
        background: $foreground 15%;
        &:focus { color: $background; background: $foreground; text-style: bold; }
        &:disabled { color: $foreground-muted; text-style: none; }
    }
    """

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(plain(label), id=id, compact=True)
        self.active_effect_duration = 0


class Dialog(Modal[Answer]):
    """A modal question. Subclasses compose one `Vertical` of class ``box``.

    In it, a `DialogBody` gives way first when the terminal is low, so that what it asks and
    its buttons are always to be seen.
    """

    BINDING_GROUP_TITLE = "Dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right",
            "app.focus_next",
            "Next button",
            show=False,
            id="dialog.next",
            tooltip="Move to the next button.",
        ),
        Binding(
            "left",
            "app.focus_previous",
            "Previous button",
            show=False,
            id="dialog.back",
            tooltip="Move to the previous button.",
        ),
        Binding(
            "pageup",
            "scroll_body(-1)",
            "Scroll up",
            show=False,
            id="dialog.page_up",
            tooltip="Scroll the dialog's text up by a page.",
        ),
        Binding(
            "pagedown",
            "scroll_body(1)",
            "Scroll down",
            show=False,
            id="dialog.page_down",
            tooltip="Scroll the dialog's text down by a page.",
        ),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > .box {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        border: round $foreground 50%;
        background: $surface;
        padding: 0 1;
    }
    Dialog .title { text-style: bold; height: 1; margin-bottom: 1; }
    Dialog .title { text-wrap: nowrap; text-overflow: ellipsis; }
    Dialog KeyBar { background: transparent; padding: 0; margin-top: 1; }
    Dialog DialogBody { height: auto; scrollbar-size-vertical: 1; }
    Dialog .gap { margin-top: 1; }
    Dialog .buttons { height: 1; margin-top: 1; }
    """

    @property
    def box(self) -> Vertical:
        """The dialog's frame."""
        return self.query_one(".box", Vertical)

    @property
    def buttons(self) -> Horizontal:
        """The row of buttons at the foot."""
        return self.query_one(".buttons", Horizontal)

    def on_resize(self, event: Resize) -> None:
        """Let the body have what the screen's height leaves it."""
        body = self.query_one(DialogBody)
        others = sum(
            child.outer_size.height + child.styles.margin.height
            for child in self.box.children
            if child is not body
        )
        body.styles.max_height = max(1, event.size.height - others - 2)

    def action_scroll_body(self, pages: int) -> None:
        """Scroll the body by so many pages, up when negative."""
        body = self.query_one(DialogBody)
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)
