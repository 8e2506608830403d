"""The line at the top: where one is, how it is, how fresh that is, and what it costs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
from textual.content import Content
from textual.widget import Widget

from backends.model import FeedStatus, Health, Usage
from widgets.crumbs import crumb_line
from widgets.header_pieces import MUTED, NOTHING, busiest, count_forms, feed_forms, usage_forms

BRAND = Content.assemble(("topdeck", "bold"), "  ")
GAP = Content("   ")
SHORT_TITLE = 26
"""Cells that the breadcrumbs keep until everything else has given way."""

SAMPLES = 6
"""Bars of the recent use of the call budget."""

SHRINKS = ("usage", "feed", "brand", "counts", "title", "usage", "counts", "feed")
"""What gives way first when the line is too long; each mention is one step shorter."""


class HeaderState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the header says at one moment."""

    now: float
    """Epoch seconds; ages are counted to it."""
    crumbs: tuple[str, ...] = ()
    """Where one is, widest first; text from outside."""
    note: str = ""
    """Behind the breadcrumbs, in parentheses: ``6 of 12, filter "x"``."""
    counts: Mapping[Health, int] = {}
    feed: FeedStatus | None = None
    """The least fresh of the feeds on screen; None: nothing is fed."""
    usage: tuple[Usage, ...] = ()
    read_only: bool = False
    demo: bool = False


class ScopeBar(Widget):
    """One line that never wraps: what matters least is shortened or left out first."""

    DEFAULT_CSS = """
    ScopeBar {
        height: 1; width: 100%; padding: 0 1; background: $panel; text-wrap: nowrap;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._state: HeaderState | None = None
        self._recent: deque[float] = deque(maxlen=SAMPLES)
        self._sampled = 0.0
        self._line = NOTHING

    def show(self, state: HeaderState) -> None:
        """Replace what is said; call it once a second, so that ages go on."""
        if state.usage and state.now - self._sampled >= 1.0:
            self._sampled = state.now
            self._recent.append(busiest(state.usage, state.now).used)
        self._state = state
        if self._laid_out() != self._line:
            self.refresh()

    def render(self) -> Content:
        """Draw the line as the width allows."""
        self._line = self._laid_out()
        return self._line

    def _laid_out(self) -> Content:
        if self._state is None:
            return BRAND
        return header_line(self._state, tuple(self._recent), self.content_size.width)


def header_line(state: HeaderState, recent: Sequence[float], width: int) -> Content:
    """Lay the header out in `width` cells; `recent` are the last shares of the call budget."""
    title = crumb_line(state.crumbs, state.note, 1_000)
    forms: dict[str, list[Content]] = {
        "brand": [BRAND, NOTHING],
        "title": [title, crumb_line(state.crumbs, state.note, SHORT_TITLE)],
        "counts": list(count_forms(state.counts)),
        "feed": list(feed_forms(state.feed, state.now)),
        "usage": list(usage_forms(state.usage, state.now, recent)),
        "demo": [Content.styled("DEMO", MUTED) if state.demo else NOTHING],
        "mark": [Content.styled("READ-ONLY", "bold reverse") if state.read_only else NOTHING],
    }
    for name in SHRINKS:
        if _length(forms) <= width:
            break
        if len(forms[name]) > 1:
            forms[name].pop(0)
    right = _right(forms)
    left = forms["brand"][0]
    room = width - left.cell_length - right.cell_length - (GAP.cell_length if right else 0)
    crumbs = crumb_line(state.crumbs, state.note, max(0, room))
    fill = Content(" " * max(0, width - left.cell_length - crumbs.cell_length - right.cell_length))
    return Content.assemble(left, crumbs, fill, right)


def _right(forms: Mapping[str, Sequence[Content]]) -> Content:
    names = ("counts", "feed", "usage", "demo", "mark")
    return GAP.join(forms[name][0] for name in names if forms[name][0])


def _length(forms: Mapping[str, Sequence[Content]]) -> int:
    parts = (forms["brand"][0], forms["title"][0], GAP, _right(forms))
    return sum(part.cell_length for part in parts)
