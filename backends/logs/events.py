"""CloudWatch's log events as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backends.model import LogLine


def lines_of(event: Mapping[str, Any], source: str) -> Iterator[LogLine]:
    """Yield the lines of one event; one of several lines gives them all the event's time.

    `event` is a ``FilteredLogEvent``; its ``timestamp`` is in milliseconds.
    """
    at = event.get("timestamp", 0) / 1000
    text = str(event.get("message", "")).rstrip("\r\n")
    for line in text.split("\n"):
        yield LogLine(at=at, source=source, text=line.removesuffix("\r"))


def in_order(events: Iterable[Mapping[str, Any]], sources: Mapping[str, str]) -> list[LogLine]:
    """Return the lines of events by time; `sources` are their labels by stream name."""
    return [
        line
        for event in sorted(events, key=lambda event: event.get("timestamp", 0))
        for line in lines_of(event, sources.get(event.get("logStreamName", ""), ""))
    ]
