"""Completion for the command prompt: pure, and quick with tens of thousands of names."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

MOST_GUESSED = 5_000
"""Names that looser searches (subsequence, nearest) go through; exact ones see all of them."""

LONGEST_TYPED = 100
"""Characters of what was typed that are searched for."""


class Candidate(msgspec.Struct, frozen=True):
    """Something that can be typed at the prompt."""

    word: str
    """What is put into the prompt."""
    help: str = ""
    """What it is for, in one line."""
    aliases: tuple[str, ...] = ()
    """Other words for the same; found, but `word` is put into the prompt."""
    takes: str = ""
    """What may follow it, as a placeholder: ``filter``, ``context``; empty: nothing."""


class Completion(msgspec.Struct, frozen=True):
    """What could stand in place of the end of a line."""

    start: int
    """Index in the line of the first character that would be replaced."""
    matches: tuple[Candidate, ...] = ()
    """Best first."""
    more: bool = False
    """There are further matches than were asked for."""

    def apply(self, line: str, candidate: Candidate) -> str:
        """Return `line` with `candidate` in place of its end, and a space where more follows."""
        return line[: self.start] + candidate.word + (" " if candidate.takes else "")


class Completer:
    """Finds candidates by prefix first, then by substring, then by letters in order.

    The first word of a line is looked for among `candidates`; the last word of a longer line
    among the `arguments` of that command, or among those under the empty name, which may
    follow every command; where there are none, the whole line among `candidates`. Among
    equally good ones, those listed first come first.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        arguments: Mapping[str, Sequence[Candidate]] | None = None,
    ) -> None:
        self._commands = _Index(candidates)
        self._arguments = {word: _Index(names) for word, names in (arguments or {}).items()}
        self._canonical = {
            name.casefold(): candidate.word
            for candidate in reversed(candidates)
            for name in (*candidate.aliases, candidate.word)
        }

    @property
    def words(self) -> tuple[str, ...]:
        """Every first word that is known, aliases too, in lower case."""
        return tuple(self._canonical)

    def complete(self, line: str, limit: int = 8) -> Completion:
        """Return at most `limit` candidates for the end of `line`."""
        first, space, _ = line.lstrip(" ").partition(" ")
        last = line[line.rfind(" ") + 1 :]
        start = len(line) - len(last)
        if not space:
            return self._commands.find(first, limit, start)
        command = self._canonical.get(first.casefold(), first)
        index = self._arguments.get(command) or self._arguments.get("")
        if index is not None:
            return index.find(last, limit, start)
        body = line.lstrip(" ")
        return self._commands.find(body, limit, len(line) - len(body))


class _Index:
    """Names as the lines of one long text, so that searching them all is C code's work."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._owner = [
            at for at, candidate in enumerate(candidates) for _ in (0, *candidate.aliases)
        ]
        names = (
            name.replace("\n", " ") for each in candidates for name in (each.word, *each.aliases)
        )
        self._text = ("\n" + "\n".join(names) + "\n").casefold()
        self._ends = [match.start() for match in re.finditer("\n", self._text)][1:]
        guessed = self._ends[:MOST_GUESSED]
        self._guessed = self._text[: guessed[-1] + 1] if guessed else ""

    def find(self, typed: str, limit: int, start: int) -> Completion:
        """Return the candidates that `typed` may mean, and whether there are more."""
        typed = typed.replace("\n", " ").casefold()[:LONGEST_TYPED]
        found: dict[int, None] = {}
        for at in self._search(typed):
            found.setdefault(at)
            if len(found) > limit:
                break
        matches = tuple(self._candidates[at] for at in list(found)[:limit])
        return Completion(start, matches, len(found) > limit)

    def _search(self, typed: str) -> Iterator[int]:
        if not typed:
            yield from range(len(self._candidates))
            return
        for needle in (f"\n{typed}\n", f"\n{typed}", typed):
            yield from self._holding(needle)
        if len(typed) > 1:
            yield from self._scattered(typed)

    def _holding(self, needle: str) -> Iterator[int]:
        """Yield the owners of the names that hold `needle`, each name once."""
        position = self._text.find(needle)
        while position >= 0:
            line = bisect_left(self._ends, position + needle.startswith("\n"))
            yield self._owner[line]
            position = self._text.find(needle, self._ends[line])

    def _scattered(self, typed: str) -> Iterator[int]:
        """Yield the owners of names that hold the letters in this order.

        The quantifiers are possessive: no line is gone through twice.
        """
        letters = (re.escape(letter) for letter in typed)
        pattern = "^" + "".join(f"[^{letter}\n]*+{letter}" for letter in letters)
        for match in re.finditer(pattern, self._guessed, re.MULTILINE):
            yield self._owner[bisect_left(self._ends, match.start())]


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the one of `words` that `word` was most likely meant to be; empty: none is near."""
    wanted = word.casefold()[:LONGEST_TYPED]
    letters = set(wanted)
    near = []
    for _, candidate in zip(range(MOST_GUESSED), words, strict=False):
        name = candidate.casefold()
        if abs(len(name) - len(wanted)) <= 3 and len(letters & set(name)) * 2 >= len(letters):
            near.append(name)
    best = difflib.get_close_matches(wanted, near[:200], n=1, cutoff=0.6)
    return best[0] if best else ""
