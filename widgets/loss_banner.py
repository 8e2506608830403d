"""The banner of lost credentials: whose they are, and what brings them back."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from backends.model import Health, Renewal
from backends.text import clean
from widgets.fit import clip, lines
from widgets.health import HEALTH_LOOKS


def command_line(argv: Sequence[str]) -> str:
    """Return a command as it would be typed into a shell, clean for the screen."""
    return clean(shlex.join(argv))


def loss_lines(renewals: Sequence[Renewal], key: str, width: int) -> Sequence[Content]:
    """Return what is lost in at most three lines of `width` cells.

    The first says whose credentials are lost; then the command that `key` runs, and what to do
    where there is no command.
    """
    look = HEALTH_LOOKS[Health.FAILING]
    names = clean(", ".join(renewal.who for renewal in renewals))
    head = Content.assemble(
        (f"{look.glyph} ", look.color), ("credentials lost", "bold"), ": ", names
    )
    runs = next((renewal for renewal in renewals if renewal.argv), None)
    by_hand = next((renewal for renewal in renewals if not renewal.argv), None)
    remedies = []
    if runs is not None:
        remedies.append(f"{key} runs {command_line(runs.argv)}")
    if by_hand is not None:
        remedies.append(clean(by_hand.advice))
    whole = Content.assemble(head, *(f" → {remedy}" for remedy in remedies))
    if len(remedies) == 1 and whole.cell_length <= width:
        return (whole,)
    rest = [Content(clip(f"  → {remedy}", width)) for remedy in remedies]
    return (head.truncate(width, ellipsis=True), *rest)


class LossBanner(Widget):
    """Hidden while no credentials are lost."""

    DEFAULT_CSS = """
    LossBanner { height: auto; width: 100%; padding: 0 1; display: none; text-wrap: nowrap; }
    """

    def __init__(self, renewals: Sequence[Renewal] = (), key: str = "") -> None:
        """Begin with what is lost; `key` is the one that runs the command, as it is shown."""
        super().__init__()
        self._key = key
        self._renewals: Sequence[Renewal] = ()
        self.show(renewals)

    @property
    def renewals(self) -> Sequence[Renewal]:
        """What is shown."""
        return self._renewals

    def show(self, renewals: Sequence[Renewal]) -> None:
        """Show whose credentials are lost, or nothing."""
        if tuple(renewals) != self._renewals:
            self._renewals = tuple(renewals)
            self.display = bool(renewals)
            self.refresh(layout=True)

    def render(self) -> Content:
        """Draw it in the width that there is."""
        return lines(loss_lines(self._renewals, self._key, self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that it takes."""
        return len(loss_lines(self._renewals, self._key, width)) if self._renewals else 0
