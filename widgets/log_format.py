"""From an entry of the ring to pieces of text with a role each, and how they are laid out."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from rich.cells import cell_len

from backends.clock import Clock
from widgets.fit import clip_left
from widgets.log_buffer import Entry, Note
from widgets.log_columns import Columns
from widgets.log_levels import LEVEL, NAMES
from widgets.log_text import Piece, Role, behind_level, plain, readable, safe, tidy
from widgets.log_traces import CONTINUES
from widgets.log_wrap import breaks

Timestamps: TypeAlias = Literal["off", "local", "utc", "relative"]
"""How a line's time is shown; relative is its age."""

JsonMode: TypeAlias = Literal["readable", "raw", "columns"]
"""How a line of JSON is shown; the fields that lines have in common may have columns."""

MAX_SOURCE = 28
"""Cells that the source takes at most; of a longer one the end is shown."""

MIN_SOURCE = 8
"""Cells that the source may take however narrow the pane is."""

MAX_ROWS = 40
"""Rows that a wrapped line takes at most, before the one that says how much more there is."""

AGE_WIDTH = 6
"""Cells of an age: ``59m59s``."""

RULE = "──"
"""Frames what the pane says itself."""


_ROLES: tuple[Role, ...] = ("text", "quiet", "quiet", "quiet", "warning", "error", "error")
"""What the name of each level is drawn as."""


class Parts(NamedTuple):
    """One entry, ready to be laid out."""

    prefix: list[Piece]
    """Time, source and level."""
    body: list[Piece]
    """The line itself."""
    hidden: int
    """Characters of the line that are left out."""


class Layout(NamedTuple):
    """How an entry's body breaks into rows."""

    parts: Parts
    indent: int
    """Cells before the rows after the first."""
    starts: list[int]
    """Indices of the body at which rows begin, and where the last ends."""
    hidden: int
    """Characters left out; if there are any, one more row says so."""

    @property
    def rows(self) -> int:
        """Rows of the screen that it takes."""
        return len(self.starts) - 1 + (self.hidden > 0)


