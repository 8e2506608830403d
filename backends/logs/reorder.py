"""A buffer that puts lines of several sources into order of time, within what has arrived."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from math import inf
from typing import TypeAlias

import msgspec

from backends.model import LogLine

CAPACITY = 20_000
"""Lines held at the most; a source whose lines find no room waits."""

CAPACITY_CHARS = 16 * 2**20
"""Characters held at the most, but for one line."""


_Entry: TypeAlias = tuple[float, int, LogLine, object]
"""The key that a line sorts by, its number, itself, and whose it is."""


class Mark(msgspec.Struct, frozen=True):
    """Something to be said once every line that arrived before it has been let go."""

    note: str = ""
    live: bool = False


class Taken(msgspec.Struct, frozen=True):
    """What one `Reorder.take` let go."""

    lines: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()
    live: bool = False
    late: int = 0
    """Lines that came when newer ones had been let go before."""
    behind: float = 0.0
    """By how much the oldest of these was older: seconds."""


class Reorder:
    """Holds lines back for a moment so that those that arrive out of order leave in order.

    A line leaves when its time in the buffer is over, and takes along everything in the buffer
    that is older than it. So a line X leaves before an older line B only if some line at least
    as new as X had been in the buffer for the whole time before B arrived: lines that arrive
    within that time of being written leave in perfect order, and nothing waits longer.
    """

    def __init__(self, *, lines: int, chars: int, prompt: bool = False) -> None:
        """Hold so many lines and characters; if `prompt`, lines that are late leave at once."""
        self._room = lines
        self._room_chars = chars
        self._chars = 0
        self._count = 0
        self._prompt = prompt
        self._last = -inf
        self._passed = -inf  # the newest key that was let go
        self._late = 0
        self._behind = 0.0
        self._held: list[_Entry] = []
        self._arrivals: deque[tuple[float, float, Mark | None]] = deque()

    def __len__(self) -> int:
        """Return how many lines are held."""
        return len(self._held)

    @property
    def room(self) -> int:
        """How many more lines may be pushed now; 0 when it is full by lines or by characters."""
        if self._chars >= self._room_chars:
            return 0
        return max(0, self._room - max(len(self._held), len(self._arrivals)))

    @property
    def due(self) -> float:
        """When the first of what is held is to leave; `inf` when nothing is held."""
        if self._prompt and self._late:
            return -inf
        return self._arrivals[0][0] if self._arrivals else inf

    def push(self, line: LogLine, key: float, due: float, owner: object = None) -> None:
        """Take a line in that sorts at the second `key` and is to leave at the second `due`.

        What arrives later is not due earlier; `due` is raised where it would be.
        """
        self._count += 1
        self._chars += len(line.text)
        if key < self._passed:
            self._late += 1
            self._behind = max(self._behind, self._passed - key)
        self._held.append((key, self._count, line, owner))
        self._arrive(due, key, None)

    def mark(self, mark: Mark, due: float) -> None:
        """Take in something to say after the lines that arrived up to now."""
        self._arrive(due, -inf, mark)

    def _arrive(self, due: float, key: float, mark: Mark | None) -> None:
        self._last = max(self._last, due)
        self._arrivals.append((self._last, key, mark))

    def take(self, now: float) -> Taken:
        """Let go what is due and every line that sorts before it; at `inf`, everything."""
        newest = self._passed if self._prompt and self._late else -inf
        notes: list[str] = []
        live = False
        while self._arrivals and self._arrivals[0][0] <= now:
            _, key, mark = self._arrivals.popleft()
            newest = max(newest, key)
            if mark is not None:
                live = live or mark.live
                if mark.note:
                    notes.append(mark.note)
        lines, late, behind = self._let_go(newest)
        return Taken(lines, tuple(notes), live, late, behind)

    def take_through(self, key: float) -> Taken:
        """Let go, before they are due, the lines that sort up to a key: none can come before."""
        kept = ((due, at, mark) for due, at, mark in self._arrivals if mark or at > key)
        self._arrivals = deque(kept)
        lines, late, behind = self._let_go(key)
        return Taken(lines, late=late, behind=behind)

    def holds(self, key: float) -> bool:
        """Return whether a line is held that sorts up to a key."""
        return any(entry[0] <= key for entry in self._held)

    def held_of(self) -> Counter[object]:
        """Return how many lines of each owner are held."""
        return Counter(owner for *_, owner in self._held)

    def _let_go(self, newest: float) -> tuple[tuple[LogLine, ...], int, float]:
        """Let go of what sorts up to a key; return it, and how much of it was late by how far."""
        self._held.sort()  # mostly runs that are in order already, which costs next to nothing
        cut = bisect_right(self._held, (newest, self._count + 1))
        lines = tuple(entry[2] for entry in self._held[:cut])
        self._passed = max(self._passed, self._held[cut - 1][0]) if cut else self._passed
        del self._held[:cut]
        self._chars -= sum(len(line.text) for line in lines)
        late, behind = 0, 0.0
        if lines:  # late lines sort before all that is held, so they are among these
            late, behind, self._late, self._behind = self._late, self._behind, 0, 0.0
        return lines, late, behind
