"""Call budgets: how often a provider may be asked, and who is served first.

One token bucket stands for one of the provider's own throttling buckets, so that Topdeck slows
down before it is told to, and leaves the rest of the rate to the account's other tools.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from backends.clock import Clock
from backends.model import Usage

WINDOW = 10
"""Seconds over which `Usage.used` is averaged."""

MINUTE = 60
"""Seconds over which `Usage.minute` is counted."""

STRETCH = 30
"""Seconds of each count in `Usage.recent`."""

STRETCHES = 10
"""How many of them are kept."""

SLOWDOWN = 0.5
"""What a throttled answer multiplies a bucket's rate by."""

SLOWEST = 1 / 16
"""The share of its rate that a bucket keeps however often it is throttled."""

RECOVERY = 1 / 60
"""The share of its full rate that a slowed bucket regains each second: 30 s from a half. So
somebody else who needs the rate is given a minute of it, and is probed by little and little."""

QUIET = 1.0
"""Seconds in which further throttled answers count as the same: calls in flight fail together."""

URGENT_RUN = 8
"""Urgent calls served in a row before one that waits in the background has its turn."""

FRESH = 0.5
"""Seconds for which an account of the budgets is good, where no call was made meanwhile: the
header asks for it with every frame, and a large fleet has a hundred budgets."""

_EPSILON = 1e-9


class Limit(msgspec.Struct, frozen=True):
    """One throttling bucket of a provider."""

    name: str
    """The action class: ``ecs:tasks``."""
    burst: float
    """Calls that may be made at once."""
    rate: float
    """Calls a second that are allowed for ever."""

    def share(self, part: float) -> Limit:
        """Return this limit cut down to a `part` above 0 up to 1; a burst is at least one."""
        return Limit(self.name, max(1.0, self.burst * part), self.rate * part)


