"""The rows of a query, out of what ECS answers: made once, and again only when they changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence

from backends.aws.poll import same
from backends.clock import Clock
from backends.ecs.failures import Failures
from backends.ecs.fetch import Batch, Fetcher
from backends.ecs.kinds.base import EcsKind, Facts
from backends.ecs.wire import Payload, account_of
from backends.model import Health, Query, Resource

VISIBLE = 2.0
"""Seconds between refreshes of what is on screen, longer where the call budget is short."""

BACKGROUND = 30.0
"""Seconds between refreshes of what is only counted."""

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
    ) -> None:
        self._kind = kind
        self._query = query
        self._fetcher = fetcher
        self._clock = clock
        self._failures = failures
        self._made: dict[str, tuple[Payload, tuple[Resource, ...]]] = {}
        self._total: int | None = None

    def total(self) -> int | None:
        """Return how many rows there are to come, once the listing has come to its end."""
        return None if self._kind.container else self._total

    async def pages(self, urgent: bool) -> AsyncGenerator[Sequence[Resource], None]:
        """Yield all rows there are, in the parts in which ECS describes them."""
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
        if self._failures is not None and await self._failures.look(urgent=urgent):
            before = {row.ref: row for _, rows in self._made.values() for row in rows}
            self._made = {}
            rows = self._rows(payloads.values())
            if changed := [r for r in rows if r.ref not in before or not same(before[r.ref], r)]:
                yield changed

    def _rows(self, payloads: Iterable[Payload]) -> list[Resource]:
        """Make the rows of payloads, or take those that were made of the same before.

        Rows of what is in trouble are made again each time: trouble is counted while it is
        recent, so it passes by itself.
        """
        facts = Facts(self._clock.now(), self._failures.recent() if self._failures else {})
        rows: list[Resource] = []
        for payload in payloads:
            arn = str(payload.get(self._kind.listing.arn))
            known = self._made.get(arn)
            if known is None or known[0] != payload or not _calm(known[1]):
                known = self._made[arn] = (payload, self._make(payload, facts))
            rows.extend(known[1])
        return rows

    def _make(self, payload: Payload, facts: Facts) -> tuple[Resource, ...]:
        scope, parent = self._query.scope, self._query.parent
        if not scope.account and parent is None:
            scope = scope.at(account=account_of(str(payload.get(self._kind.listing.arn))))
        rows = self._kind.from_wire(scope, payload, facts)
        return tuple(row for row in rows if parent is None or parent in row.parents)


def _calm(rows: Iterable[Resource]) -> bool:
    """Whether time alone changes nothing about rows: nothing recent counts against them."""
    return all(row.health in _CALM for row in rows)
