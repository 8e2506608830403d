"""A series of numbers as a row of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
"""Eighths of a cell's height."""

SPARK_WIDTH = 10
"""Bars that a cell of a table has room for; of a longer series the newest are drawn."""


def spark_text(series: Sequence[float], width: int = SPARK_WIDTH) -> str:
    """Return at most `width` bars, the newest value last.

    The highest of those drawn has a full bar; zero, or less, has the lowest, which nothing else
    has, so that little is told from nothing. A value that is no number leaves a blank.
    """
    drawn = series[-width:]
    most = max((value for value in drawn if math.isfinite(value)), default=0.0)
    return "".join(_bar(value, most) for value in drawn)


def _bar(value: float, most: float) -> str:
    if not math.isfinite(value):
        return " "
    if value <= 0:
        return BARS[0]
    top = len(BARS) - 1
    return BARS[min(top, max(1, math.ceil(value / most * top)))]


def last_value(series: Sequence[float]) -> float | None:
    """Return the newest value, which a series is sorted by; None where it is no number."""
    return float(series[-1]) if series and math.isfinite(series[-1]) else None
