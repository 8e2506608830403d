"""Text made to fit so many terminal cells; East Asian characters count as two."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content

from backends.text import clean
from widgets.cells import ELLIPSIS


def clip(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its end cut and replaced by an ellipsis."""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    room = width - 1
    used = 0
    for index, character in enumerate(text):
        used += cell_len(character)
        if used > room:
            return text[:index] + ELLIPSIS
    return text


def clip_left(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its beginning cut and replaced by an ellipsis."""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    room = width - 1
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += cell_len(text[index])
        if used > room:
            return ELLIPSIS + text[index + 1 :]
    return text


def clip_middle(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its middle cut: names differ at both ends."""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    if width <= 2:
        return clip(text, width)
    tail = (width - 1) // 2
    head = clip(text, width - tail)
    return head + clip_left(text, tail + 1)[1:]


def drop_cells(text: str, count: int) -> str:
    """Return `text` without its first `count` cells; half a wide character leaves a space."""
    if text.isascii():
        return text[count:]
    used = 0
    for index, character in enumerate(text):
        if used >= count:
            return " " * (used - count) + text[index:]
        used += cell_len(character)
    return " " * max(0, used - count)


def plain(text: str, style: str = "") -> Content:
    """Return text from outside as content: cleaned once more and never parsed as markup."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def lines(parts: Iterable[Content]) -> Content:
    """Join one content a line."""
    return Content("\n").join(parts)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 task``, ``1,200 tasks``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
