"""One call after the other: how often a tail of CloudWatch Logs asks."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from backends.clock import Clock
from backends.logs.longest import Longest

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
        self._needs: dict[object, Longest] = {}
        self.cycle = 0.0
        """Seconds in which every reader has the turns that it needs for one read."""
        self.delay = 0.0
        """Seconds that a read may wait for its turn behind a look back: 0 where nobody needs a
        turn for that."""

    @property
    def shared(self) -> bool:
        """Whether there are several readers."""
        return len(self._needs) > 1

    def join(self, reader: object, calls: float = 1.0) -> None:
        """Note how many turns a reader lately needed for one read."""
        self._needs.setdefault(reader, Longest(self._clock)).add(calls)
        self._weigh()

    def leave(self, reader: object) -> None:
        """Note that a reader is gone; an unknown one is ignored."""
        self._needs.pop(reader, None)
        self._weigh()

    def _weigh(self) -> None:
        """Add up what readers need, once for each read: it is asked for with each line."""
        needs = [max(1.0, one.value) for one in self._needs.values()]
        self.cycle = self._every * sum(needs)
        self.delay = self._every if any(need > 1 for need in needs) else 0.0

    async def take(self, *, ahead: bool = True) -> None:
        """Wait until it is one's turn to make a call; `ahead`: or make one that was saved up."""
        async with self._line:
            now = self._clock.monotonic()
            if self._next > now and self._ahead and ahead:
                self._ahead -= 1
                return
            due = max(self._next, now)
            if due > now:
                await asyncio.sleep(due - now)
            self._next = due + self._every

    async def take_spare(self, seconds: float) -> bool:
        """Wait for a turn that nobody else wants; return whether there was one in so many
        seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.spare:
                    async with self._line:  # those who are in the line come first
                        pass
                    await asyncio.sleep(max(0.0, self._next - self._clock.monotonic()))
                self._next = self._clock.monotonic() + self._every
                return True
        return False

    @property
    def spare(self) -> bool:
        """Whether a call could be made at once."""
        return not self._line.locked() and self._next <= self._clock.monotonic()
