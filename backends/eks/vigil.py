"""Noticing that a watch says nothing while somebody looks at what it brings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from backends.base import Demand


class Vigil:
    """Raises TimeoutError in its ``async with`` block after so many seconds without a word, if
    the rows are on screen by then; for others a watch may be silent for longer."""

    def __init__(self, demand: Demand, seconds: float) -> None:
        self._demand = demand
        self._seconds = seconds
        self._limit = asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._unlisten: Callable[[], None] | None = None

    def heard(self) -> None:
        """Note that the watch said something."""
        self._heard = self._loop.time()

    async def __aenter__(self) -> Vigil:
        await self._limit.__aenter__()
        self._unlisten = self._demand.when_seen(self._look)
        self._look()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._unlisten is not None:
            self._unlisten()
        if self._timer is not None:
            self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _look(self) -> None:
        """Look again when it may be time to; while nobody sees the rows, when somebody does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._demand.visible:
            return
        left = self._heard + self._seconds - self._loop.time()
        if left <= 0:
            self._limit.reschedule(self._loop.time())
        else:
            self._timer = self._loop.call_later(left, self._look)
