"""Keeping the cyclic garbage collector out of large loads."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_depth = 0
_was_enabled = False


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Pause cyclic collection; the last of nested and overlapping pauses ends it.

    A load makes objects by the ten thousand and drops hardly any, yet each batch of them would
    set off a walk over all that there are. Where collection was off before it stays off.
    """
    global _depth, _was_enabled  # noqa: PLW0603 - the collector is one for the process
    if _depth == 0:
        _was_enabled = gc.isenabled()
        gc.disable()
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0 and _was_enabled:
            gc.enable()
