"""One log line made fit to be read: cleaned, and JSON turned into words.

Nothing that is returned from here holds an escape sequence, a control character or a line
break, whatever the line held, and nothing costs more for a line of a megabyte than for one of
a few thousand characters.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from backends.text import ANSI
from widgets.log_levels import level_named
from widgets.safe_text import show_unsafe

MAX_DRAWN = 4096
"""Characters of one line that are drawn at most."""

MAX_JSON = 64 * 1024
"""Characters of a line that is still read as JSON."""

TAB = 4
"""Cells between tab stops."""

_AT_DRAWING: dict[int, str | None] = {
    **dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F3FB, 0x1F400))),
    **dict.fromkeys(map(ord, "\r\n\v\f"), " "),
}

Role: TypeAlias = Literal[
    "time", "source", "text", "key", "error", "warning", "quiet", "note", "lost", "problem", "more"
]
"""What a piece of text is, from which its style follows."""

ROLES: tuple[Role, ...] = get_args(Role)
"""All of them."""

Piece: TypeAlias = tuple[str, Role]
"""Text that is drawn in one style."""

LEVEL = re.compile(
    r"\b(?:(?P<error>FATAL|CRITICAL|PANIC|SEVERE|ERROR|ERR)|(?P<warning>WARNING|WARN))\b"
    r"|\blevel=(?:(?P<error2>fatal|critical|panic|error|err)|(?P<warning2>warning|warn))\b"
    r"|^\s*\[?(?:(?P<error3>fatal|critical|panic|error)|(?P<warning3>warning|warn))\]?:?(?=\s|$)"
    r"|^(?:(?P<error4>[EF])|(?P<warning4>W))(?=\d{4} \d\d:\d\d:)",
)
"""A level in the text of a line: a word in capitals, ``level=``, a leading word, klog's letter."""

_HINTS = ("ERR", "WARN", "FATAL", "CRIT", "PANIC", "SEVERE", "level=")
_LEADS = frozenset("EFWefwpc[ ")

LEVEL_WITHIN = 160
"""Characters at the beginning of a line in which a level is looked for."""

_FIRST = r"[\[(]?(?P<level>[A-Za-z]{3,13})(?:[\])]:?|:)?(?:\s+-)?(?:\s+|$)"
_LEVEL_FIRST = re.compile(rf"\s*{_FIRST}")
_TIME_FIRST = re.compile(
    r"\s*(?:\[?\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    rf"(?:Z|[+-]\d\d:?\d\d| UTC)?\]?\s+)?{_FIRST}"
)
"""A level that a line begins with, and that a line begins with behind its time."""

_ERRORS = frozenset(("FATAL", "CRITICAL", "PANIC", "SEVERE", "ERROR", "ERR", "ALERT", "EMERGENCY"))
_WARNINGS = frozenset(("WARN", "WARNING"))
_LEVEL_KEYS = ("level", "severity", "lvl", "log.level", "levelname")
MESSAGE_KEYS = ("message", "msg", "event", "@message", "log")
"""Fields that hold what a line says."""
TIME_KEYS = frozenset(("time", "ts", "timestamp", "@timestamp", "datetime", "asctime"))
"""Fields that hold when it was written."""
_NUMERIC_LEVELS = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL"}
"""The levels of pino and bunyan, which write numbers."""


def tidy(text: str, limit: int = MAX_DRAWN) -> tuple[str, int]:
    """Return `text` ready to be drawn, and how many of its characters were left out.

    Escape sequences are removed, tabs widened, unsafe characters replaced. What makes an
    emoji of a character is dropped: terminals disagree about the width of the result.
    """
    hidden = len(text) - limit
    if hidden > 0:
        text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = ANSI.sub("", text).expandtabs(TAB).translate(_AT_DRAWING)
        text = show_unsafe(text)
        if len(text) > limit:
            hidden = max(0, hidden) + len(text) - limit
            text = text[:limit]
    return text, max(0, hidden)


