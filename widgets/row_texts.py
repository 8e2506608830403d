"""What a filter reads of rows: made a few at a time, and kept only while one is typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import cast

from backends.model import Cell, Column, Format, Ref, Resource
from widgets.cells import search_text
from widgets.health import HEALTH_LOOKS
from widgets.row_filter import HEALTH, WHOLE_ROW
from widgets.row_order import RowOrder

_SILENT = frozenset({Format.AGE, Format.SPARK})
_HEALTH_COLUMN = "health"


class RowText:
    """The text of one row; see `widgets.row_filter.Searchable`."""

    def __init__(
        self, resource: Resource, cells: Sequence[Cell], columns: Sequence[Column]
    ) -> None:
        self._resource = resource
        self._cells = cells
        self._columns = columns

    def text(self, column: int) -> str:
        """Return what a filter sees of a column, in lower case."""
        if column == WHOLE_ROW:
            return "\n".join(map(search_text, self._cells, self._columns)).lower()
        if column == HEALTH:
            keys = (each.key for each in self._columns)
            said = [self.text(i) for i, key in enumerate(keys) if key == _HEALTH_COLUMN]
            return "\n".join((HEALTH_LOOKS[self._resource.health].word, *said))
        return search_text(self._cells[column], self._columns[column]).lower()


class RowTexts:
    """The texts of rows in the order of a moment.

    Whoever changes a row has to say so by `spoil`. Rows that were not spoiled are in the same
    order among themselves for as long as nothing was sorted.
    """

    def __init__(self, order: RowOrder) -> None:
        self._order = order
        self.refs: Sequence[Ref] = order.refs
        """The rows that the texts are of."""
        order.shared = True
        self.version = order.version
        """Which order they are in."""
        self.columns: dict[int, list[str]] = {}
        """The texts of a column, or of `WHOLE_ROW` or `HEALTH`; as many as there are yet."""
        self.healths = bytearray()
        """The health of each row; as many as were looked at yet."""
        self.spoiled: dict[Ref, None] = {}
        """Rows that have changed, come or gone since."""

    def ready(self, column: int) -> bool:
        """Return whether all texts of a column are there."""
        return len(self.columns.get(column, ())) == len(self.refs)

    def fill(self, column: int, end: int) -> None:
        """Make the texts of a column for the rows before the index `end`."""
        texts = self.columns.setdefault(column, [])
        begin, rows = len(texts), self._order.rows
        if begin >= end:
            return
        # What has left by now is spoiled, and whatever is read of it does not count.
        found = [rows.get(ref) for ref in self.refs[begin:end]]
        resources = [resource for resource in found if resource is not None]
        made = self._texts(column, resources)
        if len(made) < len(found):
            there = iter(made)
            made = ["" if resource is None else next(there) for resource in found]
        texts += made
        if len(self.healths) == begin:
            self._add_healths(found)

    def fill_healths(self, end: int) -> None:
        """Look up the healths of the rows before the index `end`."""
        if len(self.healths) < end:
            self._add_healths([*map(self._order.rows.get, self.refs[len(self.healths) : end])])

    def _add_healths(self, found: Sequence[Resource | None]) -> None:
        self.healths += bytes([0 if each is None else each.health for each in found])

    def _texts(self, column: int, resources: Sequence[Resource]) -> Sequence[str]:
        """Return what `RowText.text` does, quicker for many."""
        order = self._order
        made: list[str] = []
        if column == WHOLE_ROW and resources:
            every = zip(*map(order.cells, resources), strict=False)
            made = _folded([*map(_column, every, order.columns)])
        elif column >= 0 and resources:
            made = _folded([_column(order.column_cells(resources, column), order.columns[column])])
        if len(made) == len(resources):
            return made  # no cell had in it what rows are told apart by
        texts = (RowText(each, order.cells(each), order.columns) for each in resources)
        return [text.text(column) for text in texts]

    def spoil(self, refs: Iterable[Ref]) -> None:
        """Say that rows have changed, come or gone."""
        self.spoiled.update(dict.fromkeys(refs))


def _column(cells: Sequence[Cell], column: Column) -> Iterable[str]:
    """Return `search_text` of each cell of a column."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return cast("Sequence[str]", cells)
    if column.format in _SILENT and str not in kinds:
        return repeat("", len(cells))
    if column.format is Format.NUMBER and kinds == {int}:
        return map(str, cells)
    return [search_text(cell, column) for cell in cells]


def _folded(columns: Sequence[Iterable[str]]) -> list[str]:
    """Return the texts of rows in lower case, of some columns: all of them in one go."""
    pieces = chain.from_iterable(zip(*columns, repeat("\0"), strict=False))
    return "\n".join(pieces).lower()[: -len("\n\0")].split("\n\0\n")
