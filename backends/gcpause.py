"""The one policy for the cyclic garbage collector: out of the way of large loads, and bounded.

A load makes objects by the ten thousand and drops hardly any. Each batch of them would set off a
walk over all that there are, and later ones over everything: 150 ms for a million, in which no key
is answered. So collection pauses while a load is decoded, and what a large one has left behind is
frozen: never walked again, though freed as ever once nothing refers to it.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator

LARGE = 100_000
"""Objects made since the last freeze from which they are frozen; a walk over so many takes
about 15 ms."""

MOST = 40
"""Freezes in the life of a process. Rubbish that refers to itself is frozen with the rest and
stays: so the number is bounded, whatever a server makes us load again and again."""

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
                self.settle()
                if self._was_enabled:
                    gc.enable()

    def _look(self) -> None:
        if self._was_enabled and self._clock() - self._since > LONGEST:
            gc.enable()

    def settle(self) -> None:
        """Freeze what loads have left behind, if it is much; call it when one is complete."""
        if self._left > 0 and _made() > LARGE:
            self._left -= 1
            gc.freeze()


def _made() -> int:
    """Return about how many objects may be walked: those since the last freeze."""
    young, middle, old = gc.get_count()
    first, second, _ = gc.get_threshold()
    return young + first * (middle + second * old)


_ours = Collector()
gc_paused = _ours.paused
"""Pauses the collector of this process: ``with gc_paused(): ...``."""

load_complete = _ours.settle
"""Says that something large may have been loaded that stays."""
