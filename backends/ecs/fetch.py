"""Fetching all of a listing: in full pages, concurrently, and no more than has to be asked."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from backends.aws.access import AwsAccess
from backends.base import BackendError
from backends.clock import Clock
from backends.ecs.events import version
from backends.ecs.listing import LIST_PAGE, Listing
from backends.ecs.wire import Packed, Payload, items
from backends.model import Scope

STEADY_FOR = 120.0
"""Seconds for which a thing that is steady is not described again in the background."""


_BARE = ("lastStatus", "stoppedAt")
"""What is left of a thing that was trimmed, besides its ARN: enough to tell that it is final."""


class Batch(msgspec.Struct, frozen=True):
    """Part of a listing, while it loads."""

    payloads: Sequence[Payload]
    total: int | None
    """How many things there are in all, once the listing has come to its end."""


Report: TypeAlias = Callable[[Batch], None]
"""Called with what one call brought, as soon as it has."""


class _Known(msgspec.Struct):
    """What was last heard of a thing."""

    payload: Payload
    asked: float
    variant: int
    """Which list call it was on; on another one, it has changed."""
    version: int
    final: bool
    steady: bool


class _Pass:
    """What one pass over a listing has come to so far."""

    def __init__(self, *, urgent: bool, report: Report | None) -> None:
        self.urgent = urgent
        self.report = report
        self.found: dict[str, int] = {}
        """Every ARN that was listed, and by which list call."""
        self.waiting: list[str] = []
        """ARNs that are to be described."""
        self.total: int | None = None
        self.before: Mapping[str, _Known] = {}
        """What was known when it began, where that is forgotten."""

    def bring(self, payloads: Sequence[Payload]) -> None:
        """Report payloads to whoever waits for them."""
        if payloads and self.report is not None:
            self.report(Batch(payloads, self.total))


class Fetcher:
    """Fetches one listing of one scope again and again, remembering what need not be asked."""

    def __init__(
        self,
        access: AwsAccess,
        listing: Listing,
        scope: Scope,
        clock: Clock,
        *,
        service: str = "",
        names: Sequence[str] = (),
    ) -> None:
        """List what is in `scope`, only what belongs to `service`, or nothing but `names`."""
        self._access = access
        self._listing = listing
        self._scope = scope
        self._clock = clock
        self._names = tuple(names)
        self._common: dict[str, Any] = {"cluster": scope.cluster} if scope.cluster else {}
        self._narrowed = {listing.by_service: service} if service else {}
        self._known: dict[str, _Known] = {}

    async def load(self, *, urgent: bool, report: Report | None = None) -> dict[str, Payload]:
        """Return everything there is now, by ARN; raises `BackendError`.

        `urgent`: somebody is looking, so all that can change is asked after, ahead of others.
        """
        this = _Pass(urgent=urgent, report=report)
        try:
            async with asyncio.TaskGroup() as group:
                if self._names:
                    this.before, self._known = self._known, {}
                    group.create_task(self._describe(this, self._names))
                else:
                    await self._list_all(this, group)
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        if not self._names:
            self._known = {arn: self._known[arn] for arn in this.found if arn in self._known}
        return {arn: known.payload for arn, known in self._known.items()}

    def learn(self, payload: Payload, *, fresh: bool) -> bool:
        """Take in a thing as an event tells of it; return whether that was any news.

        Events come twice and in any order: only a later version counts. One that is not `fresh`
        brings nothing that is not known: it may have been gone for long.
        """
        arn = str(payload.get(self._listing.arn))
        known = self._known.get(arn)
        if not fresh if known is None else version(payload) <= known.version:
            return False
        # Described again by the next listing, whatever it seems to be: an event may be lost.
        variant = int(payload.get("desiredStatus") == "STOPPED")
        self._keep(arn, payload, -math.inf, variant)
        return True

    async def renew(self, names: Sequence[str], *, urgent: bool) -> Sequence[Payload]:
        """Describe some things by their names, outside of a listing; raises `BackendError`."""
        found: list[Payload] = []
        this = _Pass(urgent=urgent, report=lambda batch: found.extend(batch.payloads))
        size = self._listing.page
        for start in range(0, len(names), size):
            await self._describe(this, names[start : start + size])
        return found

    def trim(self, whole: Callable[[Payload], bool]) -> None:
        """Keep of the things that need not be `whole` only that they are known."""
        for known in self._known.values():
            if not whole(known.payload) and len(known.payload) > len(_BARE):
                payload = known.payload
                arn = self._listing.arn
                known.payload = {key: payload[key] for key in (arn, *_BARE) if key in payload}

    async def _list_all(self, this: _Pass, group: asyncio.TaskGroup) -> None:
        async with asyncio.TaskGroup() as lists:
            for number, params in enumerate(self._listing.variants):
                lists.create_task(self._list(this, group, number, params))
        this.total = len(this.found)
        self._start(this, group, at_least=1)

    async def _list(
        self, this: _Pass, group: asyncio.TaskGroup, number: int, params: Mapping[str, Any]
    ) -> None:
        """Go through one list call's pages, having what is new described on the way."""
        pages = self._access.pages(
            self._scope,
            "ecs",
            self._listing.list_action,
            urgent=this.urgent,
            maxResults=LIST_PAGE,
            **self._common,
            **self._narrowed,
            **params,
        )
        async for page in pages:
            known = []
            for arn in page.get(self._listing.arns) or ():
                if not isinstance(arn, str) or arn in this.found:
                    continue
                this.found[arn] = number
                if self._is_fresh(arn, number, this.urgent):
                    known.append(self._known[arn].payload)
                else:
                    this.waiting.append(arn)
            this.bring(known)
            self._start(this, group, at_least=self._listing.page)

    def _is_fresh(self, arn: str, number: int, urgent: bool) -> bool:
        """Whether what is known of a thing is as good as an answer would be."""
        known = self._known.get(arn)
        if known is None or known.variant != number:
            return False
        if known.final:
            return True
        recent = self._clock.monotonic() - known.asked < STEADY_FOR
        return not urgent and recent and known.steady

    def _start(self, this: _Pass, group: asyncio.TaskGroup, *, at_least: int) -> None:
        """Start a describe call for every full page that waits, or for what is left."""
        size = self._listing.page
        while len(this.waiting) >= at_least:
            page, this.waiting = this.waiting[:size], this.waiting[size:]
            group.create_task(self._describe(this, page))

    async def _describe(self, this: _Pass, names: Sequence[str]) -> None:
        answer = await self._access.call(
            self._scope,
            "ecs",
            self._listing.describe_action,
            urgent=this.urgent,
            **{**self._common, self._listing.key: list(names)},
        )
        now = self._clock.monotonic()
        payloads = []
        for payload in items(answer, self._listing.key):
            arn = str(payload.get(self._listing.arn))
            known = self._known.get(arn) or this.before.get(arn)
            if known is not None and version(payload) < known.version:
                payloads.append(known.payload)  # an event was ahead of the answer
                self._known[arn] = known
                continue
            payloads.append(self._keep(arn, payload, now, this.found.get(arn, 0)))
        this.bring(payloads)

    def _keep(self, arn: str, payload: Payload, asked: float, variant: int) -> Payload:
        """Remember a thing as it is now; return what is kept of it."""
        listing = self._listing
        kept = Packed(payload, arn) if listing.packed else payload
        self._known[arn] = _Known(
            kept, asked, variant, version(payload), listing.final(payload), listing.steady(payload)
        )
        return kept


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that speaks for a group: what AWS said, rather than what followed."""
    flat = [
        _first(error) if isinstance(error, BaseExceptionGroup) else error
        for error in errors.exceptions
    ]
    return next((error for error in flat if isinstance(error, BackendError)), flat[0])
