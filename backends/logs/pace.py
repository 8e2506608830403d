"""When one reader of CloudWatch streams reads again."""

from __future__ import annotations

from backends.clock import Clock
from backends.logs.member import backoff
from backends.logs.settling import Settling
from backends.logs.turns import Turns

HEADROOM = 1.25
"""How many times the calls that a busy group needs there are turns for: what is over is for looks
back, and for those that wait for their turn to catch up."""

POLL = 1.5
"""Seconds between two reads of a group that has something to say."""

SLACK = 3.0
"""How many times slower a group is read that is quiet, reached by and by."""


class Pace:
    """The pauses of a reader, and how long it is from one of its reads to the next.

    Reads of the same streams come a poll of `Settling` apart while any stream of the tail
    speaks, and more rarely while all are quiet. Several readers find their places one after
    the other at the first read that follows the past, and keep them.
    """

    def __init__(self, clock: Clock, settling: Settling, turns: Turns) -> None:
        self._clock = clock
        self._settling = settling
        self._turns = turns
        self._delay = settling.poll
        self._asked: float | None = None  # of the read that the next one is measured from
        self._placed = False
        self.placing = False
        """Whether the next read is the one that finds its place among those of others."""
        turns.join(self)

    def read(self, asked: float, calls: int, *, light: bool) -> None:
        """Note that the streams that are live were read to their end with so many calls, the
        first of them `asked` at a second of the clock; `light`: and need no others."""
        self.placing = False
        self._turns.join(self, calls if light else calls * HEADROOM)
        if self._asked is not None:
            self._settling.measure_read(self._clock.monotonic() - self._asked)
        self._asked = asked

    def pause(self, spent: float, failures: int) -> float:
        """Return the seconds to wait after a round that took `spent`, the `failures`th in a row
        to fail, where it did."""
        poll = self._settling.poll
        if failures:
            self._asked = None
            return backoff(poll, failures)
        if not self._placed:
            self._placed = self.placing = True
            if self._turns.shared:
                return 0.0
        if not self._settling.busy:
            self._asked = None
            self._delay = min(self._delay * 1.5, poll * SLACK)
        else:
            self._delay = poll
        return max(self._delay - spent, self._delay / 4)  # lines are held for one period

    def end(self) -> None:
        """Make room for the other readers."""
        self._turns.leave(self)
