"""Paging older lines into a log pane while its reader looks at the oldest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from backends.base import BackendError, LogHistory
from backends.model import LogBatch, LogLine, LogPage, LogRequest, Resource
from widgets.log_pane import LogPane

if TYPE_CHECKING:
    from backends.fleet import Fleet

COUNT = 2_000
"""Lines looked for at a time."""

GRAIN = 0.001
"""Seconds by which a page overlaps lines of which some may have fallen out: what is held is not
taken twice."""


class OlderLines:
    """Knows how far back a pane's log goes, and fetches what was before."""

    def __init__(self, fleet: Fleet, pane: LogPane, changed: Callable[[], None]) -> None:
        """`changed` is called when `status` says something else."""
        self._fleet = fleet
        self._pane = pane
        self._changed = changed
        self._history: LogHistory | None = None
        self._before = 0.0
        self._fell_out = 0
        self._live = False
        self.status = ""
        """What it is doing, or why there is nothing more; empty: nothing to say."""
        self.ended = False
        """Whether there is nothing older."""

    def begin(self, resource: Resource, request: LogRequest) -> None:
        """Be ready to look back from a tail that begins now."""
        self._history = self._fleet.history(resource, request)
        self._before, self._live = 0.0, False
        self._fell_out = self._pane.fell_out
        self._say("", ended=False)

    def heed(self, batch: LogBatch) -> None:
        """Take note of what a batch of the tail says of its past."""
        if batch.live:
            self._live, self._before = True, batch.since

    async def fetch(self, wanted: Callable[[], bool]) -> None:
        """Page in older lines; goes on over times without any for as long as they are `wanted`.

        Cancelled or failed, it has taken nothing half, and may be called again.
        """
        while self._history is not None and self._live and not self.ended and wanted():
            before = self._start()
            try:
                page = await self._page(self._history, before)
            except BackendError as error:
                problem = error.problem
                self._say(f"{problem.action}: {problem.message}")
                return
            if page is None or not self._take(page, before):
                return

    async def _page(self, history: LogHistory, before: float) -> LogPage | None:
        last = None
        try:
            async for page in self._fleet.older(history, before, COUNT):
                last = page
                self._say(page.progress)
        finally:
            if last is None or last.progress:  # it was given up
                self._say("")
        return last

    def _take(self, page: LogPage, before: float) -> bool:
        """Put a page into the pane; return whether to look on at once."""
        held = Counter(self._pane.held_before(before))
        lines = [line for line in page.lines if not _taken(held, line)]
        taken = self._pane.prepend(lines)
        for note in page.notes:
            self._pane.feed(LogBatch(notes=(f"older lines: {note}",)))
        if taken < len(lines):
            room = "scroll down to make room, or raise buffer_mib" if taken else "raise buffer_mib"
            self._before = lines[len(lines) - taken].at if taken else before
            self._say(f"no room for older lines: {room}")
            return False
        self._before = page.begins
        self._fell_out = self._pane.fell_out
        self._say(page.ended, ended=bool(page.ended))
        return not lines

    def _start(self) -> float:
        """Return the moment before which lines are lacking."""
        oldest = self._pane.oldest
        if self._pane.fell_out > self._fell_out or not self._before:
            return self._fleet.clock.now() if oldest is None else oldest + GRAIN
        return self._before

    def _say(self, status: str, *, ended: bool | None = None) -> None:
        self.ended = self.ended if ended is None else ended
        if status != self.status:
            self.status = status
            self._changed()


def _taken(held: Counter[LogLine], line: LogLine) -> bool:
    """Return whether a line is held already, once for each time that it is."""
    if not held[line]:
        return False
    held[line] -= 1
    return True
