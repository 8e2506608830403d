"""How long lines of CloudWatch wait for older ones that are still under way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

from backends.clock import Clock

LAG = 3.0
"""Seconds that a line is taken to need to CloudWatch at the least."""

CALL = 0.5
"""Seconds that a call to read them may take before they are late."""

LAG_MOST = 6.0
"""Seconds waited for at the most; Docker's awslogs driver sends at least every 5 (its source).
What needs longer is late, and no measure of the others."""

MEMORY = 30.0
"""Seconds after which a measured lag begins to be forgotten; after twice as many it is."""


class Settling:
    """Tells how long to hold a line back, by the lags that were measured.

    Streams lag behind by different times, each the same for its own lines mostly. A line is
    held until the slowest of them, and one more poll, have had the time to bring what was
    written before it. A single stream is in order by itself and is not held back.
    """

    def __init__(self, clock: Clock, poll: float, streams: Callable[[], int]) -> None:
        """`poll` is in seconds; `streams` says how many streams there are now."""
        self._clock = clock
        self.poll = poll
        """Seconds between two reads of the same stream: more where many take turns."""
        self._streams = streams
        self._lags = (0.0, 0.0)
        self._turned = self._spoke = -inf

    @property
    def span(self) -> float:
        """Seconds after it was written that a line may be shown."""
        return max(LAG, *self._lags) + self.poll + CALL

    @property
    def busy(self) -> bool:
        """Whether a stream has spoken lately: then no other may be read too rarely."""
        return self._clock.monotonic() - self._spoke < 2 * self.poll

    def measure(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Learn from the ``ingestionTime`` of some ``FilteredLogEvent`` how long they needed."""
        lags = [(e.get("ingestionTime", inf) - e["timestamp"]) / 1000 for e in events]
        now = self._clock.monotonic()
        if lags:
            self._spoke = now
        usual = [lag for lag in lags if lag <= LAG_MOST]
        if not usual:
            return
        if now - self._turned >= MEMORY:
            self._lags = (0.0, self._lags[0])
            self._turned = now
        self._lags = (max(self._lags[0], *usual), self._lags[1])

    def hold(self, at: float) -> float:
        """Return how many seconds more to hold back a line of the epoch second `at`.

        Never longer than `span`, even where the clock of a container is ahead of ours.
        """
        if self._streams() <= 1:
            return 0.0
        return min(max(at + self.span - self._clock.now(), 0.0), self.span)
