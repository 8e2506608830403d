"""How far the reads of log streams go back behind what was read before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from backends.clock import Clock
from backends.logs.last import Event

OVERLAP_MS = 15_000
"""How far each read goes back behind the newest event: the agents deliver late and in turns."""

OVERLAP_BUSY_MS = 6_000
"""The same where so much is written that a read would have several pages, of which each waits for
its turn: Docker's awslogs driver sends at least every 5 seconds (its source)."""

RECALL_MS = 100_000
"""How far is looked back now and then, for what was delivered later still: all that is up to a
minute late, since two such looks are little more than `RECALL` apart."""

RECALL = 30.0
"""Seconds between the beginnings of two such looks at the least."""


PAGE = 10_000
"""Events in one page at the most (CloudWatch Logs API reference)."""

PAGE_BYTES = 1_000_000
"""Bytes of events in one page at about the most (CloudWatch Logs API reference)."""

LIGHT = 0.12
"""What part of a page a read fills at the most for one of `RECALL_MS` to have one page too."""

FULL = 0.7
"""What part of a page a read fills before the next one goes back less: before it has two pages."""

ROOMY = 0.25
"""What part of a page a read fills at the most for the next one to go back further again."""


class Reach:
    """Goes back a little with each read, and further now and then.

    Where little is written one of the reads goes so far. Else what lies further back is read
    apart, page by page between the reads: the newest lines never wait for old ones.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recalled = clock.monotonic()
        self._pages: AsyncGenerator[tuple[list[Event], bool], None] | None = None
        self._far = False  # the last read went further back
        self._dense = False  # that took more than one page
        self._busy = False
        self._count = 1  # pages of the last read
        self.light = True
        """Whether so little is written that further back takes no call more."""

    def learn(self, pages: Sequence[Sequence[Event]]) -> int:
        """Learn from the pages of a read; return how many of them reads have if all goes well:
        as many as each of the last two had."""
        fill = max(len(pages) - 1, sum(map(_fill, pages)))
        self._dense = self._dense or (self._far and len(pages) > 1)
        self.light = fill <= LIGHT and not self._dense
        usual = min(self._count, len(pages))
        if not self._far:
            self._count = len(pages)
            self._busy = fill > (ROOMY if self._busy else FULL)
        return usual

    def next(self) -> int:
        """Return how many milliseconds the next read is to go back behind the newest event."""
        self._far = self.light and self._due
        if self._far:
            self._recalled = self._clock.monotonic()
        return RECALL_MS if self._far else self.overlap

    @property
    def overlap(self) -> int:
        """How many milliseconds reads go back mostly."""
        return OVERLAP_BUSY_MS if self._busy else OVERLAP_MS

    @property
    def apart(self) -> bool:
        """Whether it is time to read what lies further back apart."""
        return self._pages is None and self._due and not self.light

    @property
    def _due(self) -> bool:
        return self._clock.monotonic() - self._recalled >= RECALL

    @property
    def pending(self) -> bool:
        """Whether there are pages further back that were not read yet."""
        return self._pages is not None

    def recall(self, pages: AsyncGenerator[tuple[list[Event], bool], None]) -> None:
        """Begin to look further back, in pages of events that say whether there is another."""
        self._recalled = self._clock.monotonic()
        self._pages = pages

    async def more(self) -> list[Event]:
        """Return the events of the next page of a look back; where there is none, nothing.

        Raises BackendError where the call fails; that look is over then.
        """
        if self._pages is None:
            return []
        pages, self._pages = self._pages, None
        try:
            events, more = await anext(pages)
        except BaseException:
            await pages.aclose()
            raise
        if more:
            self._pages = pages
        else:
            await pages.aclose()
        return events

    async def close(self) -> None:
        """Leave off looking back."""
        if self._pages is not None:
            await self._pages.aclose()
            self._pages = None


def _fill(events: Sequence[Event]) -> float:
    """Return what part of a page some events are."""
    return max(len(events) / PAGE, sum(len(one["message"]) for one in events) / PAGE_BYTES)
