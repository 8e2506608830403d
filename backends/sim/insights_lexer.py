"""The words of a Logs Insights query, each with its place, for the simulator's parser."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORDS = re.compile(
    r"(?P<skip>\s+|\#[^\n]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<span>\d+(?:ms|mo|[smhdwy])\b)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[@A-Za-z_][\w.@]*|`[^`\n]+`)"
    r"|(?P<sign>!=|<=|>=|=~|[=<>(),|+\-*/%^\[\]])"
)
_REGEX = re.compile(r"\s*/((?:[^/\\\n]|\\.)+)/")
_NAMED = re.compile(r"\(\?<(?=[A-Za-z])")
"""How a named group begins in AWS's regular expressions; Python spells it otherwise."""


class Word(NamedTuple):
    """One word of a query."""

    kind: str
    """``text``, ``span``, ``number``, ``name``, ``sign``, ``other``, or ``end``."""
    text: str
    """As it is in the query."""
    start: int
    end: int


class Malformed(Exception):  # noqa: N818 - after AWS's MalformedQueryException
    """A query that can't be understood, in AWS's words."""


class Words:
    """Reads the words of a query one after the other."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._at = 0
        self.next = self._read()
        """The word that is looked at."""

    def _read(self) -> Word:
        while self._at < len(self.query):
            found = _WORDS.match(self.query, self._at)
            if found is None:
                return Word("other", self.query[self._at], self._at, self._at + 1)
            if found.lastgroup != "skip":
                return Word(str(found.lastgroup), found[0], found.start(), found.end())
            self._at = found.end()
        return Word("end", "", self._at, self._at)

    def take(self) -> Word:
        """Return the next word, and go on to the one after it."""
        word = self.next
        self._at = word.end
        self.next = self._read()
        return word

    def is_word(self, *words: str) -> bool:
        """Whether the next word is one of these, whatever its case."""
        return self.next.kind in ("name", "sign") and self.next.text.lower() in words

    def skip(self, word: str) -> bool:
        """Go past the next word if it is this one."""
        if self.is_word(word):
            self.take()
            return True
        return False

    def expect(self, word: str) -> None:
        """Go past the next word, which has to be this one."""
        if not self.skip(word):
            raise self.unexpected()

    def kind(self, kind: str) -> Word:
        """Return the next word, which has to be of a kind."""
        if self.next.kind != kind:
            raise self.unexpected()
        return self.take()

    def regex(self) -> re.Pattern[str] | None:
        """Return the regular expression between slashes that comes next, if one does."""
        found = _REGEX.match(self.query, self.next.start)
        if found is None:
            return None
        try:
            pattern = re.compile(_NAMED.sub("(?P<", found[1]))
        except re.error:
            raise self.unexpected() from None
        self._at = found.end()
        self.next = self._read()
        return pattern

    def unexpected(self, word: Word | None = None) -> Malformed:
        """Return the complaint about a word, or about the next one, as AWS words it."""
        word = word or self.next
        before = self.query[: word.start]
        line = before.count("\n") + 1
        place = len(before) - (before.rfind("\n") + 1)
        found = word.text or "<EOF>"
        return Malformed(f"unexpected symbol found {found} at line {line} and position {place}")


def unquoted(word: Word) -> str:
    """Return what a quoted text, or a name between backticks, stands for."""
    if word.text[:1] == "`":
        return word.text[1:-1]
    if word.kind == "text":
        return re.sub(r"\\(.)", r"\1", word.text[1:-1])
    return word.text
