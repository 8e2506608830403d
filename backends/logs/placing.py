"""Where lines belong in the order of time, and how long they wait there for others."""

from __future__ import annotations

from collections.abc import Sequence

from backends.clock import Clock
from backends.logs.settling import Settling
from backends.logs.skew import BEHIND, Clocks
from backends.logs.source import Keyed, Source
from backends.model import LogBatch, LogLine


class Placing:
    """Gives each line the time that it sorts by."""

    def __init__(self, clock: Clock, window: float | Settling) -> None:
        """Hold lines back for so many seconds, or as a `Settling` says: then one source has
        many writers, whose clocks it has compared itself."""
        self._clock = clock
        self._settling = window if isinstance(window, Settling) else None
        self._window = 0.0 if isinstance(window, Settling) else window
        self._clocks = Clocks()
        self.alone = True
        """Whether there is one source at the most: nothing is held back for others."""

    @property
    def prompt(self) -> bool:
        """Whether lines that come too late leave at once."""
        return self._settling is not None

    @property
    def tolerance(self) -> float:
        """Seconds by which lines may be out of order without being spoken of."""
        return self._window

    @property
    def status(self) -> str:
        """Which clocks are off."""
        return self._clocks.status

    def hold(self, key: float) -> float:
        """Return the seconds to hold back what sorts by the second `key`."""
        if self._settling is not None:
            return self._settling.hold(key)
        return 0.0 if self.alone else self._window

    def measure(self, source: Source, lines: Sequence[LogLine], now: float) -> tuple[str, ...]:
        """Learn from lines that arrived `now`, by the loop's clock; return what to say of it."""
        if source.control or self._settling is not None or not lines[-1].at:
            return ()
        lag = self._clock.now() - lines[-1].at
        source.offset = self._clocks.offset(source.name, lag, now, live=source.live)
        return tuple(self._clocks.news())

    def key(self, source: Source, line: LogLine, given: float | None) -> float:
        """Return the epoch second that a source's next line sorts by; `given`, if it said so."""
        last = source.last
        if given is not None:
            key = given
        elif not line.at:  # a stack trace: it stays with the line before it
            key = last or self._clock.now()
        else:
            key = line.at + source.offset
        if source.control:
            key = max(key, last)  # it has put its lines in order itself
        elif self._settling is None and key < last - BEHIND:
            key = last  # its clock was set back: what is written later stays later
        source.last = key
        return key

    def forget(self, source: Source) -> None:
        """Let go of a source that has ended."""
        self._clocks.forget(source.name)


def given_keys(batch: LogBatch) -> Sequence[float | None]:
    """Return for each line of a batch the time that its source says it sorts by."""
    return batch.keys if isinstance(batch, Keyed) and batch.keys else (None,) * len(batch.lines)
