"""One term of a log's filter that names a field: ``status>=500``, ``path~^/api``, ``!user=bot``."""

from __future__ import annotations

import re
from typing import Any, Final

from widgets.log_fields import MISSING, find_field, value_text
from widgets.log_levels import LEVELS, NAMES, NONE, WORDS, level_named
from widgets.log_quantity import Quantity, difference, of_value, quantity
from widgets.patterns import Expression, PatternError

TERM: Final = re.compile(
    r"(!?)([A-Za-z_@](?:[\w.@/-]*[\w@/])?)(!=|!~|>=|<=|=|>|<|~)"
    r'("(?:[^"\\]|\\.)*"|[^\s=~<>"]\S*)'
)
"""A term as it is typed: maybe ``!``, a name, an operator, a value, quoted where it must be."""

NUMERIC: Final = re.compile(r'"?[-+.]?\d')
"""What a value begins with that is compared by size: a number or a time."""

LEVEL_FIELDS: Final = frozenset(("level", "severity", "lvl", "log.level", "levelname", "loglevel"))
"""Names that mean the level that was recognised, in whatever form a line has it."""

_SPECIAL = frozenset(r"^$*[(|\\")


class Term:
    """A condition on one field; which lines it met, and how, is counted for `note`."""

    def __init__(self, negated: bool, name: str, operator: str, value: str) -> None:
        self.text = f"{'!' if negated else ''}{name}{operator}{value}"
        """As it was typed, about."""
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        self.name = name
        """The field."""
        self.negated = negated != operator.startswith("!")
        """It keeps the lines that do not fulfil it, those without the field too."""
        self._operator = operator.removeprefix("!")
        self._value = value
        self._folded = value.casefold()
        self._number: Quantity | None = quantity(value)
        self._note = ""
        self._unlike = ""
        self._meant = ""
        self._expression: Expression | None = None
        if self._operator == "~":
            self._compile()
        elif self._operator == "=" and not _SPECIAL.isdisjoint(value):
            self._note = f"= compares the whole value; for an expression write {name}~{value}"
        self.seen = 0
        """Lines that had the field."""

    def _compile(self) -> None:
        try:
            self._expression = Expression(self._value)
        except PatternError as error:
            self._note = f"not a regular expression ({error}); taken literally"
        self._any_case = self._value.islower() or not any(map(str.isupper, self._value))

    @property
    def note(self) -> str:
        """What the user should know about how it was read or how it fares; usually empty."""
        trouble = self._expression.trouble if self._expression else ""
        return self._note or trouble or self._unlike or self._meant

    def accepts(self, text: str) -> bool:
        """Return whether a line with this text fulfils it."""
        value = find_field(text, self.name)
        if value is MISSING:
            return self.negated
        self.seen += 1
        if isinstance(value, list):
            return any(map(self._fulfils, value)) != self.negated
        return self._fulfils(value) != self.negated

    def _fulfils(self, value: Any) -> bool:
        if self._operator == "~":
            return self._matches(value_text(value))
        if self._operator == "=" and value_text(value).casefold() == self._folded:
            return True
        return self._compares(value)

    def _matches(self, text: str) -> bool:
        if self._expression is None:
            return self._folded in text.casefold()
        return bool(self._expression.found(text.lower() if self._any_case else text))

    def _compares(self, value: Any) -> bool:
        found = of_value(self.name, value)
        if self._number is None or found is None:
            if self._operator == "=" or self._number is not None or found is not None:
                return False
            text = value_text(value).casefold()
            return _holds(self._operator, (text > self._folded) - (text < self._folded))
        written = isinstance(value, str) and (kind := quantity(value)) is not None and kind.kind
        by = difference(self._number, found, written=bool(written))
        if by is None:
            self._unlike = self._tell_unlike(found)
            return False
        if written and not self._number.kind and found.kind in ("time", "size"):
            unit = "ms" if found.kind == "time" else "B"
            self._meant = f"{self.name} has units: {self._value} is read as {self._value}{unit}"
        return _holds(self._operator, by)

    def _tell_unlike(self, found: Quantity) -> str:
        if not found.kind:
            return f"{self.name} has no unit: compare it with a number alone"
        return f"{self.name} is a {found.kind}, {self._value} is not"


def _holds(operator: str, by: float) -> bool:
    if operator == "=":
        return by == 0
    if by == 0:
        return operator in (">=", "<=")
    return operator[0] == (">" if by > 0 else "<")


def levels_of(negated: bool, operator: str, value: str) -> tuple[frozenset[int], str]:
    """Return the levels that a term on the level lets through, and what to say about it.

    Lines without a level are let through only where levels are excluded.
    """
    if value.startswith('"'):
        value = value[1:-1]
    excludes = negated != operator.startswith("!")
    operator = operator.removeprefix("!")
    every = frozenset((NONE, *LEVELS))
    if operator == "~":
        chosen = frozenset(n for n in LEVELS if _named_like(value.lower(), n))
    else:
        bound = level_named(value)
        chosen = frozenset(n for n in LEVELS if bound and _holds(operator, n - bound))
        if not bound:
            known = " ".join(name.lower() for name in NAMES if name)
            return (every if excludes else chosen), f"{value} is no level: {known}"
    return (every - chosen if excludes else chosen), ""


def _named_like(part: str, level: int) -> bool:
    return any(part in word for word, meant in WORDS.items() if meant == level)
