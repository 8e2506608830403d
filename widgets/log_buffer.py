"""A bounded ring of log lines that is cheap to append to and never renumbers a line.

Every entry has an id that it keeps while it is held: ids count up from 0 as lines arrive, and
down from the oldest as history is put before it, so that a view holds on to lines by id.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from backends.model import LogLine
from widgets.log_chunk import CHUNK_CHARACTERS, CHUNK_LINES, Chunk, Entry, Note, NoteKind, cuts

__all__ = ["MAX_BYTES", "Classify", "Entry", "LogBuffer", "Note", "NoteKind", "unmarked"]

MAX_BYTES = 64 * 1024 * 1024
"""What a ring holds unless told otherwise, in bytes of memory."""

MAX_LINE = 1024 * 1024
"""Characters kept of one line; the rest is cut at once and its length is said in its place."""

ENTRY_COST = 144
"""Bytes that an entry takes beside its characters until it is packed: struct, time, string."""

STRETCH = 4
"""While somebody reads back, the ring may hold this part of its limit more."""

Classify: TypeAlias = Callable[[Sequence[LogLine]], bytes]
"""Tells what lines are: given some that follow each other, it returns a byte for each of them."""


def unmarked(lines: Sequence[LogLine]) -> bytes:
    """Return a zero for each line: nothing is known of them."""
    return bytes(len(lines))


class LogBuffer:
    """The newest entries that fit into `max_bytes` of memory; the oldest fall out first.

    The newest are held as they came, all others in chunks of some hundred; whole chunks fall
    out, so that appending costs the same however much is held. The newest entry always stays.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, classify: Classify = unmarked) -> None:
        self.max_bytes = max_bytes
        """The limit, in bytes of memory."""
        self.classify = classify
        """What gives each line its mark as it comes in."""
        self.stretched = False
        """Somebody reads back: history and what arrives may take a `STRETCH` part more. Once
        it is taken back, the next line makes the oldest fall out again."""
        self.bytes = 0
        """What is held now, in bytes of memory; over the limit only where a chunk alone is."""
        self.received = 0
        """Lines ever appended; neither notes nor history."""
        self.paged_in = 0
        """Lines of history ever put before the oldest."""
        self.fell_out = 0
        """Lines that fell out at the old end, notes not counted."""
        self.longest = 0
        """Characters of the longest entry ever held."""
        self.held = 0
        """Lines held now, notes not counted."""
        self._chunk_size = min(CHUNK_CHARACTERS, max_bytes // 64)
        self._chunk_lines = max(1, min(CHUNK_LINES, max_bytes // 16 // ENTRY_COST))
        self._chunks: list[Chunk] = []
        self._firsts: list[int] = []  # the first ids of the chunks
        self._tail: list[Entry] = []  # what is not packed yet
        self._tail_marks = bytearray()
        self._tail_kinds: dict[int, NoteKind] = {}  # by the ids of the notes among them
        self._tail_first = 0
        self._tail_size = 0  # its characters
        self._packed: Chunk | None = None  # the tail, for as long as nothing is appended

    @property
    def limit(self) -> int:
        """Bytes that may be held at the moment."""
        return self.max_bytes + (self.max_bytes // STRETCH if self.stretched else 0)

    @property
    def first(self) -> int:
        """The id of the oldest entry held; equal to `end` where there is none."""
        return self._firsts[0] if self._firsts else self._tail_first

    @property
    def end(self) -> int:
        """The id that the next entry will have."""
        return self._tail_first + len(self._tail)

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, entry_id: int) -> Entry:
        """Return the entry of that id; raises IndexError where it fell out or is yet to come."""
        if entry_id >= self._tail_first:
            return self._tail[entry_id - self._tail_first]
        return self._chunk_of(entry_id).entry(entry_id)

    def span(self, start: int, stop: int) -> list[Entry]:
        """Return the entries with ids from `start` up to `stop`, those that are still held."""
        found: list[Entry] = []
        for chunk in self._between(start, stop):
            found.extend(chunk.entries(start, stop))
        tail = self._tail_first
        return found + self._tail[max(0, start - tail) : max(0, stop - tail)]

    def mark(self, entry_id: int) -> int:
        """Return the byte that the entry was given as it came in, 0 for a note.

        Raises IndexError where it fell out or is yet to come.
        """
        if entry_id >= self._tail_first:
            return self._tail_marks[entry_id - self._tail_first]
        chunk = self._chunk_of(entry_id)
        return chunk.marks[entry_id - chunk.first]

    def marks(self, start: int, stop: int) -> bytes:
        """Return the bytes of the entries that `span` returns for the same ids."""
        parts = [
            chunk.marks[max(0, start - chunk.first) : max(0, stop - chunk.first)]
            for chunk in self._between(start, stop)
        ]
        tail = self._tail_first
        parts.append(bytes(self._tail_marks[max(0, start - tail) : max(0, stop - tail)]))
        return b"".join(parts)

    def times(self, start: int, stop: int) -> array[float]:
        """Return when the entries that `span` returns were written, in epoch seconds."""
        found = array("d")
        for chunk in self._between(start, stop):
            found += chunk.times(start, stop)
        tail = self._tail_first
        found.extend([e.at for e in self._tail[max(0, start - tail) : max(0, stop - tail)]])
        return found

    def chunk_at(self, entry_id: int) -> Chunk:
        """Return the chunk that holds an entry; raises IndexError where there is no such entry."""
        if entry_id < self._tail_first:
            return self._chunk_of(entry_id)
        if entry_id >= self.end:
            raise IndexError(entry_id)
        if self._packed is None:
            marks, kinds = bytes(self._tail_marks), {**self._tail_kinds}
            self._packed = Chunk(self._tail_first, self._tail, marks, kinds)
        return self._packed

    def snapshot(self) -> Iterator[Entry]:
        """Return all entries that are held now, to be read at any time and in any thread."""
        return _entries([*self._chunks], [*self._tail])

    def extend(self, lines: Sequence[LogLine]) -> None:
        """Append lines in their order."""
        if not lines:
            return
        lines, size = self._kept(lines)
        self.received += len(lines)
        self.held += len(lines)
        self._append(lines, self.classify(lines), size)

    def note(self, note: Note) -> None:
        """Append a note."""
        self.longest = max(self.longest, len(note.text))
        self._tail_kinds[self.end] = note.kind
        self._append((note,), b"\0", len(note.text))

    def prepend(self, lines: Sequence[LogLine]) -> int:
        """Put older lines, in their order, before the oldest; return how many there was room for.

        Those next to the oldest are taken first. Nothing falls out for them: `stretched` makes
        room for some where the ring is full.
        """
        if not lines:
            return 0
        lines, _ = self._kept(lines)
        marks = self.classify(lines)
        lengths = [len(line.text) for line in lines]
        bounds = [0, *cuts(lengths, self._chunk_size, self._chunk_lines)]
        if bounds[-1] < len(lines):
            bounds.append(len(lines))
        taken: list[Chunk] = []
        at = self.first
        while len(bounds) > 1:
            stop, start = bounds.pop(), bounds[-1]
            chunk = Chunk(at - (stop - start), lines[start:stop], marks[start:stop])
            if self.bytes + chunk.bytes > self.limit:
                break
            at = chunk.first
            self.bytes += chunk.bytes
            taken.append(chunk)
        taken.reverse()
        count = self.first - at
        self._chunks[:0] = taken
        self._firsts[:0] = [chunk.first for chunk in taken]
        self.held += count
        self.paged_in += count
        return count

    def clear(self) -> None:
        """Forget every entry; ids and the counts of what was received go on."""
        self._tail_first = self.end
        self._tail.clear()
        self._tail_marks.clear()
        self._tail_kinds.clear()
        self._chunks.clear()
        self._firsts.clear()
        self._packed = None
        self.bytes = self.held = self._tail_size = 0

    def _kept(self, lines: Sequence[LogLine]) -> tuple[Sequence[LogLine], int]:
        """Return the lines, cut where they are too long, and how many characters they have."""
        lengths = [len(line.text) for line in lines]
        longest = max(lengths)
        if longest > MAX_LINE:
            lines = [_shortened(line) for line in lines]
            lengths = [len(line.text) for line in lines]
            longest = max(lengths)
        self.longest = max(self.longest, longest)
        return lines, sum(lengths)

    def _append(self, entries: Sequence[Entry], marks: bytes, size: int) -> None:
        self._packed = None
        self._tail.extend(entries)
        self._tail_marks += marks
        self._tail_size += size
        self.bytes += size + ENTRY_COST * len(entries)
        if len(self._tail) >= self._chunk_lines or self._tail_size >= self._chunk_size:
            self._pack()
        if self.bytes > self.limit:
            self._make_room()

    def _pack(self) -> None:
        """Pack what fills whole chunks of the newest entries."""
        lengths = [len(entry.text) for entry in self._tail]
        begun = 0
        for stop in cuts(lengths, self._chunk_size, self._chunk_lines):
            marks = bytes(self._tail_marks[begun:stop])
            first, end = self._tail_first + begun, self._tail_first + stop
            kinds = {i: kind for i, kind in self._tail_kinds.items() if i < end}
            for note in kinds:
                del self._tail_kinds[note]
            chunk = Chunk(first, self._tail[begun:stop], marks, kinds)
            self._chunks.append(chunk)
            self._firsts.append(chunk.first)
            size = sum(lengths[begun:stop])
            self.bytes += chunk.bytes - size - ENTRY_COST * (stop - begun)
            self._tail_size -= size
            begun = stop
        self._tail_first += begun
        del self._tail[:begun]
        del self._tail_marks[:begun]

    def _make_room(self) -> None:
        most = len(self._chunks) - (not self._tail)
        gone = 0
        while gone < most and self.bytes > self.limit:
            chunk = self._chunks[gone]
            self.bytes -= chunk.bytes
            self.held -= chunk.lines
            self.fell_out += chunk.lines
            gone += 1
        del self._chunks[:gone]
        del self._firsts[:gone]

    def _chunk_of(self, entry_id: int) -> Chunk:
        index = bisect_right(self._firsts, entry_id) - 1
        if index < 0:
            raise IndexError(entry_id)
        return self._chunks[index]

    def _between(self, start: int, stop: int) -> Sequence[Chunk]:
        """Return the chunks that hold any of the entries from `start` up to `stop`."""
        if start >= min(stop, self._tail_first) or not self._chunks:
            return ()
        begin = max(0, bisect_right(self._firsts, start) - 1)
        return self._chunks[begin : bisect_right(self._firsts, stop - 1)]


def _entries(chunks: list[Chunk], tail: list[Entry]) -> Iterator[Entry]:
    for chunk in chunks:
        yield from chunk.entries(chunk.first, chunk.end)
    yield from tail


def _shortened(line: LogLine) -> LogLine:
    extra = len(line.text) - MAX_LINE
    if extra <= 0:
        return line
    text = f"{line.text[:MAX_LINE]}… +{extra:,} characters"
    return LogLine(at=line.at, source=line.source, text=text)
