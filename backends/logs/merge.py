"""Many live log sources as one stream of batches, in order of time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from math import inf

from backends.base import BackendError
from backends.clock import Clock
from backends.logs.crew import Crew
from backends.logs.reorder import CAPACITY, CAPACITY_CHARS, Mark, Reorder, Taken
from backends.logs.settling import Settling
from backends.logs.source import Source, defect, following
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

    Lines leave sorted by time within `window` seconds of arrival (`Reorder` says exactly how);
    a source that is alone is not held back. A `Settling` says of each line how long to hold
    it, and tells of those that are late, which leave at once. Nobody waits for a slow source,
    but for the first `settle` seconds, in which the pasts of all sources are collected so that
    they come in order (`inf`: until every source has caught up or ended). When the reader is
    slow the buffer fills up and the sources wait: nothing is lost. `clock` dates lines without
    a time.
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
        self._clock = clock
        self._window = window
        self._interval = interval
        self._settle = settle
        prompt = isinstance(window, Settling)
        self._buffer = Reorder(lines=capacity, chars=capacity_chars, prompt=prompt)
        self._sources: dict[str, Source] = {}
        self._wake = asyncio.Event()
        self._pumps = Crew(self._wake.set)
        self._room = asyncio.Event()
        self._turn = asyncio.Lock()
        self._state = "new"  # then "open", then "closed"
        self._began = 0.0
        self._spoke = -inf
        self._settled = False
        self._crowded = False  # there was more than one source of lines at some time
        self._live = False
        self._sealed = False
        self._dropped = 0
        self._failure: tuple[str, Problem] | None = None
        self._told: Problem | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of the sources that have not ended, in the order of their coming."""
        return tuple(self._sources)

    def add(self, name: str, lines: AsyncIterator[LogBatch], *, control: bool = False) -> None:
        """Follow one more source; after the merge was closed this does nothing.

        A `control` source is not spoken of and has no lines that need sorting: one that finds
        the others, and is `live` when it has added those that there are. Raises ValueError
        where a source of that name is being followed.
        """
        if name in self._sources:
            raise ValueError(f"a log source named {name!r} is being followed already")
        if self._state == "closed":
            return
        source = self._sources[name] = Source(name, lines, control=control)
        source.awaited = not self._live
        self._crowded = self._crowded or self._crowd > 1
        if self._failure is not None and self._failure[0] == name:
            self._failure = None
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

    def seal(self) -> None:
        """Say that no more sources will be added: the merge ends when the last of them does."""
        self._sealed = True
        self._wake.set()

    async def batches(self) -> AsyncGenerator[LogBatch, None]:
        """Yield what the sources deliver, once; closing the iterator closes all of them.

        `LogBatch.live` is set once, when the sources that were there by then have delivered
        their past (or ended, or have a problem) and the reader has had it. `problem` is the
        standing problem of some source, and None again when it is over.
        """
        if self._state != "new":
            raise RuntimeError("the batches of a LogMerge can be read only once")
        self._state = "open"
        self._began = _now()
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
        left = deque(batch.lines)
        try:
            while left:
                async with self._turn:  # its waiters are served in their order: none starves
                    await self._await_room()
                    self._push(source, left)
                await asyncio.sleep(0)  # a flood is taken in without holding up the loop
        finally:
            self._dropped += len(left)
            self._wake.set()
        for note in batch.notes:
            self._mark(note=note)
        self._dropped += batch.dropped
        source.problem = batch.problem
        if batch.live or batch.problem is not None:
            source.awaited = False
        self._catch_up()

    async def _await_room(self) -> None:
        while self._buffer.room == 0:
            self._settled = True  # or every source would wait for the others
            self._room.clear()
            self._wake.set()
            await self._room.wait()

    def _push(self, source: Source, left: deque[LogLine]) -> None:
        """Put in as many lines as there is room for, but not more than one turn's."""
        now = _now()
        for _ in range(min(_TURN, len(left))):
            if self._buffer.room == 0:
                break
            line = left.popleft()
            # a line without a time of its own stays with the one before it: a stack trace
            source.last = line.at or source.last or self._clock.now()
            self._buffer.push(line, source.last, now + self._hold(source.last))
        self._wake.set()

    def _gone(self, source: Source, problem: Problem | None = None) -> None:
        """Forget a source that ended, was removed or failed, and say so."""
        del self._sources[source.name]
        if self._state != "open":
            return
        if problem is not None:
            self._failure = (source.name, problem)
            self._mark(note=f"{source.name}: log ends: {problem.action}: {problem.message}")
        elif not source.control:
            self._mark(note=f"{source.name}: log ends")
        self._catch_up()

    def _catch_up(self) -> None:
        """Mark where the past is complete, as soon as it is."""
        if not self._live and not any(source.awaited for source in self._sources.values()):
            self._live = self._settled = True
            self._mark(note=following(self._sources.values()), live=True)
        self._wake.set()

    def _mark(self, *, note: str, live: bool = False) -> None:
        self._buffer.mark(Mark(note, live), _now() + self._hold(-inf))
        self._wake.set()

    @property
    def _crowd(self) -> int:
        """How many sources there are that can have lines."""
        return sum(not source.control for source in self._sources.values())

    def _hold(self, at: float) -> float:
        """Return the seconds to hold back what is of the second `at`."""
        if isinstance(self._window, Settling):
            return self._window.hold(at)
        return self._window if self._crowd > 1 else 0.0

    @property
    def _ripe(self) -> float:
        """When the first of what is held may leave; `inf`: nothing is held."""
        due = self._buffer.due
        if not self._sources and due < inf:
            return 0.0  # nothing can come that would go before it
        finding = any(one.control and one.awaited for one in self._sources.values())
        settling = not self._settled and (self._crowded or finding)
        return max(due, self._began + self._settle) if settling else due

    @property
    def _standing(self) -> Problem | None:
        """The problem to tell of now: one of a source that failed, or is failing."""
        if self._failure is not None:
            return self._failure[1]
        return next((s.problem for s in self._sources.values() if s.problem is not None), None)

    @property
    def _over(self) -> bool:
        return self._sealed and not self._pumps and self._buffer.due == inf

    def _delay(self) -> float:
        """Return the seconds until there is something to yield; `inf`: nothing is in sight."""
        now = _now()
        pace = self._spoke + self._interval - now
        if self._dropped or self._standing != self._told:
            return pace
        return 0.0 if self._over else max(pace, self._ripe - now)

    async def _due(self) -> None:
        """Wait until there is something to yield, or it is all over."""
        while (delay := self._delay()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if delay == inf else delay):
                    await self._wake.wait()

    def _next(self) -> LogBatch | None:
        """Return what is due; None when it is all over."""
        if self._over and not self._dropped and self._standing == self._told:
            return None
        now = _now()
        taken = Taken()
        if self._ripe <= now:
            taken = self._buffer.take(now if self._sources else inf)
        notes = taken.notes
        if isinstance(self._window, Settling):
            notes += self._window.remark(taken.late, taken.behind, last=not self._sources)
        dropped, self._dropped = self._dropped, 0
        self._told = self._standing
        self._spoke = now
        self._room.set()
        return LogBatch(
            lines=taken.lines,
            notes=notes,
            dropped=dropped,
            problem=self._told,
            live=taken.live,
        )


def _now() -> float:
    """Return the time by which arrivals are told apart: the loop's, by which it also waits."""
    return asyncio.get_running_loop().time()
