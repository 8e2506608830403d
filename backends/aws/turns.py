"""Taking turns, so that much work that comes at once does not hold up the event loop."""

from __future__ import annotations

import asyncio


class Turns:
    """Lets one waiter go on in each turn of the loop, first come first served.

    To sign a request takes about a millisecond, to parse a large answer three; a hundred of
    either in one turn would delay a key press by as many.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Wait for the next turn of the loop that nobody else has taken."""
        async with self._lock:
            await asyncio.sleep(0)
