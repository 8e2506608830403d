"""The words of the header: each thing it says, from its longest form to its shortest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from backends.model import FeedState, FeedStatus, Health, Usage
from backends.text import clean
from widgets.cells import age_text
from widgets.fit import clip
from widgets.health import HEALTH_LOOKS, WORST_FIRST
from widgets.sparkline import BARS

MUTED = "$foreground-muted"
NOTHING = Content("")

LONGEST_REASON = 48
"""Cells for why a feed is stale; the banner has the whole of it."""


def count_forms(counts: Mapping[Health, int]) -> Sequence[Content]:
    """Return counts by health, worst first: all of them, those not well, nothing."""

    def form(least: Health) -> Content:
        shown = [h for h in WORST_FIRST if h >= least and counts.get(h, 0)]
        return Content(" ").join(
            Content.assemble((HEALTH_LOOKS[h].glyph, HEALTH_LOOKS[h].color), f" {counts[h]:,}")
            for h in shown
        )

    return (form(Health.OK), form(Health.DEGRADED), NOTHING)


def feed_forms(feed: FeedStatus | None, now: float) -> Sequence[Content]:
    """Return how fresh the rows are: with the reason, without it, as a glyph."""
    if feed is None:
        return (NOTHING,)
    if feed.state is FeedState.LOADING:
        so_far = f" {feed.loaded:,}" if feed.loaded or feed.total else ""
        of = f" of {feed.total:,}" if feed.total is not None else ""
        glyph = Content.styled("◌", HEALTH_LOOKS[Health.PROGRESSING].color)
        return (glyph + f" loading{so_far}{of}", glyph + f" loading{so_far}", glyph)
    age = age_text(now - feed.at)
    if feed.state is FeedState.STALE:
        short = Content.styled(f"▲ stale {age}", HEALTH_LOOKS[Health.DEGRADED].color)
        reason = clip(clean(feed.problem.message), LONGEST_REASON) if feed.problem else ""
        return (short + f" — {reason}" if reason else short, short)
    glyph = Content.styled("●", HEALTH_LOOKS[Health.OK].color)
    if feed.by == "queue":
        return (glyph + " live by queue", glyph + " live", glyph)
    live = glyph + (" live" if now - feed.at < 1 else f" live {age}")
    if feed.by:
        return (live + f" by {feed.by}", live, glyph)
    return (live, live, glyph)


def usage_forms(usage: Sequence[Usage], now: float, recent: Sequence[float]) -> Sequence[Content]:
    """Return the call budget that matters most: where it is, only how much, nothing.

    One that is throttled matters most and is never left out; else the busiest does.
    """
    if not usage:
        return (NOTHING,)
    top = busiest(usage, now)
    where = clean(f"{top.action_class} {top.region}".strip())
    left = top.throttled_until - now
    if left > 0:
        color = HEALTH_LOOKS[Health.DEGRADED].color
        wait = age_text(left + 0.999)
        return (
            Content.styled(f"throttled: {where}, slower for {wait}", color),
            Content.styled(f"throttled: {where}", color),
            Content.styled("throttled", color),
        )
    short = Content.assemble(("api ", MUTED), spark(recent), f" {top.used:.0%}")
    return (Content.assemble(short, (f" {where}", MUTED)), short, NOTHING)


def busiest(usage: Sequence[Usage], now: float) -> Usage:
    """Return the budget that is throttled for longest, else the one used most."""
    return max(usage, key=lambda use: (max(0.0, use.throttled_until - now), use.used))


def spark(values: Sequence[float]) -> str:
    """Return shares from 0.0 to 1.0 as one bar each."""
    top = len(BARS) - 1
    return "".join(BARS[min(top, max(0, int(value * len(BARS))))] for value in values)
