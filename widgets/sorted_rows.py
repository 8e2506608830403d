"""Rows of a table, and a list that keeps them in order."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from backends.model import Cell, Column, Ref, Resource
from widgets.cells import SortKey, search_text
from widgets.health import HEALTH_LOOKS
from widgets.row_filter import HEALTH, WHOLE_ROW


class Row(msgspec.Struct, gc=False, eq=False):
    """One resource as a table holds it; the same object for as long as its Ref is there."""

    resource: Resource
    cells: tuple[Cell, ...]
    tie: tuple[str, Ref]
    """By name, then by address: the order of rows that are equal otherwise."""
    key: SortKey = None
    columns: tuple[Column, ...] = ()
    shown: bool = False
    """Whether the filter lets it through."""
    searched: str | None = None
    """The lower-case text of all cells, once it was asked for."""

    def text(self, column: int) -> str:
        """Return what a filter sees; see `widgets.row_filter.Searchable`."""
        if column == WHOLE_ROW:
            if self.searched is None:
                texts = map(search_text, self.cells, self.columns)
                self.searched = "\n".join(texts).lower()
            return self.searched
        if column == HEALTH:
            said = [self.text(i) for i, c in enumerate(self.columns) if c.key == "health"]
            return "\n".join((HEALTH_LOOKS[self.resource.health].word, *said))
        if column >= len(self.cells):
            return ""
        return search_text(self.cells[column], self.columns[column]).lower()


class SortedRows:
    """A list of rows in order: by key in either direction (None last), then by `Row.tie`."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.reverse = False

    def _precedes(self, a: Row, b: Row) -> bool:
        if a.key is None or b.key is None:
            if (a.key is None) != (b.key is None):
                return b.key is None
        elif a.key != b.key:
            return (a.key > b.key) if self.reverse else (a.key < b.key)  # type: ignore[operator]
        return a.tie < b.tie

    def place(self, row: Row) -> int:
        """Return the index at which a row is, or would be."""
        low, high = 0, len(self.rows)
        while low < high:
            middle = (low + high) // 2
            if self._precedes(self.rows[middle], row):
                low = middle + 1
            else:
                high = middle
        return low

    def add(self, row: Row) -> None:
        """Put a row in its place."""
        self.rows.insert(self.place(row), row)

    def remove(self, row: Row) -> None:
        """Take a row out; its key and tie must be those with which it was added."""
        del self.rows[self.place(row)]

    def rebuild(self, by_tie: Sequence[Row]) -> None:
        """Hold these rows from now on; they are in the order of their ties."""
        valued = [row for row in by_tie if row.key is not None]
        valued.sort(key=attrgetter("key"), reverse=self.reverse)
        if len(valued) < len(by_tie):
            valued += [row for row in by_tie if row.key is None]
        self.rows = valued
