"""Where reflectors put what they see, and a feed takes it out: coalesced, with a status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from backends.clock import Clock
from backends.model import Change, Column, FeedState, FeedStatus, Problem, Ref, Resource

INTERVAL = 1 / 30
"""Seconds between two changes at the least: 30 a second, as often as a screen is painted."""

UNSEEN = 0.5
"""The same for what is live and only counted: to hand a change on costs as much as to make it."""

HEARTBEAT = 5.0
"""Seconds after which a change is made of a new status alone, such as that all is still true."""


class Part(msgspec.Struct):
    """What one reflector says of itself; a feed of several namespaces has several."""

    state: FeedState
    at: float
    problem: Problem | None = None
    loaded: int = 0
    total: int | None = None


class Mailbox:
    """Holds the latest of each row until it is taken."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval: Callable[[], float] = lambda: INTERVAL,
        heartbeat: Callable[[], float] = lambda: HEARTBEAT,
    ) -> None:
        self._clock = clock
        self._interval = interval
        self._heartbeat = heartbeat
        self._began = clock.now()
        self._wake = asyncio.Event()
        self._upserts: dict[Ref, Resource] = {}
        self._deletes: dict[Ref, None] = {}
        self._resync = True
        self._parts: dict[str, Part] = {}
        self._note: Problem | None = None
        self._columns: tuple[Column, ...] | None = None
        self._given = float("-inf")
        self._told: FeedStatus | None = None

    def note(self, problem: Problem | None) -> None:
        """Tell of a problem of the feed as a whole that makes nothing stale."""
        if problem != self._note:
            self._note = problem
            self._wake.set()

    def titled(self, columns: tuple[Column, ...]) -> None:
        """Tell of the columns that the server chose."""
        self._columns = columns

    def part(self, name: str) -> Part:
        """Return what a part last said; a new one is loading."""
        found = self._parts.get(name)
        if found is None:
            found = self._parts[name] = Part(FeedState.LOADING, self._clock.now())
        return found

    def drop(self, name: str) -> None:
        """Forget a part that ended."""
        self._parts.pop(name, None)

    def put(self, rows: Iterable[Resource]) -> None:
        """Add or replace rows."""
        for row in rows:
            self._upserts[row.ref] = row
            self._deletes.pop(row.ref, None)
        self._wake.set()

    def remove(self, refs: Iterable[Ref]) -> None:
        """Take rows out."""
        for ref in refs:
            self._upserts.pop(ref, None)
            if not self._resync:
                self._deletes[ref] = None
        self._wake.set()

    def replace(self, rows: Iterable[Resource]) -> None:
        """Make these all the rows there are."""
        self._upserts = {row.ref: row for row in rows}
        self._deletes.clear()
        self._resync = True
        self._wake.set()

    def said(self) -> None:
        """A part changed its status: let it be seen."""
        self._wake.set()

    async def take(self) -> Change:
        """Wait for something new, and return it; a status that is new by itself is found out
        about after a heartbeat."""
        while not self._wake.is_set():
            try:
                async with asyncio.timeout(self._heartbeat()):
                    await self._wake.wait()
            except TimeoutError:
                if self.status() != self._told:
                    break
        loop = asyncio.get_running_loop()
        early = self._given + self._interval() - loop.time()
        if early > 0:
            await asyncio.sleep(early)
        self._given = loop.time()
        self._wake.clear()
        self._told = self.status()
        change = Change(
            status=self._told,
            upserts=tuple(self._upserts.values()),
            deletes=tuple(self._deletes),
            resync=self._resync,
            columns=self._columns,
        )
        self._upserts, self._deletes, self._resync = {}, {}, False
        return change

    @property
    def live(self) -> bool:
        """Whether what was last handed on was live."""
        return self._told is not None and self._told.state is FeedState.LIVE

    def status(self) -> FeedStatus:
        """Return the status of all parts together: that of the worst, and the oldest."""
        parts = self._parts.values()
        if not parts:
            return FeedStatus(FeedState.LOADING, self._began)
        loading = [p for p in parts if p.state is FeedState.LOADING]
        stale = [p for p in parts if p.state is FeedState.STALE]
        shown = stale or loading or list(parts)
        totals = [p.total for p in parts]
        return FeedStatus(
            state=shown[0].state,
            at=min(p.at for p in shown),
            problem=next((p.problem for p in (*stale, *parts) if p.problem), self._note),
            loaded=sum(p.loaded for p in parts),
            total=sum(t for t in totals if t is not None) if None not in totals else None,
        )
