"""CloudWatch log streams, and a set of them that changes while it is being tailed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec


class Stream(msgspec.Struct, frozen=True, order=True):
    """Where one container's log is in CloudWatch Logs."""

    group: str
    region: str
    stream: str
    source: str
    """What its lines are labelled with: `LogLine.source`."""
    begins: float = 0.0
    """The epoch second before which it can't have lines; 0.0 where that is not known."""


class StreamSet:
    """The streams to tail at this moment, for one tail to follow."""

    def __init__(self, streams: Iterable[Stream] = ()) -> None:
        self._current = frozenset(streams)
        self._sealed = False
        self._changed = asyncio.Event()

    @property
    def current(self) -> frozenset[Stream]:
        """The streams to tail now."""
        return self._current

    @property
    def sealed(self) -> bool:
        """Whether the set will not change any more."""
        return self._sealed

    def replace(self, streams: Iterable[Stream]) -> None:
        """Tail these instead; one that is left out is read once more and then let go."""
        new = frozenset(streams)
        if new != self._current:
            self._current = new
            self._changed.set()

    def seal(self) -> None:
        """Say that no more streams will come: the tail ends when the set is empty."""
        self._sealed = True
        self._changed.set()

    async def changed(self) -> None:
        """Wait for the next change since the last call."""
        await self._changed.wait()
        self._changed.clear()
