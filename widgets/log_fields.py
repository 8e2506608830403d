"""The fields of a log line: of JSON, of ``key=value`` pairs, of a web server's access log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from backends.text import ANSI

Fields: TypeAlias = dict[str, Any]
"""Names and values in the order of the line; values are what JSON can hold."""

MAX_TEXT: Final = 64 * 1024
"""Characters of a line that is still read for fields."""

MAX_PAIRS: Final = 200
"""Pairs that are read of one line."""

ACCESS_FIELDS: Final = ("client", "method", "path", "status", "bytes")
"""What the lines of an access log in the common or combined format are read as."""

_ACCESS = re.compile(
    r'(?P<client>\S+) \S+ [^\[\]]{1,80} \[[^\]]{1,40}\] "(?P<method>[A-Z]{3,10}) (?P<path>\S+)'
    r' HTTP/[\d.]+" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
_VALUE = r'"((?:[^"\\]|\\.)*)"|([^\s"]*?)(?=[,;)\]}]*(?:\s|$)|[,;][\w.@-]+=)'
_PAIR = re.compile(r"(?:^|[\s,;(\[{|])([A-Za-z_@][\w.@/-]*)=(?:" + _VALUE + ")")
_SCALAR = re.compile(r' ?(?:"([^"\\\x00-\x1f]*)"|(-?\d{1,15})|(true|false|null)) ?[,}]')
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(.)")


def fields_of(text: str) -> Fields:
    """Return the fields of a line, none where it has none; objects within objects stay as they are.

    JSON may stand behind other text, at the end of the line.
    """
    if len(text) > MAX_TEXT:
        return {}
    if "\x1b" in text:
        text = ANSI.sub("", text)
    return json_of(text) or _access(text) or dict(_pairs(text))


def json_of(text: str) -> Fields | None:
    """Return the JSON object that a line is or ends in; None where there is none."""
    text = text.rstrip()
    if not text.endswith("}") or len(text) > MAX_TEXT:
        return None
    start = 0
    if not text.lstrip().startswith("{"):
        start = min((at for at in (text.find(" {"), text.find("\t{")) if at >= 0), default=-1) + 1
        if not start:
            return None
    try:
        fields = msgspec.json.decode(text[start:] if start else text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) and fields else None


def _access(text: str) -> Fields | None:
    if " HTTP/" not in text or not (match := _ACCESS.match(text)):
        return None
    return {name: match[name] for name in ACCESS_FIELDS}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    if "=" not in text:
        return
    for count, match in enumerate(_PAIR.finditer(text)):
        if count == MAX_PAIRS:
            return
        yield match[1], _unquoted(match[2], match[3])


def without_pairs(text: str) -> str | None:
    """Return what a line says beside its ``key=value`` pairs; None where it is read otherwise."""
    if "\x1b" in text:
        text = ANSI.sub("", text)
    if json_of(text) is not None or _access(text):
        return None
    return _PAIR.sub(" ", text)


def _unquoted(quoted: str | None, bare: str | None) -> str:
    if quoted is None:
        return bare or ""
    return _ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted


def flat(fields: Fields) -> Fields:
    """Return the fields with objects within objects spelled out, their names joined by dots."""
    if not any(isinstance(value, dict) for value in fields.values()):
        return fields
    found: Fields = {}
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            found.update((f"{name}.{inner}", deep) for inner, deep in flat(value).items())
        else:
            found[name] = value
    return found


class Missing:
    """What `find_field` returns where there is no such field."""


MISSING: Final = Missing()
"""The only one of its kind."""


def find_field(text: str, name: str) -> Any:
    """Return the value of a line's field, `MISSING` where it has none of that name.

    ``a.b`` is the ``b`` in the ``a`` of an object; the case of a name matters only where it is
    given with a capital.
    """
    if len(text) > MAX_TEXT:
        return MISSING
    if text[:1] == "{":
        found = _scalar(text, f'"{name}":')
        if found is not MISSING:
            return found
    if "\x1b" in text:
        text = ANSI.sub("", text)
    fields = json_of(text)
    if fields is None and name in ACCESS_FIELDS:
        fields = _access(text)
    if fields is not None:
        found = _within(fields, name, name.islower())
        if found is not MISSING or text.lstrip()[:1] == "{":
            return found
    match = _pair_named(name).search(text)
    return MISSING if match is None else _unquoted(match[1], match[2])


def _scalar(text: str, key: str) -> Any:
    """Return the plain value of a key that an object has itself, without decoding all of it.

    `MISSING` where that is not certain.
    """
    at = text.find(key)
    if at < 0 or text.rfind("{", 0, at) != 0 or text.find(key, at + 1) >= 0:
        return MISSING
    match = _SCALAR.match(text, at + len(key))
    if match is None:
        return MISSING
    word, whole, constant = match.groups()
    if whole is not None:
        return int(whole)
    return _CONSTANTS[constant] if constant else word


def _within(fields: Fields, name: str, folded: bool) -> Any:
    if name in fields:
        return fields[name]
    for key, value in fields.items():
        own = key.lower() if folded else key
        if own == name:
            return value
        if isinstance(value, dict) and name.startswith(own + "."):
            found = _within(value, name[len(own) + 1 :], folded)
            if found is not MISSING:
                return found
    return MISSING


@lru_cache(maxsize=64)
def _pair_named(name: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if name.islower() else 0
    return re.compile(r"(?:^|[\s,;(\[{|])" + re.escape(name) + "=(?:" + _VALUE + ")", flags)


def value_text(value: Any) -> str:
    """Return a field's value as text: strings as they are, anything else as JSON writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
