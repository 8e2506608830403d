"""The time range of a question: typed as ``3h``, or as ``2026-11-22 14:00 to 15:30``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Seconds of what may follow a number."""

LONGEST = 366 * 86_400
"""Seconds of the longest range that is taken."""

_SPAN = re.compile(r"(?:last\s+)?(\d{1,5})\s*([mhdw])", re.IGNORECASE)
_BETWEEN = re.compile(r"\s+(?:to|-|–|until)\s+|\s*\.\.\s*|\s*→\s*")
_MOMENT = re.compile(
    r"(?:(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+|$))?(?:(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(Z|UTC)?",
    re.IGNORECASE,
)

EXAMPLES = "90m, 12h, 3d, or 2026-11-22 14:00 to 15:30 (add Z for UTC)"
"""What may be typed."""


class Range(msgspec.Struct, frozen=True):
    """A stretch of time, up to the moment of the question or between two moments."""

    span: int = 3600
    """Seconds back from now; 0: `start` and `end` count."""
    start: int = 0
    end: int = 0
    """Both epoch seconds."""

    def at(self, now: float) -> tuple[int, int]:
        """Return the epoch seconds that it begins and ends at, for a question asked at `now`."""
        return (int(now) - self.span, int(now)) if self.span else (self.start, self.end)

    def words(self, zone: tzinfo | None = None) -> str:
        """Return it as people say it; moments are in `zone`, or in local time."""
        if self.span:
            return f"the last {span_words(self.span)}"
        begin = datetime.fromtimestamp(self.start, zone)
        until = datetime.fromtimestamp(self.end, zone)
        same = begin.date() == until.date()
        last = until.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")
        return f"{begin:%Y-%m-%d %H:%M:%S} to {last}{' UTC' if zone is UTC else ''}"


PRESETS = (Range(900), Range(3600), Range(6 * 3600), Range(86_400), Range(7 * 86_400))
"""The ranges that are offered."""


def span_words(seconds: int) -> str:
    """Return a length of time in its largest unit that is whole: ``90m``, ``12h``, ``7d``."""
    for unit in ("d", "h", "m"):
        if seconds % UNITS[unit] == 0:
            return f"{seconds // UNITS[unit]}{unit}"
    return f"{seconds}s"


def parse_range(text: str, now: float) -> Range:
    """Understand what was typed; raises ValueError with what is wrong, for the screen.

    Times without a date are of today, or at the end of a range of the day that it begins;
    without ``Z`` or ``UTC`` they are local.
    """
    text = text.strip()
    found = _SPAN.fullmatch(text)
    if found:
        return _checked(Range(int(found[1]) * UNITS[found[2].lower()]))
    parts = _BETWEEN.split(text)
    if len(parts) != 2:
        raise ValueError(f"not understood; type {EXAMPLES}")
    zone = UTC if re.search(r"(Z|UTC)\s*$", parts[1], re.IGNORECASE) else None
    begin = _moment(parts[0], datetime.fromtimestamp(now, zone), zone)
    until = _moment(parts[1], begin, zone)
    return _checked(Range(0, int(begin.timestamp()), int(until.timestamp())))


def _checked(found: Range) -> Range:
    length = found.span or found.end - found.start
    if length <= 0:
        raise ValueError("it ends before it begins")
    if length > LONGEST:
        raise ValueError("it is longer than a year")
    return found


def _moment(text: str, day: datetime, zone: tzinfo | None) -> datetime:
    """Return a moment; what is not said of its date is that of `day`."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None or not (found[1] or found[4]):
        raise ValueError(f"{text.strip()!r} is no time; type {EXAMPLES}")
    if found[7]:
        zone = UTC
    year, month, date = (int(part) if part else 0 for part in found.group(1, 2, 3))
    hour, minute, second = (int(part) if part else 0 for part in found.group(4, 5, 6))
    base = day if zone is None else day.astimezone(zone)
    try:
        # 24:00 is how people write the end of a day.
        whole = datetime(
            year or base.year, month or base.month, date or base.day,
            0 if hour == 24 else hour, minute, second, tzinfo=zone,
        )  # fmt: skip
        moment = whole + timedelta(days=hour == 24)
        moment.timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{text.strip()!r} is no time; type {EXAMPLES}") from None
    return moment
