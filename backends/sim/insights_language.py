"""The part of the Logs Insights query language that the simulator understands.

`fields`, `display`, `filter`, `parse`, `stats`, `sort`, `limit`, `dedup` and `estimate`, as
"CloudWatch Logs Insights language query syntax" in the CloudWatch Logs User Guide has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from backends.sim.insights_expressions import Expression, expression
from backends.sim.insights_lexer import Word, Words, unquoted
from backends.sim.insights_stats import Tally, aggregation
from backends.sim.insights_values import Row, Value, number, written

MOST_ROWS = 10_000
"""Rows of a query that names no limit ("limit" in the query syntax)."""

Named: TypeAlias = tuple[str, Expression]
"""A column's name, and what is in it."""

EachRow: TypeAlias = Callable[[Row], bool]
"""Does something to one row; False drops it."""


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


class Plan:
    """A query as understood."""

    def __init__(self) -> None:
        self.each: list[EachRow] = []
        """What is done to every event, in order."""
        self.wholes: list[Whole | EachRow] = []
        """The commands from the first on that needs every row."""
        self.columns: list[str] = []
        """The columns of the answer, in order."""
        self.grouped = False
        """Whether rows are groups of a `stats`, and no events any more."""
        self.estimate = False
        """Whether only what would be scanned is asked for."""
        self.limit: int | None = None

    def then(self, act: EachRow) -> None:
        """Do something to each row at this point of the query."""
        (self.wholes if self.wholes else self.each).append(act)


def parse(query: str) -> Plan:
    """Understand a query; raises `Malformed`."""
    words = Words(query)
    try:
        return _parse(words)
    except RecursionError:
        raise words.unexpected() from None


def _parse(words: Words) -> Plan:
    plan = Plan()
    shown = False
    while True:
        word = words.kind("name")
        name = word.text.lower()
        if plan.estimate:
            raise words.unexpected(word)
        shown = _command(words, word, name, plan, shown)
        if words.next.kind == "end":
            break
        words.expect("|")
    plan.columns = plan.columns or ["@timestamp", "@message"]
    return plan


def _command(words: Words, word: Word, name: str, plan: Plan, shown: bool) -> bool:
    """Read one command into the plan; return whether a `display` has chosen the columns."""
    if name in ("fields", "display"):
        named = _named_list(words)
        plan.then(lambda row: _assign(row, named))
        names = [column for column, _ in named]
        if name == "display":
            plan.columns = names
        elif not shown:
            plan.columns += [column for column in names if column not in plan.columns]
        return shown or name == "display"
    if name in ("filter", "where"):
        test = expression(words)
        plan.then(lambda row: bool(test(row)))
    elif name == "parse":
        plan.then(_parsing(words))
    elif name == "stats":
        stats = _stats(words)
        plan.wholes.append(stats)
        plan.columns, plan.grouped = stats.columns, True
        return False
    elif name == "sort":
        plan.wholes.append(_sort(words))
    elif name in ("limit", "head"):
        plan.limit = int(float(words.kind("number").text))
        plan.wholes.append(_First(plan.limit))
    elif name == "dedup":
        plan.wholes.append(_Dedup(_names(words)))
    elif name == "estimate":
        plan.estimate = True
    else:
        raise words.unexpected(word)
    return shown


def _assign(row: Row, named: Iterable[Named]) -> bool:
    for name, of in named:
        row.values[name] = of(row)
    return True


def _named_list(words: Words) -> list[Named]:
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


def _names(words: Words) -> list[str]:
    found = [unquoted(words.kind("name"))]
    while words.skip(","):
        found.append(unquoted(words.kind("name")))
    return found


