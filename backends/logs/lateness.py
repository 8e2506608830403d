"""Saying how many lines came too late to be shown in order."""

from __future__ import annotations

from math import inf

from backends.clock import Clock

QUIET = 30.0
"""Seconds between two notes about late lines at the least."""


class Lateness:
    """Counts lines that came after newer ones were shown, and says so now and then."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._late = 0
        self._behind = 0.0
        self._told = -inf

    def remark(self, late: int, behind: float, *, last: bool) -> tuple[str, ...]:
        """Count lines that came after newer ones were shown; return what to say of them, if now.

        `behind` is in seconds; with the `last` lines of a tail all is said.
        """
        self._late += late
        self._behind = max(self._behind, behind)
        now = self._clock.monotonic()
        if not self._late or (now - self._told < QUIET and not last):
            return ()
        lines = f"{self._late} late line{'s' * (self._late > 1)}"
        said = f"{lines}, up to {self._behind:.1f} s older than what was shown before"
        self._late, self._behind, self._told = 0, 0.0, now
        return (said,)
