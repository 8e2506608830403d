"""Finding the last lines of streams with an API that only reads forward."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

FIRST_WINDOW = 60_000
"""Milliseconds that the search goes back at first; four times as far with each step."""

ALL_AFTER = 7 * 86_400_000
"""Once the search would go back further than this, in milliseconds, it takes all there is."""

Event: TypeAlias = Mapping[str, Any]
"""A ``FilteredLogEvent``."""

Read: TypeAlias = Callable[[Sequence[str], int, int | None], AsyncGenerator[Sequence[Event], None]]
"""Yields the events of some streams from one millisecond to another, in order of time; to the end
where the second is None. Whether that millisecond itself is included does not matter."""


async def last_events(
    read: Read, names: Iterable[str], count: int, *, now: int, begin: int
) -> list[Event]:
    """Return the newest `count` events of each stream, none older than the millisecond `begin`.

    Streams that are busy are read over a minute, only the others further back.
    """
    kept: dict[str, deque[Event]] = {name: deque(maxlen=count) for name in names}
    lacking = list(kept)
    end: int | None = None
    width = FIRST_WINDOW
    while lacking and count > 0:
        start = max(begin, now - width if width <= ALL_AFTER else begin)
        older = {name: deque[Event](maxlen=count - len(kept[name])) for name in lacking}
        async for events in read(lacking, start, end):
            for event in events:
                if end is None or event["timestamp"] < end:
                    older[event["logStreamName"]].append(event)
        for name, found in older.items():
            kept[name].extendleft(reversed(found))
        if start <= begin:
            break
        lacking = [name for name in lacking if len(kept[name]) < count]
        end = start
        width *= 4
    return [event for events in kept.values() for event in events]


def oldest_of(events: Iterable[Event], count: int) -> dict[str, int]:
    """Return the millisecond of the oldest event of each stream that has `count` among these."""
    times: dict[str, list[int]] = {}
    for event in events:
        times.setdefault(event["logStreamName"], []).append(event["timestamp"])
    return {name: min(found) for name, found in times.items() if len(found) == count}
