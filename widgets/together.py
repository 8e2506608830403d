"""Dialogs about several resources at once: each is named by its full address."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from backends.model import Ref
from widgets.confirm_dialog import ConfirmDialog
from widgets.fields import Field, Fields
from widgets.fit import lines, plain

WIDE_BOX = """ {
    width: 104;
}
"""
"""Room for an address in one line, where the terminal has it."""


HIDDEN = " (hidden by the filter)"
"""Behind the address of what is marked and not on the screen."""


class Selection(msgspec.Struct, frozen=True):
    """What was marked, as a dialog shows it."""

    refs: tuple[Ref, ...]
    """Those that something will be done to."""
    hidden: frozenset[Ref] = frozenset()
    """Those of them that the filter hides from the table."""
    note: str = ""
    """What else is to be known, such as that the cursor's row is not among them."""
    left_out: Mapping[Ref, str] = {}
    """Those that it can't be done to, and why."""


def listed(
    refs: Iterable[Ref],
    said: Mapping[Ref, Sequence[str]] | None = None,
    hidden: Container[Ref] = frozenset(),
) -> tuple[Field, ...]:
    """Return numbered addresses, each with what is said of it below, and which are hidden."""

    def value(ref: Ref) -> Content:
        where = Content.assemble(plain(ref.address), HIDDEN if ref in hidden else "")
        return lines([where, *map(plain, (said or {}).get(ref, ()))])

    return tuple((f"{number}", value(ref)) for number, ref in enumerate(refs, 1))


def selection_notes(selection: Selection) -> Iterable[Widget]:
    """Return what is to be known before the list is read."""
    if selection.note:
        yield Static(plain(selection.note), classes="note")
    if selection.left_out:
        yield Static(plain(f"Left out: {len(selection.left_out)}"), classes="note")
        said = {ref: (why,) for ref, why in selection.left_out.items()}
        yield Fields(listed(selection.left_out, said), id="left-out")
    many, hidden = len(selection.refs), len(selection.hidden)
    head = "This one:" if many == 1 else f"These {many:,}:"
    if hidden:
        head = f"{head[:-1]}, {hidden:,} of them hidden by the filter:"
    yield Static(Content(head), classes="gap")


class ConfirmTogether(ConfirmDialog):
    """Asks whether something may be done to each of several resources."""

    DEFAULT_CSS = "ConfirmTogether > .box" + WIDE_BOX

    def __init__(
        self, title: str, selection: Selection, effects: Sequence[str], *, confirm: str
    ) -> None:
        super().__init__(title, None, effects, confirm=confirm)
        self.selection = selection

    @property
    def fields(self) -> Sequence[Field]:
        """The full address of each, numbered."""
        return listed(self.selection.refs, hidden=self.selection.hidden)

    def body(self) -> Iterable[Widget]:
        """Return what will happen before the list: that may be longer than the screen."""
        for effect in self._effects:
            yield Static(plain(effect), classes="effect")
        yield from selection_notes(self.selection)
        yield Fields(self.fields, id="addresses")
