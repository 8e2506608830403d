"""Credentials that were lost: whose they are, and the feeds that wait for them to come back.

Somebody logs in, here or in another terminal. So that nobody has to say so, one feed of each
profile or context tries again every few seconds; once one has an answer, all the others of the
same one try at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import TypeAlias

import msgspec

from backends.base import Demand
from backends.model import FeedState, FeedStatus, Query, Renewal, Scope

AGAIN = 3.0
"""Seconds between two looks whether credentials are back. It costs one refused call, or none:
those that can't be loaded are told from files."""

Renew: TypeAlias = Callable[[Scope], None]
"""Forgets the credentials that are known for a scope's profile or context."""


class _Lost(msgspec.Struct, frozen=True):
    """One feed that has no credentials."""

    renewal: Renewal
    demand: Demand


class Losses:
    """Which feeds have no credentials, told by the statuses that feeds bring."""

    def __init__(self, renew: Renew) -> None:
        self._renew = renew
        self._lost: dict[Query, _Lost] = {}
        self._listeners: dict[Callable[[], None], Context] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def current(self) -> Sequence[Renewal]:
        """How each profile's or context's credentials come back, those on screen first, by name."""
        found: dict[str, Renewal] = {}
        for lost in sorted(
            self._lost.values(), key=lambda lost: (not lost.demand.visible, lost.renewal.who)
        ):
            found.setdefault(lost.renewal.who, lost.renewal)
        return tuple(found.values())

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the context of now, whenever `current` is another; return what ends
        that."""
        self._listeners[listener] = copy_context()

        def end() -> None:
            self._listeners.pop(listener, None)

        return end

    def note(self, query: Query, status: FeedStatus, demand: Demand) -> None:
        """Take in what a feed says of itself."""
        renewal = _renewal(query, status)
        before = self._lost.get(query)
        if renewal is None:
            self.drop(query)
            if before is not None and status.state is FeedState.LIVE:
                self._try(before.renewal.who)
        elif before is None or before.renewal != renewal:
            known = self.current
            self._lost[query] = _Lost(renewal, demand)
            self._tell(known)
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="look for credentials")

    def drop(self, query: Query) -> None:
        """Forget a feed that has an answer, or that has ended."""
        if query in self._lost:
            known = self.current
            del self._lost[query]
            self._tell(known)

    def retry(self) -> None:
        """Try all of them at once with whatever credentials there are now."""
        for who in {lost.renewal.who for lost in self._lost.values()}:
            self._try(who)

    async def close(self) -> None:
        """Look no more."""
        task, self._looking = self._looking, None
        self._lost.clear()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _tell(self, known: Sequence[Renewal]) -> None:
        if {r.who: r for r in self.current} != {r.who: r for r in known}:
            for listener, context in tuple(self._listeners.items()):
                context.run(listener)

    def _try(self, who: str) -> None:
        waiting = [(q.scope, lost) for q, lost in self._lost.items() if lost.renewal.who == who]
        for provider, profile in dict.fromkeys((s.provider, s.profile) for s, _ in waiting):
            self._renew(Scope(provider, profile))
        for _scope, lost in waiting:
            lost.demand.refresh()

    async def _look(self) -> None:
        turn = 0
        while self._lost:
            await asyncio.sleep(AGAIN)
            groups: dict[str, list[_Lost]] = {}
            for lost in self._lost.values():
                if lost.renewal.quiet:
                    groups.setdefault(lost.renewal.who, []).append(lost)
            for group in groups.values():
                group[turn % len(group)].demand.refresh()
            turn += 1
        self._looking = None


def _renewal(query: Query, status: FeedStatus) -> Renewal | None:
    """Return how the credentials of a feed that has lost them come back; None: it has not."""
    problem = status.problem
    if status.state is not FeedState.STALE or problem is None or problem.code != "expired":
        return None
    if problem.renewal is not None:
        return problem.renewal
    scope = query.scope
    kind = "context" if scope.provider == "k8s" else "profile"
    return Renewal(f"{kind} {scope.profile or 'default'}", problem.remedy, quiet=False)
