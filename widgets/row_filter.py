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
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import not_
from typing import Protocol

import msgspec

from backends.model import Column, Format
from widgets.pattern_effort import SHORT, is_gentle
from widgets.pattern_shape import shape
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
    """A filter at work: what it lets through, and how its expressions fare.

    The cheapest conditions are looked at first.
    """

    def __init__(self, what: RowFilter) -> None:
        self._literals = [term for term in what.terms if term.literal]
        self._gentle = {
            term.pattern: re.compile(term.pattern, re.IGNORECASE | re.MULTILINE).search
            for term in what.terms
            if not term.literal and is_gentle(term.pattern)
        }
        made = [
            (term, Expression(term.pattern, fold=True)) for term in what.terms if not term.literal
        ]
        self._simple = [(term, each) for term, each in made if not each.limited]
        self._limited = [(term, each) for term, each in made if each.limited]
        self._needed = [
            (term.column, needed)
            for term, _ in made
            if not term.negated and (needed := _needed(term.pattern))
        ]
        self.columns = frozenset(term.column for term in what.terms)
        """The columns that are read."""

    @property
    def quick(self) -> bool:
        """Whether all texts of a large table may be looked through in one go: some 10 ms."""
        return not self._simple and not self._limited

    @property
    def limited(self) -> bool:
        """Whether a row may take long; then `sift` leaves it to `decide` to look at each."""
        return bool(self._limited)

    @property
    def trouble(self) -> str:
        """What to say about rows that took too long; empty: nothing."""
        return "; ".join(filter(None, (each.trouble for _, each in self._limited)))

    def passes(self, row: Searchable) -> bool:
        """Return whether a row meets every condition; one that takes too long does not."""
        for term in self._literals:
            if (term.pattern in row.text(term.column)) is term.negated:
                return False
        for term, expression in (*self._simple, *self._limited):
            found = expression.found(row.text(term.column))
            if found is None or found is term.negated:
                return False
        return True

    def sift(self, rows: Sequence[int], texts: Mapping[int, Sequence[str]]) -> Sequence[int]:
        """Return the rows, given and named by their index, that meet all but the conditions that
        may take long; `texts` are those of each of `columns`."""
        for term in self._literals:
            pattern, read = term.pattern, _reader(rows, texts[term.column])
            seen: Iterable[object] = [pattern in text for text in read]
            rows = _chosen(rows, seen, negated=term.negated)
        for column, needed in self._needed:
            # Beyond ASCII there are letters that only an expression takes for one another.
            read = _reader(rows, texts[column])
            if len(needed) == 1:
                (one,) = needed
                seen = [one in text or not text.isascii() for text in read]
            else:
                seen = [any(n in text for n in needed) or not text.isascii() for text in read]
            rows = _chosen(rows, seen, negated=False)
        for term, expression in self._simple:
            look = expression.found
            seen = [look(text) for text in _reader(rows, texts[term.column])]
            rows = _chosen(rows, seen, negated=term.negated)
        return rows

    def decide(self, row: int, texts: Mapping[int, Sequence[str]]) -> bool:
        """Return whether a row that came through `sift` meets the other conditions as well."""
        for term, expression in self._limited:
            text = texts[term.column][row]
            plain = len(text) <= SHORT and text.isascii()
            gentle = self._gentle.get(term.pattern) if plain else None
            found = expression.found(text) if gentle is None else gentle(text) is not None
            if found is None or found is term.negated:
                return False
        return True


def _needed(pattern: str) -> Sequence[str]:
    """Return texts in lower case of which an ASCII text that matches holds at least one."""
    texts = shape(pattern).texts
    return [text.lower() for text in texts] if all(map(str.isascii, texts)) else []


def _reader(rows: Sequence[int], texts: Sequence[str]) -> Iterable[str]:
    return texts if len(rows) == len(texts) else map(texts.__getitem__, rows)


def _chosen(rows: Sequence[int], seen: Iterable[object], *, negated: bool) -> Sequence[int]:
    return list(compress(rows, map(not_, seen) if negated else seen))


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
