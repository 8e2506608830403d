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
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from operator import not_
from typing import Protocol, TypeVar

import msgspec

from backends.model import Column, Format
from widgets.patterns import Expression, PatternError

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
        return RowTest(self).passes(row)

    def narrows(self, last: RowFilter) -> bool:
        """Return whether every row that matches this one certainly matches `last`.

        Then only what `last` left needs to be searched.
        """
        return all(any(mine.implies(term) for mine in self.terms) for term in last.terms)


class RowTest:
    """A filter at work: what it lets through, and how its expressions fare."""

    def __init__(self, what: RowFilter) -> None:
        self._terms = [
            (term, None if term.literal else Expression(term.pattern, fold=True))
            for term in what.terms
        ]

    @property
    def limited(self) -> bool:
        """Whether a row may take long; then rows are best looked at one by one."""
        return any(each is not None and each.limited for _, each in self._terms)

    @property
    def trouble(self) -> str:
        """What to say about rows that took too long; empty: nothing."""
        said = [each.trouble for _, each in self._terms if each is not None]
        return "; ".join(filter(None, said))

    def passes(self, row: Searchable) -> bool:
        """Return whether a row meets every condition; one that takes too long does not."""
        for term, expression in self._terms:
            text = row.text(term.column)
            found = term.pattern in text if expression is None else expression.found(text)
            if found is None or found is term.negated:
                return False
        return True

    def select(
        self,
        rows: Sequence[Found],
        texts: Callable[[Sequence[Found], int], Sequence[str]] | None = None,
    ) -> list[Found]:
        """Return the rows that pass, in their order; the quickest way to ask about many.

        `texts` returns `Searchable.text` of all of them.
        """
        found = list(rows)
        read = texts or (lambda rows, column: [row.text(column) for row in rows])
        for term, expression in self._terms:
            seen: Iterable[object]
            if expression is None:
                pattern = term.pattern
                seen = [pattern in text for text in read(found, term.column)]
                if term.negated:
                    seen = map(not_, seen)
            else:
                wanted = not term.negated
                seen = [expression.found(text) is wanted for text in read(found, term.column)]
            found = list(compress(found, seen))
        return found


def column_names(columns: Sequence[Column]) -> Mapping[str, int]:
    """Return what columns may be called in a filter, and their indexes; ages and series, which
    change by themselves, have no name."""
    unnamed = (Format.AGE, Format.SPARK)
    named = [(i, c) for i, c in enumerate(columns) if c.format not in unnamed]
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
        Expression(body, fold=True)
    except PatternError:
        notes[f"not a regular expression: {body}: looked for as it is"] = None
        return Term(body.lower(), column, negated)
    return Term(body, column, negated, literal=False)
