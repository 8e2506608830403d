"""The commands of the query language that need every row, for the simulator: `stats`, `sort`,
`limit` and `dedup`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from backends.sim.insights_expressions import Expression, expression
from backends.sim.insights_lexer import Words, unquoted
from backends.sim.insights_stats import Tally, aggregation
from backends.sim.insights_values import Row, Value, number, written

Named: TypeAlias = tuple[str, Expression]
"""A column's name, and what is in it."""


class Whole(Protocol):
    """A command that needs every row before it has an answer."""

    def begin(self) -> Gathering:
        """Begin to gather rows."""
        ...


class Gathering(Protocol):
    """The rows that a command has been given so far."""

    def add(self, row: Row) -> None:
        """Take in one row, the newest events first."""
        ...

    def rows(self) -> Sequence[Row]:
        """Return what the command makes of the rows so far."""
        ...


def named_list(words: Words) -> list[Named]:
    """Read expressions with commas between them, each with its name; raises `Malformed`."""
    found = [_named(words)]
    while words.skip(","):
        found.append(_named(words))
    return found


def _named(words: Words) -> Named:
    start = words.next.start
    of = expression(words)
    name = words.query[start : words.next.start].strip().strip("`")
    if words.skip("as"):
        name = unquoted(words.kind("name"))
    return name, of


def names(words: Words) -> list[str]:
    """Read names with commas between them; raises `Malformed`."""
    found = [unquoted(words.kind("name"))]
    while words.skip(","):
        found.append(unquoted(words.kind("name")))
    return found


class Stats:
    """`stats`: rows become groups."""

    def __init__(
        self, totals: Sequence[tuple[str, Callable[[], Tally]]], groups: Sequence[Named]
    ) -> None:
        self.totals, self.groups = totals, groups
        self.columns = [name for name, _ in (*groups, *totals)]

    def begin(self) -> Gathering:
        """Begin to gather rows."""
        return _Groups(self)


class _Groups:
    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._found: dict[tuple[str, ...], tuple[list[Value], list[Tally]]] = {}

    def add(self, row: Row) -> None:
        keys = [of(row) for _, of in self._stats.groups]
        place = tuple(written(key) for key in keys)
        group = self._found.get(place)
        if group is None:
            group = self._found[place] = (keys, [make() for _, make in self._stats.totals])
        for tally in group[1]:
            tally.add(row)

    def rows(self) -> Sequence[Row]:
        made = []
        for keys, tallies in self._found.values():
            values = [*keys, *(tally.value() for tally in tallies)]
            made.append(Row(dict(zip(self._stats.columns, values, strict=True)), ""))
        return made


def stats(words: Words) -> Stats:
    """Read what comes after ``stats``; raises `Malformed`."""
    totals: list[tuple[str, Callable[[], Tally]]] = []
    while True:
        start = words.next.start
        make = aggregation(words)
        name = words.query[start : words.next.start].strip()
        if words.skip("as"):
            name = unquoted(words.kind("name"))
        totals.append((name, make))
        if not words.skip(","):
            break
    return Stats(totals, named_list(words) if words.skip("by") else [])


class _Kept:
    """Gathers rows as they are; subclasses say what becomes of them."""

    def __init__(self, change: Callable[[list[Row]], Sequence[Row]]) -> None:
        self._rows: list[Row] = []
        self._change = change

    def add(self, row: Row) -> None:
        self._rows.append(row)

    def rows(self) -> Sequence[Row]:
        return self._change(self._rows)


class First:
    """`limit`."""

    def __init__(self, count: int) -> None:
        self.count = count

    def begin(self) -> Gathering:
        """Begin to gather rows."""
        return _Kept(lambda rows: rows[: self.count])


class Sort:
    """`sort`: by one column after the other."""

    def __init__(self, by: Sequence[tuple[str, bool]]) -> None:
        self.by = by

    def begin(self) -> Gathering:
        """Begin to gather rows."""
        return _Kept(self._ordered)

    def _ordered(self, rows: list[Row]) -> Sequence[Row]:
        ordered = list(rows)
        for name, descending in reversed(self.by):
            ordered.sort(key=lambda row: _sort_key(row.get(name)), reverse=descending)
        return ordered


def _sort_key(value: Value) -> tuple[int, float, str]:
    """Numbers come after text, and what is not there before both."""
    if value is None:
        return (0, 0.0, "")
    found = number(value)
    return (2, found, "") if found is not None else (1, 0.0, written(value))


def sort(words: Words) -> Sort:
    """Read what comes after ``sort``: columns, each with its direction; raises `Malformed`."""
    by: list[tuple[str, bool]] = []
    while True:
        name = unquoted(words.kind("name"))
        descending = words.is_word("desc")
        if words.is_word("asc", "desc"):
            words.take()
        by.append((name, descending))
        if not words.skip(","):
            return Sort(by)


class Dedup:
    """`dedup`: the first row of each combination of values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def begin(self) -> Gathering:
        """Begin to gather rows."""
        return _Kept(self._firsts)

    def _firsts(self, rows: list[Row]) -> Sequence[Row]:
        found: dict[tuple[str, ...], Row] = {}
        for row in rows:
            found.setdefault(tuple(written(row.get(name)) for name in self.names), row)
        return list(found.values())
