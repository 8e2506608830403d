"""From pieces of text to strips of the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias
from zlib import crc32

from rich.segment import Segment
from rich.style import Style

from widgets.lean_strip import LeanStrip
from widgets.log_filter import Pattern
from widgets.log_format import Layout, Parts, more
from widgets.log_text import Piece, Role

DARK_SOURCES = (
    "#7aa2f7",
    "#56c8d8",
    "#bb9af7",
    "#a9b1d6",
    "#6fb3e8",
    "#9a8cf0",
    "#86d3f5",
    "#c7b5f2",
    "#8fa8c8",
    "#b18ae0",
)
"""Colours of sources on a dark ground: blues, cyans, violets, greys. Red, yellow and green are
left to health."""

LIGHT_SOURCES = (
    "#1f4fbf",
    "#00627a",
    "#6a3fb5",
    "#4a5068",
    "#155e8e",
    "#4a45ad",
    "#005f73",
    "#7a3aa0",
    "#3d5573",
    "#5b3f99",
)
"""The same on a light ground."""

_EMPHASIS = Style(bold=True, underline=True)

Run: TypeAlias = tuple[str, Style]
"""Text in one style."""


class SourceColours:
    """Which colour each source has: by its name, so that it is mostly the same every time.

    Where two names would share a colour, the one that came later takes the next free one, as
    long as there is any.
    """

    def __init__(self, colours: int = len(DARK_SOURCES)) -> None:
        self._colours = colours
        self._given: dict[str, int] = {}

    def number(self, source: str) -> int:
        """Return the number of a source's colour; it never changes."""
        number = self._given.get(source)
        if number is None:
            number = crc32(source.encode(errors="replace")) % self._colours
            taken = set(self._given.values())
            if len(taken) < self._colours:
                while number in taken:
                    number = (number + 1) % self._colours
            self._given[source] = number
        return number


class Painter:
    """Draws entries in given styles, with what a pattern matches set off."""

    def __init__(
        self,
        styles: Mapping[Role, Style],
        sources: Sequence[Style],
        colours: SourceColours,
        pattern: Pattern | None,
    ) -> None:
        self._styles = styles
        self._colours = colours
        self._sources = sources
        self._pattern = pattern

    def line(self, parts: Parts, source: str) -> LeanStrip:
        """Draw an entry on one row, as wide as it needs."""
        runs = [*self._runs(parts.prefix, source), *self._body(parts.body)]
        if parts.hidden:
            runs.append((more(parts.hidden), self._styles["more"]))
        return _strip(runs)

    def rows(self, layout: Layout, source: str) -> list[LeanStrip]:
        """Draw an entry on the rows that its layout gives it."""
        body = self._body(layout.parts.body)
        indent = [(" " * layout.indent, self._styles["text"])] if layout.indent else []
        lead = self._runs(layout.parts.prefix, source)
        rows: list[LeanStrip] = []
        for start, stop in pairwise(layout.starts):
            rows.append(_strip([*lead, *_cut(body, start, stop)]))
            lead = indent
        if layout.hidden:
            rows.append(_strip([*indent, (more(layout.hidden), self._styles["more"])]))
        return rows

    def _runs(self, pieces: Iterable[Piece], source: str) -> list[Run]:
        return [
            (text, self._source(source) if role == "source" else self._styles[role])
            for text, role in pieces
        ]

    def _source(self, source: str) -> Style:
        return self._sources[self._colours.number(source)]

    def _body(self, pieces: Sequence[Piece]) -> list[Run]:
        runs = [(text, self._styles[role]) for text, role in pieces]
        if self._pattern is None:
            return runs
        spans = self._pattern.spans("".join(text for text, _ in pieces))
        return emphasise(runs, spans) if spans else runs


def emphasise(runs: Sequence[Run], spans: Sequence[tuple[int, int]]) -> list[Run]:
    """Return the runs with the text between each pair of ascending indices set off."""
    result: list[Run] = []
    at = 0
    for start, stop in spans:
        result += _cut(runs, at, start)
        result += [(text, style + _EMPHASIS) for text, style in _cut(runs, start, stop)]
        at = stop
    return result + _cut(runs, at, sum(len(text) for text, _ in runs))


def _cut(runs: Sequence[Run], start: int, stop: int) -> list[Run]:
    """Return the runs between two indices of their joint text."""
    result: list[Run] = []
    at = 0
    for text, style in runs:
        if at >= stop:
            break
        if part := text[max(0, start - at) : stop - at]:
            result.append((part, style))
        at += len(text)
    return result


def _strip(runs: Iterable[Run]) -> LeanStrip:
    segments = [Segment(text, style) for text, style in runs]
    text = "".join([text for text, _, _ in segments])
    return LeanStrip(segments, len(text) if text.isascii() else None)
