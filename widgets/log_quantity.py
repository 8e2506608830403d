"""Numbers with and without units, as they stand in logs, and how two of them compare."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["", "time", "size", "percent"]
"""What a number counts; empty where it says nothing of it."""

_TIMES: Final = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "h": 3600.0, "d": 86_400.0,
}  # fmt: skip
"""In seconds."""
_FACTORS: Final = {
    "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip
_NUMBER = re.compile(r"([+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?) ?([A-Za-zµμ%]*)$")
_COMPOSED = re.compile(r"(?:\d+(?:\.\d+)?(?:d|h|ms|m|s|us|µs|ns)){2,}$")
_PART = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|m|s|us|µs|ns)")
_NAMED: Final = (
    ("_ns", "time", 1e-9), ("_nanos", "time", 1e-9), ("_us", "time", 1e-6),
    ("_micros", "time", 1e-6), ("_ms", "time", 1e-3), ("_millis", "time", 1e-3),
    ("_s", "time", 1.0), ("_sec", "time", 1.0),
    ("_secs", "time", 1.0), ("_seconds", "time", 1.0), ("_bytes", "size", 1.0),
    ("_kb", "size", 1e3), ("_mb", "size", 1e6), ("_percent", "percent", 1.0),
)  # fmt: skip
"""Endings of names that say what a bare number counts."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MAX_NUMBER: Final = 40
"""Characters of a text that may be a number."""


class Quantity(NamedTuple):
    """A number as it was written, and what it is."""

    number: float
    """The number without its unit."""
    base: float
    """In seconds, bytes or percent; the number itself where there is no unit."""
    kind: Kind


@lru_cache(maxsize=1024)
def quantity(text: str) -> Quantity | None:
    """Return the number that a text is: ``500``, ``1.5s``, ``1m30s``, ``2MB``, ``512Mi``, ``99%``.

    None where it is none.
    """
    if len(text) > MAX_NUMBER:
        return None
    if _COMPOSED.match(text):
        seconds = sum(float(number) * _TIMES[unit] for number, unit in _PART.findall(text))
        return Quantity(seconds, seconds, "time")
    match = _NUMBER.match(text)
    if match is None:
        return None
    number, unit = float(match[1].replace("_", "")), match[2]
    if not math.isfinite(number):
        return None
    if unit in _FACTORS:
        return Quantity(number * _FACTORS[unit], number * _FACTORS[unit], "")
    if unit in _TIMES:
        return Quantity(number, number * _TIMES[unit], "time")
    if unit == "%":
        return Quantity(number, number, "percent")
    factor = _FACTORS.get(unit.removesuffix("B").removesuffix("b")) if unit[-1] in "Bb" else None
    return None if factor is None else Quantity(number, number * factor, "size")


def of_value(name: str, value: Any) -> Quantity | None:
    """Return the number that a field's value is, None where it is none.

    A bare number counts what the field's name says: ``latency_ms``, ``durationSeconds``.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            found: Quantity | None = Quantity(float(value), float(value), "")
        except OverflowError:
            return None
    else:
        found = quantity(value) if isinstance(value, str) else None
    if found is None or found.kind:
        return found
    return _named(name, found)


def _named(name: str, found: Quantity) -> Quantity:
    ending = _ending(name)
    if ending is None:
        return found
    kind, factor = ending
    return Quantity(found.number, found.number * factor, kind)


@lru_cache(maxsize=256)
def _ending(name: str) -> tuple[Kind, float] | None:
    words = "_" + _CAMEL.sub("_", name).replace(".", "_").replace("-", "_").lower()
    for ending, kind, factor in _NAMED:
        if words.endswith(ending):
            return kind, factor  # type: ignore[return-value]
    return None


def difference(wanted: Quantity, found: Quantity, *, written: bool) -> float | None:
    """Return how much more `found` is than `wanted`; None where they don't compare.

    A bare `wanted` is compared with the number as it stands. Where that has a unit beside it
    (`written`), one time is in milliseconds and the next in seconds: there a bare number means
    milliseconds, or bytes.
    """
    if wanted.kind == found.kind:
        return found.base - wanted.base
    if wanted.kind:
        return None
    if written and found.kind == "time":
        return found.base * 1000 - wanted.base
    if written and found.kind == "size":
        return found.base - wanted.base
    return found.number - wanted.base
