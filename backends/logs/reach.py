"""How far a read of log streams goes back behind what was read before."""

from __future__ import annotations

from backends.clock import Clock

OVERLAP_MS = 15_000
"""How far each read goes back behind the newest event: the agents deliver late and in turns."""

RECALL_MS = 60_000
"""How far some reads go back behind the newest event, for what was delivered later still."""

RECALL = 30.0
"""Seconds between two reads that go back so far."""


class Reach:
    """Goes back a little with most reads, and further with one now and then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recalled = clock.monotonic()

    def next(self) -> int:
        """Return how many milliseconds the next read is to go back behind the newest event."""
        now = self._clock.monotonic()
        if now - self._recalled < RECALL:
            return OVERLAP_MS
        self._recalled = now
        return RECALL_MS
