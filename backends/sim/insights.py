"""CloudWatch Logs Insights of the simulated world: queries that scan its log lines bit by bit.

A query is worked on when somebody asks for its results, and no further than the world's clock has
let it come: there is progress to be seen, and what nobody asks about costs nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backends.sim.insights_language import Plan, Run
from backends.sim.insights_values import Moment, Row

if TYPE_CHECKING:
    from backends.sim.logs import Group, LogEvent
    from backends.sim.world import World

SCHEDULED = 0.4
"""Seconds until a query begins."""

RATE = 8_000.0
"""Events a second that a query scans of the world's time."""

AT_ONCE = 4_000
"""Events that are scanned at most while one answer is made: some 150 ms."""

STEP = 60.0
"""Seconds of all streams that are put in order at once."""

OVERHEAD = 26
"""Bytes that an event counts for besides its text ("CloudWatch Logs quotas", batch size)."""

SAMPLE, SAMPLED = 10.0, 6
"""An estimate reads so many seconds, of so many times as many."""

MOST_QUERIES = 100
"""Queries of an account and region that are not over ("StartQuery" in the API reference)."""

KEPT = 500
"""Queries that are remembered; the oldest are forgotten first."""


class Scanned(NamedTuple):
    """One event and where it is."""

    group: Group
    event: LogEvent


class Query:
    """One query and how far it has come."""

    def __init__(
        self, world: World, groups: Sequence[Group], span: tuple[float, float], plan: Plan
    ) -> None:
        """Begin a query of the events within `span`, epoch seconds from which and before which."""
        self.id = str(uuid.uuid4())
        self.groups = groups
        self.plan = plan
        self.scanned = 0
        self.bytes = 0
        self.stopped = False
        self.estimated = 0
        self._world = world
        self._run = Run(plan)
        self._began = world.agenda.now
        self._over = False
        self._events = events(world, groups, *span)
        self._span = span

    @property
    def status(self) -> str:
        """Its status as GetQueryResults names it."""
        if self.stopped:
            return "Cancelled"
        if self._over:
            return "Complete"
        begun = self._world.agenda.now - self._began >= SCHEDULED
        return "Running" if begun else "Scheduled"

    @property
    def over(self) -> bool:
        """Whether it does nothing any more."""
        return self.stopped or self._over

    @property
    def matched(self) -> int:
        """Events that passed its filters so far."""
        return self._run.matched

    def advance(self) -> None:
        """Scan what is due by the world's clock, and not too much at once."""
        if self.status != "Running":
            return
        if self.plan.estimate:
            self.estimated = estimated_bytes(self._world, self.groups, *self._span)
            self._over = True
            return
        due = (self._world.agenda.now - self._began - SCHEDULED) * RATE
        for _ in range(min(AT_ONCE, int(due) - self.scanned)):
            found = next(self._events, None)
            if found is None:
                self._over = True
                return
            self.scanned += 1
            self.bytes += size(found.event)
            self._run.add(row_of(found))

    def rows(self) -> Sequence[Row]:
        """Return the answer so far."""
        return self._run.rows()


class Queries:
    """The queries of all accounts and regions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: dict[tuple[str, str, str], Query] = {}

    def start(
        self, place: tuple[str, str], groups: Sequence[Group], span: tuple[float, float], plan: Plan
    ) -> Query | None:
        """Begin a query in an account and region; None where too many are under way."""
        under_way = [q for key, q in self._found.items() if key[:2] == place and not q.over]
        if len(under_way) >= MOST_QUERIES:
            return None
        query = Query(self._world, groups, span, plan)
        self._found[*place, query.id] = query
        while len(self._found) > KEPT:
            del self._found[next(iter(self._found))]
        return query

    def find(self, place: tuple[str, str], identity: str) -> Query | None:
        """Return a query of an account and region by its id."""
        return self._found.get((*place, identity))


def size(event: LogEvent) -> int:
    """Return the bytes that an event counts for."""
    return len(event.text.encode()) + OVERHEAD


def events(world: World, groups: Sequence[Group], start: float, end: float) -> Iterator[Scanned]:
    """Yield the events of some groups with ``start <= time < end``, the newest first."""
    logs = world.logs
    streams = [(group, stream) for group in groups for stream in logs.streams(group).values()]
    first = max(start, min((logs.earliest(stream) for _, stream in streams), default=end))
    until = min(end, world.agenda.now + 1)
    while until > first:
        begin = max(first, until - STEP)
        batch = [
            Scanned(group, event)
            for group, stream in streams
            for event in logs.events(stream, begin, until)
        ]
        batch.sort(key=lambda found: found.event, reverse=True)
        yield from batch
        until = begin


def estimated_bytes(world: World, groups: Sequence[Group], start: float, end: float) -> int:
    """Return about how many bytes a query would scan, by reading a part of the time."""
    logs = world.logs
    earliest = [logs.earliest(s) for group in groups for s in logs.streams(group).values()]
    first, until = max(start, min(earliest, default=end)), min(end, world.agenda.now)
    total, step = 0, SAMPLE * SAMPLED
    while first < until:
        part = min(first + SAMPLE, until)
        seen = sum(size(found.event) for found in events(world, groups, first, part))
        total += round(seen * (min(first + step, until) - first) / (part - first))
        first += step
    return total


def row_of(found: Scanned) -> Row:
    """Return an event with the fields that CloudWatch gives each."""
    group, event = found
    account = group.arn.split(":")[4]
    return Row(
        {
            "@timestamp": Moment(event.at),
            "@message": event.text,
            "@logStream": event.stream,
            "@log": f"{account}:{group.name}",
            "@ingestionTime": Moment(event.ingested),
            "@ptr": f"{event.id}:{group.name}:{event.stream}",
        },
        event.text,
    )


def find_event(world: World, groups: dict[str, Group], pointer: str) -> Row | None:
    """Return the event that a ``@ptr`` is of, if it is among some groups."""
    identity, _, where = pointer.partition(":")
    name, _, stream_name = where.partition(":")
    group = groups.get(name)
    if group is None or len(identity) != 56 or not identity.isdecimal():
        return None
    stream = world.logs.streams(group).get(stream_name)
    at = (int(identity) >> 80) / 1000
    for event in world.logs.events(stream, at - 0.0005, at + 0.0005) if stream else ():
        if event.id == identity:
            return row_of(Scanned(group, event))
    return None
