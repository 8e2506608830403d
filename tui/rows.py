"""Where the rows of a browse screen come from: the fleet board, or feeds of a kind.

A source hides how many feeds are behind a view, which rows of a wider feed belong to it, and
that clusters may appear while it is open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeAlias

from backends.board import BOARD_KIND, Board
from backends.fleet import Fleet
from backends.model import Cell, Column, Kind, Ref, Resource
from tui.row_status import SourceStatus, combine

RowsChanged: TypeAlias = Callable[[Sequence[Resource], Sequence[Ref]], None]
"""Called with rows that are new or changed, and addresses that are gone."""


class RowSource(Protocol):
    """What a browse screen shows."""

    @property
    def kind(self) -> Kind:
        """The kind whose columns and verbs apply."""
        ...

    @property
    def crumbs(self) -> Sequence[str]:
        """Where this is, widest first."""
        ...

    @property
    def columns(self) -> Sequence[Column]:
        """The columns to draw, with those of the address where rows differ in it."""
        ...

    @property
    def empty(self) -> str:
        """Why there are no rows, if everything has answered and there are none."""
        ...

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Return a row's cells, aligned with `columns`."""
        ...

    def pick(self, rows: Collection[Resource], index: int) -> Sequence[Cell]:
        """Return the cells of many rows in one column: quicker than `project` of each."""
        ...

    def rows(self) -> Sequence[Resource]:
        """Return every row there is at this moment."""
        ...

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Begin; return the rows there are, and call `changed` from then on."""
        ...

    def status(self) -> SourceStatus:
        """Say how fresh the rows are."""
        ...

    def flush(self) -> None:
        """Deliver what has been held back; called some times a second."""
        ...

    def set_visible(self, visible: bool) -> None:
        """Say whether the view is on screen."""
        ...

    def refresh(self) -> None:
        """Ask for fresh rows now."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class BoardRows:
    """The fleet board as a source."""

    kind = BOARD_KIND
    columns = BOARD_KIND.columns
    crumbs = ("fleet",)
    empty = BOARD_KIND.empty

    def __init__(self, board: Board, fleet: Fleet) -> None:
        self._board = board
        self._fleet = fleet
        self._unlisten: Callable[[], None] | None = None

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Return the row's own cells."""
        return row.cells

    def pick(self, rows: Collection[Resource], index: int) -> Sequence[Cell]:
        """Return the rows' own cells in one column."""
        return [row.cells[index] for row in rows]

    def rows(self) -> Sequence[Resource]:
        """Return the board's rows."""
        return self._board.rows

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Begin to listen to the board, which is open already."""
        self._unlisten = self._board.listen(changed)
        return self._board.rows

    def status(self) -> SourceStatus:
        """Join the statuses of the scopes."""
        known = self._board.statuses()
        return combine(known, self._fleet.clock.now())

    def flush(self) -> None:
        """Bring the board up to date."""
        self._board.flush()

    def set_visible(self, visible: bool) -> None:
        """Refresh clusters often while they are looked at."""
        self._board.set_visible(visible)

    def refresh(self) -> None:
        """Ask every scope and cluster anew."""
        self._board.refresh()

    def close(self) -> None:
        """Stop listening; the board goes on."""
        if self._unlisten is not None:
            self._unlisten()
