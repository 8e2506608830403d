"""A memory of the events that were delivered, for reads that overlap."""

from __future__ import annotations

CAPACITY = 50_000
"""Events remembered at the most, about 10 MB."""


class Seen:
    """Tells events apart from those delivered before, as far back as it remembers."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._events: dict[str, int] = {}
        self.floor = 0
        """Milliseconds since the epoch from which on it remembers everything; what is older
        is taken for delivered. It rises only where there is more than it can hold."""

    def __len__(self) -> int:
        """Return how many events it remembers."""
        return len(self._events)

    def knows(self, event: str) -> bool:
        """Return whether it remembers an event."""
        return event in self._events

    def admit(self, event: str, at: int) -> bool:
        """Return whether an event of a millisecond `at` is new, and remember it."""
        if at < self.floor or event in self._events:
            return False
        self._events[event] = at
        if len(self._events) > self._capacity:
            oldest = next(iter(self._events))
            self.floor = max(self.floor, self._events.pop(oldest) + 1)
        return True

    def forget(self, before: int) -> None:
        """Let go of events older than a millisecond that no read will go back behind."""
        while self._events:
            event = next(iter(self._events))  # they come nearly in order of time
            if self._events[event] >= before:
                return
            del self._events[event]