class LogFormat:
    """How entries are written; its settings are plain attributes.

    Widths only grow, with the sources that `admit` is told of, so that columns stand still.
    """

    def __init__(self, clock: Clock) -> None:
        self.timestamps: Timestamps = "local"
        """How times are shown."""
        self.show_source = True
        """Whether the source is shown."""
        self.json_mode: JsonMode = "readable"
        """How lines of JSON are shown."""
        self.show_levels = False
        """Whether levels have a column, which raw lines do without."""
        self.columns = Columns()
        """The fields that have columns in that mode."""
        self.source_width = 0
        """Cells of the source column, if the pane is wide enough."""
        self.source_limit = MAX_SOURCE
        """Cells that the source column has room for."""
        self._clock = clock
        self._born = clock.now()
        self._sources: set[str] = set()

    def admit(self, sources: set[str]) -> bool:
        """Make room for sources; return whether the column grew."""
        new = sources - self._sources
        if not new:
            return False
        self._sources |= new
        widest = max(min(MAX_SOURCE, cell_len(tidy(name)[0])) for name in new)
        if widest <= self.source_width:
            return False
        self.source_width = widest
        return True

    def fit(self, width: int) -> bool:
        """Keep the source to a share of a pane's width; return whether that changed it."""
        before = min(self.source_width, self.source_limit)
        self.source_limit = max(MIN_SOURCE, min(MAX_SOURCE, width // 5))
        return before != min(self.source_width, self.source_limit)

    def parts(self, entry: Entry, mark: int = 0) -> Parts:
        """Return an entry, whose level is in its mark, as pieces."""
        prefix: list[Piece] = []
        if self.timestamps != "off":
            prefix.append((f"{self._time(entry.at)} ", "time"))
        if isinstance(entry, Note):
            role: Role = entry.kind
            return Parts(prefix, [(f"{RULE} {tidy(entry.text)[0]} {RULE}", role)], 0)
        if self.show_source and self.source_width:
            width = min(self.source_width, self.source_limit)
            name = clip_left(tidy(entry.source)[0], width)
            fill = " " * (width - cell_len(name) + 1)
            prefix.append((name + fill, "source"))
        if self.json_mode == "raw":
            return Parts(prefix, *plain(entry.text))
        level = 0
        if self.show_levels:
            level = 0 if mark & CONTINUES else mark & LEVEL
            prefix.append((f"{NAMES[level]:<5} ", _ROLES[level]))
        keep_time = not entry.at
        if self.json_mode == "columns":
            found = self.columns.pieces(entry.text, level, keep_time=keep_time)
        else:
            found = readable(entry.text, keep_time=keep_time, level=level)
        if found is None:
            if self.show_levels:
                found = behind_level(entry.text, level, keep_time=keep_time)
            else:
                found = plain(entry.text)
        return Parts(prefix, *found)

    def layout(self, entry: Entry, width: int, mark: int = 0) -> Layout:
        """Lay an entry with a mark out in rows of `width` cells."""
        parts = self.parts(entry, mark)
        indent = sum(cell_len(text) for text, _ in parts.prefix)
        if indent > width // 2:
            indent = 0
            parts = Parts([], [*parts.prefix, *parts.body], parts.hidden)
        text = "".join(text for text, _ in parts.body)
        starts = breaks(text, max(2, width - indent), MAX_ROWS)
        return Layout(parts, indent, starts, parts.hidden + len(text) - starts[-1])

    def line(self, entry: Entry, mark: int = 0) -> str:
        """Return an entry as it is drawn, as text, without what `more` would say."""
        parts = self.parts(entry, mark)
        return "".join(text for text, _ in (*parts.prefix, *parts.body)).rstrip()

    def _time(self, at: float) -> str:
        if self.timestamps == "relative":
            return age(self._clock.now() - at if at else None).rjust(AGE_WIDTH)
        zone = UTC if self.timestamps == "utc" else None
        return clock_time(at, zone, self._born)


def more(hidden: int) -> str:
    """Return what stands for characters that are left out."""
    return f"… +{hidden:,} more"


def clock_time(at: float, zone: tzinfo | None, today: float) -> str:
    """Return a time of day to the millisecond, with the date where it is not that of `today`.

    `zone` None is local time. A time that is unknown (0.0) or beyond the calendar is blank.
    """
    blank = " " * (13 if zone else 12)
    if not at or not math.isfinite(at):
        return blank
    second, micros = divmod(round(at * 1e6), 1_000_000)
    try:
        text = _second(second, zone, today)
    except (ValueError, OverflowError, OSError):
        return blank
    return f"{text}.{micros // 1000:03}{'Z' if zone else ''}"


@lru_cache(maxsize=4096)
def _second(second: int, zone: tzinfo | None, today: float) -> str:
    moment = datetime.fromtimestamp(second, zone)
    same = moment.date() == datetime.fromtimestamp(today, zone).date()
    return f"{moment:%H:%M:%S}" if same else f"{moment:%m-%d %H:%M:%S}"


def age(seconds: float | None) -> str:
    """Return an age in at most six characters: ``42s``, ``3m05s``, ``2h10m``, ``4d3h``."""
    if seconds is None or math.isnan(seconds):
        return ""
    whole = max(0, int(min(seconds, 1e9)))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    if whole < 864_000:
        return f"{whole // 86_400}d{whole % 86_400 // 3600}h"
    return f"{whole // 86_400}d"


def saved_line(entry: Entry) -> str:
    """Return an entry as it is written to a file: RFC 3339 time, source, the whole text."""
    text = safe(entry.text)
    try:
        stamp = datetime.fromtimestamp(entry.at, UTC) if entry.at else None
    except (ValueError, OverflowError, OSError):
        stamp = None
    when = f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03}Z" if stamp else "-"
    if isinstance(entry, Note):
        return f"{when} {RULE} {text} {RULE}"
    return f"{when} {safe(entry.source) or '-'} {text}"


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write lines to a file that only its owner can read; return how many there were.

    Raises OSError where the file can't be written.
    """
    count = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    return count
