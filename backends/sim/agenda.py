"""What is to happen in the simulated world, in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]
"""Something that happens; it reads the time from its `Agenda`."""


class Agenda:
    """A queue of events by the second at which they are due.

    While an event runs, `now` is the moment it was due at, not the moment it was asked for, so
    that a world looked at once an hour has the same history as one looked at every second.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        """Epoch seconds up to which everything has happened."""
        self._heap: list[tuple[float, int, Action]] = []
        self._order = count()

    def at(self, when: float, action: Action) -> None:
        """Have `action` run at epoch second `when`; one that is past runs as soon as possible."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._order), action))

    def after(self, seconds: float, action: Action) -> None:
        """Have `action` run `seconds` from the agenda's now."""
        self.at(self.now + seconds, action)

    def run(self, until: float) -> int:
        """Run everything due up to `until` and return how many events that were.

        Costs what is due, whatever else is waiting. Events that new events bring about are
        run too where they are due in time.
        """
        done = 0
        while self._heap and self._heap[0][0] <= until:
            when, _, action = heapq.heappop(self._heap)
            self.now = when
            action()
            done += 1
        self.now = max(self.now, until)
        return done

    @property
    def next_due(self) -> float | None:
        """The epoch second of the next event, or None where nothing is to happen any more."""
        return self._heap[0][0] if self._heap else None
