"""How long lines of CloudWatch wait for older ones that are still under way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

from backends.clock import Clock
from backends.logs.longest import Longest
from backends.logs.turns import Turns

LAG = 3.0
"""Seconds that a line is taken to need to CloudWatch at the least."""

CALL = 0.5
"""Seconds that a call to read them is taken to need at the least."""

LAG_MOST = 6.0
"""Seconds waited for at the most; Docker's awslogs driver sends at least every 5 (its source).
What needs longer is late, and no measure of the others."""

ROUNDS = 4
"""How many times `Settling.poll` a read may need and still be waited for; what needs longer is in
trouble, and late."""


class Settling:
    """Tells how long to hold a line back, by the lags that were measured.

    Streams lag behind by different times, each the same for its own lines mostly. A line is
    held until the slowest of them has had the time to come to CloudWatch, and every reader to
    bring it from there: the longest that one lately needed from the beginning of one read to the
    end of the next, where calls wait for their turn. A single stream is in order by itself and
    is not held back.
    """

    def __init__(self, clock: Clock, poll: float, streams: Callable[[], int], turns: Turns) -> None:
        """`poll` is in seconds; `streams` says how many streams there are now."""
        self._clock = clock
        self._poll = poll
        self._streams = streams
        self._turns = turns
        self._lags = Longest(clock)
        self._reads = Longest(clock)
        self._spoke = -inf

    @property
    def poll(self) -> float:
        """Seconds between two reads of the same stream: more where many take turns."""
        return max(self._poll, self._turns.cycle)

    @property
    def span(self) -> float:
        """Seconds after it was written that a line may be shown."""
        read = self.poll + self._turns.delay + CALL
        return max(LAG, self._lags.value) + max(read, self._reads.value)

    @property
    def busy(self) -> bool:
        """Whether a stream has spoken lately: then no other may be read too rarely."""
        return self._clock.monotonic() - self._spoke < 2 * self.poll

    def measure(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Learn from the ``ingestionTime`` of some ``FilteredLogEvent`` how long they needed."""
        lags = [(e.get("ingestionTime", inf) - e["timestamp"]) / 1000 for e in events]
        if lags:
            self._spoke = self._clock.monotonic()
        self._lags.add(*(max(lag, 0.0) for lag in lags if lag <= LAG_MOST))

    def measure_read(self, seconds: float) -> None:
        """Learn how long after the beginning of one read the next one of the same streams ended:
        what came to CloudWatch in between needed no longer to come here."""
        if seconds <= ROUNDS * self.poll:
            self._reads.add(seconds)

    def hold(self, at: float) -> float:
        """Return how many seconds more to hold back a line of the epoch second `at`.

        Never longer than `span`, even where the clock of a container is ahead of ours.
        """
        if self._streams() <= 1:
            return 0.0
        span = self.span
        return min(max(at + span - self._clock.now(), 0.0), span)
