"""What every part of a browse screen knows: the place, where its rows come from, its table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from textual.screen import Screen
from textual.widget import Widget

from backends.fleet import Fleet
from backends.model import Resource
from tui.navigation import Place, source_of
from tui.rows import RowSource
from widgets.resource_table import ResourceTable

if TYPE_CHECKING:
    from tui.app import TopdeckApp

LATE = ("RolloutPane", "FilterBar", "CommandBar", "KeyBar")
"""What is below the table, from top to bottom; all but the last come at their first use."""


class PlaceScreen(Screen[None]):
    """A screen on a place, with a table over a source of rows."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self._source: RowSource | None = None
        self.growing = asyncio.Lock()
        """Held while a part is added that was not needed so far."""

    @property
    def topdeck(self) -> TopdeckApp:
        """The application, by its own type."""
        return cast("TopdeckApp", self.app)

    @property
    def fleet(self) -> Fleet:
        """The fleet behind the application."""
        return self.topdeck.fleet

    @property
    def source(self) -> RowSource:
        """Where the rows come from."""
        if self._source is None:
            self._source = source_of(self.place, self.fleet, self.topdeck.board)
        return self._source

    @property
    def table(self) -> ResourceTable:
        """The table."""
        return self.query_one(ResourceTable)

    @property
    def cluster(self) -> Resource | None:
        """The cluster where this place is, if it is within one."""
        names = {query.scope.at(namespace="") for query in self.place.queries}
        clusters = self.topdeck.board.clusters
        return next((c for c in clusters if len(names) == 1 and c.ref.scope in names), None)

    @property
    def target(self) -> Resource | None:
        """The row that a verb is about, as its own backend made it; captured once by the verb."""
        row = self.table.current
        if row is None:
            return None
        return self.topdeck.board.cluster(row.ref) or row

    async def add_late(self, part: Widget) -> None:
        """Mount a part that was not needed so far at its place below the table, ready for use.

        What the first frame does not show is not made for it: that would take a tenth of the
        time to it. Where a key asks for it, the keys after that one wait until it is there.
        """
        below = LATE[LATE.index(type(part).__name__) + 1 :]
        await self.mount(part, before=self.query(", ".join(below)).first())
