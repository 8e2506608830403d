"""The aggregations of a `stats` command in the simulator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from backends.sim.insights_expressions import Expression, arguments, expression
from backends.sim.insights_lexer import Words
from backends.sim.insights_values import Row, Value, number, written


class Tally(Protocol):
    """Counts the rows of one group."""

    def add(self, row: Row) -> None:
        """Take one row in."""
        ...

    def value(self) -> Value:
        """Return what the rows so far come to."""
        ...


class _Count:
    def __init__(self, given: Sequence[Expression]) -> None:
        self._of = given[0] if given else None
        self._rows = 0

    def add(self, row: Row) -> None:
        self._rows += self._of is None or self._of(row) is not None

    def value(self) -> Value:
        return float(self._rows)


class _Distinct:
    def __init__(self, given: Sequence[Expression]) -> None:
        self._of = given[0]
        self._seen: set[str] = set()

    def add(self, row: Row) -> None:
        found = self._of(row)
        if found is not None:
            self._seen.add(written(found))

    def value(self) -> Value:
        return float(len(self._seen))


class _Edge:
    """The first or the last row's value by time: `earliest` and `latest`."""

    def __init__(self, given: Sequence[Expression], sign: int) -> None:
        self._of, self._sign = given[0], sign
        self._at = -math.inf
        self._value: Value = None

    def add(self, row: Row) -> None:
        at = self._sign * (number(row.get("@timestamp")) or 0)
        if at > self._at:
            self._at, self._value = at, self._of(row)

    def value(self) -> Value:
        return self._value


class _Numbers:
    def __init__(
        self, given: Sequence[Expression], total: Callable[[Sequence[float]], float]
    ) -> None:
        self._of, self._total = given[0], total
        self._found: list[float] = []

    def add(self, row: Row) -> None:
        found = number(self._of(row))
        if found is not None:
            self._found.append(found)

    def value(self) -> Value:
        return self._total(self._found) if self._found else None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the values that at least `share` percent of them don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


_TOTALS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
    "stddev": _deviation,
    "median": lambda values: percentile(values, 50),
}


def aggregation(words: Words) -> Callable[[], Tally]:
    """Read one aggregation, and return what makes the tally of a group; raises `Malformed`."""
    word = words.kind("name")
    name = word.text.lower()
    if not words.is_word("("):
        raise words.unexpected()
    if name == "count":
        return _counting(words)
    if name in ("pct", "percentile"):
        given = arguments(words)
        if len(given) != 2:
            raise words.unexpected(word)
        share = number(given[1](Row({}, ""))) or 0.0
        return lambda: _Numbers(given, lambda values: percentile(values, share))
    known = name in _TOTALS or name in ("count_distinct", "earliest", "latest")
    if not known:
        raise words.unexpected()
    given = arguments(words)
    if len(given) != 1:
        raise words.unexpected(word)
    if name == "count_distinct":
        return lambda: _Distinct(given)
    if name in ("earliest", "latest"):
        return lambda: _Edge(given, 1 if name == "latest" else -1)
    return lambda: _Numbers(given, _TOTALS[name])


def _counting(words: Words) -> Callable[[], Tally]:
    """Read what `count` counts: ``*``, nothing, or a field."""
    words.expect("(")
    if words.skip("*"):
        words.expect(")")
        return lambda: _Count(())
    if words.skip(")"):
        return lambda: _Count(())
    of = expression(words)
    words.expect(")")
    return lambda: _Count((of,))
