"""Watching what AWS only lists: ask again and again, and hand on what became different."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol, TypeAlias

from backends.base import BackendError, Demand, Throttled
from backends.clock import Clock
from backends.model import Change, FeedState, FeedStatus, Problem, Ref, Resource

VISIBLE = 2.0
"""Seconds between two rounds of a feed that is on screen."""

BACKGROUND = 60.0
"""Seconds between two rounds of a feed that is only counted."""

BACKOFF = 2.0
"""Seconds before a failed round is repeated, doubled with each failure."""

BACKOFF_MOST = 4.0
"""Seconds that a feed waits at the most after a failure, give or take a quarter: when the
network is back, so are the rows."""

BACKOFF_LEAST = 0.25
"""Seconds that it waits even where the failure itself was a long wait for an answer."""

ASKED_MOST = 30.0
"""Seconds of a Retry-After that are honoured at the most."""

SLOWED = 15.0
"""Seconds for which rows still count as live where AWS only asks to go slower."""

RECONCILE = 600.0
"""Seconds between two rounds where events tell of changes: for those that were lost."""

TICK = 10.0
"""Seconds after which rows are looked at that change by time alone, without a call."""


class News(Protocol):
    """What tells of changes between two rounds, so that these can be rare."""

    @property
    def live(self) -> bool:
        """Whether it can be relied on at this moment."""
        ...

    @property
    def problem(self) -> Problem | None:
        """Why it can't."""
        ...

    def gap(self) -> bool:
        """Whether something may have been missed since the last round began."""
        ...

    def begin(self) -> None:
        """Take note that a round begins."""
        ...

    def due(self) -> float:
        """Return the seconds until there is something to take."""
        ...

    async def take(self, urgent: bool) -> tuple[Sequence[Resource], Sequence[Ref]]:
        """Return what rows are now, and which are gone; raises `BackendError`."""
        ...


Fetch: TypeAlias = Callable[[bool], AsyncIterator[Sequence[Resource]]]
"""Lists all rows of a feed, page by page, once; told whether somebody looks at them now."""


def same(old: Resource, new: Resource) -> bool:
    """Return whether two sightings of a resource say the same."""
    return old is new or all(
        getattr(old, name) == getattr(new, name) for name in Resource.__struct_fields__
    )


def differences(
    rows: Mapping[Ref, Resource], seen: Mapping[Ref, Resource]
) -> tuple[tuple[Resource, ...], tuple[Ref, ...]]:
    """Return what to upsert and what to delete to get from `rows` to `seen`."""
    upserts = tuple(
        row for ref, row in seen.items() if (old := rows.get(ref)) is None or not same(old, row)
    )
    return upserts, tuple(ref for ref in rows if ref not in seen)


async def poll(
    fetch: Fetch,
    demand: Demand,
    clock: Clock,
    *,
    visible: float = VISIBLE,
    background: float | Callable[[], float] = BACKGROUND,
    total: Callable[[], int | None] = lambda: None,
    news: News | None = None,
) -> AsyncIterator[Change]:
    """Yield the changes of a listing for ever, as `Backend.watch` is to.

    Pages of the first round come as they arrive (LOADING), then a resync (LIVE); after that
    each round yields its differences, and a status alone where there are none. A round that
    fails leaves the rows as they are: STALE with the problem, or LIVE with it where AWS only
    asked to go slower, for a while; the next round comes after a backoff, or at once on demand,
    whether somebody looks or not: nobody else finds out that the network is back. So it is with
    an answer that makes no sense. `background` may be asked anew for each pause. `total` tells
    how many rows a first round will bring, as soon as that is known. While `news` is live it brings
    the changes, and a round comes only every `RECONCILE` seconds, on demand, and after a gap.
    """
    polled = _Polled(clock, total, news)
    yield Change(polled.status(FeedState.LOADING), resync=True)
    while True:
        began = clock.monotonic()
        demand.take_asked()
        if news is not None:
            news.begin()
        try:
            async with aclosing(polled.round(fetch(demand.visible))) as changes:
                async for change in changes:
                    yield change
            if news is not None:
                async with aclosing(polled.told(news, demand)) as changes:
                    async for change in changes:
                        yield change
        except Exception as error:
            spent = clock.monotonic() - began
            yield Change(polled.failed(error))
            pause = polled.backoff(error, spent)
            slowed = isinstance(error, Throttled)
            await demand.pause(pause, max(pause, _rest(background)) if slowed else pause)
        else:
            if news is None or not (news.live or news.gap()):
                await demand.pause(visible, _rest(background))


