"""The last gate before the terminal: no character reaches it that could command it.

Text from outside is cleaned where it enters (`backends.text.clean`). Widgets that draw text
of their own libraries, and mistakes, are caught here, on every line of every widget.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from backends.text import UNSAFE, VARIATIONS

UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode general categories of characters that are commands rather than signs: controls (C0
and C1), formats (bidi, zero-width, tags, soft hyphen), surrogates, line and paragraph marks."""

_PLACEHOLDER = "\N{REPLACEMENT CHARACTER}"

DISPUTED = re.compile(f"[{VARIATIONS}\U0001f3fb-\U0001f3ff]")
"""Variation selectors and skin tones: parts of an emoji on whose width terminals disagree."""

_TELLING = re.compile(f"{DISPUTED.pattern}|{UNSAFE.pattern}")
_WIDENED = re.compile("(.)\ufe0f", re.DOTALL)
_JOINED = re.compile("\u200d.?", re.DOTALL)


class _Unsafe(dict[int, str]):
    """A table for `str.translate`, filled in as characters are met."""

    def __init__(self, *, keep_width: bool) -> None:
        super().__init__()
        self._keep_width = keep_width

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.category(char) not in UNSAFE_CATEGORIES and not UNSAFE.match(char):
            found = char
        elif self._keep_width:
            found = _PLACEHOLDER * cell_len(char)
        else:
            found = _PLACEHOLDER
        self[code] = found
        return found


_DROPPING = _Unsafe(keep_width=True)
_SHOWING = _Unsafe(keep_width=False)


def harmless(text: str) -> bool:
    """Return whether `text` holds nothing unsafe, and nothing of a disputed width."""
    return text.isprintable() and (text.isascii() or not _TELLING.search(text))


def drop_unsafe(text: str) -> str:
    """Return `text` without unsafe characters, as many terminal cells wide as Rich says it is.

    Characters that Rich counts as a cell (surrogates, soft hyphens) become U+FFFD. What Rich
    takes for one character because it is joined is cut down to its first part, and a character
    that a selector would make wider gets a space instead.
    """
    if harmless(text):
        return text
    if "\u200d" in text or "\ufe0f" in text:
        text = _WIDENED.sub(_spaced, _JOINED.sub("", text))
    return DISPUTED.sub("", text).translate(_DROPPING)


def _spaced(found: re.Match[str]) -> str:
    return found[1] + " " * (cell_len(found[0]) - cell_len(found[1]))


def show_unsafe(text: str) -> str:
    """Return `text` with a visible U+FFFD in place of every unsafe character."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SHOWING)


class SafeLineFilter(LineFilter):
    """Removes unsafe characters, hyperlinks and control codes from every line that is drawn.

    Put it last in `App.get_line_filters`. The width of a line stays what it was, so that
    nothing beside it moves.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, or the same list where all of them are harmless."""
        for text, style, control in segments:
            if control is not None or not harmless(text):
                break
            if style is not None and style.link is not None:
                break
        else:
            return segments
        return [self._harmless(segment) for segment in segments if segment.control is None]

    @staticmethod
    def _harmless(segment: Segment) -> Segment:
        text, style, _ = segment
        if style is not None and style.link is not None:
            style = style.update_link(None)
        return Segment(drop_unsafe(text), style)