def safe(text: str) -> str:
    """Return all of `text` fit for a file: without escape sequences and unsafe characters."""
    if text.isascii() and text.isprintable():
        return text
    return "\t".join(show_unsafe(part) for part in ANSI.sub("", text).split("\t"))


def plain(text: str) -> tuple[list[Piece], int]:
    """Return a line as pieces with its level marked, and how many characters were left out."""
    text, hidden = tidy(text)
    match = _level_in(text[:LEVEL_WITHIN])
    if match is None or match.lastgroup is None:
        return [(text, "text")], hidden
    role: Role = "error" if match.lastgroup.startswith("error") else "warning"
    start, stop = match.span(match.lastgroup)
    return _filled(
        [(text[:start], "text"), (text[start:stop], role), (text[stop:], "text")]
    ), hidden


def _level_in(head: str) -> re.Match[str] | None:
    """Search for a level, but only where a cheap look says that there may be one."""
    if head[:1] in _LEADS or any(hint in head for hint in _HINTS):
        return LEVEL.search(head)
    return None


def behind_level(text: str, level: int, *, keep_time: bool) -> tuple[list[Piece], int]:
    """Return a line for a place behind its level: without the level, if it begins with it.

    A time before the level goes too unless `keep_time` keeps it. The second figure is how many
    characters were left out.
    """
    text, hidden = tidy(text)
    if level:
        match = (_LEVEL_FIRST if keep_time else _TIME_FIRST).match(text)
        if match and level_named(match["level"]) == level:
            text = text[match.end() :]
    return _filled([(text, "text")]), hidden


def readable(text: str, *, keep_time: bool, level: int = 0) -> tuple[list[Piece], int] | None:
    """Return a JSON object as ``LEVEL message  key=value ...``, or None if it is not one.

    `keep_time` keeps the time that the line itself names. A `level` that is shown beside it is
    left out. The second figure is how many characters were left out.
    """
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}") and len(body) <= MAX_JSON):
        return None
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not fields:
        return None
    pieces: list[Piece] = []
    if (word := _take(fields, _LEVEL_KEYS)) and not (level and level_named(word) == level):
        pieces += _level(word)
    if message := _take(fields, MESSAGE_KEYS):
        pieces.append((words_of(message), "text"))
    gap = "  " if pieces else ""
    for key, value in fields.items():
        if not keep_time and key in TIME_KEYS:
            continue
        pieces.append((f"{gap}{key}=", "key"))
        pieces.append((_value(value), "text"))
        gap = " "
    return _bounded(pieces)


def _take(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Remove the first of `keys` that holds a plain value and return it as text."""
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            del fields[key]
            if key in _LEVEL_KEYS and isinstance(value, int):
                return _NUMERIC_LEVELS.get(value, str(value))
            return str(value)
    return ""


def _level(level: str) -> list[Piece]:
    word = level.upper()
    if word in _ERRORS:
        return [(f"{word:<5}", "error"), (" ", "text")]
    if word in _WARNINGS:
        return [(f"{word:<5}", "warning"), (" ", "text")]
    return [(f"{word:<5} ", "quiet")]


def words_of(text: str) -> str:
    """Return text of several lines as one; what follows it finds a mark where they broke."""
    return text.rstrip("\r\n").replace("\r\n", "\n").replace("\n", " ↵ ")


def _value(value: object) -> str:
    if isinstance(value, str):
        words = words_of(value)
        return f'"{words}"' if not words or " " in words else words
    return msgspec.json.encode(value).decode()


def _bounded(pieces: list[Piece]) -> tuple[list[Piece], int]:
    """Clean the pieces and keep `MAX_DRAWN` characters of them."""
    left, hidden = MAX_DRAWN, 0
    kept: list[Piece] = []
    for text, role in pieces:
        drawn, cut = tidy(text, max(0, left))
        hidden += cut
        left -= len(drawn)
        kept.append((drawn, role))
    return _filled(kept), hidden


def _filled(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece[0]]