def _rest(background: float | Callable[[], float]) -> float:
    return background() if callable(background) else background


class _Polled:
    """The rows of one feed as they were last handed on, and how it fares."""

    def __init__(
        self, clock: Clock, total: Callable[[], int | None], news: News | None = None
    ) -> None:
        self._clock = clock
        self._news = news
        self._total = total
        self._at = clock.now()
        self._rows: dict[Ref, Resource] | None = None
        self._failures = 0

    def status(
        self, state: FeedState, *, loaded: int = 0, problem: Problem | None = None
    ) -> FeedStatus:
        total = self._total() if state is FeedState.LOADING else None
        by = ""
        if self._news is not None and state is FeedState.LIVE:
            by = "queue" if self._news.live else "polling"
            problem = problem or self._news.problem
        return FeedStatus(state, self._at, problem=problem, loaded=loaded, total=total, by=by)

    async def round(self, pages: AsyncIterator[Sequence[Resource]]) -> AsyncGenerator[Change, None]:
        seen: dict[Ref, Resource] = {}
        async for page in pages:
            seen.update((row.ref, row) for row in page)
            if self._rows is None and page and not self._failures:
                loading = self.status(FeedState.LOADING, loaded=len(seen))
                yield Change(loading, upserts=tuple(page))
        self._failures = 0
        self._at = self._clock.now()
        live = self.status(FeedState.LIVE)
        if self._rows is None:
            yield Change(live, upserts=tuple(seen.values()), resync=True)
            self._rows = seen
            return
        upserts, deletes = differences(self._rows, seen)
        for ref in deletes:
            del self._rows[ref]
        self._rows.update((row.ref, row) for row in upserts)
        yield Change(live, upserts=upserts, deletes=deletes)

    async def told(self, news: News, demand: Demand) -> AsyncGenerator[Change, None]:
        """Yield what news brings, until it is time for the next round."""
        until = self._clock.monotonic() + RECONCILE
        while news.live and not news.gap():
            left = until - self._clock.monotonic()
            if left <= 0.0 or demand.take_asked():
                return
            if (due := news.due()) > 0.0:
                pause = min(due, left, TICK)
                await demand.pause(pause, pause)
            seen, gone = await news.take(demand.visible)
            yield self._learn(seen, gone)

    def _learn(self, seen: Sequence[Resource], gone: Sequence[Ref]) -> Change:
        rows = self._rows if self._rows is not None else {}
        upserts = tuple(
            row for row in seen if (old := rows.get(row.ref)) is None or not same(old, row)
        )
        deletes = tuple(ref for ref in gone if rows.pop(ref, None) is not None)
        rows.update((row.ref, row) for row in upserts)
        self._at = self._clock.now()
        return Change(self.status(FeedState.LIVE), upserts=upserts, deletes=deletes)

    def failed(self, error: Exception) -> FeedStatus:
        self._failures += 1
        if not isinstance(error, BackendError):
            what = f"{type(error).__name__} over what AWS answered"
            error = BackendError("watch", what, "report this defect")
        if isinstance(error, Throttled):
            if self._rows is None:
                return self.status(FeedState.LOADING, problem=error.problem)
            if self._clock.now() - self._at < SLOWED:
                return self.status(FeedState.LIVE, problem=error.problem)
        return self.status(FeedState.STALE, problem=error.problem)

    def backoff(self, error: Exception, spent: float) -> float:
        """Return the seconds to wait after the latest failure, with a jitter of a quarter.

        What was `spent` on waiting for the answer counts; a Retry-After is kept to.
        """
        pause = min(BACKOFF * 2.0 ** min(self._failures - 1, 10), BACKOFF_MOST)
        pause = max(pause * random.uniform(0.75, 1.25) - spent, BACKOFF_LEAST)  # noqa: S311
        asked = error.retry_after if isinstance(error, Throttled) else 0.0
        return max(pause, min(asked, ASKED_MOST))
