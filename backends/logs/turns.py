"""One call after the other: how often a tail of CloudWatch Logs asks."""

from __future__ import annotations

import asyncio

from backends.clock import Clock

RATE = 1.0
"""Calls a second that one tail makes, however many streams, groups and regions it reads: a fifth
of what an account has where it has least ("CloudWatch Logs quotas", FilterLogEvents)."""

BURST = 10
"""Calls that it may make ahead of that, once: so the past is soon there."""


class Turns:
    """Lets the readers of a tail call in turn, first come first served, at a certain rate."""

    def __init__(self, clock: Clock, *, rate: float = RATE, burst: int = BURST) -> None:
        """`burst` calls may be made at once to begin with, and `rate` a second for ever."""
        self._clock = clock
        self._every = 1.0 / rate
        self._ahead = burst - 1
        self._line = asyncio.Lock()
        self._next = float("-inf")  # when a call may be made that was not saved up for

    async def take(self) -> None:
        """Wait until it is one's turn to make a call."""
        async with self._line:
            now = self._clock.monotonic()
            if self._next > now and self._ahead:
                self._ahead -= 1
                return
            due = max(self._next, now)
            if due > now:
                await asyncio.sleep(due - now)
            self._next = due + self._every

    @property
    def spare(self) -> bool:
        """Whether a call could be made at once."""
        return not self._line.locked() and self._next <= self._clock.monotonic()
