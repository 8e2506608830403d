"""From a cell's value to what a table shows of it and sorts it by, without any screen."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len

from backends.model import Cell, Column, Format, Health
from widgets.health import label
from widgets.safe_text import DISPUTED, show_unsafe
from widgets.sparkline import last_value, spark_text

NOTHING = "–"
"""What an empty cell shows."""

ELLIPSIS = "…"
"""Ends a text that was cut."""

# Looking a member up in an enum costs ten times what a global does, and this is a hot path.
_TEXT, _STATUS, _AGE = Format.TEXT, Format.STATUS, Format.AGE
_RATIO, _BYTES = Format.RATIO, Format.BYTES

RIGHT_ALIGNED = frozenset({Format.NUMBER, Format.AGE, Format.RATIO, Format.BYTES, Format.SPARK})
"""Formats whose cells line up at their right edge."""

SortKey: TypeAlias = float | str | tuple[float, ...] | tuple[int, str] | None
"""What cells of one column are compared by; of one type within a column, but for None."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_PARTS_PER_CELL = 4
"""Characters looked at for each cell: more combining marks than that on a letter are abuse."""


_AGE_STEPS = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)
"""Below how many seconds an age is written in which large and which small unit."""


def age_text(seconds: float) -> str:
    """Return an age as kubectl writes it: ``45s``, ``5m12s``, ``3h``, ``2d4h``.

    The steps are those of `duration.HumanDuration` in k8s.io/apimachinery. The future is
    ``0s``: clocks differ.
    """
    left = max(0, int(seconds))
    for limit, large, large_unit, small, small_unit in _AGE_STEPS:
        if left < limit:
            rest = left % large // small if small else 0
            return f"{left // large}{large_unit}" + (f"{rest}{small_unit}" if rest else "")
    return f"{left // _YEAR}y"


_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_BYTE_STEPS = tuple((1000 * 1024.0**n, 1024.0**n, unit) for n, unit in enumerate(_BYTE_UNITS))
"""Below how many bytes they are divided by what, and the unit of the result."""


def bytes_text(count: float) -> str:
    """Return a number of bytes with a binary unit and at most three digits: ``1.5 GiB``."""
    for limit, size, unit in _BYTE_STEPS:  # noqa: B007 - the last ones count
        if -limit < count < limit:
            break
    value = count / size
    if value == int(value) or not -100 < value < 100:
        return f"{round(value)} {unit}"
    return f"{value:.1f} {unit}"


def number_text(value: float) -> str:
    """Return an int in full, and a float with at most two digits behind its point."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")


def cell_text(cell: Cell, column: Column, health: Health, now: float) -> str:
    """Return the text of one cell, unclipped; `now` is in epoch seconds, for ages."""
    if column.format is _STATUS:
        return label(health, "" if cell is None else str(cell))
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    if isinstance(cell, tuple):
        return spark_text(cell) or NOTHING
    if not math.isfinite(cell):
        return NOTHING
    if column.format is _AGE:
        return age_text(now - cell)
    if column.format is _BYTES:
        return bytes_text(cell)
    return number_text(cell)


def search_text(cell: Cell, column: Column) -> str:
    """Return what the filter sees of a cell: its text, but for ages and series nothing.

    An age's text changes by itself, so that a filter on it would be wrong a moment later; nobody
    types bars.
    """
    if isinstance(cell, str):
        return cell
    form = column.format
    if cell is None or isinstance(cell, tuple) or form is _AGE:
        return ""
    if isinstance(cell, int) and form is not _BYTES:
        return str(cell)
    if not math.isfinite(cell):
        return ""
    return bytes_text(cell) if form is _BYTES else number_text(cell)


def sort_key(cell: Cell, column: Column, health: Health) -> SortKey:
    """Return what a cell is compared by; None for a cell that sorts last in both directions."""
    form = column.format
    if form is _STATUS:
        return (int(health), "" if cell is None else str(cell).lower())
    if cell is None:
        return None
    if form is _TEXT:
        return str(cell).lower()
    if form is _RATIO:
        return _ratio_key(str(cell))
    if isinstance(cell, str):
        found = _NUMBERS.search(cell)
        return float(found.group()) if found else None
    if isinstance(cell, tuple):
        return last_value(cell)
    if not math.isfinite(cell):
        return None
    return -cell if form is _AGE else cell


def sort_keys(
    cells: Sequence[Cell], column: Column, healths: Iterable[Health]
) -> Sequence[SortKey]:
    """Return `sort_key` of each cell of a column, as quickly as it can be had of many."""
    form = column.format
    if form is _TEXT:
        return [
            cell.lower() if cell.__class__ is str else sort_key(cell, column, Health.OK)
            for cell in cells
        ]
    if form is _STATUS:
        pairs = list(zip(healths, cells, strict=True))
        known = {(health, cell): sort_key(cell, column, health) for health, cell in set(pairs)}
        return [known[pair] for pair in pairs]
    if form is _RATIO:
        keys = {cell: sort_key(cell, column, Health.OK) for cell in set(cells)}
        return [keys[cell] for cell in cells]
    sign = -1.0 if form is _AGE else 1.0
    return [
        sign * cell if cell.__class__ is int else sort_key(cell, column, Health.OK)
        for cell in cells
    ]


def _ratio_key(text: str) -> SortKey:
    """Compare by the share first, so that what lacks most is at one end: 0/3, 1/2, 3/3, 5/5."""
    numbers = [float(n) for n in _NUMBERS.findall(text)]
    if not numbers:
        return None
    have, want = (numbers[0], numbers[1]) if len(numbers) > 1 else (numbers[0], 0.0)
    return (have / want if want else 1.0, have, want)


def width_of(text: str) -> int:
    """Return how many terminal cells `fit` needs to show a text whole."""
    if text.isascii() and text.isprintable():
        return len(text)
    return cell_len(_drawable(text))


def _drawable(text: str) -> str:
    """Return `text` with only characters on whose width terminals agree."""
    return show_unsafe(DISPUTED.sub("", text))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` as exactly `width` terminal cells: padded, or cut with an ellipsis.

    Wide characters are never halved; unsafe ones become U+FFFD; what makes an emoji of a
    character (variation selectors, skin tones) is left out, because terminals disagree on
    its width.
    """
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        if len(text) > width:
            return text[: width - 1] + ELLIPSIS
        return text.rjust(width) if right else text.ljust(width)
    looked_at = text[: (width + 1) * _PARTS_PER_CELL]
    drawn = _drawable(looked_at)
    size = cell_len(drawn)
    if size > width or len(looked_at) < len(text):
        drawn, size = _cut(drawn, width - 1)
        drawn, size = drawn + ELLIPSIS, size + 1
    padding = " " * (width - size)
    return padding + drawn if right else drawn + padding


def _cut(text: str, width: int) -> tuple[str, int]:
    """Return as much of the beginning as has room in `width` cells, and its size."""
    size = 0
    for at, char in enumerate(text):
        step = cell_len(char)
        if size + step > width:
            return text[:at], size
        size += step
    return text, size
