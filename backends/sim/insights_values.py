"""Values of CloudWatch Logs Insights queries in the simulator: what fields and events hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

Value: TypeAlias = "str | float | bool | None"
"""What an expression gives; numbers in fields are text until they are compared or counted."""

MOST_FIELDS = 1000
"""Fields that are discovered in one JSON event ("Supported logs and discovered fields")."""


class Moment(float):
    """Milliseconds since the epoch that are written as a time."""


class Row:
    """One log event as a query sees it: its own fields, and those that the query has made."""

    __slots__ = ("_found", "_text", "values")

    def __init__(self, values: dict[str, Value], text: str) -> None:
        self.values = values
        """Fields by name: the event's ``@`` fields, and what `parse` and `fields` made."""
        self._text = text
        self._found: Mapping[str, Value] | None = None

    def get(self, name: str) -> Value:
        """Return a field, looked for in the event's JSON where nothing else has that name."""
        if name in self.values:
            return self.values[name]
        if self._found is None:
            self._found = discovered(self._text)
        return self._found.get(name)

    def everything(self) -> dict[str, Value]:
        """Return every field that the event has."""
        return {**discovered(self._text), **self.values}


def discovered(text: str) -> dict[str, Value]:
    """Return the fields of a JSON event, nested names joined by dots; none of any other event."""
    if not text.startswith("{"):
        return {}
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    found: dict[str, Value] = {}
    for name, value in _flat(document, ""):
        found[name] = value
        if len(found) >= MOST_FIELDS:
            break
    return found


def _flat(node: Mapping[str, Any], before: str) -> Iterator[tuple[str, Value]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield from _flat({str(i): item for i, item in enumerate(value)}, f"{before}{key}.")
        elif isinstance(value, bool):
            yield f"{before}{key}", "1" if value else "0"
        else:
            yield f"{before}{key}", value if isinstance(value, str | None) else float(value)


def number(value: Value) -> float | None:
    """Return a value as a number, or None where it is none."""
    if isinstance(value, bool) or value is None:
        return None if value is None else float(value)
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def written(value: Value) -> str:
    """Return a value as GetQueryResults writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if isinstance(value, Moment):
        when = datetime.fromtimestamp(value / 1000, UTC)
        return when.strftime("%Y-%m-%d %H:%M:%S.") + f"{when.microsecond // 1000:03d}"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float | int):
        return str(int(value)) if value == int(value) else f"{value:.4f}".rstrip("0").rstrip(".")
    return value or ""


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        if left is None or right is None:
            return False
        a, b = number(left), number(right)
        if a is not None and b is not None:
            return test(a, b)
        return test(written(left), written(right))

    return compare


COMPARISONS: Mapping[str, Callable[[Value, Value], bool]] = {
    "=": _ordered(lambda a, b: bool(a == b)),
    "!=": lambda a, b: not COMPARISONS["="](a, b),
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
}
"""Comparisons: of numbers where both sides are some, else of text. Nothing compares with what is
not there, but ``!=`` holds of it."""
