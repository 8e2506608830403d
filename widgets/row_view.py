"""The sorted, filtered view over resources that a table draws; it knows of no screen.

What a change costs is in proportion to the change. What takes longer than a key may is done in
slices: `warm` while nobody waits, `decide` while rows are still to be filtered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeAlias, overload

from backends.model import Column, Health, Ref, Resource
from widgets.row_filter import WHOLE_ROW, RowFilter
from widgets.row_order import HEALTH_FIRST, Pick, Project, RowOrder
from widgets.row_search import HANDFUL, RowSearch
from widgets.row_texts import RowTexts
from widgets.sorted_rows import Row

__all__ = ["HEALTH_FIRST", "Pace", "Project", "RowView", "unhurried"]

Pace: TypeAlias = Callable[[], Callable[[], bool]]
"""Begins a slice of work, and returns what says whether the slice is over."""


_SPOILED_SHARE = 4
"""Texts are made anew when more than one in so many is no longer true."""


def unhurried() -> Callable[[], bool]:
    """Begin a slice of work that is never over."""
    return lambda: False


class RowView:
    """Rows by Ref, in order, and those of them that pass the filter.

    Rows that there was no time to filter yet are not shown: `decide` looks at more of them.
    """

    def __init__(self, pace: Pace = unhurried) -> None:
        self.filter = RowFilter()
        self.visible = VisibleRows(self)
        """The rows that are shown, in order."""
        self._order = RowOrder()
        self._search: RowSearch | None = None
        self._texts: RowTexts | None = None
        self.expected = False
        """Whether a filter is about to be typed."""
        self._stirred = False
        self._pace = pace

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that cells are aligned with."""
        return self._order.columns

    @property
    def sort_column(self) -> str:
        """The key of the column that rows are in order of, or `HEALTH_FIRST`."""
        return self._order.sort_column

    @property
    def reverse(self) -> bool:
        """Whether the order is a descending one."""
        return self._order.reverse

    @property
    def undecided(self) -> int:
        """How many rows there was no time to filter yet; `decide` does."""
        return 0 if self._search is None else self._search.undecided

    @property
    def note(self) -> str:
        """What was not understood of the filter, or took too long; empty: nothing."""
        return self.filter.note or ("" if self._search is None else self._search.trouble)

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self._order.rows)

    @property
    def shown(self) -> int:
        """How many rows pass the filter."""
        return self.total if self._search is None else len(self._search.refs)

    @property
    def health_counts(self) -> Mapping[Health, int]:
        """How many of the shown rows have each health; those of none are left out."""
        search = self._search
        counts = self._order.health_counts if search is None else search.health_counts
        return {health: counts[health] for health in Health if counts[health]}

    def get(self, ref: Ref) -> Row | None:
        """Return the row of a Ref, shown or not."""
        resource = self._order.rows.get(ref)
        return None if resource is None else self.row(resource)

    def find(self, ref: Ref) -> Resource | None:
        """Return the resource of a Ref as last seen, shown or not."""
        return self._order.rows.get(ref)

    def at(self, index: int) -> Row | None:
        """Return the row at an index among the shown ones; None beyond either end."""
        if not 0 <= index < self.shown:
            return None
        return self.row(self._order.rows[self.refs(index + 1)[index]])

    def shows(self, ref: Ref) -> bool:
        """Return whether a Ref is there and passes the filter."""
        if ref not in self._order.rows:
            return False
        return self._search is None or self._search.shows(ref)

    def row(self, resource: Resource) -> Row:
        """Return what a table draws of a resource."""
        return Row(resource, self._order.cells(resource))

    def place(self, row: Row) -> int:
        """Return the index in `visible` at which a row is, or would be if it were shown.

        It may have left; then its place is that of what it was.
        """
        ref = row.resource.ref
        resource = self._order.rows.get(ref, row.resource)
        place = self._order.place(resource, self.refs())
        if place == len(self.refs()) and not self._order.finished:
            self._order.finish()
            place = self._order.place(resource, self.refs())
        return place

    def refs(self, end: int | None = 0) -> list[Ref]:
        """Return the addresses of the shown rows in order, of at least so many; None: of all."""
        if self._search is not None:
            return self._search.refs
        order = self._order
        if not order.finished and (end is None or end > len(order.refs)):
            order.finish()
        return order.refs

    @property
    def resources(self) -> list[Resource]:
        """The resources of the shown rows, in order."""
        rows = self._order.rows
        return [rows[ref] for ref in self.refs(None)]

    def sample(self, count: int) -> list[Row]:
        """Return about so many of the shown rows, spread evenly over all of them."""
        rows = self._order.rows
        if self._search is None:
            # Whatever their order is: putting them in order takes longer than drawing a screen.
            found = [*islice(rows.values(), 0, None, max(1, len(rows) // count))]
        else:
            refs = self._search.refs
            found = [rows[ref] for ref in refs[:: max(1, len(refs) // count)]]
        return [self.row(resource) for resource in found]

    def set_columns(
        self, columns: Sequence[Column], project: Project | None, pick: Pick | None = None
    ) -> None:
        """Drop every row, the filter and the sort order, and expect cells of these columns.

        `pick` says the same as `project` of many rows, in one column.
        """
        self._order.reset(columns, project, pick)
        self.filter = RowFilter()
        self._search = self._texts = None

    def replace(self, resources: Iterable[Resource]) -> None:
        """Hold these resources and no others; of two with one Ref the last counts."""
        self._stirred = True
        self._order.load(resources)
        self._search_anew()

    def apply(self, upserts: Sequence[Resource], deletes: Sequence[Ref]) -> None:
        """Take over what changed; a Ref that is in both is there afterwards."""
        order, search = self._order, self._search
        batch = order.plan(upserts, deletes)
        if not any(batch):
            return
        self._stirred = True
        if self._texts is not None:
            self._texts.spoil(ref for part in batch for ref in part)
        if search is None:
            order.commit(batch)
        elif order.is_large(batch):
            order.commit(batch)
            self._search_anew()
        else:
            search.leave(batch, self._pace())
            order.commit(batch)
            search.enter()

    def sort(self, key: str, reverse: bool) -> bool:
        """Order by the column `key`, or by `HEALTH_FIRST`; False: there is no such column."""
        version, search = self._order.version, self._search
        known = self._order.sort(key, reverse)
        if search is not None and self._order.version != version:
            if search.undecided:
                self._search_anew()
            else:
                search.rearrange()
        return known

    # Filtering

    def set_filter(self, new: RowFilter) -> None:
        """Show only rows that match; where `new` extends the last filter only those are read."""
        last, search = self.filter, self._search
        self.filter, among = new, None
        if not new.terms:
            self._search = None
            self._tidy()
            return
        texts = self._fresh_texts()
        if search is not None and search.texts is texts and not search.undecided:
            among = search.hits if new.narrows(last) else None
        self._search = RowSearch(self._order, new, texts, among)
        self.decide()

    def decide(self) -> bool:
        """Filter more of the rows that there was no time for; return whether there are others."""
        search = self._search
        if search is not None and search.undecided and search.run(self._pace()):
            return True
        self._tidy()
        return False

    def expect_filter(self, expected: bool) -> None:
        """Say whether a filter is about to be typed: what it reads is then kept at hand, `warm`
        by `warm`, at about 200 bytes a row."""
        self.expected = expected
        self._tidy()

    def warm(self) -> bool:
        """Do some of what will be needed sooner or later; return whether there is more to do."""
        if self._stirred:
            self._stirred = False  # more may be on its way
            return True
        over = self._pace()
        if self._order.step(over):
            return True
        if not self.expected or not self.total:
            return False
        texts, at = self._fresh_texts(), 0
        while not texts.ready(WHOLE_ROW):
            at = len(texts.columns.get(WHOLE_ROW, ()))
            texts.fill(WHOLE_ROW, min(at + HANDFUL, len(texts.refs)))
            if over():
                return not texts.ready(WHOLE_ROW)
        return False

    def _search_anew(self) -> None:
        """Filter all rows: they are others, or others have come before them."""
        if self._search is not None:
            self._search = RowSearch(self._order, self.filter, self._fresh_texts())
            self.decide()

    def _fresh_texts(self) -> RowTexts:
        """Return the texts of the present rows, some of which may be spoiled."""
        order, texts = self._order, self._texts
        order.finish()
        if (
            texts is None
            or texts.version != order.version
            or len(texts.spoiled) * _SPOILED_SHARE > len(texts.refs) + 1000
        ):
            texts = self._texts = RowTexts(order)
        return texts

    def _tidy(self) -> None:
        """Let go of texts that nobody needs."""
        search = self._search
        if not self.expected and not self.undecided:
            self._texts = None
            if search is not None:
                search.forget_texts()


class VisibleRows(Sequence[Row]):
    """The shown rows of a view as a sequence; each is made when it is asked for."""

    def __init__(self, view: RowView) -> None:
        self._view = view

    def __len__(self) -> int:
        return self._view.shown

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        view, count = self._view, len(self)
        if isinstance(at, slice):
            span = range(count)[at]
            refs = view.refs(max(span[0], span[-1]) + 1 if span else 0)[at]
            return [row for ref in refs if (row := view.get(ref)) is not None]
        row = view.at(at if at >= 0 else at + count)
        if row is None:
            raise IndexError(at)
        return row

    def __iter__(self) -> Iterator[Row]:
        return map(self._view.row, self._view.resources)
