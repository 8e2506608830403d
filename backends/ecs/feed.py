"""The rows of a query, out of what ECS answers: made once, and again only when they changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

import msgspec

from backends.aws.poll import same
from backends.clock import Clock
from backends.ecs.events import version
from backends.ecs.failures import Failures
from backends.ecs.fetch import Batch, Fetcher
from backends.ecs.inbox import Inbox
from backends.ecs.kinds.base import EcsKind, Facts
from backends.ecs.kinds.tasks import service_of
from backends.ecs.listing import CLUSTERS, SERVICES, TASKS
from backends.ecs.pulse import Pulse
from backends.ecs.wire import Packed, Payload, account_of, opened, text
from backends.model import Health, Problem, Query, Ref, Resource

VISIBLE = 2.0
"""Seconds between refreshes of what is on screen, longer where the call budget is short."""

BACKGROUND = 30.0
"""Seconds between refreshes of what is only counted."""

LISTED = 10.0
"""Seconds between refreshes of clusters that are on screen: their services are looked at apart."""

CALM = 120.0
"""Seconds between refreshes of services that are only counted, where all are well and the counts
of their cluster stay as they are."""

_CALM = (Health.OK, Health.IDLE)


class Feed:
    """Makes the rows of one query, refresh by refresh; `backends.aws.poll` tells what changed."""

    def __init__(
        self,
        kind: EcsKind,
        query: Query,
        fetcher: Fetcher,
        clock: Clock,
        *,
        failures: Failures | None = None,
        inbox: Inbox | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._kind = kind
        self._query = query
        self._fetcher = fetcher
        self._clock = clock
        self._failures = failures
        self._inbox = inbox
        self._pulse = pulse or Pulse()
        self._beats = 0
        self._made: dict[str, tuple[Payload, tuple[Resource, ...]]] = {}
        self._total: int | None = None

    def total(self) -> int | None:
        """Return how many rows there are to come, once the listing has come to its end."""
        return None if self._kind.container else self._total

    def background(self) -> float:
        """Return how long the rows may be left alone while they are only counted."""
        scope = self._query.scope
        if self._kind.listing is not SERVICES or not self._pulse.known(scope):
            return BACKGROUND
        if self._pulse.beats(scope) != self._beats:
            return VISIBLE
        calm = all(_calm(rows) for _, rows in self._made.values())
        return CALM if calm else BACKGROUND

    async def pages(self, urgent: bool) -> AsyncGenerator[Sequence[Resource], None]:
        """Yield all rows there are, in the parts in which ECS describes them."""
        told = self._inbox is not None and self._inbox.live and bool(self._made)
        self._beats = self._pulse.beats(self._query.scope)
        versions = (
            {arn: version(payload) for arn, (payload, _) in self._made.items()} if told else {}
        )
        arrived: asyncio.Queue[Batch | None] = asyncio.Queue()
        loading = asyncio.ensure_future(
            self._fetcher.load(urgent=urgent, report=arrived.put_nowait)
        )
        loading.add_done_callback(lambda _: arrived.put_nowait(None))
        try:
            while (batch := await arrived.get()) is not None:
                self._total = batch.total
                yield self._rows(batch.payloads)
                await asyncio.sleep(0)  # several batches may have come: one a turn of the loop
            payloads = await loading
        finally:
            loading.cancel()
        self._made = {arn: made for arn, made in self._made.items() if arn in payloads}
        if self._kind.listing is CLUSTERS:
            self._pulse.heard(self._query.scope, payloads.values())
        if told and self._kind.listing is TASKS:
            self._compare(versions, payloads)
        if self._failures is not None and await self._failures.look(urgent=urgent):
            before = {row.ref: row for _, rows in self._made.values() for row in rows}
            self._made = {}
            rows = self._rows(payloads.values())
            if changed := [r for r in rows if r.ref not in before or not same(before[r.ref], r)]:
                yield changed

    async def catch_up(
        self, inbox: Inbox, *, urgent: bool
    ) -> tuple[Sequence[Resource], Sequence[Ref]]:
        """Return the rows that events have changed, and those that are gone with it.

        Rows of what was in trouble are among them: that passes by time alone.
        """
        told = inbox.take()
        changed = [payload for payload, rows in self._made.values() if not _calm(rows)]
        if self._kind.listing is TASKS:
            changed += [
                task for task, fresh in told.tasks if self._fetcher.learn(task, fresh=fresh)
            ]
        elif self._failures is not None:
            failed = {service_of(task) for task, _ in told.tasks if self._failures.learn(task)}
            changed += [made[0] for made in self._made.values() if _named(made[0]) in failed]
        if told.services:
            changed += await self._fetcher.renew(told.services, urgent=urgent)
        latest = {str(payload.get(self._kind.listing.arn)): payload for payload in changed}
        before = {row.ref for arn in latest if arn in self._made for row in self._made[arn][1]}
        for arn in latest.keys() & self._made.keys():
            del self._made[arn]
        rows = self._rows(latest.values())
        return rows, tuple(before - {row.ref for row in rows})

    def _rows(self, payloads: Iterable[Payload]) -> list[Resource]:
        """Make the rows of payloads, or take those that were made of the same before.

        Rows of what is in trouble are made again each time: trouble is counted while it is
        recent, so it passes by itself.
        """
        facts = Facts(self._clock.now(), self._failures.recent() if self._failures else {})
        rows: list[Resource] = []
        for payload in payloads:
            arn = self._arn(payload)
            known = self._made.get(arn)
            if known is None or not _as_before(known[0], payload) or not _calm(known[1]):
                known = self._made[arn] = (payload, self._make(payload, facts))
            rows.extend(known[1])
        return rows

    def _arn(self, payload: Payload) -> str:
        return (
            payload.arn if isinstance(payload, Packed) else str(payload.get(self._kind.listing.arn))
        )

    def _make(self, payload: Payload, facts: Facts) -> tuple[Resource, ...]:
        scope, parent = self._query.scope, self._query.parent
        whole = opened(payload)
        if not scope.account and parent is None:
            scope = scope.at(account=account_of(self._arn(payload)))
        rows = self._kind.from_wire(scope, whole, facts)
        if payload is not whole:
            rows = [
                msgspec.structs.replace(row, raw=payload) if row.raw is whole else row
                for row in rows
            ]
        return tuple(row for row in rows if parent is None or parent in row.parents)

    def _compare(self, before: Mapping[str, int], after: Mapping[str, Payload]) -> None:
        """Doubt that events come, where a listing knew what none of them had told."""
        ahead = any(version(task) > before.get(arn, -1) for arn, task in after.items())
        if ahead and self._inbox is not None and self._inbox.supply is not None:
            self._inbox.supply.doubt()


class Told:
    """What events bring to a feed between two rounds: `backends.aws.poll.News`."""

    def __init__(self, feed: Feed, inbox: Inbox) -> None:
        self._feed = feed
        self._inbox = inbox

    @property
    def live(self) -> bool:
        """Whether events come, and in time."""
        return self._inbox.live

    @property
    def problem(self) -> Problem | None:
        """Why they don't."""
        return self._inbox.problem

    def gap(self) -> bool:
        """Whether events may have been lost since the last round began."""
        return self._inbox.gap

    def begin(self) -> None:
        """Take note that a round begins, which finds what was lost."""
        self._inbox.gap = False

    def due(self) -> float:
        """Return the seconds until there is something to take."""
        return self._inbox.due()

    async def take(self, urgent: bool) -> tuple[Sequence[Resource], Sequence[Ref]]:
        """Return the rows that events have changed, and those that are gone with it."""
        return await self._feed.catch_up(self._inbox, urgent=urgent)


def _as_before(known: Payload, payload: Payload) -> bool:
    return known is payload or known == payload


def _named(service: Payload) -> str:
    return text(service, "serviceName")


def _calm(rows: Iterable[Resource]) -> bool:
    """Whether time alone changes nothing about rows: nothing recent counts against them."""
    return all(row.health in _CALM for row in rows)