class Bucket:
    """A token bucket whose rate halves when it is throttled and comes back by and by.

    In any stretch of t seconds it grants at most ``burst + rate * t`` calls. Times are those
    of a monotonic clock, in seconds.
    """

    def __init__(self, limit: Limit, now: float) -> None:
        self.limit = limit
        self._tokens = limit.burst
        self._factor = 1.0
        self._at = now
        self._last_throttle = float("-inf")
        self._last_refusal = float("-inf")
        self._grants: dict[int, int] = {}
        self._stretches: dict[int, int] = {}
        self.calls = 0
        """Tokens taken since the start, without those given back."""
        self.throttled = 0
        """Calls that the provider refused since the start."""

    def take(self, now: float) -> float:
        """Take a token and return 0.0, or return the seconds after which to try again."""
        self._advance(now)
        if self._tokens >= 1.0 - _EPSILON:
            self._tokens -= 1.0
            self._count(now)
            return 0.0
        return max((1.0 - self._tokens) / (self.limit.rate * self._factor), _EPSILON)

    def give_back(self) -> None:
        """Return a token that was taken for a call which was not made after all."""
        self._tokens = min(self.limit.burst, self._tokens + 1.0)
        self.calls -= 1
        for counts in (self._grants, self._stretches):
            if counts:
                counts[max(counts)] -= 1

    def throttle(self, now: float) -> None:
        """Note that the provider refused a call: go at half the rate, from an empty bucket."""
        self._advance(now)
        self._tokens = min(self._tokens, 0.0)
        self.throttled += 1
        self._last_refusal = now
        if now - self._last_throttle >= QUIET:
            self._factor = max(SLOWEST, self._factor * SLOWDOWN)
            self._last_throttle = now

    def absorb(self, other: Bucket, now: float) -> None:
        """Charge to this bucket what `other`, now known to be the same, has spent."""
        self._advance(now)
        other._advance(now)
        self._tokens -= other.limit.burst - other._tokens
        self._factor = min(self._factor, other._factor)
        self._last_refusal = max(self._last_refusal, other._last_refusal)
        self.calls += other.calls
        self.throttled += other.throttled
        for second, count in other._grants.items():
            self._grants[second] = self._grants.get(second, 0) + count
        for stretch, count in other._stretches.items():
            self._stretches[stretch] = self._stretches.get(stretch, 0) + count

    def slowed_for(self, now: float) -> float:
        """Return the seconds until the full rate is regained; 0.0: it is not slowed down."""
        self._advance(now)
        return (1.0 - self._factor) / RECOVERY

    def rate(self, now: float) -> float:
        """Return the calls a second that are allowed at this moment."""
        self._advance(now)
        return self.limit.rate * self._factor

    def used(self, now: float) -> float:
        """Return the share of the sustained rate that was used in the last `WINDOW` seconds."""
        counted = sum(n for second, n in self._grants.items() if second > now - WINDOW - 1)
        return counted / (self.limit.rate * WINDOW)

    def minute(self, now: float) -> int:
        """Return the calls of the last `MINUTE` seconds, give or take those of one second."""
        return sum(n for second, n in self._grants.items() if second > now - MINUTE)

    def recent(self, now: float) -> tuple[int, ...]:
        """Return the calls of each of the last `STRETCHES` stretches of `STRETCH` seconds, the
        present one last, from that of the first call on."""
        if not self._stretches:
            return ()
        present = int(now) // STRETCH
        first = max(min(self._stretches), present - STRETCHES + 1)
        if self.calls > sum(self._stretches.values()):
            first = present - STRETCHES + 1  # there were others, which are forgotten
        return tuple(self._stretches.get(at, 0) for at in range(first, present + 1))

    def since_refusal(self, now: float) -> float:
        """Return the seconds since the provider last refused a call; infinite: it never did."""
        return now - self._last_refusal

    def _advance(self, now: float) -> None:
        """Add the tokens of the time gone by; the factor grows linearly until it is whole."""
        elapsed = now - self._at
        if elapsed <= 0.0:
            return
        self._at = now
        growing = min(elapsed, (1.0 - self._factor) / RECOVERY)
        gained = self._factor * growing + RECOVERY * growing * growing / 2 + (elapsed - growing)
        self._factor += RECOVERY * growing
        if self._factor > 1.0 - _EPSILON:
            self._factor = 1.0
        self._tokens = min(self.limit.burst, self._tokens + self.limit.rate * gained)

    def _count(self, now: float) -> None:
        """Count a grant by the second, and forget those that are out of the window."""
        second = int(now)
        self.calls += 1
        if second not in self._grants:
            self._grants = {s: n for s, n in self._grants.items() if s > now - MINUTE}
        self._grants[second] = self._grants.get(second, 0) + 1
        stretch = second // STRETCH
        if stretch not in self._stretches:
            oldest = stretch - STRETCHES
            self._stretches = {s: n for s, n in self._stretches.items() if s > oldest}
        self._stretches[stretch] = self._stretches.get(stretch, 0) + 1


_Waiters: TypeAlias = deque["asyncio.Future[None]"]


class _Lane:
    """A bucket with those who wait for its tokens, first come first served."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self.bucket = bucket
        self.urgent: _Waiters = deque()
        self.patient: _Waiters = deque()
        self._clock = clock
        self._run = 0
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, urgent: bool) -> None:
        waiters = self.urgent if urgent else self.patient
        ahead = self.urgent if urgent else (self.urgent or self.patient)
        if not ahead and self.bucket.take(self._clock.monotonic()) == 0.0:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(future)
        self.pump()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.bucket.give_back()
                self.pump()
            raise

    def pump(self) -> None:
        """Serve whoever can be served now, and come back when the next token is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (waiters := self._next()) is not None:
            wait = self.bucket.take(self._clock.monotonic())
            if wait > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self.pump)
                return
            self._run = self._run + 1 if waiters is self.urgent else 0
            waiters.popleft().set_result(None)

    @property
    def waiting(self) -> int:
        """How many calls wait for a token."""
        return sum(not call.done() for line in (self.urgent, self.patient) for call in line)

    def adopt(self, other: _Lane) -> None:
        """Take over the waiters and the debts of a lane now known to be the same."""
        self.bucket.absorb(other.bucket, self._clock.monotonic())
        self.urgent.extend(other.urgent)
        self.patient.extend(other.patient)
        other.urgent.clear()
        other.patient.clear()
        if self.urgent or self.patient:
            self.pump()

    def _next(self) -> _Waiters | None:
        for waiters in (self.urgent, self.patient):
            while waiters and waiters[0].done():
                waiters.popleft()
        if self.patient and (not self.urgent or self._run >= URGENT_RUN):
            return self.patient
        return self.urgent or None


