"""A line of the screen without the seven caches that each of Textual's strips is born with.

A view that scrolls draws new lines in every frame; making the caches of a `Strip` takes longer
than drawing it, and a line that is remembered by its widget never asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from rich.cells import cell_len, split_text
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


class _Forgetful:
    """Takes the place of a cache and keeps nothing."""

    def get(self, key: object) -> None:
        """Know of nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def __getitem__(self, key: object) -> NoReturn:
        raise KeyError(key)


_NOTHING: Any = _Forgetful()


class LeanStrip(Strip):
    """A `Strip` that remembers its rendered text and what a view made of it last.

    The segments belong to the strip from then on, and so does their cell length: it is not
    counted again.
    """

    __slots__ = ("_halves", "_view", "made")

    def __init__(self, segments: Iterable[Segment], cell_length: int | None = None) -> None:
        self.made: tuple[object, LeanStrip | None] | None = None
        """What that depends on besides, and what it is; None: the strip itself."""
        self._halves: list[Strip] | None = None
        self._view: tuple[object, LeanStrip | None] | None = None
        self._segments = segments if isinstance(segments, list) else list(segments)
        self._cell_length = cell_length
        self._divide_cache = _NOTHING
        self._crop_cache = _NOTHING
        self._style_cache = _NOTHING
        self._filter_cache = _NOTHING
        self._line_length_cache = _NOTHING
        self._crop_extend_cache = _NOTHING
        self._offsets_cache = _NOTHING
        self._render_cache = None
        self._link_ids = None
        self._cell_count = None

    @property
    def segments(self) -> list[Segment]:
        """The segments themselves; they are not to be changed."""
        return self._segments

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Return the pieces between the cuts that are within the strip."""
        length = self.cell_length
        cuts = [cut for cut in cuts if cut <= length]
        if cuts == [length]:
            return [self]
        if len(cuts) == 2 and cuts[1] == length and length - cuts[0] == len(self._tail):
            # The edge that a scrollbar covers: what a view is padded with is a segment of its own.
            if self._halves is None:
                head, tail = self._segments[:-1], self._segments[-1:]
                self._halves = [LeanStrip(head, cuts[0]), LeanStrip(tail, length - cuts[0])]
            return self._halves
        pieces = Segment.divide(self._segments, cuts)
        sizes = [end - begin for begin, end in pairwise([0, *cuts])]
        return [LeanStrip(piece, size) for piece, size in zip(pieces, sizes, strict=True)]

    @property
    def _tail(self) -> str:
        """The text of the last segment, where it is blank."""
        text = self._segments[-1].text if self._segments else ""
        return text if text.isspace() else ""

    def view(self, x: int, width: int, style: Style) -> LeanStrip:
        """Return exactly `width` of its cells from `x` on; what it is asked for again and again
        is remembered."""
        key = x, width, style
        if self._view is None or self._view[0] != key:
            made = self.window(x, width).padded(width, style)
            self._view = key, made if made is not self else None
        return self._view[1] or self

    def window(self, x: int, width: int) -> LeanStrip:
        """Return its cells from `x` on, at most `width` of them; itself where that is all.

        Half of a wide character is a blank.
        """
        if not x and self.cell_length <= width:
            return self
        kept: list[Segment] = []
        left = width
        for segment in self._segments:
            text, style, _ = segment
            narrow = text.isascii()
            size = len(text) if narrow else cell_len(text)
            if x >= size:
                x -= size
                continue
            shown = text
            if narrow and (x or size > left):
                shown = text[x : x + left]
                size, x = len(shown), 0
            if x:
                shown, size, x = split_text(text, x)[1], size - x, 0
            if size > left:
                shown, size = split_text(shown, left)[0], left
            kept.append(segment if shown is text else Segment(shown, style))
            left -= size
            if not left:
                break
        return LeanStrip(kept, width - left)

    def padded(self, width: int, style: Style | None) -> LeanStrip:
        """Return exactly `width` cells of it: blanks at its end are a segment of their own."""
        missing = width - self.cell_length
        if missing == 0:
            return self
        if missing < 0:
            return LeanStrip(list(self.crop(0, width)), width)
        return LeanStrip([*self._segments, Segment(" " * missing, style)], width)
