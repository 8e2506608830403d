"""How grave a log line is, read off its first characters in a microsecond or two.

Known are JSON of the common loggers, logfmt, words in capitals or brackets behind a time stamp,
klog, syslog priorities, access logs by status, and what runtimes print when a program dies. A
line that says nothing of the kind has no level: "error" within a sentence is not one.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from backends.text import ANSI
from widgets.log_level_names import (
    ANY_CASE,
    CAPITALS,
    DEBUG,
    ERROR,
    FATAL,
    INFO,
    LEVELS,
    NAMES,
    NONE,
    NUMBERS,
    PROSE,
    SYSLOG,
    TRACE,
    WARN,
    WORDS,
    level_named,
)  # fmt: skip

__all__ = [
    "DEBUG", "DIES", "ERROR", "FATAL", "FRAME", "HEAD", "INFO", "JSON_HEAD", "LEVEL", "LEVELS",
    "NAMES", "NONE", "TRACE", "WARN", "WORDS", "level_named", "level_of", "signs_of",
]  # fmt: skip

LEVEL: Final = 0x07
"""The bits of a sign that are the level."""
FRAME: Final = 0x20
"""The line only makes sense as a part of the stack trace before it."""
DIES: Final = 0x40
"""A stack trace may begin here."""

HEAD: Final = 240
"""Characters at the beginning of a line in which a level is looked for."""

JSON_HEAD: Final = 4096
"""The same for JSON, whose fields have no order."""

TOKENS: Final = 8
"""Words at the beginning of a line of which one may be its level."""

_MIXED: Final = {
    form: level
    for word, level in WORDS.items()
    if word not in PROSE
    for form in (word, word.capitalize())
}
_LEAD: Final = CAPITALS | _MIXED | {"fail": ERROR}
_FIRST: Final = CAPITALS | {f"{word}:": level for word, level in _LEAD.items()}
_TOKENS: Final = {
    **_FIRST, **_MIXED
}  # fmt: skip

_STAMPED: Final = frozenset("0123456789[")
_COMMON: Final = re.compile(
    r"\[?\d[\d:.,/T+ -]*+Z?+[\])]?+\s*+"
    r"(?:(?:\[[^\] ]*+\]|UTC|[\w.]++ -|\||[0-9a-f-]{36}|\d++)\s*+){0,3}?"
    r"\[?((?!UTC)[A-Z]{3,9}|(?<=\[)[a-z]{3,9}(?=\])|(?<=\t)[a-z]{3,9}(?=\t))(?=[\]:\s|]|$)"
)
"""A time, maybe a thread or a logger, and a word in capitals or brackets."""
_PLAIN: Final = {word: level for word, level in CAPITALS.items() if 3 <= len(word) <= 9}
"""What `_COMMON` finds most often: a time of ISO 8601 and a word in capitals."""

_KLOG: Final = {"I": INFO, "W": WARN, "E": ERROR, "F": FATAL}
_MONGO: Final = {"F": FATAL, "E": ERROR, "W": WARN, "I": INFO, "D": DEBUG}

_KEYS: Final = tuple(
    f'"{key}"'
    for key in (
        "level", "severity", "lvl", "log.level", "levelname", "Level", "LogLevel", "loglevel",
        "log_level", "@l",
    )
)  # fmt: skip
_KEY: Final = re.compile(
    r'"(?:level(?:name)?|severity|lvl|log\.level|Level|LogLevel|log_?level|@l)"'
)
_STRING: Final = re.compile(r'"(?!log")(?:[^"\\]|\\.)*"')
_MOST_KEYS: Final = 8
_VALUE: Final = re.compile(r'\s*:\s*(?:"([A-Za-z]{1,16})"|(\d{1,3})\b)')
_LOGFMT: Final = re.compile(
    r'(?:^|[\s,;{|(\[])(?:level|lvl|severity|log\.level|loglevel)="?([A-Za-z]{1,16})\b'
)
_PRIORITY: Final = re.compile(r"<(\d{1,3})>")
_STATUS: Final = re.compile(r' HTTP/\d(?:\.\d)?" ([1-5])\d\d(?!\S)')
_BY_STATUS: Final = {"5": ERROR, "4": WARN}
_BRACKETED: Final = re.compile(
    r"\[[\w.-]+:([a-z]+)\]"  # Apache's [core:error]
    r"|^\[[^\]]*[\d.,]: ([A-Z]+)/"  # Celery's [2026-09-21 14:13:20,123: ERROR/MainProcess]
)
_ASIDE: Final = re.compile(r"\[[^\]]*\]?|\([^)]*\)|(?:-|\||^)\s+[\w.$/:@-]+\s+(?=-|\|)")
"""What may stand before a level without being part of a sentence: in brackets or between bars."""
_SENTENCE: Final = re.compile(r"(?<![\w.:/@#$=-])[A-Za-z']+(?![\w.:/@#$=-])")
_HEADERS: Final = {
    "UTC", "GMT", "AM", "PM", "Z", "CET", "CEST", "EST", "EDT", "PST", "PDT",
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    "A", "D", "E", "F", "I", "W", "P", "PHP", "Fatal", "fatal", "main", "root", "stdout", "stderr",
}  # fmt: skip
"""Plain words that stand before a level in headers that are known."""
MAX_HEADERS: Final = 4096
"""Beginnings of lines that are remembered, without their digits; beyond that all are forgotten."""

_NO_DIGITS: Final = {ord(digit): "0" for digit in "0123456789"}
_headers: dict[str, bool] = {}
_DYING: Final = ("panic:", "Error:")
_THROWN: Final = ("Error", "Exception", "Throwable", "Interrupt")
_THROWN_NAME: Final = re.compile(r"[A-Za-z_][\w.$]*")
_PANICKED: Final = re.compile(r"thread '[^']*' panicked at|goroutine \d+ \[")
_FRAMES: Final = frozenset(" \tCS")
_FRAME: Final = re.compile(
    r"\s+(?:at \S|File \"|from \S+:\d|\.\.\. \d+ (?:more|common)|--- End of|---> )"
    r"|Caused by: |Stack trace:|\s*Suppressed: "
)
"""Lines that only occur within a stack trace: Java's, Python's, Node's, .NET's, Ruby's, PHP's."""
_DIED: Final = (
    "Traceback (most recent call last):", "Exception in thread ", "Unhandled exception",
    "Unhandled rejection", "Uncaught ",
)  # fmt: skip


def level_of(text: str) -> int:
    """Return the level that a line names, `NONE` if it names none."""
    return signs_of(text) & LEVEL


def signs_of(text: str) -> int:
    """Return the level that a line names, with `FRAME` or `DIES` if it is of a stack trace."""
    first = text[:1]
    if first == "{":
        return _in_json(text)
    head = text[:HEAD]
    if "\x1b" in head:
        head = ANSI.sub("", text[: 2 * HEAD])
        first = head[:1]
    if first in _STAMPED:
        level = _behind_time(first, head, text)
        if level is not None:
            return level
    elif first in _KLOG and head[5:6] == " " and head[8:9] == ":" and head[1:5].isdigit():
        return _KLOG[first]
    elif first == "<" and (match := _PRIORITY.match(head)):
        return SYSLOG[int(match[1]) & 7]
    at = head.find("level=")
    if at == 0 or (at > 0 and head[at - 1] == " "):
        word = head[at + 6 : at + 24].partition(" ")[0]
        if word in ANY_CASE:
            return ANY_CASE[word]
    return _by_words(head)


def _behind_time(first: str, head: str, text: str) -> int | None:
    """Return the level of a line that begins with a time; None: it is not where most have it."""
    if head[4:5] == "-" and head[13:14] == ":" == head[16:17]:
        words = head[16:48].split(None, 2)  # behind "2026-09-21T14:13"
        if len(words) > 2 and (level := _PLAIN.get(words[1])):
            return level
    match = _COMMON.match(head)
    if match and (level := ANY_CASE.get(match[1])):
        return level
    if first == "[" and (level := ANY_CASE.get(head[1 : head.find("]", 1, 14)])):
        return level
    if " HTTP/" in text and (match := _STATUS.search(text, 0, JSON_HEAD)):
        return _BY_STATUS.get(match[1], NONE)
    return None


def _by_words(head: str) -> int:
    """Return the level of a line that is none of the most frequent kinds."""
    if head[:1] in _FRAMES and _FRAME.match(head):
        return FRAME
    words = (head.replace("[", " ").replace("]", " ") if "[" in head else head).split(None, TOKENS)
    if not words:
        return NONE
    if words[0] in _FIRST:
        level = _FIRST[words[0]]
        return level | DIES if words[0] in _DYING else level
    if not _TOKENS.keys().isdisjoint(words) and (found := _in_words(head, words)):
        return found
    if "=" in head and ("l=" in head or "y=" in head) and (match := _LOGFMT.search(head)):
        return WORDS.get(match[1].lower(), NONE)
    if head[0] == "[" and (match := _BRACKETED.search(head)):
        return WORDS.get((match[1] or match[2]).lower(), NONE)
    return _lead(head, words[0])


def _in_json(text: str) -> int:
    """Return the level of an object by the first of its own fields that is named like one."""
    at = text.find('"level":', 0, JSON_HEAD)  # most are written so, and found at once
    if at > 0 and text.rfind("{", 0, at) == 0:
        value = text[at + 8 : at + 28].lstrip()
        if value[:1] == '"':
            if level := ANY_CASE.get(value[1 : value.find('"', 1)]):
                return level
        elif value[2:3] == "," and (level := NUMBERS.get(value[:2])):
            return level
    for key in _KEYS:
        at = text.find(key, 0, JSON_HEAD)
        if at < 0:
            continue
        found = _VALUE.match(text, at + len(key))
        if found and (text.rfind("{", 0, at) == 0 or _own(text, at)):
            return _field(found, text)
        for match in islice(_KEY.finditer(text, at + 1, JSON_HEAD), _MOST_KEYS):
            found = _VALUE.match(text, match.end())
            if found and _own(text, match.start()):
                return _field(found, text)
    if text.startswith('{"t":{"$date"'):  # MongoDB
        at = text.find('"s":"', 0, 80)
        return _MONGO.get(text[at + 5 : at + 6], NONE) if at >= 0 else NONE
    return NONE


def _field(found: re.Match[str], text: str) -> int:
    word, number = found.groups()
    if word:
        return WORDS.get(word.lower(), NONE)
    if len(number) == 1 and '"short_message"' in text:  # GELF has syslog's numbers
        return SYSLOG[int(number) & 7]
    return NUMBERS.get(number, NONE)


def _own(text: str, at: int) -> bool:
    """Return whether a key belongs to the outermost object, or to a ``log`` in it (ECS)."""
    before = _STRING.sub('""', text[:at])
    depth = before.count("{") - before.count("}")
    return depth == 1 or (depth == 2 and before.rstrip(" {").endswith(('"log":', '"log": ')))


def _in_words(head: str, words: list[str]) -> int:
    """Return the level of the first word that stands where a header has it."""
    at = 0
    for word in words[:TOKENS]:
        at = head.find(word, at)
        level = _TOKENS.get(word)
        if level is not None and _is_header(head[:at]):
            end = at + len(word)
            bare = word[:-1] if word[-1] == ":" else word
            if bare is word and not bare.isupper() and not _set_off(head, at, end):
                at = end
                continue
            return FATAL if head[max(0, at - 6) : at].lower() == "fatal " else level
        at += len(word)
    return NONE


def _is_header(before: str) -> bool:
    """Return whether nothing of what stands before a level is part of a sentence."""
    shape = before.translate(_NO_DIGITS)
    known = _headers.get(shape)
    if known is None:
        if len(_headers) >= MAX_HEADERS:
            _headers.clear()
        known = _headers[shape] = _reads_as_header(before)
    return known


def _reads_as_header(before: str) -> bool:
    if not before or before.isspace():
        return True
    found = _SENTENCE.findall(before)
    if not found or _HEADERS.issuperset(found):
        return True
    rest = _ASIDE.sub(" ", before)
    found = _SENTENCE.findall(rest)
    if _HEADERS.issuperset(found):
        return True
    # A host or a program's name: "Sep 21 14:13:20 web1 app[7]: ERROR", "web_1  | ERROR"
    names = len(set(found) - _HEADERS)
    return rest.rstrip().endswith((":", "|")) and names <= 1 + any(map(str.isdigit, before))


def _set_off(head: str, at: int, end: int) -> bool:
    """Return whether a word that is not in capitals is set off from what follows."""
    before, after = head[at - 1 : at], head[end : end + 3]
    if after[:1] in ("]", ")"):
        return before in ("[", "(", ":", "") or before.isspace()
    return (
        after[:1] == "\t"
        or after[:2] == "  "
        or after[:2] in (" |", " -")
        or (not after and not at)
    )


def _lead(head: str, word: str) -> int:
    """Return the level of a line that says what it is before a colon, or that a program died."""
    name, colon, _ = word.partition(":")
    if colon and (level := _LEAD.get(name)):
        return level
    if name.endswith(_THROWN) and _THROWN_NAME.fullmatch(name) and (colon or name == head.rstrip()):
        return ERROR | DIES
    return ERROR | DIES if head.startswith(_DIED) or _PANICKED.match(head) else NONE
