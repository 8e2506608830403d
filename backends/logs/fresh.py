"""Which events of a read are new, and what they tell of the streams that they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from backends.clock import Clock
from backends.logs.last import Event
from backends.logs.member import Member
from backends.logs.reach import RECALL_MS
from backends.logs.seen import Seen
from backends.logs.settling import Settling


class Fresh:
    """Knows what was delivered of some streams, and keeps their positions.

    Streams whose clocks are right share one position, which goes with the newest event. One
    whose clock is behind has its own, and a memory apart: it would make the other too long.
    """

    def __init__(self, members: Mapping[str, Member], settling: Settling, clock: Clock) -> None:
        """`members` are the streams by name; it is looked at, and changes with its owner."""
        self._members = members
        self._clock = clock
        self._settling = settling
        self._seen = Seen()
        self._slow = Seen()

    def begin(self, unit: Sequence[Member], back: int) -> int:
        """Return the millisecond from which on to read some streams, `back` behind the newest."""
        slow = unit[0].behind
        for member in unit if slow else ():
            member.apart = member.ingested if member.apart is None else member.apart
        start = min(member.cursor for member in unit) - back
        return max(start, (self._slow if slow else self._seen).floor)

    def admit(
        self, unit: Sequence[Member], events: Sequence[Event], now: float, *, slow: bool = False
    ) -> list[Event]:
        """Return those events that are new, and note how far the streams were read.

        `now` is in seconds since the epoch, for events that don't say when they came; `slow`:
        these are streams whose clocks are behind.
        """
        mine, other = (self._slow, self._seen) if slow else (self._seen, self._slow)
        fresh = []
        for event in events:
            member = self._members.get(event["logStreamName"])
            name, at = event["eventId"], event["timestamp"]
            if member is None or at < member.floor or other.knows(name):
                continue
            if slow and event.get("ingestionTime", inf) <= (member.apart or 0):
                continue
            if mine.admit(name, at):
                fresh.append(event)
        if events and not slow:
            # An event from the future is no reason to skip what the others write until then.
            came = max(event.get("ingestionTime", now * 1000) for event in events)
            newest = min(max(event["timestamp"] for event in events), came)
            for member in unit:
                if not member.behind:
                    member.cursor = max(member.cursor, newest)
        self._learn(fresh)
        return fresh

    def admit_late(self, events: Iterable[Event]) -> list[Event]:
        """Return those events that came to CloudWatch after all that were delivered of their
        streams, however old they say they are."""
        fresh = []
        for event in events:
            member = self._members.get(event["logStreamName"])
            if member is None or event.get("ingestionTime", 0) <= member.ingested:
                continue
            if self._seen.knows(event["eventId"]) or self._slow.knows(event["eventId"]):
                continue
            self._slow.admit(event["eventId"], event["timestamp"])
            fresh.append(event)
        self._learn(fresh)
        return fresh

    def join(self, unit: Iterable[Member]) -> None:
        """Give streams that were read for the first time the position of the others."""
        ready = (m.cursor for m in self._members.values() if m.live and not m.behind)
        shared = max(ready, default=0)
        for member in unit:
            if not member.live and not member.behind:
                member.cursor = max(member.cursor, shared)

    def _learn(self, fresh: Iterable[Event]) -> None:
        now = self._clock.monotonic()
        for event in fresh:
            member = self._members[event["logStreamName"]]
            member.learn(event)
            member.heard = now
        self._settling.measure(fresh)
        self._forget()

    def _forget(self) -> None:
        for memory, slow in ((self._seen, False), (self._slow, True)):
            members = (m for m in self._members.values() if not m.missing and m.behind == slow)
            memory.forget(min((member.cursor for member in members), default=0) - RECALL_MS)
