"""The first moments of a merge, in which the pasts of its sources are put in order as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from backends.logs.reorder import Reorder, Taken
from backends.logs.source import Source

GRACE = 1.0
"""Seconds that it goes on after something could leave, however long it has lasted."""


class Past:
    """Collects the pasts of many sources, in a buffer that they may be larger than.

    For a time nothing leaves the buffer, so that the first lines of a slow source can go before
    those of a quick one. Where it is too small for all, each source may fill its part of it;
    once every source has delivered something, what is older than the newest line of each of
    them leaves, since nothing can come before it, and makes room for more.
    """

    def __init__(
        self, buffer: Reorder, sources: Mapping[str, Source], settle: float, capacity: int
    ) -> None:
        """Wait for the slowest of the `sources` for `settle` seconds after it has begun."""
        self._buffer = buffer
        self._sources = sources
        self._settle = settle
        self._capacity = capacity
        self._through = -inf
        self._waited = False
        self.began = 0.0
        """When it began, by the loop's clock."""
        self.crowded = False
        """Whether there was more than one source of lines at some time."""
        self.over = False
        """Whether lines leave as they are due."""

    @property
    def lasting(self) -> bool:
        """Whether lines of other sources are still waited for."""
        if self.over:
            return False
        return self.crowded or any(one.control and one.awaited for one in self._sources.values())

    @property
    def ends(self) -> float:
        """When it ends at the latest, by the loop's clock; `-inf`: it is over."""
        return self.began + self._settle if self.lasting else -inf

    @property
    def ready(self) -> bool:
        """Whether a source waits for room and there is something that can leave."""
        if not self._waited or not self.lasting:
            return False
        frontier = self._frontier
        if frontier == self._through > -inf:
            return self._buffer.holds(frontier)  # more lines of the very same time
        return frontier > self._through

    def allow(self, seconds: float) -> None:
        """Let it last so long in all, where that is more than was said."""
        self._settle = max(self._settle, seconds)

    def room(self, source: Source) -> int:
        """Return how many lines a source may put in now."""
        if not self.lasting:
            return self._capacity
        return max(0, max(1, self._capacity // max(1, len(self._sources))) - source.held)

    def blocked(self) -> None:
        """Note that a source waits for room; where nothing can make any, it is over."""
        self._waited = True
        if self._buffer.room == 0 and not self.ready:
            self.over = True  # or every source would wait for the others

    def take(self, now: float) -> Taken:
        """Let go what nothing can come before; `now` is by the loop's clock."""
        self.allow(now - self.began + GRACE)
        self._through, self._waited = self._frontier, False
        taken = self._buffer.take_through(self._through)
        held = self._buffer.held_of()
        for source in self._sources.values():
            source.held = held[source]
        return taken

    @property
    def _frontier(self) -> float:
        """Before what no source has anything any more, in the order of sorting."""
        awaited = (one.last or -inf for one in self._sources.values() if one.awaited)
        return min(awaited, default=-inf)
