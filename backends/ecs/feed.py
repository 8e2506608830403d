"""A feed of ECS: polled, told as differences, and never ended by an error."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing

from backends.base import BackendError, Demand, Throttled
from backends.clock import Clock
from backends.ecs.failures import Failures
from backends.ecs.fetch import Batch, Fetcher
from backends.ecs.kinds.base import EcsKind, Facts
from backends.ecs.wire import Payload, account_of
from backends.model import Change, FeedState, FeedStatus, Health, Problem, Query, Ref, Resource

VISIBLE = 2.0
"""Seconds between refreshes of what is on screen, longer where the call budget is short."""

BACKGROUND = 30.0
"""Seconds between refreshes of what is only counted."""

SLOWEST_VISIBLE = 15.0
"""Seconds at most between attempts while on screen, however often they failed."""

SLOWEST_BACKGROUND = 120.0
"""Seconds at most between attempts in the background."""

_STALE: Payload = {}
"""In place of a payload whose rows are to be made again."""

_CALM = (Health.OK, Health.IDLE)


class Feed:
    """Watches the rows of one query."""

    def __init__(
        self,
        kind: EcsKind,
        query: Query,
        fetcher: Fetcher,
        demand: Demand,
        clock: Clock,
        *,
        failures: Failures | None = None,
    ) -> None:
        self._kind = kind
        self._query = query
        self._fetcher = fetcher
        self._demand = demand
        self._clock = clock
        self._failures = failures
        self._rows: dict[Ref, Resource] = {}
        self._made: dict[str, tuple[Payload, tuple[Resource, ...]]] = {}
        self._began = clock.now()
        self._good: float | None = None
        self._attempts = 0
        self._said = False

    async def watch(self) -> AsyncGenerator[Change, None]:
        """Yield rows as they come, then what changed at each refresh, for ever."""
        while True:
            try:
                async with aclosing(self._refresh()) as changes:
                    async for change in changes:
                        yield change
                self._attempts = 0
            except BackendError as error:
                yield self._failed(error)
            except Exception as error:
                # An answer that makes no sense costs a refresh, not the feed.
                yield self._failed(self._surprised(error))
            await self._pause()

    async def _refresh(self) -> AsyncGenerator[Change, None]:
        if self._good is None:
            async with aclosing(self._load()) as changes:
                async for change in changes:
                    yield change
        else:
            yield self._settle(await self._fetcher.load(urgent=self._demand.visible))
        if self._failures is not None and await self._failures.look(urgent=self._demand.visible):
            payloads = {arn: made[0] for arn, made in self._made.items()}
            self._made = {arn: (_STALE, rows) for arn, (_, rows) in self._made.items()}
            yield self._settle(payloads)

    async def _load(self) -> AsyncGenerator[Change, None]:
        """Load for the first time: rows in batches as they are described, and all of them."""
        arrived: asyncio.Queue[Batch | None] = asyncio.Queue()
        loading = asyncio.ensure_future(
            self._fetcher.load(urgent=self._demand.visible, report=arrived.put_nowait)
        )
        loading.add_done_callback(lambda _: arrived.put_nowait(None))
        try:
            while (batch := await arrived.get()) is not None:
                yield self._arrive(batch)
            yield self._settle(await loading)
        finally:
            loading.cancel()

    def _arrive(self, batch: Batch) -> Change:
        rows = self._rows_of(batch.payloads)
        upserts = tuple(row for row in rows if self._rows.get(row.ref) is not row)
        self._rows.update((row.ref, row) for row in upserts)
        total = None if self._kind.container else batch.total
        return self._say(FeedState.LOADING, self._began, upserts=upserts, total=total)

    def _settle(self, payloads: Mapping[str, Payload]) -> Change:
        """Take in a complete answer: all rows the first time, then the difference."""
        rows = {row.ref: row for row in self._rows_of(payloads.values())}
        first, self._good = self._good is None, self._clock.now()
        upserts = tuple(row for ref, row in rows.items() if self._rows.get(ref) is not row)
        deletes = tuple(ref for ref in self._rows if ref not in rows)
        self._rows = rows
        self._made = {arn: made for arn, made in self._made.items() if arn in payloads}
        if first:
            return self._say(FeedState.LIVE, self._good, upserts=tuple(rows.values()), resync=True)
        return self._say(FeedState.LIVE, self._good, upserts=upserts, deletes=deletes)

    def _failed(self, error: BackendError) -> Change:
        """Keep the rows and say what is wrong; being throttled is slow, not wrong."""
        self._attempts += 1
        if isinstance(error, Throttled):
            state = FeedState.LOADING if self._good is None else FeedState.LIVE
        else:
            state = FeedState.STALE
        return self._say(state, self._good or self._began, problem=error.problem)

    def _surprised(self, error: Exception) -> BackendError:
        what = f"{type(error).__name__} over what ECS answered"
        return BackendError(f"watch {self._query.kind}", what, "report this defect")

    def _say(
        self,
        state: FeedState,
        at: float,
        *,
        upserts: tuple[Resource, ...] = (),
        deletes: tuple[Ref, ...] = (),
        resync: bool = False,
        problem: Problem | None = None,
        total: int | None = None,
    ) -> Change:
        status = FeedStatus(state, at, problem, loaded=len(self._rows), total=total)
        resync = resync or not self._said
        self._said = True
        return Change(status, upserts, deletes, resync)

    def _rows_of(self, payloads: Iterable[Payload]) -> list[Resource]:
        """Make the rows of some payloads; those that are as before stay the same objects."""
        facts = Facts(self._clock.now(), self._failures.recent() if self._failures else {})
        rows: list[Resource] = []
        for payload in payloads:
            arn = str(payload.get(self._kind.listing.arn))
            known = self._made.get(arn)
            if known is None or known[0] != payload or not _calm(known[1]):
                known = self._made[arn] = (payload, self._make(arn, payload, facts))
            rows.extend(known[1])
        return rows

    def _make(self, arn: str, payload: Payload, facts: Facts) -> tuple[Resource, ...]:
        scope = self._query.scope
        if not scope.account and self._query.parent is None:
            scope = scope.at(account=account_of(arn))
        before = {row.ref: row for row in self._made[arn][1]} if arn in self._made else {}
        made = []
        for row in self._kind.from_wire(scope, payload, facts):
            if self._query.parent is None or self._query.parent in row.parents:
                old = before.get(row.ref)
                made.append(old if old is not None and _same(old, row) else row)
        return tuple(made)

    async def _pause(self) -> None:
        slower = 2.0 ** min(self._attempts, 10)
        jitter = random.uniform(0.9, 1.1) if self._attempts == 0 else random.uniform(0.5, 1.5)  # noqa: S311
        await self._demand.pause(
            min(VISIBLE * slower, SLOWEST_VISIBLE) * (jitter if self._attempts else 1.0),
            min(BACKGROUND * slower, SLOWEST_BACKGROUND) * jitter,
        )


def _calm(rows: Iterable[Resource]) -> bool:
    """Whether time alone changes nothing about rows: nothing recent counts against them."""
    return all(row.health in _CALM for row in rows)


def _same(old: Resource, new: Resource) -> bool:
    return old.cells == new.cells and old.health == new.health and old.raw == new.raw
