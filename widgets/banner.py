"""A problem in a line or two: what was tried, what came back, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from backends.model import Health, Problem
from backends.text import clean
from widgets.fit import clip, lines
from widgets.health import HEALTH_LOOKS


def banner_lines(problem: Problem, width: int) -> Sequence[Content]:
    """Return a problem in at most two lines of `width` cells.

    Where it does not fit, the remedy stays whole as long as it can, on a line of its own, and
    what came back is cut.
    """
    look = HEALTH_LOOKS[Health.FAILING]
    head = Content.assemble((f"{look.glyph} ", look.color), (clean(problem.action), "bold"), ": ")
    message, remedy = clean(problem.message), clean(problem.remedy)
    whole = Content.assemble(head, message, (f" → {remedy}" if remedy else "", ""))
    if whole.cell_length <= width:
        return (whole,)
    first = Content.assemble(head, message).truncate(width, ellipsis=True)
    if not remedy:
        return (first,)
    return (first, Content(clip(f"  → {remedy}", width)))


class Banner(Widget):
    """Hidden while there is no problem."""

    DEFAULT_CSS = """
    Banner { height: auto; width: 100%; padding: 0 1; display: none; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._problem: Problem | None = None

    @property
    def problem(self) -> Problem | None:
        """What is shown."""
        return self._problem

    def show(self, problem: Problem | None) -> None:
        """Show a problem, or none."""
        if problem != self._problem:
            self._problem = problem
            self.display = problem is not None
            self.refresh(layout=True)

    def render(self) -> Content:
        """Draw it in the width that there is."""
        if self._problem is None:
            return Content("")
        return lines(banner_lines(self._problem, self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return one or two lines."""
        return len(banner_lines(self._problem, width)) if self._problem else 0
