"""The filter language of tables: what an operator types after ``/``, as a pure value.

Terms are separated by spaces, and a row must match all of them:

- ``web`` — a case-insensitive regular expression that is looked for in the row's text; ``^``
  and ``$`` are the ends of a cell
- ``!web`` — must not be found
- ``image:nginx`` — looks at one column only, by its key or its title
- ``health:failing`` — looks at the health's word, and at a column of that name if there is one
- ``"two words"`` — quotes keep spaces, exclamation marks and colons
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import Protocol, TypeVar

import msgspec

from backends.model import Column, Format

WHOLE_ROW = -1
"""Stands for the text of all columns where a column's index is expected."""

HEALTH = -2
"""Stands for the health's word where a column's index is expected."""

_TOKEN = re.compile(r"""(!?)(?:([^\s"!:][^\s":]*):)?(?:"((?:[^"\\]|\\.)*)"?|(\S*))""")
_METACHARACTERS = frozenset(".^$*+?{}[]\\|()")
_UNNAMED = re.compile(r"[^0-9a-z]+")


class Searchable(Protocol):
    """What a filter looks at."""

    def text(self, column: int) -> str:
        """Return a column's text in lower case, or that of `WHOLE_ROW` (a line for each cell)
        or of `HEALTH`."""
        ...


Found = TypeVar("Found", bound=Searchable)


class Term(msgspec.Struct, frozen=True):
    """One condition."""

    pattern: str
    """In lower case where it is a literal."""
    column: int = WHOLE_ROW
    negated: bool = False
    literal: bool = True
    """Looked for as it is, not as a regular expression."""

    def predicate(self) -> Callable[[Searchable], bool]:
        """Return a function that tells whether a row meets the condition."""
        pattern, column, negated = self.pattern, self.column, self.negated
        if self.literal:
            return lambda row: (pattern in row.text(column)) is not negated
        search = compile_pattern(pattern).search
        return lambda row: (search(row.text(column)) is not None) is not negated

    def implies(self, other: Term) -> bool:
        """Return whether every row that meets this condition certainly meets `other`."""
        if self == other:
            return True
        alike = self.literal and other.literal and self.column == other.column
        if not alike or self.negated is not other.negated:
            return False
        if self.negated:
            return self.pattern in other.pattern
        return other.pattern in self.pattern


class RowFilter(msgspec.Struct, frozen=True):
    """A filter as it was understood."""

    terms: tuple[Term, ...] = ()
    note: str = ""
    """What was not understood and how it was taken instead, in a sentence; empty: nothing."""

    @classmethod
    def parse(cls, text: str, columns: Sequence[Column]) -> RowFilter:
        """Understand `text` for a table of `columns`; every text means something."""
        names = column_names(columns)
        notes: dict[str, None] = {}
        terms: dict[Term, None] = {}
        for match in _TOKEN.finditer(text):
            bang, name, quoted, bare = match.groups()
            body = bare if quoted is None else re.sub(r'\\(")', r"\1", quoted)
            column = names.get(_plain(name)) if name else WHOLE_ROW
            if column is None:
                notes[f"no column {name}: looked for in every column"] = None
                column, body = WHOLE_ROW, f"{name}:{body}"
            if body:
                terms[_term(body, column, bool(bang), notes)] = None
        return cls(terms=tuple(terms), note="; ".join(notes))

    def matches(self, row: Searchable) -> bool:
        """Return whether a row meets every condition."""
        return all(term.predicate()(row) for term in self.terms)

    def predicate(self) -> Callable[[Searchable], bool]:
        """Return `matches` in a form that is quick to call for many rows."""
        tests = [term.predicate() for term in self.terms]
        if len(tests) == 1:
            return tests[0]
        return lambda row: all(test(row) for test in tests)

    def select(self, rows: Sequence[Found]) -> list[Found]:
        """Return the rows that match, in their order; the quickest way to ask about many."""
        found = list(rows)
        for term in self.terms:
            texts = [row.text(term.column) for row in found]
            if term.literal:
                pattern, wanted = term.pattern, not term.negated
                hits = [(pattern in text) is wanted for text in texts]
            else:
                search = compile_pattern(term.pattern).search
                missing = term.negated
                hits = [(search(text) is None) is missing for text in texts]
            found = list(compress(found, hits))
        return found

    def narrows(self, last: RowFilter) -> bool:
        """Return whether every row that matches this one certainly matches `last`.

        Then only what `last` left needs to be searched.
        """
        return all(any(mine.implies(term) for mine in self.terms) for term in last.terms)


def column_names(columns: Sequence[Column]) -> Mapping[str, int]:
    """Return what columns may be called in a filter, and their indexes; ages have no name."""
    named = [(i, c) for i, c in enumerate(columns) if c.format is not Format.AGE]
    names = {_plain(column.title): index for index, column in named}
    names.update((_plain(column.key), index) for index, column in named)
    names["health"] = HEALTH
    names.pop("", None)
    return names


def _plain(name: str) -> str:
    return _UNNAMED.sub("", name.lower())


def _term(body: str, column: int, negated: bool, notes: dict[str, None]) -> Term:
    if _METACHARACTERS.isdisjoint(body):
        return Term(body.lower(), column, negated)
    try:
        compile_pattern(body)
    except (re.error, OverflowError, RecursionError):
        notes[f"not a regular expression: {body}: looked for as it is"] = None
        return Term(body.lower(), column, negated)
    return Term(body, column, negated, literal=False)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern as filters use it: whatever the case, ``^`` and ``$`` at cells' ends.

    Raises `re.error`, `OverflowError` or `RecursionError` for what is no regular expression.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" may mean something else one day
        return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
