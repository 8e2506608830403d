"""CloudWatch's log events as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from backends.logs.member import Member
from backends.model import LogLine


def lines_of(event: Mapping[str, Any], source: str) -> Iterator[LogLine]:
    """Yield the lines of one event; one of several lines gives them all the event's time.

    `event` is a ``FilteredLogEvent``; its ``timestamp`` is in milliseconds.
    """
    at = event.get("timestamp", 0) / 1000
    text = str(event.get("message", "")).rstrip("\r\n")
    for line in text.split("\n"):
        yield LogLine(at=at, source=source, text=line.removesuffix("\r"))


def in_order(
    events: Iterable[Mapping[str, Any]], members: Mapping[str, Member]
) -> tuple[tuple[LogLine, ...], tuple[float, ...]]:
    """Return the lines of events of some streams, by name, and for each the epoch second that it
    sorts by: that of its stream's clock, set right."""
    placed = []
    for event in events:
        member = members.get(event.get("logStreamName", ""))
        source, offset = (member.stream.source, member.offset) if member else ("", 0.0)
        key = event.get("timestamp", 0) / 1000 + offset
        placed += [(key, line) for line in lines_of(event, source)]
    placed.sort(key=itemgetter(0))
    return tuple(line for _, line in placed), tuple(key for key, _ in placed)
