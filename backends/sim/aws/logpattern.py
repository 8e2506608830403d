"""CloudWatch Logs filter patterns: terms, phrases, exclusions, alternatives, regular expressions,
and comparisons of one field of JSON events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from backends.sim.aws.errors import AwsError

Matcher: TypeAlias = Callable[[str], bool]

_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"]+))\s*')
_JSON = re.compile(r'\{\s*\$\.([\w.]+)\s*(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|([^\s"}]+))\s*\}')

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}


def compile_pattern(pattern: str) -> Matcher:
    """Return a function that tells whether a message matches a filter pattern.

    Raises InvalidParameterException for a pattern that is not understood: one of a space
    delimited event (``[a, b]``), or of several comparisons.
    """
    pattern = pattern.strip()
    if not pattern:
        return lambda _: True
    if pattern.startswith("{"):
        return _json(pattern)
    if pattern.startswith("["):
        raise _bad()
    return _terms(pattern)


def _bad() -> AwsError:
    return AwsError("InvalidParameterException", "Invalid filter pattern")


def _terms(pattern: str) -> Matcher:
    needed: list[Matcher] = []
    any_of: list[Matcher] = []
    place = 0
    while place < len(pattern):
        found = _TERM.match(pattern, place)
        if found is None:
            raise _bad()
        place = found.end()
        sign, phrase, expression, word = found.groups()
        test = _contains(phrase if phrase is not None else word, expression)
        if sign == "?":
            any_of.append(test)
        else:
            needed.append(_not(test) if sign == "-" else test)
    return lambda text: (
        all(test(text) for test in needed)
        and (not any_of or bool(needed) or any(test(text) for test in any_of))
    )


def _contains(text: str | None, expression: str | None) -> Matcher:
    if expression is not None:
        try:
            regex = re.compile(expression)
        except re.error as error:
            raise _bad() from error
        return lambda message: regex.search(message) is not None
    wanted = (text or "").replace('\\"', '"')
    return lambda message: wanted in message


def _not(test: Matcher) -> Matcher:
    return lambda message: not test(message)


def _json(pattern: str) -> Matcher:
    found = _JSON.fullmatch(pattern)
    if found is None:
        raise _bad()
    path, comparison, quoted, bare = found.groups()
    wanted: Any = quoted if quoted is not None else _number(bare)

    def test(message: str) -> bool:
        if not message.startswith("{"):
            return False
        try:
            value = orjson.loads(message)
            for key in path.split("."):
                value = value[key]
            return _COMPARE[comparison](value, wanted)
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return False

    return test


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
