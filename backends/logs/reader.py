"""Reading up to a hundred streams of one CloudWatch log group with FilterLogEvents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from backends.aws.access import AwsAccess
from backends.base import BackendError, NotFound
from backends.clock import Clock
from backends.logs.events import in_order
from backends.logs.fresh import Fresh
from backends.logs.last import Event, last_events, oldest_of
from backends.logs.member import Member, Trouble, no_group, silent
from backends.logs.pace import Pace
from backends.logs.reach import OVERLAP_MS, PAGE, RECALL_MS, Reach
from backends.logs.settling import Settling
from backends.logs.source import Keyed
from backends.logs.streams import Stream
from backends.logs.turns import Turns
from backends.model import LogBatch, LogRequest, Scope

STREAMS = 100
"""Stream names in one FilterLogEvents call at the most (CloudWatch Logs API reference)."""

QUIET_MS = 600_000
"""How far a read of silent streams goes back at the most; more than clocks differ by."""

SILENT = 60.0
"""Seconds after which a stream that says nothing may be one whose clock was set back."""

PROBE = 30.0
"""Seconds between two looks at such streams."""

LAG = 60.0
"""Seconds that a live read may lag behind before it says so."""

RETRIES = 5
"""Missing streams looked for in one round at the most."""

PATIENCE = 3
"""Failures in a row after which streams that are over are let go of."""


class Reader:
    """Reads some streams of one group again and again, and yields what is new in them."""

    def __init__(
        self,
        access: AwsAccess,
        scope: Scope,
        group: str,
        request: LogRequest,
        clock: Clock,
        settling: Settling,
        turns: Turns,
    ) -> None:
        """`scope` is that of the group: its region is where the group is."""
        self.group = group
        self.region = scope.region
        self.ended = False
        """It will read no more; other streams need another reader."""
        self._access = access
        self._scope = scope
        self._request = request
        self._clock = clock
        self._pace = Pace(clock, settling, turns)
        self._asked = 0.0  # when the first page of the last read was asked for, monotonic
        self._turns = turns
        self._began = clock.now()
        self._complete_from = self._began - request.since if request.since is not None else 0.0
        self._members: dict[str, Member] = {}
        self._settling = settling
        self._reach = Reach(clock)
        self._fresh = Fresh(self._members, settling, clock)
        self._probed = clock.monotonic()
        self._wake = asyncio.Event()
        self._trouble = Trouble(clock)
        self._lags = False  # and it was said
        self._left = request.head

    @property
    def room(self) -> int:
        """How many more streams it can take."""
        return 0 if self.ended else STREAMS - len(self._members)

    def include(self, stream: Stream, *, past: bool) -> None:
        """Read one more stream: its `past` as was requested, or all that it has written."""
        begin = stream.begins
        if past and self._request.since is not None:
            begin = max(begin, self._began - self._request.since)
        elif not past:
            begin = begin or self._began - OVERLAP_MS / 1000
        member = self._members[stream.stream] = Member(stream, begin, past=past)
        member.floor = member.cursor - (0 if past else OVERLAP_MS)
        member.heard = self._clock.monotonic()
        self._wake.set()

    def release(self, stream: Stream) -> None:
        """Read a stream once more, and then no longer."""
        member = self._members.get(stream.stream)
        if member is not None:
            member.leaving = True
            self._wake.set()

    async def batches(self) -> AsyncGenerator[LogBatch, None]:
        """Yield what is in the streams, until there are none or the request has its fill.

        The first batch that is ``live`` comes when all streams were read to their end once.
        Errors are yielded as problems, and the reading goes on.
        """
        live = False
        try:
            while self._members:
                self._wake.clear()
                began = self._clock.monotonic()
                leaving = [member for member in self._members.values() if member.leaving]
                failed = self._trouble.count > 0
                try:
                    async with aclosing(self._round()) as batches:
                        async for batch in batches:
                            yield batch
                except BackendError as error:
                    self._trouble.met()
                    yield LogBatch(problem=error.problem, notes=self._give_up(leaving))
                else:
                    if not live or failed:  # after a failure, to say that it is over
                        notes = () if live else silent(self._members.values())
                        live = True
                        yield LogBatch(live=True, notes=notes, since=self._complete_from)
                    self._drop(leaving)
                    if self._left == 0 or not self._following or not self._members:
                        return
                spent = self._clock.monotonic() - began
                until = began + spent + self._pace.pause(spent, self._trouble.count)
                found = await self._recall(until)
                if found is not None:
                    yield found
                await self._pause(until)
        finally:
            self.ended = True
            self._pace.end()
            await self._reach.close()

    @property
    def _following(self) -> bool:
        return self._request.follow and self._request.head is None

    async def _round(self) -> AsyncGenerator[LogBatch, None]:
        """Read every stream once to its end."""
        now = self._clock.monotonic()
        members = list(self._members.values())
        present = [member for member in members if not member.missing]
        units = [
            [member for member in present if not member.live and member.past],
            [member for member in present if not member.live and not member.past],
            [member for member in present if member.live and not member.behind],
            [member for member in present if member.live and member.behind],
        ]
        due = [member for member in members if member.missing and member.retry <= now]
        units.extend([member] for member in due[:RETRIES])
        for unit in filter(None, units):
            if unit[0].missing and unit[0] is not due[0] and not self._turns.spare:
                break
            async with aclosing(self._read(unit)) as batches:
                async for batch in batches:
                    yield batch
        silent = [m for m in present if m.live and not m.behind and m.heard < now - SILENT]
        if silent and self._probed <= now - PROBE:
            self._probed = now
            yield await self._probe(silent)

    async def _read(self, unit: list[Member]) -> AsyncGenerator[LogBatch, None]:
        """Read some streams, telling those apart that are not there."""
        last = self._request.tail is not None and unit[0].past and not unit[0].live
        try:
            async with aclosing(self._last(unit) if last else self._forward(unit)) as batches:
                async for batch in batches:
                    yield batch
        except NotFound as error:
            if "log group" in error.problem.message:
                raise no_group(error.problem, self.group, self.region) from None
            if len(unit) == 1:
                unit[0].miss(self._clock.monotonic(), self._settling.poll)
                return
            middle = len(unit) // 2
            for part in (unit[:middle], unit[middle:]):
                async with aclosing(self._read(part)) as batches:
                    async for batch in batches:
                        yield batch
        else:
            self._fresh.join(unit)
            for member in unit:
                member.live, member.missing = True, 0

    async def _forward(self, unit: list[Member]) -> AsyncGenerator[LogBatch, None]:
        """Yield the events of some streams that are new, page by page."""
        live, slow = unit[0].live, unit[0].behind
        start = self._fresh.begin(
            unit, (self._reach.next() if not slow else OVERLAP_MS) if live else 0
        )
        read, asked, new = list[list[Event]](), 0.0, False
        async with aclosing(self._pages(unit, start)) as pages:
            async for events, more in pages:
                asked = asked if read else self._asked
                read.append(events)
                notes = self._recovery()
                fresh = self._fresh.admit(unit, events, self._clock.now(), slow=slow)
                new = new or bool(fresh)
                if fresh and more and live and not slow:
                    notes += self._lagging(self._clock.now() - unit[0].cursor / 1000)
                batch = self._batch(fresh, *notes)
                if batch.lines or batch.notes:
                    yield batch
                if self._left == 0:
                    return
        if live and not slow:
            self._lags = self._lags and new
            self._pace.read(asked, self._reach.learn(read), light=self._reach.light)
        quiet = int(self._clock.now() * 1000) - QUIET_MS
        for member in unit:
            member.cursor = max(member.cursor, quiet)

    async def _last(self, unit: list[Member]) -> AsyncGenerator[LogBatch, None]:
        """Yield the newest events of some streams, so many of each as were asked for."""
        members = {member.stream.stream: member for member in unit}

        async def read(
            names: Sequence[str], start: int, end: int | None
        ) -> AsyncGenerator[Sequence[Event], None]:
            some = [members[name] for name in names]
            async with aclosing(self._pages(some, start, end)) as pages:
                async for events, _ in pages:
                    # only what the reads that follow will go back to has to be remembered
                    again = unit[0].cursor - RECALL_MS
                    old = [event for event in events if event["timestamp"] < again]
                    fresh = self._fresh.admit(unit, events[len(old) :], self._clock.now())
                    yield old + fresh

        now = int(self._clock.now() * 1000)
        begin = min(member.cursor for member in unit)
        events = await last_events(read, members, self._request.tail or 0, now=now, begin=begin)
        for member in unit:
            member.cursor = max(member.cursor, now - QUIET_MS)
        for name, oldest in oldest_of(events, self._request.tail or 0).items():
            members[name].floor = oldest  # what is older was not asked for
            self._complete_from = max(self._complete_from, oldest / 1000)
        yield self._batch(events, *self._recovery())

    async def _recall(self, until: float) -> LogBatch | None:
        """Return what is new in one page of what lies further back than reads usually go, where
        there is a turn to spare before a second of the clock."""
        unit = [m for m in self._members.values() if m.live and not (m.missing or m.behind)]
        if not unit or self._trouble.count:
            return None
        if self._reach.apart:
            start = self._fresh.begin(unit, RECALL_MS)
            end = self._fresh.begin(unit, self._reach.overlap)
            self._reach.recall(self._pages(unit, start, end, spare=True))
        if not self._reach.pending:
            return None
        if not await self._turns.take_spare(until - self._clock.monotonic()):
            return None
        with suppress(BackendError):  # if it lasts, the next read tells of it
            events = await self._reach.more()
            known = self._fresh.begin(unit, RECALL_MS)  # what is older is not remembered any more
            events = [event for event in events if event["timestamp"] >= known]
            return self._batch(self._fresh.admit(unit, events, self._clock.now()))
        return None

    async def _probe(self, silent: list[Member]) -> LogBatch:
        """Return what streams have written that seem silent: their clocks were set back."""
        start = int(self._clock.now() * 1000) - QUIET_MS
        found: list[Event] = []
        async with aclosing(self._pages(silent, start)) as pages:
            async for events, _ in pages:
                found += self._fresh.admit_late(events)
        return self._batch(found)

    def _batch(self, events: Sequence[Event], *notes: str) -> LogBatch:
        """Return the lines of events, with what they tell of the clocks of their streams."""
        lines, keys = in_order(events, self._members)
        if self._left is not None:
            lines = lines[: self._left]
            self._left -= len(lines)
        streams = {event["logStreamName"] for event in events}
        clocks = (self._members[name].news() for name in sorted(streams & self._members.keys()))
        notes += tuple(note for told in clocks for note in told)
        return Keyed(lines=lines, notes=notes, keys=keys[: len(lines)])

    async def _pages(
        self, unit: list[Member], start: int, end: int | None = None, *, spare: bool = False
    ) -> AsyncGenerator[tuple[list[Event], bool], None]:
        """Yield the events of each page, in order of time, and whether there is another.

        `spare`: the reader takes the turns itself; the pages may be far apart.
        """
        limits: dict[str, Any] = {} if end is None else {"endTime": end}
        if self._left is not None:
            limits["limit"] = max(1, min(self._left, PAGE))
        pages = self._access.pages(
            self._scope,
            "logs",
            "FilterLogEvents",
            logGroupName=self.group,
            logStreamNames=[member.stream.stream for member in unit],
            startTime=start,
            **limits,
        )
        while True:
            if not spare:
                await self._turns.take(ahead=not self._pace.placing)
            self._asked = self._clock.monotonic()
            page = await anext(pages)
            events = sorted(page.get("events") or (), key=lambda event: event["timestamp"])
            more = bool(page.get("nextToken"))
            yield events, more
            if not more:
                return

    def _lagging(self, seconds: float) -> tuple[str, ...]:
        """Return, once until all is read, what to say of reading so far behind."""
        if self._lags or seconds <= LAG:
            return ()
        self._lags = True
        return (f"{self.group}: {seconds:.0f} s behind, reading on",)

    def _recovery(self) -> tuple[str, ...]:
        """Note that a call succeeded; return what to say of the time that none did."""
        lost = self._trouble.over()
        if lost < LAG / 2:
            return ()
        return (f"{self.group}: could not be read for {lost:.0f} s; what was logged then follows",)

    def _give_up(self, leaving: list[Member]) -> tuple[str, ...]:
        """Let go of streams that are over and can't be read; return what to say of them."""
        if self._trouble.count < PATIENCE:
            return ()
        self._drop(leaving)
        return tuple(f"{member.stream.source}: its last lines were not read" for member in leaving)

    def _drop(self, leaving: list[Member]) -> None:
        for member in leaving:
            self._members.pop(member.stream.stream, None)

    async def _pause(self, until: float) -> None:
        """Wait until a second of the clock, or until there is something to be read at once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(until - self._clock.monotonic()):
                await self._wake.wait()
