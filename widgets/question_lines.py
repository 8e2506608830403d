"""What a question is about, and how far its answer is, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from backends.text import clean
from widgets.cells import fit
from widgets.fit import clip, clip_middle, lines

LABEL = 8
"""Cells for the labels."""

GAUGE = 20
"""Cells of the gauge of progress."""


def gauge(share: float) -> str:
    """Return a gauge of a share, 0 to 1: ``████────  40%``."""
    share = max(0.0, min(1.0, share))
    filled = round(share * GAUGE)
    return f"{'█' * filled}{'─' * (GAUGE - filled)} {share:.0%}"


def bytes_words(count: float) -> str:
    """Return bytes as they are billed, in decimal units: ``12.4 GB``."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            value = count / size
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
    return f"{count:.0f} B"


def about(dollars: float) -> str:
    """Return an amount of money that is reckoned: ``about $0.06``, ``less than $0.01``."""
    if not dollars:
        return "$0.00"
    return "less than $0.01" if dollars < 0.01 else f"about ${dollars:,.2f}"


class QuestionLines(Widget):
    """Labelled lines of one row each; long values lose their middle."""

    DEFAULT_CSS = """
    QuestionLines { height: auto; width: 100%; padding: 0 1; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: tuple[tuple[str, str], ...] = ()

    def show(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show these labels and values."""
        if tuple(rows) != self._lines:
            self._lines = tuple(rows)
            self.refresh(layout=True)

    def render(self) -> Content:
        """Draw a row for each."""
        room = max(1, self.content_size.width - LABEL - 2)
        return lines(
            [
                Content.assemble(
                    (fit(label, LABEL + 2), "$foreground-muted"), clip_middle(clean(value), room)
                )
                for label, value in self._lines
            ]
        )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return a row for each line."""
        return len(self._lines)


class ProgressLine(Widget):
    """One row that says how a question is doing: a word in front, then the figures."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ProgressLine {
        height: 1; width: 100%; padding: 0 1; background: $panel; text-wrap: nowrap;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._state = ""
        self._parts: tuple[str, ...] = ()
        self._share: float | None = None

    @property
    def text(self) -> str:
        """What is said, without the gauge."""
        return " · ".join((self._state, *self._parts)) if self._state else " · ".join(self._parts)

    def show(self, state: str, *parts: str, share: float | None = None) -> None:
        """Show a state and some figures; `share` is how much is done, where that is known."""
        self._state, self._parts, self._share = state, parts, share
        self.refresh()

    def render(self) -> Content:
        """Draw the row; the gauge is left out where it would cost figures."""
        width = self.content_size.width
        state, said = clean(self._state), clean(self.text)
        drawn = f"{gauge(self._share)}  " if self._share is not None else ""
        if len(drawn) + cell_len(said) > width:
            drawn = ""
        head = clip(f"{drawn}{state}", width)
        rest = clean(" · ".join(("", *self._parts) if self._state else self._parts))
        return Content.assemble((head, "bold"), clip(rest, width - cell_len(head)))
