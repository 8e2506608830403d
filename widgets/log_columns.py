"""The fields of structured log lines side by side: those that the lines in view have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from rich.cells import cell_len

from widgets.fit import clip
from widgets.log_buffer import Entry, Note
from widgets.log_fields import Fields, fields_of, flat, value_text, without_pairs
from widgets.log_levels import level_named
from widgets.log_terms import LEVEL_FIELDS
from widgets.log_text import MAX_DRAWN, MESSAGE_KEYS, TIME_KEYS, Piece, behind_level, tidy, words_of

MAX_CELL: Final = 24
"""Cells of a field at most; of a longer value the beginning is shown."""

MESSAGE: Final = "MESSAGE"
"""The heading of what a line says in words."""

MIN_MESSAGE: Final = 16
"""Cells of the message at least, if any line has one."""

MAX_MESSAGE: Final = 60
"""Cells of the message at most."""

COMMON: Final = 0.5
"""The share of the structured lines in view that a field must be in to have a column."""

MAX_FIELDS: Final = 100
"""Fields of one line that are drawn."""

_LEVELS: Final = LEVEL_FIELDS
_BLANK = re.compile(r"\s+")


class Column(NamedTuple):
    """One field."""

    name: str
    width: int
    """In cells, without the gap behind it."""
    number: bool
    """Its values are numbers, set to the right."""


class Structured(NamedTuple):
    """One line taken apart."""

    message: str
    fields: Fields


def structured(text: str, level: int, *, keep_time: bool) -> Structured | None:
    """Return the message and the other fields of a line, None where it has no fields.

    A level that is shown beside it is left out, and unless `keep_time`, the time.
    """
    fields = dict(islice(flat(fields_of(text)).items(), MAX_FIELDS))
    if not fields:
        return None
    rest = without_pairs(text)
    if rest is not None and rest:
        pieces, _ = behind_level(rest, level, keep_time=keep_time)
        rest = _BLANK.sub(" ", "".join(piece for piece, _ in pieces)).strip()
    message = ""
    for name in list(fields):
        value = fields[name]
        low = name.lower()
        if not message and low in MESSAGE_KEYS and isinstance(value, str):
            message = words_of(value)
        elif low in _LEVELS and level and level_named(str(value)) == level:
            pass
        elif keep_time or low not in TIME_KEYS:
            continue
        del fields[name]
    # What JSON has escaped is a control character only now.
    return Structured(tidy(" ".join(filter(None, (rest, message))))[0], fields)


class Columns:
    """Which fields have a column, and how wide they are; until it is told, none has."""

    def __init__(self) -> None:
        self._width = 0
        self.message = 0
        """Cells of the message; 0: no line has one."""
        self.chosen: tuple[Column, ...] = ()
        """From left to right."""

    def update(self, entries: Iterable[tuple[Entry, int]], width: int) -> bool:
        """Fit the columns to the entries in view, each with its level, and to so many cells.

        Columns stay and only get wider as long as half of the lines have them. Returns whether
        anything has changed.
        """
        lines = [
            found
            for entry, level in entries
            if not isinstance(entry, Note)
            and (found := structured(entry.text, level, keep_time=not entry.at))
        ]
        before = self.message, self.chosen
        if not lines:
            return False
        if width != self._width or not self._still_fit(lines):
            self._width = width
            self.message, self.chosen = 0, ()
        self._choose(lines, width)
        return before != (self.message, self.chosen)

    def _still_fit(self, lines: Sequence[Structured]) -> bool:
        names = {column.name for column in self.chosen}
        having = sum(2 * len(names & line.fields.keys()) >= len(names) for line in lines)
        return bool(names) and having >= COMMON * len(lines)

    def _choose(self, lines: Sequence[Structured], width: int) -> None:
        longest = max(cell_len(line.message) for line in lines)
        widest = min(MAX_MESSAGE, max(MIN_MESSAGE, width * 2 // 5))
        if longest:
            self.message = max(self.message, min(max(longest, len(MESSAGE)), widest))
        known = [column.name for column in self.chosen]
        names = known or _common(lines)
        left = width + 2 - (self.message + 2 if self.message else 0)
        chosen: list[Column] = []
        for name in names:
            column = self._column(name, lines)
            if left < column.width + 2 and chosen and not known:
                break
            left -= column.width + 2
            chosen.append(column)
        self.chosen = tuple(chosen)
        if not known and left > 0:
            self._spread(lines, longest, left)

    def _spread(self, lines: Sequence[Structured], longest: int, left: int) -> None:
        """Give cells that are left to what was cut: to the message first."""
        if longest > self.message > 0:
            more = min(longest - self.message, left)
            self.message += more
            left -= more
        widened = []
        for column in self.chosen:
            values = (line.fields[column.name] for line in lines if column.name in line.fields)
            wanted = max((cell_len(cell_text(value)) for value in values), default=0)
            more = max(0, min(wanted - column.width, left))
            widened.append(column._replace(width=column.width + more))
            left -= more
        self.chosen = tuple(widened)

    def _column(self, name: str, lines: Sequence[Structured]) -> Column:
        before = next((column for column in self.chosen if column.name == name), None)
        values = [line.fields[name] for line in lines if name in line.fields]
        width = max([cell_len(tidy(name)[0]), *(cell_len(cell_text(value)) for value in values)])
        number = all(_is_number(value) for value in values) and (before is None or before.number)
        return Column(name, max(min(MAX_CELL, width), before.width if before else 0), number)

    def pieces(self, text: str, level: int, *, keep_time: bool) -> tuple[list[Piece], int] | None:
        """Return a line in columns, and how many characters were left out; None if it is none."""
        line = structured(text, level, keep_time=keep_time)
        if line is None:
            return None
        pieces: list[Piece] = []
        if self.message:
            pieces.append((fitted(line.message, self.message), "text"))
        rest = dict(line.fields)
        for column in self.chosen:
            gap = "  " if pieces else ""
            if column.name in rest:
                cell = fitted(cell_text(rest.pop(column.name)), column.width, column.number)
                pieces.append((gap + cell, "text"))
            else:
                pieces.append((gap + fitted("-", column.width, column.number), "quiet"))
        left = MAX_DRAWN
        for name, value in rest.items():
            pair, hidden = tidy(f"  {name}={cell_text(value)}", left)
            left -= len(pair)
            pieces.append((pair, "quiet"))
            if hidden:
                return pieces, hidden
        return pieces, 0

    def heading(self) -> str:
        """Return the names of the columns, as wide as they are."""
        cells = [fitted(MESSAGE, self.message)] if self.message else []
        cells += [fitted(tidy(c.name)[0], c.width, c.number) for c in self.chosen]
        return "  ".join(cells)


def _common(lines: Sequence[Structured]) -> list[str]:
    """Return the fields that enough of the lines have, in the order in which they come."""
    counts = Counter(name for line in lines for name in line.fields)
    return [name for name, count in counts.items() if count >= max(2, COMMON * len(lines))] or [
        name for name, count in counts.items() if count >= COMMON * len(lines)
    ]


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value[:1].isdigit() and value.replace(".", "", 1).isdigit()
    return isinstance(value, int | float) and not isinstance(value, bool)


def cell_text(value: object) -> str:
    """Return a field's value on one line, fit to be drawn."""
    return tidy(words_of(value_text(value)), MAX_DRAWN)[0]


def fitted(text: str, width: int, right: bool = False) -> str:
    """Return text in exactly so many cells, cut at its end or filled up."""
    text = clip(text, width)
    fill = " " * (width - cell_len(text))
    return fill + text if right else text + fill
