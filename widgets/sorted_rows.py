"""Rows of a table, and a list that keeps them in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import cast

import msgspec

from backends.model import Cell, Column, Health, Resource
from widgets.cells import SortKey, search_text
from widgets.health import HEALTH_LOOKS
from widgets.row_filter import HEALTH, WHOLE_ROW

_SAMPLE = 500
"""Rows that are looked at to tell whether many have the same key."""


class Row(msgspec.Struct, gc=False, eq=False):
    """One resource as a table holds it; the same object for as long as its Ref is there."""

    resource: Resource
    cells: tuple[Cell, ...]
    name: str
    """Its name in lower case. Rows that are equal otherwise are in order of name and address."""
    health: Health
    """That of the resource, at hand: looking it up there for every row costs three times that."""
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
            return "\n".join((HEALTH_LOOKS[self.health].word, *said))
        if column >= len(self.cells):
            return ""
        return search_text(self.cells[column], self.columns[column]).lower()


def texts(rows: Sequence[Row], column: int) -> list[str]:
    """Return what a filter sees of each row: `Row.text`, as quickly as it can be had of many."""
    if column == WHOLE_ROW:
        known = [row.searched for row in rows]
        if None in known:
            return [row.text(WHOLE_ROW) for row in rows]
        return cast("list[str]", known)
    if column >= 0:
        return [
            cell.lower() if (cell := row.cells[column]).__class__ is str else row.text(column)
            for row in rows
        ]
    return [row.text(column) for row in rows]


def in_order_of_names(rows: Iterable[Row]) -> list[Row]:
    """Return rows by name, and those of one name by address."""
    named = sorted(rows, key=attrgetter("name"))
    if len({row.name for row in named}) == len(named):
        return named
    runs = groupby(named, key=attrgetter("name"))
    return [row for _, run in runs for row in sorted(run, key=attrgetter("resource.ref"))]


class SortedRows:
    """A list of rows in order: by key in either direction (None last), then by name, address."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.reverse = False

    def _precedes(self, a: Row, b: Row) -> bool:
        if a.key is None or b.key is None:
            if (a.key is None) != (b.key is None):
                return b.key is None
        elif a.key != b.key:
            return (a.key > b.key) if self.reverse else (a.key < b.key)  # type: ignore[operator]
        if a.name != b.name:
            return a.name < b.name
        return a.resource.ref < b.resource.ref

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

    def rebuild(self, named: Sequence[Row]) -> None:
        """Hold these rows from now on; they are in the order of their names and addresses."""
        valued = [row for row in named if row.key is not None]
        sample = valued[:: len(valued) // _SAMPLE + 1]
        if len({row.key for row in sample}) * 2 < len(sample):
            self.rows = self._by_buckets(valued)
        else:
            self.rows = sorted(valued, key=attrgetter("key"), reverse=self.reverse)
        if len(valued) < len(named):
            self.rows += [row for row in named if row.key is None]

    def _by_buckets(self, valued: Sequence[Row]) -> list[Row]:
        """Sort rows of few different keys, without comparing each with others."""
        buckets: dict[SortKey, list[Row]] = {}
        for row in valued:
            bucket = buckets.get(row.key)
            if bucket is None:
                bucket = buckets[row.key] = []
            bucket.append(row)
        order = sorted(buckets, reverse=self.reverse)  # type: ignore[type-var]  # one type, no None
        return [row for key in order for row in buckets[key]]
