"""The past of streams of CloudWatch Logs, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from backends.aws.access import AwsAccess
from backends.base import BackendError, NotFound
from backends.clock import Clock
from backends.logs.events import lines_of
from backends.logs.history import LEAST, MOST, Found, Horizon, Rewind, moment
from backends.logs.reader import STREAMS
from backends.logs.streams import Stream
from backends.logs.turns import Turns
from backends.model import LogLine, Scope

PAGES = 40
"""Answers read for one window at the most, many of which may be empty."""

DAY = 86_400.0


class _TooMany(Exception):  # noqa: N818 - it says what it is about
    """A window has more lines than fit a page."""


class CloudWatchRewind(Rewind):
    """Looks for what some streams had, with FilterLogEvents, at most a call a second."""

    def __init__(
        self,
        access: AwsAccess,
        scope: Scope,
        streams: Callable[[], Awaitable[Iterable[Stream]]],
        clock: Clock,
    ) -> None:
        """`streams` finds those that there are; whoever was found once is remembered."""
        super().__init__(clock)
        self._access = access
        self._scope = scope
        self._find = streams
        self._turns = Turns(clock)
        self._streams: set[Stream] = set()
        self._absent: set[Stream] = set()
        self._kept: dict[tuple[str, str], float] = {}

    async def horizon(self) -> Horizon:
        """Return when the first of the streams began, or what their groups still keep."""
        self._streams |= set(await self._find())
        began = min((stream.begins for stream in self._streams), default=self._clock.now())
        places = {(stream.region, stream.group) for stream in self._streams}
        days = [await self._retention(*place) for place in sorted(places)]
        kept = self._clock.now() - max(days) * DAY if days and 0.0 not in days else 0.0
        floor = max(began, kept)
        if kept > began:
            return Horizon(floor, f"no older lines: CloudWatch keeps them {max(days):.0f} d")
        first = f"the first of these tasks began {moment(floor, self._clock)}"
        kept_for = f" (CloudWatch keeps lines {max(days):.0f} d)" if kept else ""
        return Horizon(floor, f"no older lines: {first}{kept_for}")

    async def read(self, start: float, end: float) -> Found:
        """Read a window, or the end of one that has too much."""
        while True:
            try:
                return Found(await self._lines(start, end), start)
            except _TooMany:
                start = end - (end - start) / 8

    async def _lines(self, start: float, end: float) -> list[LogLine]:
        found: list[LogLine] = []
        there = {one for one in self._streams - self._absent if one.begins < end}
        for place, chunk in _chunks(there):
            await self._chunk(place, chunk, (start, end), found)
        return found

    async def _chunk(
        self,
        place: tuple[str, str],
        chunk: list[Stream],
        window: tuple[float, float],
        found: list[LogLine],
    ) -> None:
        """Read some streams of one group; those that are not there are told apart."""
        try:
            await self._pages(place, {one.stream: one for one in chunk}, window, found)
        except NotFound as error:
            if "log group" in error.problem.message or len(chunk) == 1:
                self._absent.update(chunk)
                return
            middle = len(chunk) // 2
            for part in (chunk[:middle], chunk[middle:]):
                await self._chunk(place, part, window, found)

    async def _pages(
        self,
        place: tuple[str, str],
        streams: Mapping[str, Stream],
        window: tuple[float, float],
        found: list[LogLine],
    ) -> None:
        region, group = place
        begin, end = (round(second * 1000) for second in window)
        pages = self._access.pages(
            self._scope.at(region=region),
            "logs",
            "FilterLogEvents",
            logGroupName=group,
            logStreamNames=sorted(streams),
            startTime=begin,
            endTime=end,
        )
        more, count = True, 0
        while more:
            await self._turns.take()
            page: Mapping[str, Any] = await anext(pages)
            for event in page.get("events") or ():
                if begin <= event["timestamp"] < end:
                    found.extend(lines_of(event, streams[event["logStreamName"]].source))
            more, count = bool(page.get("nextToken")), count + 1
            full = len(found) > MOST or count >= PAGES
            if more and full and window[1] - window[0] > LEAST:
                raise _TooMany

    async def _retention(self, region: str, group: str) -> float:
        """Return for how many days a group keeps its events; 0.0: for ever, or it is not known."""
        place = (region, group)
        if place not in self._kept:
            try:
                answer = await self._access.call(
                    self._scope.at(region=region),
                    "logs",
                    "DescribeLogGroups",
                    logGroupNamePrefix=group,
                )
            except BackendError:  # it is only to say why there is nothing
                answer = {}
            days = {
                one["logGroupName"]: one.get("retentionInDays") or 0
                for one in answer.get("logGroups") or ()
            }
            self._kept[place] = float(days.get(group, 0))
        return self._kept[place]


def _chunks(streams: Iterable[Stream]) -> Iterator[tuple[tuple[str, str], list[Stream]]]:
    """Yield streams of the same region and group, as many as go into one call."""

    def place(stream: Stream) -> tuple[str, str]:
        return stream.region, stream.group

    for where, some in groupby(sorted(streams, key=place), place):
        rest = sorted(some)
        for begin in range(0, len(rest), STREAMS):
            yield where, rest[begin : begin + STREAMS]
