"""The answer of a query as the columns and rows of a table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from backends.logs.insights_model import POINTER, Answer, Field
from backends.model import Cell, Column, Format, Health, Ref, Resource, Scope

KIND = "insights/row"
"""The kind of each row; no backend has it."""

NUMBER = Column("row", "#", Format.NUMBER, 4)
"""The first column: the row's place in the answer."""

TIME = len("2026-11-22 14:00:00.000")
"""Cells of a time."""

BAR = 24
"""Cells of the longest bar."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Answered(NamedTuple):
    """An answer, ready for a table."""

    columns: tuple[Column, ...]
    rows: list[Resource]


def table_of(answer: Answer, scope: Scope, *, utc: bool = False) -> Answered:
    """Return the columns and rows of an answer, in its order.

    A column is a number where all its values are, and a time where all are as AWS writes times:
    these are in UTC, and shown in local time unless `utc`. Rows of a query that counted by time
    get a bar for the first number.
    """
    records = [dict(row) for row in answer.rows]
    names = [n for n in dict.fromkeys(n for row in answer.rows for n, _ in row) if n != POINTER]
    taken: set[str] = {NUMBER.key}
    columns, series = [NUMBER], []
    for name in names:
        values = [record.get(name) for record in records]
        form, cells, width = _cells(values, utc=utc)
        columns.append(Column(_key(name, taken), name, form, width))
        series.append(cells)
    bars = _bars(names, columns[1:], series, answer.rows)
    if bars is not None:
        columns.append(Column(_key("bar", taken), "", Format.TEXT))
        series.append(bars)
    rows = [
        _row(scope, place, (place, *cells), record)
        for place, (record, *cells) in enumerate(zip(records, *series, strict=True), 1)
    ]
    return Answered(tuple(columns), rows)


def _row(scope: Scope, place: int, cells: tuple[Cell, ...], record: Mapping[str, str]) -> Resource:
    ref = Ref(scope, KIND, f"row {place}")
    return Resource(ref=ref, health=Health.IDLE, status="found", cells=cells, raw=record)


def _key(name: str, taken: set[str]) -> str:
    """Return what names a column in filters: its letters and digits, told apart by a number."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "column"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    taken.add(key)
    return key


def _cells(values: Sequence[str | None], *, utc: bool) -> tuple[Format, list[Cell], int]:
    """Return the format of a column, its cells, and the width to begin with; 0: what they take."""
    present = [value for value in values if value]
    if present and all(_TIME.fullmatch(value) for value in present):
        times = [shown_time(value, utc=utc) if value else None for value in values]
        return Format.TEXT, list(times), TIME
    numbers: list[Cell] = []
    for value in values:
        found = _number(value) if value else None
        if value and found is None:
            return Format.TEXT, list(values), 0
        numbers.append(found)
    if present:
        return Format.NUMBER, numbers, 0
    return Format.TEXT, list(values), 0


def _number(text: str) -> int | float | None:
    if not re.fullmatch(r"-?\d{1,18}", text):
        try:
            found = float(text)
        except ValueError:
            return None
        return found if math.isfinite(found) else None
    # A zero in front is part of a name, such as an account's.
    return None if re.match(r"-?0\d", text) else int(text)


def shown_time(text: str, *, utc: bool) -> str:
    """Return a time of AWS's in local time, or as it is."""
    if utc:
        return text
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone()
    except (ValueError, OverflowError):
        return text
    return moment.isoformat(" ", "milliseconds")[:TIME]


def _bars(
    names: Sequence[str],
    columns: Sequence[Column],
    series: Sequence[Sequence[Cell]],
    rows: Iterable[Sequence[Field]],
) -> list[Cell] | None:
    """Return a bar for each row that stands for a stretch of time, by its first number."""
    if any(name == POINTER for row in rows for name, _ in row):
        return None
    if not any(name.startswith("bin(") for name in names):
        return None
    for column, cells in zip(columns, series, strict=True):
        numbers = [cell for cell in cells if isinstance(cell, int | float)]
        if column.format is Format.NUMBER and numbers and min(numbers) >= 0 < max(numbers):
            longest = max(numbers)
            return [bar(c / longest) if isinstance(c, int | float) else None for c in cells]
    return None


def bar(share: float) -> str:
    """Return a bar of a share, 0 to 1, of `BAR` cells, to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[part] if part else "")
