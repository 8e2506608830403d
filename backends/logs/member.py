"""What a reader of log streams keeps of each, and of its own troubles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from backends.base import NotFound
from backends.clock import Clock
from backends.logs.skew import AHEAD, TOLD, Skew, told
from backends.logs.streams import Stream
from backends.model import Problem

BACKOFF_MOST = 5.0
"""Seconds to wait at the most after a failure: when the network is back, so are the lines."""

APART = 30.0
"""Seconds by which all that a stream writes must be late to be put down to its clock; agents may
keep lines for some time. It is read apart from others then, whose reads don't go back so far."""

MISSING_MOST = 30.0
"""Seconds to wait at the most between two looks for a missing stream."""


def backoff(base: float, times: int, most: float = BACKOFF_MOST) -> float:
    """Return the seconds to wait after so many failures in a row: doubled with each."""
    return min(base * 2.0 ** min(times, 16), max(most, base))


class Member:
    """One stream and how far it was read."""

    def __init__(self, stream: Stream, begin: float, *, past: bool) -> None:
        """`begin` is the epoch second to read from."""
        self.stream = stream
        self.past = past
        """Whether what it wrote up to now is past, on which the request has its limits."""
        self.cursor = int(max(begin, 0.0) * 1000)
        """Milliseconds since the epoch up to which it was read."""
        self.floor = 0
        """Milliseconds since the epoch: what is older was not asked for."""
        self.live = False
        """Whether it was read to its end."""
        self.leaving = False
        """Whether it is to be let go after one more read."""
        self.missing = 0
        """How many times in a row it was not there."""
        self.retry = 0.0
        """When to look for it again, by the monotonic clock."""
        self.ingested = 0
        """Milliseconds since the epoch at which its latest event came to CloudWatch."""
        self.behind = False
        """Whether its clock is so far behind that it is not read together with others."""
        self.apart: int | None = None
        """What of it came up to then, in milliseconds, was delivered before it was read apart."""
        self.heard = -inf
        """When it last had something new, by the monotonic clock."""
        self._skew = Skew()
        self._told = False

    @property
    def offset(self) -> float:
        """Seconds to add to the times of its lines so that they compare with others'."""
        lag = self._skew.lag
        return 0.0 if -AHEAD <= lag <= APART else lag

    def learn(self, event: Mapping[str, Any]) -> None:
        """Take note of one of its events, which come nearly in order of time."""
        at, came = event["timestamp"], event.get("ingestionTime", 0)
        if not came:
            return
        self.ingested = max(self.ingested, came)
        self._skew.measure((came - at) / 1000, came / 1000)
        behind = self._skew.lag > APART
        if behind != self.behind:
            self.cursor, self.apart = at, None
        elif behind:
            self.cursor = max(self.cursor, at)
        self.behind = behind

    def news(self) -> tuple[str, ...]:
        """Return, once, what is to be said of its clock."""
        off = self.offset
        if self._told or abs(off) < TOLD:
            return ()
        self._told = True
        return (f"{self.stream.source}: {told(off)}; its lines are sorted by when they arrive",)

    def miss(self, now: float, base: float) -> None:
        """Note that it was not there."""
        self.missing += 1
        self.retry = now + backoff(base, self.missing, MISSING_MOST)


class Trouble:
    """Failures in a row, and since when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = 0.0
        self.count = 0
        """Failures since the last success."""

    def met(self) -> None:
        """Note a failure."""
        if not self.count:
            self._since = self._clock.now()
        self.count += 1

    def over(self) -> float:
        """Note a success; return the seconds since the first failure before it, or 0.0."""
        lost = self._clock.now() - self._since if self.count else 0.0
        self.count = 0
        return lost


def silent(members: Iterable[Member]) -> tuple[str, ...]:
    """Return the note that names the streams that are not there, if any."""
    missing = sorted(member.stream.source for member in members if member.missing)
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return (f"nothing logged yet: {', '.join(missing[:5])}{more}",) if missing else ()


def no_group(problem: Problem, group: str, region: str) -> NotFound:
    """Return the error that says that a log group is not there."""
    return NotFound(
        problem.action,
        f"there is no log group {group} in {region}",
        "create it, or set awslogs-create-group to true in the task definition",
    )
