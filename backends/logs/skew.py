"""How far the clocks of those who write logs are off, by when their lines arrive."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from statistics import median

AHEAD = 0.3
"""Seconds that a clock may be ahead of the others and count as right: what a merge holds back."""

BEHIND = 2.0
"""Seconds that lines may arrive late and their clock count as right: it may be the way here."""

SPAN = 5.0
"""Seconds for which lines are late before their clock is taken to be behind: those that catch up
after a broken connection are late only for a moment."""

TOLD = 1.0
"""Seconds that a clock is off from which on it is spoken of."""


class Skew:
    """The least time that the lines of one writer lately needed to arrive.

    A clock that is ahead is known by its first line, since nothing arrives before it was
    written. One that is behind is known when all lines of `SPAN` seconds came late.
    """

    def __init__(self) -> None:
        self._turned = -inf
        self._least = (inf, inf)

    def measure(self, lag: float, now: float) -> None:
        """Learn that a line arrived `lag` seconds after the time it bears; `now` may be of any
        clock that goes evenly."""
        if now - self._turned >= SPAN:
            before = self._least[1] if self._least[1] < inf else self._least[0]
            self._least, self._turned = (before, inf), now
        self._least = (self._least[0], min(self._least[1], lag))

    @property
    def lag(self) -> float:
        """Seconds from the time that a line bears to its arrival: negative, the clock is ahead."""
        before, lately = self._least
        return min(lately, 0.0) if before == inf else min(before, lately)


class Clocks:
    """Compares the clocks of many writers with one another and with ours."""

    def __init__(self) -> None:
        self._skews: dict[str, Skew] = {}
        self._offsets: dict[str, float] = {}
        self._base = 0.0
        self._based = -inf
        self._told: set[str] = set()

    def offset(self, name: str, lag: float, now: float, *, live: bool) -> float:
        """Return the seconds to add to the times of a writer so that they compare with the
        others', having learnt that its newest line came after `lag` seconds.

        Of lines that were asked for as past (not `live`) the lag only counts if negative.
        """
        skew = self._skews.get(name)
        if skew is None:
            skew = self._skews[name] = Skew()
        if live or lag < 0:
            skew.measure(lag, now)
        if now - self._based >= 1.0:
            self._compare(now)
        off = skew.lag - self._base
        if -AHEAD <= off <= BEHIND:
            self._offsets.pop(name, None)
            return 0.0
        self._offsets[name] = off
        return off

    def forget(self, name: str) -> None:
        """Let go of a writer that has ended."""
        self._skews.pop(name, None)
        self._offsets.pop(name, None)
        self._told.discard(name)

    def news(self) -> Iterator[str]:
        """Yield, once for each, what is to be said of a clock that is off."""
        for name, off in self._offsets.items():
            if abs(off) >= TOLD and name not in self._told:
                self._told.add(name)
                yield f"{name}: {told(off)}; its lines are sorted by when they arrive"

    @property
    def status(self) -> str:
        """How many clocks are off at the moment; empty: none."""
        off = {name: by for name, by in self._offsets.items() if abs(by) >= TOLD}
        if not off:
            return ""
        name, by = max(off.items(), key=lambda item: abs(item[1]))
        more = f" and {len(off) - 1} more" if len(off) > 1 else ""
        return f"clock of {name}{more} {_amount(by)} {'behind' if by > 0 else 'ahead'}"

    def _compare(self, now: float) -> None:
        """See whether it is our own clock that is off: most of three or more agree on it."""
        self._based = now
        lags = [skew.lag for skew in self._skews.values()]
        middle = median(lags) if len(lags) > 2 else 0.0
        agree = sum(abs(lag - middle) <= BEHIND for lag in lags)
        apart = not -AHEAD <= middle <= BEHIND
        self._base = middle if apart and 2 * agree > len(lags) else 0.0


def told(off: float) -> str:
    """Return what a clock's being off by so many seconds is called; positive: it is behind."""
    if off > 0:
        return f"its clock is {_amount(off)} behind, or its lines are long under way"
    return f"its clock is {_amount(off)} ahead"


def _amount(seconds: float) -> str:
    return f"{abs(seconds):.0f} s" if abs(seconds) < 120 else f"{abs(seconds) / 60:.0f} min"
