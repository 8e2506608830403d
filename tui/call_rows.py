"""The call budgets as the rows of a browse screen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backends.calls import CALLS_KIND, call_rows
from backends.fleet import Fleet
from backends.model import Cell, FeedState, Ref, Resource
from tui.row_status import SourceStatus
from tui.rows import RowsChanged

PERIOD = 1.0
"""Seconds between two looks at the budgets: what they count is counted by the second."""


class CallRows:
    """Every call budget of a fleet as a source. Nobody is asked: Topdeck counts its own calls."""

    kind = CALLS_KIND
    columns = CALLS_KIND.columns
    crumbs = ("fleet",)
    empty = CALLS_KIND.empty

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._rows: dict[Ref, Resource] = {}
        self._changed: RowsChanged | None = None
        self._looked = float("-inf")

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Return the row's own cells."""
        return row.cells

    def pick(self, rows: Collection[Resource], index: int) -> Sequence[Cell]:
        """Return the rows' own cells in one column."""
        return [row.cells[index] for row in rows]

    def rows(self) -> Sequence[Resource]:
        """Return every budget as of the last look."""
        return tuple(self._rows.values())

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Begin; rows follow the budgets whenever `flush` is called, once a second at most."""
        self.refresh()
        self._changed = changed
        return self.rows()

    def status(self) -> SourceStatus:
        """Say that the rows are live: they are Topdeck's own account of itself."""
        return SourceStatus(FeedState.LIVE, self._fleet.clock.now(), feeds=1)

    def flush(self) -> None:
        """Look at the budgets again, if that is due."""
        if self._fleet.clock.monotonic() - self._looked >= PERIOD:
            self.refresh()

    def set_visible(self, visible: bool) -> None:
        """Nothing is fetched, on screen or off."""

    def refresh(self) -> None:
        """Look at the budgets now, and hand on what is different."""
        self._looked = self._fleet.clock.monotonic()
        seen = {row.ref: row for row in call_rows(self._fleet.usage(), self._fleet.clock.now())}
        old = self._rows
        upserts = [row for ref, row in seen.items() if ref not in old or _differ(old[ref], row)]
        gone = [ref for ref in old if ref not in seen]
        for ref in gone:
            del old[ref]
        old.update((row.ref, row) for row in upserts)
        if self._changed is not None and (upserts or gone):
            self._changed(upserts, gone)

    def close(self) -> None:
        """Hand nothing on any more."""
        self._changed = None


def _differ(old: Resource, new: Resource) -> bool:
    return (old.cells, old.health, old.reason) != (new.cells, new.health, new.reason)
