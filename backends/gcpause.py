"""The one policy for the cyclic garbage collector: out of the way of large loads, and bounded.

A load makes objects by the ten thousand and drops hardly any. Each batch of them would set off a
walk over all that there are, and later ones over everything: 150 ms for a million, in which no key
is answered. So collection pauses while a load is decoded, and what a large one has left behind is
frozen: never walked again, though freed as ever once nothing refers to it. All else that lives at
that moment is frozen with it, and of that the rubbish which refers to itself stays for good (a
screen that was left does): so it is done for nothing but large loads, and not without end.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator

LARGE = 100_000
"""Objects that one load leaves from which they are frozen; a walk over so many takes about 15 ms.
The rows of a load are not among them: they cannot refer to themselves, and are never walked."""

MOST = 10
"""Freezes in the life of a process, whatever a server makes us load again and again."""

LONGEST = 30.0
"""Seconds after which overlapping pauses no longer keep the collector off; looked at whenever a
load begins or ends."""


class Collector:
    """Pauses the collector for loads and freezes what they leave; used by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._depth = 0
        self._since = 0.0
        self._was_enabled = False
        self._left = MOST

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Pause collection; the last of nested and overlapping pauses ends it.

        Where collection was off before it stays off.
        """
        if self._depth == 0:
            self._was_enabled, self._since = gc.isenabled(), self._clock()
            gc.disable()
        self._depth += 1
        self._look()
        try:
            yield
        finally:
            self._depth -= 1
            self._look()
            if self._depth == 0:
                # While it is off nothing is walked, and all that was made and stays is young.
                if not gc.isenabled() and self._left > 0 and gc.get_count()[0] > LARGE:
                    self._left -= 1
                    gc.freeze()
                if self._was_enabled:
                    gc.enable()

    def _look(self) -> None:
        if self._was_enabled and self._clock() - self._since > LONGEST:
            gc.enable()


_ours = Collector()
gc_paused = _ours.paused
"""Pauses the collector of this process: ``with gc_paused(): ...``."""
