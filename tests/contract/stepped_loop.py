"""An event loop whose time stands still until it is moved on, while sockets go on as ever."""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any

LOOK = 0.002
"""Real seconds that the loop waits for sockets at most before it looks again."""

DEADLINE = 60.0
"""Real seconds after which what should be true is not waited for any longer."""


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> Any:
        return super().select(timeout if timeout is not None and timeout <= 0 else LOOK)


class SteppedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._at = 0.0
        super().__init__(_Selector())

    def time(self) -> float:
        return self._at

    async def step(self, seconds: float, done: Callable[[], bool]) -> None:
        """Move the time on, and let happen what comes of it until `done` says so."""
        self._at += seconds
        until = time.monotonic() + DEADLINE
        for _ in range(2):  # the timers that are due run after whoever waits for this turn
            await asyncio.sleep(0)
        while not done():
            if time.monotonic() > until:
                raise AssertionError("did not come to rest")
            await asyncio.sleep(0)


class SteppedClock:
    """A `backends.clock.Clock` that goes with a stepped loop, from any thread."""

    def __init__(self, loop: SteppedLoop, start: float = 1_790_000_000.0) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> float:
        return self._start + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()
