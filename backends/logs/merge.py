"""Many live log sources as one stream of batches, in order of time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from math import inf

from backends.base import BackendError
from backends.clock import Clock
from backends.logs.crew import Crew
from backends.logs.lateness import Lateness
from backends.logs.past import Past
from backends.logs.placing import Placing, given_keys
from backends.logs.reorder import CAPACITY, CAPACITY_CHARS, Mark, Reorder, Taken
from backends.logs.settling import Settling
from backends.logs.source import Source, defect, following
from backends.logs.standing import Standing
from backends.model import LogBatch, LogLine, Problem

WINDOW = 0.3
"""Seconds that a line is held back so that an older one of another source can go before it."""

INTERVAL = 0.05
"""Seconds between two batches at the least: 20 a second, as much as an eye can follow."""

SETTLE = 1.0
"""Seconds that the past of quick sources waits for that of slow ones, when a tail begins."""

_TURN = 1_000
"""Lines that one source puts in before it is another's turn."""


class LogMerge:
    """Merges sources that come and go into one iterator of batches.

    Lines leave sorted by time within `window` seconds of arrival (`Reorder` says exactly how):
    one that took longer than that to arrive is out of order by the rest at the most, and counted
    in a note. A source that is alone is not held back. A `Settling` says of each line how long
    to hold it; those that are late leave at once. Nobody waits for a slow source, but for the
    first `settle` seconds, in which the pasts of all sources are collected so that they come in
    order (`inf`: until every source has caught up or ended). Sources whose clocks are off are
    sorted by when their lines arrive (`Clocks`): they hold up nobody and are not lost. When the
    reader is slow the buffer fills up and the sources wait: nothing is lost. `clock` dates
    lines without a time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        window: float | Settling = WINDOW,
        interval: float = INTERVAL,
        settle: float = SETTLE,
        capacity: int = CAPACITY,
        capacity_chars: int = CAPACITY_CHARS,
    ) -> None:
        self._placing = Placing(clock, window)
        self._late = Lateness(clock)
        self._interval = interval
        prompt = self._placing.prompt
        self._buffer = Reorder(lines=capacity, chars=capacity_chars, prompt=prompt)
        self._sources: dict[str, Source] = {}
        self._past = Past(self._buffer, self._sources, settle, capacity)
        self._wake = asyncio.Event()
        self._pumps = Crew(self._wake.set)
        self._room = asyncio.Event()
        self._turn = asyncio.Lock()
        self._state = "new"  # then "open", then "closed"
        self._spoke = -inf
        self._crowd = 0  # how many sources there are that can have lines
        self._live = False
        self._since = 0.0
        self._sealed = False
        self._dropped = 0
        self._standing = Standing()
        self._told: tuple[Problem | None, str] = (None, "")

    def names(self) -> tuple[str, ...]:
        """Return the names of the sources that have not ended, in the order of their coming."""
        return tuple(self._sources)

    def add(self, name: str, lines: AsyncIterator[LogBatch], *, control: bool = False) -> None:
        """Follow one more source; after the merge was closed this does nothing.

        A `control` source is not spoken of and has no lines that need sorting: one that finds
        the others, and is `live` when it has added those that there are; or one whose lines are
        in order already. Raises ValueError where a source of that name is being followed.
        """
        if name in self._sources:
            raise ValueError(f"a log source named {name!r} is being followed already")
        if self._state == "closed":
            return
        source = self._sources[name] = Source(name, lines, control=control)
        source.awaited = not self._live
        self._count(source, 1)
        self._standing.begins(name)
        if self._state == "open":
            self._start(source)
            if self._live and not control:
                self._mark(note=f"{name}: log begins")

    def remove(self, name: str) -> None:
        """Stop following a source; what it delivered stays. An unknown name is ignored.

        Lines that it handed over but that found no room are counted as dropped.
        """
        source = self._sources.get(name)
        if source is None:
            return
        if source.task is not None:
            self._pumps.dismiss(source.task)
        self._gone(source)

    def allow(self, seconds: float) -> None:
        """Let the pasts of the sources take so many seconds from now on, if that is more than
        `settle` allows."""
        gone = _now() - self._past.began if self._state == "open" else 0.0
        self._past.allow(gone + seconds)

    def seal(self) -> None:
        """Say that no more sources will be added: the merge ends when the last of them does."""
        self._sealed = True
        self._wake.set()

    async def batches(self) -> AsyncGenerator[LogBatch, None]:
        """Yield what the sources deliver, once; closing the iterator closes all of them.

        `LogBatch.live` is set once, when the sources that were there by then have delivered
        their past (or ended, or have a problem) and the reader has had it. `problem` is the
        standing problem of some source, and None again when it is over; `status` what sources
        say of themselves, and which clocks are off.
        """
        if self._state != "new":
            raise RuntimeError("the batches of a LogMerge can be read only once")
        self._state = "open"
        self._past.began = _now()
        for source in self._sources.values():
            self._start(source)
        self._catch_up()
        try:
            while True:
                await self._due()
                batch = self._next()
                if batch is None:
                    return
                yield batch
        finally:
            await self._close()

    def _start(self, source: Source) -> None:
        source.task = self._pumps.start(self._pump(source), f"log:{source.name}")

    async def _close(self) -> None:
        self._state = "closed"
        self._sources.clear()
        await self._pumps.disband()

    async def _pump(self, source: Source) -> None:
        """Move one source's batches into the buffer until it ends."""
        problem: Problem | None = None
        try:
            async for batch in source.lines:
                await self._accept(source, batch)
        except BackendError as error:
            problem = error.problem
        except Exception as error:  # a defect of one source must not end the others
            problem = defect(source.name, error)
        finally:
            if isinstance(source.lines, AsyncGenerator):
                await source.lines.aclose()
        if self._sources.get(source.name) is source:
            self._gone(source, problem)

    async def _accept(self, source: Source, batch: LogBatch) -> None:
        """Take in one batch, waiting for room where there is none."""
        done, keys = 0, given_keys(batch)
        try:
            while done < len(batch.lines):
                while self._past.room(source) == 0:
                    await self._until_room()
                async with self._turn:  # its waiters are served in their order: none starves
                    while self._buffer.room == 0:
                        await self._until_room()
                    done = self._push(source, batch.lines, keys, done)
                await asyncio.sleep(0)  # a flood is taken in without holding up the loop
        finally:
            self._drop(len(batch.lines) - done + batch.dropped)
        for note in batch.notes:
            self._mark(note=note)
        source.live = source.live or batch.live
        if self._standing.heed(source, batch):
            self._wake.set()
        if not self._live:
            self._since = max(self._since, batch.since)
        if batch.live or (batch.problem is not None and not source.control):
            source.awaited = False  # one that finds the others has not, while it has a problem
        if self._past.ready:
            self._wake.set()
        self._catch_up()

    async def _until_room(self) -> None:
        self._past.blocked()
        self._room.clear()
        self._wake.set()
        await self._room.wait()

    def _push(
        self, source: Source, lines: tuple[LogLine, ...], keys: Sequence[float | None], begin: int
    ) -> int:
        """Put in as many lines as there is room for, but not more than one turn's; return where
        to go on."""
        now = _now()
        end = begin + min(_TURN, self._buffer.room, max(1, self._past.room(source)))
        some = lines[begin:end]
        for note in self._placing.measure(source, some, now):
            self._mark(note=note)
        idle = self._buffer.due == inf
        for line, given in zip(some, keys[begin:end], strict=True):
            key = self._placing.key(source, line, given)
            self._buffer.push(line, key, now + self._placing.hold(key), source)
        if self._past.lasting:
            source.held += len(some)
        if idle or self._buffer.due == -inf or self._past.ready:
            self._wake.set()
        return begin + len(some)

    def _drop(self, count: int) -> None:
        if count:
            self._dropped += count
            self._wake.set()

    def _count(self, source: Source, change: int) -> None:
        self._crowd += 0 if source.control else change
        self._placing.alone = self._crowd <= 1
        self._past.crowded = self._past.crowded or self._crowd > 1

    def _gone(self, source: Source, problem: Problem | None = None) -> None:
        """Forget a source that ended, was removed or failed, and say so."""
        del self._sources[source.name]
        self._placing.forget(source)
        self._wake.set()
        if self._state == "open":
            self._standing.ends(source, problem)
            if problem is not None:
                self._mark(note=f"{source.name}: log ends: {problem.action}: {problem.message}")
            elif not source.control:
                self._mark(note=f"{source.name}: log ends")
        self._count(source, -1)
        self._catch_up()

    def _catch_up(self) -> None:
        """Mark where the past is complete, as soon as it is."""
        if self._state != "open" or self._live:
            return
        if not any(source.awaited for source in self._sources.values()):
            self._live = self._past.over = True
            self._mark(note=following(self._sources.values()), live=True)
            self._room.set()

    def _mark(self, *, note: str, live: bool = False) -> None:
        self._buffer.mark(Mark(note, live), _now() + self._placing.hold(-inf))
        self._wake.set()

    @property
    def _ripe(self) -> float:
        """When the first of what is held may leave; `inf`: nothing is held."""
        due = self._buffer.due
        if not self._sources and due < inf:
            return 0.0  # nothing can come that would go before it
        return max(due, self._past.ends)

    def _say(self) -> tuple[Problem | None, str]:
        """Return the problem and the status to tell of now."""
        return self._standing.problem, self._standing.status(self._placing.status)

    @property
    def _over(self) -> bool:
        return self._sealed and not self._pumps and self._buffer.due == inf

    def _delay(self) -> float:
        """Return the seconds until there is something to yield; `inf`: nothing is in sight."""
        now = _now()
        pace = self._spoke + self._interval - now
        if self._dropped or self._say() != self._told:
            return pace
        if self._over:
            return 0.0
        return pace if self._past.ready else max(pace, self._ripe - now)

    async def _due(self) -> None:
        """Wait until there is something to yield, or it is all over."""
        while (delay := self._delay()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if delay == inf else delay):
                    await self._wake.wait()

    def _next(self) -> LogBatch | None:
        """Return what is due; None when it is all over."""
        if self._over and not self._dropped and self._say() == self._told:
            return None
        now = _now()
        taken = Taken()
        if self._ripe <= now:
            self._past.over = self._past.over or self._past.lasting
            taken = self._buffer.take(now if self._sources else inf)
        elif self._past.ready:
            taken = self._past.take(now)
        notes = taken.notes
        late = taken.late if taken.behind > self._placing.tolerance else 0
        notes += self._late.remark(late, taken.behind if late else 0.0, last=not self._sources)
        dropped, self._dropped = self._dropped, 0
        self._told = self._say()
        self._spoke = now
        self._room.set()
        return LogBatch(
            lines=taken.lines,
            notes=notes,
            dropped=dropped,
            problem=self._told[0],
            live=taken.live,
            status=self._told[1],
            since=self._since if taken.live else 0.0,
        )


def _now() -> float:
    """Return the time by which arrivals are told apart: the loop's, by which it also waits."""
    return asyncio.get_running_loop().time()
