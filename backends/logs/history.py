"""Looking for older lines of a log, window by window, with APIs that only read forward."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from operator import attrgetter

import msgspec

from backends.clock import Clock
from backends.model import LogLine, LogPage

FIRST = 15.0
"""Seconds that the first window is long."""

LEAST = 1.0
"""Seconds that a window is long at the least."""

STEPS = 12
"""Windows looked at for one page at the most: from 15 s on they reach 17 hours back."""

ALL_AFTER = 7 * 86_400.0
"""Once a window would be longer than this, in seconds, it reaches back to the beginning."""

MOST = 20_000
"""Lines of one window at the most."""


class Horizon(msgspec.Struct, frozen=True):
    """How far back there can be lines."""

    floor: float
    """The epoch second before which there are none."""
    why: str
    """Why there are none."""


class Found(msgspec.Struct, frozen=True):
    """What one window has."""

    lines: list[LogLine]
    """In any order."""
    since: float
    """The epoch second from which on they are all: later than where the window begins, where
    there were too many."""


class Rewind(ABC):
    """Finds the newest lines before a moment; a subclass reads them.

    Each window is twice as long as the one after it for as long as nothing is found; else as
    long as the lines wanted are likely to need.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._width = FIRST
        self.notes: list[str] = []
        """What is to be said with the next page."""

    @abstractmethod
    async def horizon(self) -> Horizon:
        """Find out where the log begins."""

    @abstractmethod
    async def read(self, start: float, end: float) -> Found:
        """Read the lines with ``start <= at < end``, or the newest `MOST` of them or so."""

    async def older(self, before: float, count: int) -> AsyncGenerator[LogPage, None]:
        """Find about `count` lines older than `before`: see `backends.base.LogHistory`."""
        yield LogPage(begins=before, progress=f"looking before {moment(before, self._clock)}")
        horizon = await self.horizon()
        found: list[LogLine] = []
        end = before
        for step in range(STEPS):
            if end <= horizon.floor or len(found) >= count:
                break
            if step:
                progress = f"looking before {moment(end, self._clock)}"
                yield LogPage(begins=end, progress=progress)
            end = await self._window(end, horizon.floor, found, count)
        over = end <= horizon.floor
        notes, self.notes = tuple(self.notes), []
        yield LogPage(
            lines=tuple(sorted(found, key=attrgetter("at"))),
            begins=end,
            notes=notes,
            ended=horizon.why if over else "",
        )

    async def _window(self, end: float, floor: float, found: list[LogLine], count: int) -> float:
        """Read one window that ends there into `found`; return where it begins."""
        start = max(floor, end - self._width) if self._width <= ALL_AFTER else floor
        part = await self.read(start, end)
        found += part.lines
        span = max(end - part.since, 1e-3)
        if part.lines:
            lacking = max(count - len(found), count // 2)
            likely = span * lacking / len(part.lines)
            self._width = min(max(likely, LEAST, span / 8), 2 * max(span, FIRST))
        else:
            self._width *= 2
        return part.since


def moment(at: float, clock: Clock) -> str:
    """Return an epoch second in words of this machine's time, with the day if that is another."""
    there, here = time.localtime(at), time.localtime(clock.now())
    return time.strftime("%H:%M:%S" if there[:3] == here[:3] else "%Y-%m-%d %H:%M:%S", there)
