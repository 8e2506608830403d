"""The sorted, filtered view over resources that a table draws; it knows of no screen.

What a change costs is in proportion to the change: rows are found and placed by bisection,
and only a batch that moves many of them sorts anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from backends.model import Cell, Column, Health, Ref, Resource
from widgets.cells import SortKey, sort_key, sort_keys
from widgets.row_filter import WHOLE_ROW, RowFilter, RowTest
from widgets.sorted_rows import Row, SortedRows, in_order_of_names, texts

HEALTH_FIRST = "@health"
"""The sort key that stands for the health itself; no column is called so. Reversed, which is the
default, the worst come first."""

Project: TypeAlias = Callable[[Resource], tuple[Cell, ...]]
"""From a resource to cells that are aligned with the columns of the table."""

Pace: TypeAlias = Callable[[], Callable[[], bool]]
"""Begins a slice of work, and returns what says whether the slice is over."""


def unhurried() -> Callable[[], bool]:
    """Begin a slice of work that is never over."""
    return lambda: False


_RESORT_SHARE = 50
"""A batch that moves more than one row in so many is sorted as a whole: measured break-even."""


class RowView:
    """Rows by Ref, in order, and those of them that pass the filter.

    `ordered` holds all, `visible` what is shown; they are one object while nothing is filtered.
    Rows that there was no time to filter yet are not shown: `decide` looks at more of them.
    """

    def __init__(self, pace: Pace = unhurried) -> None:
        self.columns: tuple[Column, ...] = ()
        self.filter = RowFilter()
        self.sort_column = HEALTH_FIRST
        self._project: Project | None = None
        self._sort_index: int | None = None
        self._by_ref: dict[Ref, Row] = {}
        self._named: list[Row] | None = []
        self._cold: list[Row] = []
        self._ordered = SortedRows()
        self._ordered.reverse = True
        self._visible = self._ordered
        self._health: Counter[Health] = Counter()
        self._test: RowTest | None = None
        self._pace = pace
        self._over = pace()
        self._undecided: list[Row] = []

    @property
    def visible(self) -> Sequence[Row]:
        """The rows that are shown, in order."""
        return self._visible.rows

    @property
    def reverse(self) -> bool:
        """Whether the order is a descending one."""
        return self._ordered.reverse

    @property
    def undecided(self) -> int:
        """How many rows there was no time to filter yet; `decide` does."""
        return len(self._undecided)

    @property
    def note(self) -> str:
        """What was not understood of the filter, or took too long; empty: nothing."""
        return self.filter.note or (self._test.trouble if self._test else "")

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._by_ref)

    @property
    def health_counts(self) -> Mapping[Health, int]:
        """How many of the shown rows have each health; those of none are left out."""
        return {health: count for health, count in self._health.items() if count}

    def get(self, ref: Ref) -> Row | None:
        """Return the row of a Ref, shown or not."""
        return self._by_ref.get(ref)

    def place(self, row: Row) -> int:
        """Return the index in `visible` at which a row is, or would be if it were shown.

        The row may have left; it must have been made since the columns were last set.
        """
        row.key = self._key(row.resource, row.cells)
        return self._visible.place(row)

    def set_columns(self, columns: Sequence[Column], project: Project | None) -> None:
        """Drop every row, the filter and the sort order, and expect cells of these columns."""
        self.columns = tuple(columns)
        self._project = project
        self.filter = RowFilter()
        self._test = None
        self._by_ref = {}
        self._named = None
        self._cold = []
        self._ordered.rows = []
        self._set_order(HEALTH_FIRST, True)
        self._show(())

    def replace(self, resources: Iterable[Resource]) -> None:
        """Hold these resources and no others; of two with one Ref the last counts."""
        self._over = self._pace()
        last, self._by_ref, self._named = self._by_ref, {}, None
        if not last:
            self._add_new(resources)
        for resource in resources if last else ():
            row = last.get(resource.ref)
            if row is None:
                row = self._row(resource)
            elif row.resource is not resource:
                cells = self._cells(resource)
                self._update(row, resource, cells)
                row.key = self._key(resource, cells)
            self._by_ref[resource.ref] = row
        self._ordered.rebuild(self._in_order_of_names())
        self._show(self._ordered.rows)

    def apply(self, upserts: Sequence[Resource], deletes: Sequence[Ref]) -> None:
        """Take over what changed; a Ref that is in both is there afterwards."""
        self._over = self._pace()
        many = (len(upserts) + len(deletes)) * _RESORT_SHARE > self.total + 1000
        gone = [row for ref in deletes if (row := self._by_ref.pop(ref, None))]
        if gone:
            self._named = None
        if many:
            self._upsert_many(upserts)
        else:
            for row in gone:
                self._unlink(row)
            for resource in upserts:
                self._upsert(resource)

    def sort(self, key: str, reverse: bool) -> bool:
        """Order by the column `key`, or by `HEALTH_FIRST`; False: there is no such column."""
        if key != HEALTH_FIRST and all(column.key != key for column in self.columns):
            return False
        same_key = key == self.sort_column
        if same_key and reverse == self.reverse:
            return True
        self._set_order(key, reverse)
        rows = self._in_order_of_names()
        if not same_key:
            for row, row_key in zip(rows, self._keys(rows), strict=True):
                row.key = row_key
        self._ordered.rebuild(rows)
        if self._visible is not self._ordered:
            self._visible.rows = [row for row in self._ordered.rows if row.shown]
        return True

    def set_filter(self, new: RowFilter) -> None:
        """Show only rows that match; where `new` extends the last filter only those are read."""
        self._over = self._pace()
        narrower = new.narrows(self.filter) and not self._undecided
        base = self.visible if narrower else self._ordered.rows
        self.filter = new
        self._test = RowTest(new) if new.terms else None
        self._show(base)

    def decide(self) -> bool:
        """Filter more of the rows that there was no time for; return whether there are others."""
        self._over = self._pace()
        waiting, self._undecided = self._undecided, []
        while waiting and self._test is not None:
            row = waiting.pop()
            there = self._by_ref.get(row.resource.ref) is row
            if there and not row.shown and self._test.passes(row):
                row.shown = True
                self._health[row.health] += 1
                self._visible.add(row)
            if self._over():
                break
        self._undecided = waiting
        return bool(waiting)

    def warm(self, count: int) -> bool:
        """Prepare so many new rows for being filtered; return whether there are more.

        The first letter of a filter would have to do it for all of them at once.
        """
        for row in self._cold[-count:]:
            row.text(WHOLE_ROW)
        del self._cold[-count:]
        return bool(self._cold)

    def _set_order(self, key: str, reverse: bool) -> None:
        self.sort_column = key
        self._ordered.reverse = self._visible.reverse = reverse
        keys = [column.key for column in self.columns]
        self._sort_index = keys.index(key) if key in keys else None

    def _in_order_of_names(self) -> Sequence[Row]:
        if self._named is None:
            self._named = in_order_of_names(self._by_ref.values())
        return self._named

    def _show(self, base: Sequence[Row]) -> None:
        """Filter anew; `base` holds, in order, at least all rows that match."""
        self._undecided = []
        for row in self._visible.rows:
            row.shown = False
        if self._test is None:
            self._visible = self._ordered
        else:
            matching = self._select(base)
            self._visible = SortedRows()
            self._visible.reverse = self.reverse
            self._visible.rows = matching
        for row in self._visible.rows:
            row.shown = True
        self._health = Counter([row.health for row in self._visible.rows])

    def _select(self, base: Sequence[Row]) -> list[Row]:
        assert self._test is not None
        if not self._test.limited:
            return self._test.select(base, texts)
        found: list[Row] = []
        for at, row in enumerate(base):
            if self._over():
                self._undecided = [*reversed(base[at:])]
                break
            if self._test.passes(row):
                found.append(row)
        return found

    def _shows(self, row: Row) -> bool:
        """Return whether a row passes the filter; if there is no time, it does not yet."""
        if self._test is None:
            return True
        if self._test.limited and self._over():
            self._undecided.append(row)
            return False
        return self._test.passes(row)

    def _cells(self, resource: Resource) -> tuple[Cell, ...]:
        cells = resource.cells if self._project is None else self._project(resource)
        missing = len(self.columns) - len(cells)
        return cells if missing <= 0 else cells + (None,) * missing

    def _key(self, resource: Resource, cells: tuple[Cell, ...]) -> SortKey:
        if self._sort_index is None:
            return int(resource.health)
        return sort_key(cells[self._sort_index], self.columns[self._sort_index], resource.health)

    def _keys(self, rows: Sequence[Row]) -> Sequence[SortKey]:
        """Return `_key` of each row."""
        index = self._sort_index
        healths = (row.health for row in rows)
        if index is None:
            return list(map(int, healths))
        return sort_keys([row.cells[index] for row in rows], self.columns[index], healths)

    def _row(self, resource: Resource) -> Row:
        cells = self._cells(resource)
        row = self._new(resource, cells)
        row.key = self._key(resource, cells)
        self._cold.append(row)
        return row

    def _new(self, resource: Resource, cells: tuple[Cell, ...]) -> Row:
        name = resource.ref.name
        lower = name.lower()
        # Most names are in lower case already, and need no second copy.
        name = name if lower == name else lower
        return Row(resource, cells, name, resource.health, None, self.columns)

    def _add_new(self, resources: Iterable[Resource]) -> None:
        """Take in rows where there are none yet."""
        self._by_ref = {r.ref: self._new(r, self._cells(r)) for r in resources}
        rows = list(self._by_ref.values())
        for row, key in zip(rows, self._keys(rows), strict=True):
            row.key = key
        self._cold += rows

    def _update(self, row: Row, resource: Resource, cells: tuple[Cell, ...]) -> None:
        row.resource = resource
        row.health = resource.health
        row.cells = cells
        row.searched = None

    def _upsert_many(self, resources: Iterable[Resource]) -> None:
        for resource in resources:
            row = self._by_ref.get(resource.ref)
            if row is None:
                self._by_ref[resource.ref] = self._row(resource)
                self._named = None
            elif row.resource is not resource:
                cells = self._cells(resource)
                self._update(row, resource, cells)
                row.key = self._key(resource, cells)
        self._ordered.rebuild(self._in_order_of_names())
        self._show(self._ordered.rows)

    def _upsert(self, resource: Resource) -> None:
        row = self._by_ref.get(resource.ref)
        if row is None:
            row = self._by_ref[resource.ref] = self._row(resource)
            self._named = None
            self._link(row)
            return
        if row.resource is resource:
            return
        cells = self._cells(resource)
        key = self._key(resource, cells)
        if key != row.key:
            self._unlink(row)
            self._update(row, resource, cells)
            row.key = key
            self._link(row)
        else:
            self._stay(row, resource, cells)

    def _link(self, row: Row) -> None:
        """Put a row into both orders."""
        self._ordered.add(row)
        row.shown = self._shows(row)
        if row.shown:
            self._health[row.health] += 1
            if self._visible is not self._ordered:
                self._visible.add(row)

    def _unlink(self, row: Row) -> None:
        """Take a row out of both orders, before its key changes."""
        self._ordered.remove(row)
        if row.shown:
            self._health[row.health] -= 1
            if self._visible is not self._ordered:
                self._visible.remove(row)
            row.shown = False

    def _stay(self, row: Row, resource: Resource, cells: tuple[Cell, ...]) -> None:
        """Update a row that keeps its place, but may begin or cease to match."""
        was = row.shown
        if was:
            self._health[row.health] -= 1
        self._update(row, resource, cells)
        row.shown = self._shows(row)
        if row.shown:
            self._health[row.health] += 1
        if row.shown and not was:
            self._visible.add(row)
        elif was and not row.shown:
            self._visible.remove(row)
