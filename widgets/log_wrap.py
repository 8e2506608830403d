"""Where to break a line so that each of its rows fits into so many terminal cells."""

from __future__ import annotations

from itertools import pairwise

from rich.cells import get_character_cell_size

MAX_ROWS = 400
"""Rows that one text takes at most where nothing else is said."""


def breaks(text: str, width: int, limit: int) -> list[int]:
    """Return the indices at which the rows of `text` begin, and behind them where the last ends.

    Rows break behind a space where there is one in their second half, else anywhere between
    two characters; a space that just misses a row still ends it. There are at most `limit`
    rows; if the last index is short of the text's length, the rest did not fit. No character
    is lost or moved. `width` is at least 2 cells, so that any character fits.
    """
    at = 0
    starts = [0]
    narrow = text.isascii() or {get_character_cell_size(char) for char in text} <= {1}
    size = len(text)
    while len(starts) <= limit:
        stop = min(size, at + width) if narrow else _reach(text, at, width)
        if stop < size:
            space = text.rfind(" ", at + (stop - at) // 2, stop + 1)
            if space >= 0:
                stop = space + 1
        starts.append(stop)
        at = stop
        if at >= size:
            break
    return starts


def _reach(text: str, start: int, width: int) -> int:
    """Return the index behind the last character that fits; combining marks stay with theirs."""
    used = 0
    for index in range(start, len(text)):
        used += get_character_cell_size(text[index])
        if used > width:
            return max(index, start + 1)
    return len(text)


def folded(text: str, width: int) -> list[str]:
    """Return text in pieces of at most `width` cells, at least one; what is left out is said."""
    starts = breaks(text, max(2, width), MAX_ROWS)
    rows = [text[a:b].rstrip() for a, b in pairwise(starts)]
    if starts[-1] < len(text):
        rows.append(f"… +{len(text) - starts[-1]:,} more")
    return rows
