"""The table of every browse screen: resources in rows, a cursor that belongs to a `Ref`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from backends.clock import Clock
from backends.model import Column, Ref, Resource
from widgets import table_messages as messages
from widgets.changed_cells import LASTING
from widgets.marking_table import MarkingTable
from widgets.row_filter import RowFilter
from widgets.row_order import HEALTH_FIRST, Pick, Project

FRAME = 1 / 30
"""Seconds between two repaints at the least, however many changes come in."""

PAUSE = 0.001
"""Seconds between two slices of filtering, in which keys are answered."""


def _bind(keys: str, action: str, description: str, id: str, tooltip: str) -> Binding:  # noqa: A002
    # Movement is what everybody tries first; only enter is worth room at the foot.
    return Binding(keys, action, description, show=keys == "enter", id=id, tooltip=tooltip)


class ResourceTable(MarkingTable):
    """Rows of resources under a header that stays, kept up to date by `replace` and `apply`.

    The cursor belongs to a `Ref`: whatever is inserted, sorted, filtered or refreshed, it is on
    the same resource and, where possible, on the same line of the screen. Once that resource is
    gone `current` is None and its line says so, until a cursor key leaves it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("down,j", "move(1)", "Down", "table.down", "The next row."),
        _bind("up,k", "move(-1)", "Up", "table.up", "The row before."),
        _bind("pagedown,ctrl+f", "page(1)", "Page down", "table.page-down", "A screen further."),
        _bind("pageup,ctrl+b", "page(-1)", "Page up", "table.page-up", "A screen back."),
        _bind("home,g", "first", "Top", "table.first", "The first row."),
        _bind("end,G", "last", "Bottom", "table.last", "The last row."),
        _bind("left", "pan(-1)", "Left", "table.left", "The columns to the left."),
        _bind("right", "pan(1)", "Right", "table.right", "The columns to the right."),
        _bind("enter", "activate", "Open", "table.open", "What is inside, or its details."),
    ]

    RowHighlighted: TypeAlias = messages.RowHighlighted
    RowUpdated: TypeAlias = messages.RowUpdated
    RowActivated: TypeAlias = messages.RowActivated
    CursorGone: TypeAlias = messages.CursorGone
    HeaderClicked: TypeAlias = messages.HeaderClicked
    MarksChanged: TypeAlias = messages.MarksChanged
    MarksGone: TypeAlias = messages.MarksGone

    def __init__(
        self,
        *,
        clock: Clock,
        highlight: float = LASTING,
        id: str | None = None,  # noqa: A002 - as every widget calls it
        classes: str | None = None,
    ) -> None:
        super().__init__(clock=clock, highlight=highlight, id=id, classes=classes)
        self._pacer: Timer | None = None
        self._warmer: Timer | None = None
        self._searcher: Timer | None = None
        self._pending = False
        self._measured = 0
        self._announced: tuple[Resource | None, bool] = (None, False)
        self._clicked: Ref | None = None

    # What it shows

    @property
    def painting(self) -> bool:
        """Whether a frame has not ended yet: changes may wait to be drawn."""
        return self._pacer is not None

    @property
    def warming(self) -> bool:
        """Whether rows are still being put in order, or prepared for a filter."""
        return self._warmer is not None

    def set_columns(
        self,
        columns: Sequence[Column],
        project: Project | None = None,
        pick: Pick | None = None,
    ) -> None:
        """Begin anew with other columns: no rows, no filter, the worst first. What is marked
        stays so if the next rows hold it.

        `project` makes cells aligned with `columns`; by default they are `Resource.cells`. `pick`
        says the same of many rows in one column.
        """
        self._view.set_columns(columns, project, pick)
        self._begin(columns)
        self._measured = 0
        self._changed()

    def replace(self, rows: Iterable[Resource]) -> None:
        """Show these resources and no others; nothing of them counts as a change."""
        self._view.replace(rows)
        self._changes.forget()
        self._port.settle(asked=False)
        self._drop_gone_marks()
        self._fit_all()
        self._changed()

    def apply(self, upserts: Sequence[Resource] = (), deletes: Sequence[Ref] = ()) -> None:
        """Take over what changed at once; repaints are coalesced to one each `FRAME`."""
        if self._view.sort_column == HEALTH_FIRST:
            self._changes.expect(upserts, self._view.find)
        self._view.apply(upserts, deletes)
        self._port.settle(asked=False)
        self._drop_gone_marks(deletes)
        if self._view.total > 2 * self._measured:
            self._fit_all()
        self._changed()

    def set_filter(self, text: str) -> None:
        """Show only rows that match (see `widgets.row_filter`); `note` says what was unclear."""
        self._view.set_filter(RowFilter.parse(text, self._view.columns))
        self._port.settle(asked=True)
        self._changed()

    def expect_filter(self, expected: bool) -> None:
        """Say whether a filter is about to be typed, or typed no more: rows are then prepared,
        so that each key finds theirs at once. What that takes in memory is held as long."""
        self._view.expect_filter(expected)
        if expected and self.is_mounted:
            if self._warmer is not None:
                self._warmer.stop()
            self._warm()

    def sort_by(self, key: str, reverse: bool) -> None:
        """Order rows by the column `key`, or by `HEALTH_FIRST`; an unknown key changes nothing."""
        if self._view.sort(key, reverse):
            self._port.settle(asked=False)
            self._refresh_header()
            self._changed()

    def move_to(self, ref: Ref) -> bool:
        """Put the cursor on a Ref and show it; False if it is not among the shown rows."""
        moved = self._port.move_to(ref)
        if moved:
            self._moved()
        return moved

    def rewind(self) -> None:
        """Put a cursor that nobody has moved yet on the first row, as while rows first arrive."""
        if not self.touched:
            self._port.rewind()
            self._moved()

    def settle_changes(self) -> None:
        """Show nothing of what changed so far, as while rows first arrive."""
        self._changes.forget()

    def refit(self) -> None:
        """Give every column the width that a sample of the present rows asks for, if more."""
        self._fit_all()
        self._changed()

    # Keeping up with changes

    def _fit_all(self) -> None:
        self._measured = self._view.total
        self._fit_load()

    def _changed(self) -> None:
        """Say what became of the cursor, and paint: now, or when this frame is over."""
        self._announce()
        self._pending = True
        if self._view.undecided and self._searcher is None and self.is_mounted:
            self._searcher = self.set_timer(PAUSE, self._search, name="table searcher")
        if self._pacer is None and self.is_mounted:
            self._catch_up()
            self._pacer = self.set_timer(FRAME, self._end_frame, name="table frame")

    def _end_frame(self) -> None:
        self._pacer = None
        if self._pending:
            self._changed()
        if self._warmer is None:
            self._warm()

    def _warm(self) -> None:
        """Put rows in order, or prepare them for being filtered, a slice at a time."""
        more, pause = self._view.warm(), PAUSE if self._view.expected else FRAME
        self._warmer = self.set_timer(pause, self._warm, name="table warmer") if more else None

    def _search(self) -> None:
        """Filter the rows that there was no time for, a slice at a time."""
        self._searcher = None
        self._view.decide()
        self._port.settle(asked=True)
        self._changed()

    def _catch_up(self) -> None:
        """Draw what is pending: before a key is obeyed, screen and rows must agree."""
        if self._pending:
            self._pending = False
            self._sync()

    def _announce(self) -> None:
        was, was_gone = self._announced
        seen, gone = self._announced = (self._port.last_seen, self._port.gone)
        same = was is seen or (was is not None and seen is not None and was.ref == seen.ref)
        if gone and seen is not None and not (was_gone and same):
            near = self._port.neighbour()
            self.post_message(self.CursorGone(self, seen.ref, near.resource if near else None))
        if not same or gone != was_gone:
            self.post_message(self.RowHighlighted(self, self.current))
        elif was is not seen and seen is not None and not gone:
            self.post_message(self.RowUpdated(self, seen))

    # Keys and mouse

    def _moved(self) -> None:
        """Show the cursor where it has just been put."""
        self._announce()
        self._port.reveal(self._height)
        self._port.remember(self._height)
        self._show_window()

    def action_move(self, lines: int) -> None:
        """Move the cursor so many rows down."""
        self._catch_up()
        self._port.move_by(lines)
        self._moved()

    def action_page(self, pages: int) -> None:
        """Move the cursor so many screens down; one line stays in view."""
        self.action_move(pages * max(1, self._height - 1))

    def action_first(self) -> None:
        """Move the cursor to the first row."""
        self._port.move_to_index(0)
        self._moved()

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._port.move_to_index(self.shown - 1)
        self._moved()

    def action_pan(self, columns: int) -> None:
        """Scroll sideways by so many columns; the first one stays."""
        edges = [box.x - self._layout.frozen for box in self._layout.boxes[1:]]
        at = self.scroll_offset.x
        ahead = [x for x in edges if x > at] if columns > 0 else [x for x in edges[::-1] if x < at]
        if ahead:
            x = ahead[min(abs(columns), len(ahead)) - 1]
            self.scroll_to(x=x, animate=False, force=True)

    def action_activate(self) -> None:
        """Open the resource under the cursor; one that is gone can't be opened."""
        if (resource := self.current) is not None:
            self.post_message(self.RowActivated(self, resource))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked, or open the one it is on.

        The second click of a double one counts only if the first met the same row: it may have
        opened another view already.
        """
        if event.y == 0:
            column = self._layout.column_at(event.x, self.scroll_offset.x)
            if column is not None:
                self.post_message(self.HeaderClicked(self, column.key))
            return
        painted = self._row_painted(event.y)
        last, self._clicked = self._clicked, painted
        if painted is None:
            return
        if painted == self.cursor_ref and (event.chain == 1 or last == painted):
            self.action_activate()
        else:
            self.move_to(painted)
