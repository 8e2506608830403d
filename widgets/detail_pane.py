"""What is known of one resource, in words: its state at once, its description when it comes."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Resize

from backends.clock import Clock
from backends.model import Description, Problem, Ref, Resource
from widgets.detail_layout import (
    Row,
    Run,
    description_rows,
    head_row,
    problem_rows,
    summary_rows,
)
from widgets.log_text import tidy
from widgets.rows_view import RowsView


class DetailPane(RowsView):
    """Shows a resource's state, and below it its description, or why there is none.

    `show_resource` says what it is about; what arrives for another resource is ignored. New
    data of the same resource takes the old one's place without scrolling.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._ref: Ref | None = None
        self._resource: Resource | None = None
        self._description: Description | None = None
        self._problem: Problem | None = None
        self._empty = ""
        self._rows: list[Row] = []
        self._described: tuple[Description, int, list[Row]] | None = None

    @property
    def ref(self) -> Ref | None:
        """What it is about."""
        return self._ref

    @property
    def description(self) -> Description | None:
        """The description that is shown."""
        return self._description

    @property
    def problem(self) -> Problem | None:
        """Why there is no description, or no newer one."""
        return self._problem

    @property
    def awaiting(self) -> bool:
        """Whether a description is still awaited."""
        return self._ref is not None and self._description is None and self._problem is None

    @property
    def text(self) -> str:
        """Everything shown, as plain text, for copying."""
        rows = [self.row(number) for number in range(self.row_count())]
        return "\n".join("".join(text for text, _ in row).rstrip() for row in rows)

    def set_empty(self, text: str) -> None:
        """Say what to do to see something here, for when nothing is shown."""
        self._empty = tidy(text)[0]
        self._lay_out()

    def clear(self) -> None:
        """Go over to nothing."""
        self.show_ref(None)

    def show_ref(self, ref: Ref | None) -> None:
        """Go over to another resource of which only the address is known; None: to nothing."""
        if ref == self._ref:
            return
        self._ref = ref
        self._resource = self._description = self._problem = None
        self._lay_out()
        self.action_scroll_home()

    def show_resource(self, resource: Resource) -> None:
        """Go over to a resource, or take in newer data of the one that is shown."""
        self.show_ref(resource.ref)
        self._resource = resource
        self._lay_out()

    def show_description(self, description: Description) -> None:
        """Show the description of the resource that this is about; another's is ignored."""
        if description.ref == self._ref:
            self._description = description
            self._problem = None
            self._lay_out()

    def show_problem(self, problem: Problem, ref: Ref | None = None) -> None:
        """Say why describing failed; an older description stays, below it.

        With a `ref`, only if that is what this is about.
        """
        if self._ref is not None and ref in (None, self._ref):
            self._problem = problem
            self._lay_out()

    @property
    def pinned(self) -> int:
        """The first row, which holds the state, stays in view."""
        return 1 if self._ref else 0

    def row_count(self) -> int:
        """Return how many rows there are, the pinned one included."""
        return len(self._rows) + self.pinned

    def row(self, number: int) -> Sequence[Run]:
        """Return one row; the first is written anew each time, because an age ticks in it."""
        if self._ref is None:
            return self._rows[number]
        if number == 0:
            at = self._description.at if self._description else None
            width = self.scrollable_size.width
            return head_row(self._ref.name, self._resource, at, self._clock.now(), width)
        return self._rows[number - 1]

    def on_mount(self) -> None:
        """Let the age tick."""
        self.set_interval(1.0, self.tick)
        self._lay_out()

    def on_resize(self, event: Resize) -> None:
        """Lay out anew for the new width."""
        self._lay_out()

    def tick(self) -> None:
        """Write the age anew."""
        if self._ref:
            self.refresh_lines(self.scroll_offset.y)

    def _lay_out(self) -> None:
        width = self.scrollable_size.width
        if not width:
            return
        rows: list[Row] = []
        if self._ref is None:
            rows = [[(self._empty, "quiet")]] if self._empty else []
        elif self._resource is not None:
            rows += summary_rows(self._resource, width)
        else:
            rows += [[(self._ref.address, "quiet")]]
        if self._problem:
            rows += [[], *problem_rows(self._problem, width)]
        if self._description:
            rows += [[], *self._description_rows(self._description, width)]
        elif self.awaiting:
            rows += [[], [("loading…", "quiet")]]
        self._rows = rows
        self.measure(width)

    def _description_rows(self, description: Description, width: int) -> list[Row]:
        """Lay a description out once for a width: its resource changes far more often."""
        known = self._described
        if known is None or known[0] is not description or known[1] != width:
            known = (description, width, description_rows(description, width))
            self._described = known
        return known[2]
