"""The largest of what was measured lately."""

from __future__ import annotations

from math import inf

from backends.clock import Clock

MEMORY = 30.0
"""Seconds after which a measure begins to be forgotten; after twice as many it is."""


class Longest:
    """The largest of the measures of the last `MEMORY` seconds, or of twice as many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turned = -inf
        self._before, self._lately = 0.0, 0.0

    @property
    def value(self) -> float:
        """The largest; 0 where nothing was measured."""
        return max(self._before, self._lately)

    def add(self, *measures: float) -> None:
        """Take in some measures, none of them negative; none at all changes nothing."""
        if not measures:
            return
        now = self._clock.monotonic()
        if now - self._turned >= MEMORY:
            self._before, self._lately, self._turned = self._lately, 0.0, now
        self._lately = max(self._lately, *measures)