class Budget:
    """All call budgets of one backend: a bucket for each owner, region and action class."""

    def __init__(self, clock: Clock, share: float = 1.0) -> None:
        """Use a `share`, above 0 up to 1, of every limit."""
        self._clock = clock
        self._share = share
        self._lanes: dict[tuple[str, str, str], _Lane] = {}
        self._looked: tuple[float, ...] = ()
        self._usage: list[Usage] = []

    async def acquire(self, owner: str, region: str, limit: Limit, *, urgent: bool = True) -> None:
        """Wait until a call of this class may be made.

        `owner` is the account, or the profile for as long as its account is unknown. Calls are
        served in the order in which they came; `urgent` ones, which somebody waits for, go
        ahead of the others but for one turn in `URGENT_RUN` + 1.
        """
        await self._lane(owner, region, limit).acquire(urgent)

    def throttled(self, owner: str, region: str, limit: Limit) -> None:
        """Slow this class alone down: the provider refused one of its calls."""
        self._lane(owner, region, limit).bucket.throttle(self._clock.monotonic())

    def identify(self, owner: str, account: str) -> None:
        """Count the calls of `owner` against `account`, now that it is known to be that."""
        for key in [key for key in self._lanes if key[0] == owner]:
            lane = self._lanes.pop(key)
            known = self._lanes.setdefault((account, *key[1:]), lane)
            if known is not lane:
                known.adopt(lane)

    def usage(self, service: str = "") -> Sequence[Usage]:
        """Return every budget that was used since the start, or those of one service's classes,
        the most used first."""
        now, wall = self._clock.monotonic(), self._clock.now()
        spent = sum(lane.bucket.calls + lane.bucket.throttled for lane in self._lanes.values())
        waiting = sum(lane.waiting for lane in self._lanes.values())
        state = (now // FRESH, len(self._lanes), spent, waiting)
        if state != self._looked:
            found = [_usage_of(key, lane, now, wall) for key, lane in self._lanes.items()]
            self._looked, self._usage = state, sorted(found, key=lambda usage: -usage.used)
        classes = f"{service}:" if service else ""
        return [usage for usage in self._usage if usage.action_class.startswith(classes)]

    def _lane(self, owner: str, region: str, limit: Limit) -> _Lane:
        key = (owner, region, limit.name)
        lane = self._lanes.get(key)
        if lane is None:
            bucket = Bucket(limit.share(self._share), self._clock.monotonic())
            lane = self._lanes[key] = _Lane(bucket, self._clock)
        return lane


def _usage_of(key: tuple[str, str, str], lane: _Lane, now: float, wall: float) -> Usage:
    owner, region, name = key
    bucket = lane.bucket
    slowed = bucket.slowed_for(now)
    return Usage(
        account=owner,
        region=region,
        action_class=name,
        used=bucket.used(now),
        rate=bucket.rate(now),
        throttled_until=wall + slowed if slowed else 0.0,
        minute=bucket.minute(now),
        calls=bucket.calls,
        limit=bucket.limit.rate,
        burst=bucket.limit.burst,
        waiting=lane.waiting,
        throttled=bucket.throttled,
        throttled_at=wall - bucket.since_refusal(now) if bucket.throttled else 0.0,
        recent=bucket.recent(now),
    )
