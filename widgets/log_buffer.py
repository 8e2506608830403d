"""A bounded ring of log lines that is cheap to append to and never renumbers a line.

Every entry has an id that is its for good: ids count up from 0 and are not used again, so that
a view holds on to lines by id while others arrive behind them and fall out before them.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Literal, TypeAlias

import msgspec

from backends.model import LogLine

MAX_BYTES = 64 * 1024 * 1024
"""What a ring holds unless told otherwise, in bytes of memory."""

MAX_LINE = 1024 * 1024
"""Characters kept of one line; the rest is cut at once and its length is said in its place."""

ENTRY_COST = 96
"""Bytes that an entry takes beside its text: the struct, its time, its slot in the list."""

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

Classify: TypeAlias = Callable[[Sequence[LogLine]], bytes]
"""Tells what lines are: given some that follow each other, it returns a byte for each of them."""


def unmarked(lines: Sequence[LogLine]) -> bytes:
    """Return a zero for each line: nothing is known of them."""
    return bytes(len(lines))


class LogBuffer:
    """The newest entries that fit into `max_bytes` of memory; the oldest fall out first.

    Entries fall out a sixteenth of the limit at a time, so that appending costs the same
    however much is held. The newest entry always stays.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, classify: Classify = unmarked) -> None:
        self.max_bytes = max_bytes
        """The limit, in bytes of memory."""
        self.classify = classify
        """What gives each line its mark as it comes in."""
        self.bytes = 0
        """What is held now, in bytes of memory; at most `max_bytes` but for a single entry."""
        self.received = 0
        """Lines ever appended, notes not counted."""
        self.fell_out = 0
        """Lines that fell out at the old end, notes not counted."""
        self.longest = 0
        """Characters of the longest entry ever appended."""
        self._entries: list[Entry] = []
        self._marks = bytearray()
        self._first = 0
        self._notes: deque[int] = deque()

    @property
    def first(self) -> int:
        """The id of the oldest entry held; equal to `end` where there is none."""
        return self._first

    @property
    def end(self) -> int:
        """The id that the next entry will have."""
        return self._first + len(self._entries)

    @property
    def held(self) -> int:
        """Lines held now, notes not counted."""
        return len(self._entries) - len(self._notes)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, entry_id: int) -> Entry:
        """Return the entry of that id; raises IndexError where it fell out or is yet to come."""
        index = entry_id - self._first
        if index < 0:
            raise IndexError(entry_id)
        return self._entries[index]

    def span(self, start: int, stop: int) -> list[Entry]:
        """Return the entries with ids from `start` up to `stop`, those that are still held."""
        return self._entries[max(0, start - self._first) : max(0, stop - self._first)]

    def mark(self, entry_id: int) -> int:
        """Return the byte that the entry was given as it came in, 0 for a note.

        Raises IndexError where it fell out or is yet to come.
        """
        index = entry_id - self._first
        if index < 0:
            raise IndexError(entry_id)
        return self._marks[index]

    def marks(self, start: int, stop: int) -> bytes:
        """Return the bytes of the entries that `span` returns for the same ids."""
        return bytes(self._marks[max(0, start - self._first) : max(0, stop - self._first)])

    def extend(self, lines: Sequence[LogLine]) -> None:
        """Append lines in their order."""
        if not lines:
            return
        sizes = [len(line.text) for line in lines]
        longest = max(sizes)
        if longest > MAX_LINE:
            lines = [_shortened(line) for line in lines]
            longest = max(len(line.text) for line in lines)
        self.longest = max(self.longest, longest)
        size = sys.getsizeof
        self.bytes += sum([size(line.text) for line in lines]) + ENTRY_COST * len(lines)
        self.received += len(lines)
        self._marks += self.classify(lines)
        self._entries.extend(lines)
        if self.bytes > self.max_bytes:
            self._make_room()

    def note(self, note: Note) -> None:
        """Append a note."""
        self._notes.append(self.end)
        self._entries.append(note)
        self._marks.append(0)
        self.longest = max(self.longest, len(note.text))
        self.bytes += sys.getsizeof(note.text) + ENTRY_COST
        if self.bytes > self.max_bytes:
            self._make_room()

    def clear(self) -> None:
        """Forget every entry; ids and the counts of what was received go on."""
        self._first = self.end
        self._entries.clear()
        self._marks.clear()
        self._notes.clear()
        self.bytes = 0

    def _make_room(self) -> None:
        excess = self.bytes - (self.max_bytes - self.max_bytes // 16)
        size = sys.getsizeof
        freed = gone = 0
        for entry in islice(self._entries, len(self._entries) - 1):
            freed += size(entry.text) + ENTRY_COST
            gone += 1
            if freed >= excess:
                break
        self.bytes -= freed
        del self._entries[:gone]
        del self._marks[:gone]
        self._first += gone
        notes = 0
        while self._notes and self._notes[0] < self._first:
            self._notes.popleft()
            notes += 1
        self.fell_out += gone - notes


def _shortened(line: LogLine) -> LogLine:
    extra = len(line.text) - MAX_LINE
    if extra <= 0:
        return line
    text = f"{line.text[:MAX_LINE]}… +{extra:,} characters"
    return LogLine(at=line.at, source=line.source, text=text)
