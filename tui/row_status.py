"""How fresh the rows of a view are, whose feeds are many."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backends.model import FeedState, FeedStatus, Problem


class SourceStatus(msgspec.Struct, frozen=True):
    """The feeds behind a view, taken together."""

    state: FeedState
    at: float
    """When the oldest of its rows were known to be true."""
    problem: Problem | None = None
    """The first problem of a feed that has one."""
    stale: int = 0
    """How many feeds are stale."""
    feeds: int = 0
    loaded: int = 0
    total: int | None = None
    by: str = ""
    """How live rows come, where there is a choice: ``queue`` if all do, else ``polling``."""


def combine(statuses: Iterable[FeedStatus | None], now: float) -> SourceStatus:
    """Join the statuses of several feeds: the worst state, the oldest time."""
    known = list(statuses)
    given = [status for status in known if status is not None]
    stale = [status for status in given if status.state is FeedState.STALE]
    loading = [status for status in given if status.state is FeedState.LOADING]
    state = FeedState.LIVE
    if stale:
        state = FeedState.STALE
    elif loading or len(given) < len(known):
        state = FeedState.LOADING
    absent = [status for status in given if _is_absent(status)]
    # A kind that one cluster does not have is worth no word where others have it.
    said = given if len(absent) == len(known) else [s for s in given if not _is_absent(s)]
    problems = [s.problem for s in (*stale, *said) if s.problem is not None]
    totals = [status.total for status in loading if status.total is not None]
    return SourceStatus(
        state=state,
        at=min((status.at for status in stale or given), default=now),
        problem=problems[0] if problems else None,
        stale=len(stale),
        feeds=len(known),
        loaded=sum(status.loaded for status in loading),
        total=sum(totals) if totals else None,
        by=_means(given) if state is FeedState.LIVE else "",
    )


def _means(statuses: Iterable[FeedStatus]) -> str:
    """Return how the rows of live feeds come: by queue only where all that have a choice do."""
    found = {status.by for status in statuses} - {""}
    return "polling" if "polling" in found else "".join(found)


def _is_absent(status: FeedStatus) -> bool:
    """Whether a feed has no rows because its cluster has no such kind."""
    problem = status.problem
    return status.state is FeedState.LIVE and problem is not None and problem.code == "not-found"
