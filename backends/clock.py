"""Time as a value that is passed in, so that tests decide what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from. Both answers are in seconds."""

    def now(self) -> float:
        """Return the wall clock as seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return a clock that never goes backwards; only differences have a meaning."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return `time.time()`."""
        return time.time()

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move; both answers move together."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the seconds since the Unix epoch that were last set."""
        return self._now

    def monotonic(self) -> float:
        """Return the same figure as `now`."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds`."""
        self._now += seconds
