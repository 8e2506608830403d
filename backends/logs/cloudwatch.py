"""Tailing CloudWatch Logs: any number of streams, in several groups and regions, as one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Container
from contextlib import aclosing
from itertools import count
from math import inf

from backends.aws.access import AwsAccess
from backends.clock import Clock
from backends.logs.head import first
from backends.logs.merge import LogMerge
from backends.logs.pace import POLL
from backends.logs.reader import Reader
from backends.logs.settling import Settling
from backends.logs.streams import Stream, StreamSet
from backends.logs.turns import RATE, Turns
from backends.model import LogBatch, LogRequest, Scope

__all__ = ["Stream", "StreamSet", "tail"]

SETTLE_GROUPS = 5.0
"""Seconds that the past of one group waits for that of the others."""


async def tail(
    access: AwsAccess,
    scope: Scope,
    streams: StreamSet,
    request: LogRequest,
    clock: Clock,
    *,
    poll: float = POLL,
    rate: float = RATE,
) -> AsyncIterator[LogBatch]:
    """Yield what is in the streams of a set, and follow as the set changes.

    `scope` says whose logs they are; regions are those of the streams. Each hundred streams of
    a group are read together every `poll` seconds, less often while they are silent or where
    there are more than `rate` calls a second allow for (`Turns`). Lines come in order of time: new
    ones are held back for as long as CloudWatch receives them late, as measured, and one
    `poll`; a note counts those that come later still. A stream whose clock is wrong by up to
    ten minutes is sorted by when its lines came to CloudWatch. Else what comes there more than
    a minute late is not seen: no call tells of it. `LogRequest.tail` and
    `head` count events, which have several lines where the log driver joins them. Ends when
    the set is sealed and its streams are gone, or when the request was not to follow.
    """
    turns = Turns(clock, rate=rate)
    settling = Settling(clock, poll, lambda: len(streams.current), turns)
    merge = LogMerge(
        clock,
        window=settling,
        settle=SETTLE_GROUPS if request.head is None else inf,
    )

    def reader(stream: Stream) -> Reader:
        where = scope.at(region=stream.region)
        return Reader(access, where, stream.group, request, clock, settling, turns)

    merge.add("log groups", _assign(merge, streams, reader, request), control=True)
    batches = merge.batches()
    if request.head is not None:
        batches = first(batches, request.head)
    async with aclosing(batches):
        async for batch in batches:
            yield batch


async def _assign(
    merge: LogMerge,
    streams: StreamSet,
    make: Callable[[Stream], Reader],
    request: LogRequest,
) -> AsyncIterator[LogBatch]:
    """Give every stream of the set to a reader, and each reader to the merge."""
    homes: dict[Stream, Reader] = {}
    past = True
    while True:
        current = streams.current
        for stream in homes.keys() - current:
            homes.pop(stream).release(stream)
        for stream in sorted(current - homes.keys()):
            home = next((one for one in homes.values() if _fits(one, stream)), None)
            reader = home or make(stream)
            reader.include(stream, past=past)
            homes[stream] = reader
            if home is None:
                merge.add(_name(reader, merge.names()), reader.batches())
        if past:
            yield LogBatch(live=True)
            past = False
        over = streams.sealed and not homes
        if over or not request.follow or request.head is not None:
            merge.seal()
            return
        await streams.changed()


def _fits(reader: Reader, stream: Stream) -> bool:
    same = (reader.region, reader.group) == (stream.region, stream.group)
    return same and reader.room > 0


def _name(reader: Reader, taken: Container[str]) -> str:
    """Return what a reader is called in notes; a number tells the readers of a group apart."""
    names = (f"{reader.group} ({number})" if number > 1 else reader.group for number in count(1))
    return next(name for name in names if name not in taken)
