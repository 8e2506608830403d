"""Opening many logs of a cluster one after the other, so that its API server hardly notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

RATE = 40.0
"""Logs opened a second: a tenth of the 400 requests that an API server by default serves at once
(kube-apiserver's --max-requests-inflight)."""

BURST = 10
"""Logs opened at once before that rate counts."""

AT_ONCE = 20
"""Logs that are being opened at the same time."""

PATIENCE = 2.0
"""Seconds after which one that is still being opened no longer keeps others from it."""


class Opening:
    """Lets those who open logs go ahead in the order in which they come, at a certain rate."""

    def __init__(
        self,
        changed: Callable[[], None] = lambda: None,
        *,
        rate: float = RATE,
        burst: int = BURST,
        at_once: int = AT_ONCE,
        patience: float = PATIENCE,
    ) -> None:
        """`changed` is called when there is something else to say of it."""
        self._changed = changed
        self._every = 1.0 / rate
        self._ahead = (burst - 1) / rate
        self._patience = patience
        self._places = asyncio.Semaphore(at_once)
        self._line = asyncio.Lock()
        self._next = float("-inf")
        self._waiting = 0
        self._asked = 0

    @property
    def status(self) -> str:
        """How far it is: ``opening 40 of 200``; empty when nobody waits."""
        if not self._waiting:
            return ""
        return f"opening {self._asked - self._waiting} of {self._asked}"

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn to open a log; leave when it is open."""
        self._waiting += 1
        self._asked += 1
        try:
            async with self._line:
                await self._places.acquire()
                await self._pause()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._asked = 0
            self._changed()
        place = _Place(self._places)
        late = asyncio.get_running_loop().call_later(self._patience, place.leave)
        try:
            yield
        finally:
            late.cancel()
            place.leave()

    async def _pause(self) -> None:
        """Wait until the rate allows another; a place that is held is given back if cancelled."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._ahead) + self._every
        try:
            await asyncio.sleep(self._next - self._every - now)
        except asyncio.CancelledError:
            self._places.release()
            raise


class _Place:
    """One of the places of those who are opening a log, to be left once."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def leave(self) -> None:
        if self._places is not None:
            self._places.release()
            self._places = None
