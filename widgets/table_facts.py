"""What a table can be asked about what it holds and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.model import Health, Ref, Resource
from widgets.table_canvas import TableCanvas


class TableFacts(TableCanvas):
    """The part of a table that answers questions and changes nothing."""

    @property
    def current(self) -> Resource | None:
        """The resource under the cursor as last seen; None without one, and when it is gone."""
        return self._port.current

    @property
    def cursor_ref(self) -> Ref | None:
        """What the cursor is on; the same when that is gone."""
        return self._port.ref

    @property
    def touched(self) -> bool:
        """Whether the operator, or `move_to`, has moved the cursor or the window yet."""
        return self._port.touched

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return self._view.total

    @property
    def shown(self) -> int:
        """How many rows pass the filter."""
        return self._view.shown

    @property
    def resources(self) -> Sequence[Resource]:
        """The resources that pass the filter, in order."""
        return self._view.resources

    def find(self, ref: Ref) -> Resource | None:
        """Return the resource of an address as last seen, shown or not."""
        return self._view.find(ref)

    @property
    def note(self) -> str:
        """What was not understood of the filter, or took too long; empty: nothing."""
        return self._view.note

    @property
    def searching(self) -> bool:
        """Whether there are rows that there was no time to filter yet."""
        return self._view.undecided > 0

    @property
    def sort_key(self) -> str:
        """The key of the column that rows are sorted by, or `widgets.row_view.HEALTH_FIRST`."""
        return self._view.sort_column

    @property
    def sort_reverse(self) -> bool:
        """Whether rows are in descending order."""
        return self._view.reverse

    def health_counts(self) -> Mapping[Health, int]:
        """Return how many of the shown rows have each health; those of none are left out."""
        return self._view.health_counts
