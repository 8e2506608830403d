"""Expressions of Logs Insights queries, compiled to functions of a row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from backends.sim.insights_lexer import Words, unquoted
from backends.sim.insights_values import COMPARISONS, Moment, Row, Value, number, written

Expression: TypeAlias = Callable[[Row], Value]

SPANS_MS = {
    "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
    "mo": 2_592_000_000, "y": 31_536_000_000,
}  # fmt: skip
"""Milliseconds of the units of a period ("Datetime functions" of the query syntax); a month has
thirty days here."""


def span_ms(text: str) -> int:
    """Return the milliseconds of a period such as ``5m``."""
    digits = re.match(r"\d+", text)
    count = int(digits[0]) if digits else 1
    return max(1, count) * SPANS_MS[text[len(digits[0]) if digits else 0 :]]


def expression(words: Words) -> Expression:
    """Read an expression; raises `Malformed`."""
    left = _conjunction(words)
    while words.skip("or"):
        left = _either(left, _conjunction(words))
    return left


def _either(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) or bool(right(row))


def _conjunction(words: Words) -> Expression:
    left = _negation(words)
    while words.skip("and"):
        left = _both(left, _negation(words))
    return left


def _both(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row)) and bool(right(row))


def _negation(words: Words) -> Expression:
    if words.skip("not"):
        inner = _negation(words)
        return lambda row: not inner(row)
    return _comparison(words)


def _comparison(words: Words) -> Expression:
    left = _sum(words)
    if words.is_word(*COMPARISONS):
        compare, right = COMPARISONS[words.take().text], _sum(words)
        return lambda row: compare(left(row), right(row))
    negated = words.skip("not")
    if words.is_word("like", "=~"):
        words.take()
        test = _likeness(words)
    elif words.skip("in"):
        test = _among(words)
    elif negated:
        raise words.unexpected()
    else:
        return left
    return (lambda row: not test(left(row))) if negated else (lambda row: test(left(row)))


def _likeness(words: Words) -> Callable[[Value], bool]:
    pattern = words.regex()
    if pattern is not None:
        search = pattern.search
        return lambda value: value is not None and search(written(value)) is not None
    part = unquoted(words.kind("text"))
    return lambda value: value is not None and part in written(value)


def _among(words: Words) -> Callable[[Value], bool]:
    words.expect("[")
    wanted: list[Value] = []
    while True:
        word = words.kind("number" if words.next.kind == "number" else "text")
        wanted.append(float(word.text) if word.kind == "number" else unquoted(word))
        if not words.skip(","):
            break
    words.expect("]")
    same = COMPARISONS["="]
    return lambda value: any(same(value, one) for one in wanted)


_SUMS: Mapping[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "%": lambda a, b: math.fmod(a, b) if b else None,
}


def _sum(words: Words) -> Expression:
    left = _product(words)
    while words.is_word("+", "-"):
        left = _arithmetic(words.take().text, left, _product(words))
    return left


def _product(words: Words) -> Expression:
    left = _operand(words)
    while words.is_word("*", "/", "%"):
        left = _arithmetic(words.take().text, left, _operand(words))
    return left


def _arithmetic(sign: str, left: Expression, right: Expression) -> Expression:
    act = _SUMS[sign]

    def result(row: Row) -> Value:
        a, b = number(left(row)), number(right(row))
        return act(a, b) if a is not None and b is not None else None

    return result


def _operand(words: Words) -> Expression:
    if words.skip("("):
        inner = expression(words)
        words.expect(")")
        return inner
    if words.skip("-"):
        positive = _operand(words)
        return lambda row: None if (n := number(positive(row))) is None else -n
    if words.next.kind == "number":
        constant = float(words.take().text)
        return lambda row: constant
    if words.next.kind == "text":
        literal = unquoted(words.take())
        return lambda row: literal
    word = words.kind("name")
    if not words.is_word("("):
        name = unquoted(word)
        return lambda row: row.get(name)
    if word.text.lower() == "bin":
        return _bin(words)
    function = FUNCTIONS.get(word.text.lower())
    if function is None:
        raise words.unexpected()
    return _call(function, arguments(words))


def _call(function: Callable[..., Value], given: Sequence[Expression]) -> Expression:
    def result(row: Row) -> Value:
        try:
            return function(*(one(row) for one in given))
        except (TypeError, ValueError, OverflowError):
            return None

    return result


def _bin(words: Words) -> Expression:
    words.expect("(")
    period = span_ms(words.kind("span").text)
    words.expect(")")
    return lambda row: Moment((number(row.get("@timestamp")) or 0) // period * period)


def arguments(words: Words) -> list[Expression]:
    """Read what is in the parentheses of a call; raises `Malformed`."""
    words.expect("(")
    given: list[Expression] = []
    while not words.skip(")"):
        if given:
            words.expect(",")
        given.append(expression(words))
    return given


def _of_number(function: Callable[[float], float]) -> Callable[[Value], Value]:
    return lambda value: None if (n := number(value)) is None else float(function(n))


def _of_text(function: Callable[[str], Value]) -> Callable[[Value], Value]:
    return lambda value: None if value is None else function(written(value))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": _of_number(abs),
    "ceil": _of_number(math.ceil),
    "floor": _of_number(math.floor),
    "sqrt": _of_number(math.sqrt),
    "strlen": _of_text(len),
    "toupper": _of_text(str.upper),
    "tolower": _of_text(str.lower),
    "trim": _of_text(str.strip),
    "isblank": lambda value: value is None or not written(value).strip(),
    "isempty": lambda value: value is None or written(value) == "",
    "ispresent": lambda value: value is not None,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": lambda *values: "".join(written(value) for value in values),
    "strcontains": lambda value, part: written(part) in written(value),
    "replace": lambda value, old, new: written(value).replace(written(old), written(new)),
    "tomillis": number,
    "frommillis": lambda value: None if (n := number(value)) is None else Moment(n),
}
"""The functions of the query language that are known here, by their names in lower case."""