def _parsing(words: Words) -> EachRow:
    """Read ``parse [field] "glob" as a, b`` or ``parse [field] /(?<a>...)/``."""
    of: Expression = lambda row: row.get("@message")  # noqa: E731
    if words.next.kind == "name":
        field = unquoted(words.take())

        def of(row: Row) -> Value:
            return row.get(field)

    pattern = words.regex()
    if pattern is not None:
        return lambda row: _take(row, of, pattern, None)
    glob = unquoted(words.kind("text"))
    words.expect("as")
    names = _names(words)
    if glob.count("*") != len(names):
        raise words.unexpected()
    parts = [re.escape(part) for part in glob.split("*")]
    compiled = re.compile("(.*?)".join(parts[:-1]) + ("(.*)" if glob.endswith("*") else "(.*?)")
                          + parts[-1] if names else parts[0], re.DOTALL)  # fmt: skip
    return lambda row: _take(row, of, compiled, names)


def _take(row: Row, of: Expression, pattern: re.Pattern[str], names: list[str] | None) -> bool:
    found = pattern.search(written(of(row)))
    if found is not None:
        taken = found.groupdict() if names is None else zip(names, found.groups(), strict=True)
        row.values.update(taken)
    return True


class _Stats:
    """`stats`: rows become groups."""

    def __init__(
        self, totals: Sequence[tuple[str, Callable[[], Tally]]], groups: Sequence[Named]
    ) -> None:
        self.totals, self.groups = totals, groups
        self.columns = [name for name, _ in (*groups, *totals)]

    def begin(self) -> Gathering:
        return _Groups(self)


class _Groups:
    def __init__(self, stats: _Stats) -> None:
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


def _stats(words: Words) -> _Stats:
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
    return _Stats(totals, _named_list(words) if words.skip("by") else [])


class _Kept:
    """Gathers rows as they are; subclasses say what becomes of them."""

    def __init__(self, change: Callable[[list[Row]], Sequence[Row]]) -> None:
        self._rows: list[Row] = []
        self._change = change

    def add(self, row: Row) -> None:
        self._rows.append(row)

    def rows(self) -> Sequence[Row]:
        return self._change(self._rows)


class _First:
    """`limit`."""

    def __init__(self, count: int) -> None:
        self.count = count

    def begin(self) -> Gathering:
        return _Kept(lambda rows: rows[: self.count])


class _Sort:
    """`sort`: by one column after the other."""

    def __init__(self, by: Sequence[tuple[str, bool]]) -> None:
        self.by = by

    def begin(self) -> Gathering:
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


def _sort(words: Words) -> _Sort:
    by: list[tuple[str, bool]] = []
    while True:
        name = unquoted(words.kind("name"))
        descending = words.is_word("desc")
        if words.is_word("asc", "desc"):
            words.take()
        by.append((name, descending))
        if not words.skip(","):
            return _Sort(by)


class _Dedup:
    """`dedup`: the first row of each combination of values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def begin(self) -> Gathering:
        return _Kept(self._firsts)

    def _firsts(self, rows: list[Row]) -> Sequence[Row]:
        found: dict[tuple[str, ...], Row] = {}
        for row in rows:
            found.setdefault(tuple(written(row.get(name)) for name in self.names), row)
        return list(found.values())


class Run:
    """One run of a plan: events go in, and at any time there is an answer so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.matched = 0
        """Events that passed what is done to each."""
        first = next((one for one in plan.wholes if not callable(one)), None)
        self._gathering: Gathering = (first or _First(MOST_ROWS)).begin()
        self._rest = plan.wholes[1:] if first is not None else []

    def add(self, row: Row) -> None:
        """Take in one event; the newest come first."""
        if all(act(row) for act in self._plan.each):
            self.matched += 1
            self._gathering.add(row)

    def rows(self) -> Sequence[Row]:
        """Return the answer that the events so far have."""
        rows = self._gathering.rows()
        for step in self._rest:
            if callable(step):
                rows = [row for row in rows if step(row)]
            else:
                gathering = step.begin()
                for row in rows:
                    gathering.add(row)
                rows = gathering.rows()
        return rows[: MOST_ROWS if self._plan.limit is None else self._plan.limit]
