"""Which entries of a chunk of log lines a pattern accepts, told for all of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.joint_search import SPARSE, Found, lines_with, lines_with_any
from widgets.log_chunk import BREAK, Chunk
from widgets.log_filter import Pattern


def find(pattern: Pattern, chunk: Chunk, start: int, stop: int) -> list[int] | None:
    """Return the ids that a pattern accepts of those from `start` up to `stop`, ascending.

    None: the entries have to be asked one by one.
    """
    text, starts = chunk.joined(start, stop)
    if pattern.folded or pattern.by_line:
        lower = text.lower()
        if len(lower) != len(text):
            return None
        text = lower
    if pattern.by_line:
        return _asked(pattern, chunk, start, text, starts)
    if pattern.regex is not None:
        found = pattern.regex.lines(text, starts, broken=chunk.broken)
    elif BREAK in pattern.body:
        found = None
    else:
        found = Found(lines_with(pattern.body, text, starts, broken=chunk.broken), [])
    if found is None:
        return None
    hits, unknown = found
    if names := pattern.names(chunk.names):
        owned = [i - start for i in chunk.owned(names) if start <= i < stop]
        hits = sorted({*hits, *owned})
        unknown = [i for i in unknown if i not in owned] if unknown else unknown
    if pattern.inverted:
        refused = {*hits, *unknown}
        return [start + i for i in range(stop - start) if i not in refused]
    return [start + i for i in hits]


def _asked(
    pattern: Pattern, chunk: Chunk, start: int, text: str, starts: Sequence[int]
) -> list[int] | None:
    """Ask only those entries by themselves that may be accepted; None where they are many."""
    if not pattern.needles:
        return None
    maybe = lines_with_any(pattern.needles, text, starts, (len(starts) - 1) // SPARSE)
    if maybe is None:
        return None
    hits = pattern.decide([chunk.entry(start + i) for i in maybe])
    return [start + i for i, hit in zip(maybe, hits, strict=True) if hit]
