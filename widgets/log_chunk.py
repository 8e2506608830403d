"""Some hundred log lines that follow each other, packed: what a ring of them is made of.

Their texts are one text, which takes a third of the memory that a `LogLine` for each would
take, and is searched several times as fast.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

import msgspec

from backends.model import LogLine

CHUNK_LINES = 512
"""Lines of a chunk at most."""

CHUNK_CHARACTERS = 64 * 1024
"""Characters of a chunk, about; a line that is longer has a chunk of its own."""

CHUNK_COST = 320
"""Bytes that a chunk takes beside its columns: the object, its slots in the ring, its counters."""

BREAK = "\n"
"""What separates lines in the text of a chunk; a line may hold some itself."""

NoteKind: TypeAlias = Literal["note", "lost", "problem"]
"""Why the pane speaks: something began or ended, lines are missing, the tail is in trouble."""


class Note(msgspec.Struct, frozen=True, gc=False):
    """One line in the pane's own voice, kept in its place among the lines of the log."""

    at: float
    """When it was said, in epoch seconds."""
    text: str
    kind: NoteKind = "note"
    source: str = ""
    """Always empty: it has the attributes of a `LogLine`, so that a filter reads both alike."""


Entry: TypeAlias = LogLine | Note
"""What a ring holds."""


class Chunk:
    """Entries with the ids from `first` up to `end`; it never changes."""

    __slots__ = (
        "_data", "_names", "_owners", "_starts", "_times",
        "broken", "bytes", "end", "first", "kinds", "marks",
    )  # fmt: skip

    def __init__(
        self,
        first: int,
        entries: Sequence[Entry],
        marks: bytes,
        kinds: dict[int, NoteKind] | None = None,
    ) -> None:
        """Pack at least one entry, and a byte for each of them; `kinds` tells of notes."""
        self.first = first
        """The id of the first entry."""
        self.end = first + len(entries)
        """The id behind the last entry."""
        self.marks = marks
        """A byte for each entry."""
        self.kinds = kinds or {}
        """The ids of the notes among the entries, and what kind they are."""
        texts = [entry.text for entry in entries]
        self._data = _packed(texts)
        self._starts = _starts(texts, self._data)
        self._times = array("d", [entry.at for entry in entries])
        sources = dict.fromkeys([entry.source for entry in entries])
        names = {name: number for number, name in enumerate(sources)}
        self._names = tuple(names)
        self._owners = array("H", [names[e.source] for e in entries] if len(names) > 1 else ())
        self.broken = BREAK in "".join(texts)
        """Whether a line holds a line break itself."""
        columns = (self._data, self._starts, self._times, self._owners, self._names, marks)
        self.bytes = CHUNK_COST + sum(map(sys.getsizeof, columns))
        """Bytes of memory that it takes."""

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def lines(self) -> int:
        """How many of the entries are lines and not notes."""
        return len(self) - len(self.kinds)

    @property
    def names(self) -> tuple[str, ...]:
        """The sources of its lines, each once."""
        return self._names

    def owned(self, names: set[str]) -> list[int]:
        """Return the ids of the entries whose source is one of `names`."""
        if not names.issuperset(self._names):
            numbers = {i for i, name in enumerate(self._names) if name in names}
            return [i for i, owner in enumerate(self._owners, self.first) if owner in numbers]
        return list(range(self.first, self.end))

    def text(self, entry_id: int) -> str:
        """Return the text of an entry."""
        index = entry_id - self.first
        part = self._data[self._starts[index] : self._starts[index + 1] - 1]
        return part if isinstance(part, str) else part.decode("utf-8", "surrogatepass")

    def source(self, entry_id: int) -> str:
        """Return the source of an entry."""
        return self._names[self._owners[entry_id - self.first] if self._owners else 0]

    def entry(self, entry_id: int) -> Entry:
        """Return an entry as it was put in."""
        at, text = self._times[entry_id - self.first], self.text(entry_id)
        if self.kinds and (kind := self.kinds.get(entry_id)):
            return Note(at=at, text=text, kind=kind)
        return LogLine(at=at, source=self.source(entry_id), text=text)

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Return its entries with ids from `start` up to `stop`, both within it."""
        return map(self.entry, range(max(start, self.first), min(stop, self.end)))

    def times(self, start: int, stop: int) -> array[float]:
        """Return when these entries were written, in epoch seconds."""
        return self._times[max(0, start - self.first) : max(0, stop - self.first)]

    def joined(self, start: int, stop: int) -> tuple[str, Sequence[int]]:
        """Return the texts of the entries with ids from `start` up to `stop` as one text.

        Each ends in a line break but the last. The indices are where in it each begins, and at
        last the one behind the line break that it does not have.
        """
        a, b = start - self.first, stop - self.first
        data, starts = self._data, self._starts
        if isinstance(data, str):
            if b - a == len(self):
                return data, starts
            base = starts[a]
            return data[base : starts[b] - 1], [at - base for at in starts[a : b + 1]]
        texts = [self.text(i) for i in range(start, stop)]
        return BREAK.join(texts), _ends(texts)


def _packed(texts: list[str]) -> str | bytes:
    """Return the texts as one; as UTF-8 where one wide character would make all others wide."""
    joined = BREAK.join(texts)
    if len(texts) == 1 or sys.getsizeof(joined) <= len(joined) + 100:
        return joined
    encoded = joined.encode("utf-8", "surrogatepass")
    return encoded if len(encoded) < sys.getsizeof(joined) else joined


def _starts(texts: list[str], data: str | bytes) -> array[int]:
    if isinstance(data, bytes):
        return array("I", _ends([text.encode("utf-8", "surrogatepass") for text in texts]))
    return array("I", _ends(texts))


def _ends(texts: Sequence[str | bytes]) -> list[int]:
    return list(accumulate([len(text) + 1 for text in texts], initial=0))


def cuts(
    lengths: Sequence[int], characters: int = CHUNK_CHARACTERS, lines: int = CHUNK_LINES
) -> list[int]:
    """Return the indices at which a chunk ends that is full, of lines of these lengths in their
    order; a chunk is full with so many `lines` or about so many `characters`."""
    ends = list(accumulate(lengths))
    alone = (
        [i for i, n in enumerate(lengths) if n >= characters] if max(lengths) >= characters else []
    )
    found: list[int] = []
    begun = size = 0
    while True:
        stop = min(bisect_left(ends, size + characters, begun) + 1, begun + lines)
        if alone and alone[0] < stop:  # a long line ends what is before it, and itself
            stop = alone[0] if alone[0] > begun else alone.pop(0) + 1
        if stop > len(lengths):
            return found
        found.append(stop)
        begun, size = stop, ends[stop - 1]
