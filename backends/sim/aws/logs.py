"""CloudWatch Logs: groups, streams, and events filtered or read one stream at a time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.aws.logpattern import compile_pattern
from backends.sim.aws.pages import limit, page, seal, unseal
from backends.sim.logs import Group, LogEvent, Stream

ERROR = "InvalidParameterException"
PAGING = ("nextToken", "limit")

MOST_EVENTS = 10_000
"""Events of one answer at most; from FilterLogEvents and GetLogEvents in the API reference."""

MOST_BYTES = 1_000_000
"""Bytes of messages of one answer at most, as far as it matters here (1 MB there)."""

MOST_STREAMS = 100
"""Log streams that FilterLogEvents takes at once."""

MOST_SCANNED = 20_000
"""Events looked at for one answer; then it ends with a token, be it empty or not."""


def _group(call: Call) -> Group:
    name = call.text("logGroupName") or call.text("logGroupIdentifier").rpartition("log-group:")[2]
    here = call.world.logs.groups(call.account.account_id, call.region)
    found = here.get(name.removesuffix(":*"))
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def _bad_token() -> AwsError:
    return AwsError(ERROR, "The specified nextToken is invalid.")


@operation("logs", "DescribeLogGroups")
def describe_log_groups(call: Call) -> dict[str, Any]:
    """Answer log groups by prefix or by pattern."""
    groups = call.world.logs.groups(call.account.account_id, call.region).values()
    prefix, part = call.text("logGroupNamePrefix"), call.text("logGroupNamePattern").lower()
    if prefix and part:
        raise AwsError(
            ERROR,
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        )
    kept = [g for g in groups if g.name.startswith(prefix) and part in g.name.lower()]
    size = limit(call, "limit", 50, 50, ERROR)
    taken, token = page(call, kept, lambda g: g.name, size, names=PAGING, error=_bad_token())
    body = [
        {
            "logGroupName": g.name,
            "creationTime": int(g.created * 1000),
            "retentionInDays": 30,
            "metricFilterCount": 0,
            "arn": f"{g.arn}:*",
            "storedBytes": 4096 * zlib.crc32(g.name.encode()) % 10**9,
            "logGroupClass": "STANDARD",
            "logGroupArn": g.arn,
        }
        for g in taken
    ]
    return {"logGroups": body, **({"nextToken": token} if token else {})}


@operation("logs", "DescribeLogStreams")
def describe_log_streams(call: Call) -> dict[str, Any]:
    """Answer a group's streams by name, or the latest first."""
    group, order = _group(call), call.text("orderBy", "LogStreamName")
    prefix = call.text("logStreamNamePrefix")
    if order == "LastEventTime" and prefix:
        raise AwsError(ERROR, "Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = call.world.logs.streams(group).values()
    ordered = sorted((s for s in streams if s.name.startswith(prefix)), key=lambda s: s.name)
    if order == "LastEventTime":
        ordered.sort(key=lambda s: s.ended or call.now)
    if call.params.get("descending"):
        ordered.reverse()
    place = {s.name: f"{i:09d}" for i, s in enumerate(ordered)}
    size = limit(call, "limit", 50, 50, ERROR)
    taken, token = page(
        call, ordered, lambda s: place[s.name], size, names=PAGING, error=_bad_token()
    )
    body = [_render_stream(call, group, s) for s in taken]
    return {"logStreams": body, **({"nextToken": token} if token else {})}


def _render_stream(call: Call, group: Group, stream: Stream) -> dict[str, Any]:
    last = min(call.now, stream.ended or call.now)
    return {
        "logStreamName": stream.name,
        "creationTime": int((stream.task.pull_stopped or stream.began) * 1000),
        "firstEventTimestamp": int(call.world.logs.earliest(stream) * 1000),
        "lastEventTimestamp": int(last * 1000),
        "lastIngestionTime": int(last * 1000) + 500,
        "uploadSequenceToken": f"{zlib.crc32(stream.name.encode()):056d}",
        "arn": f"{group.arn}:log-stream:{stream.name}",
        "storedBytes": 0,
    }


@operation("logs", "FilterLogEvents")
def filter_log_events(call: Call) -> dict[str, Any]:
    """Answer the events of several streams together, in order of time, page by page.

    A page can be empty and still have a token: more is to be searched then.
    """
    streams = _chosen(call, call.world.logs.streams(_group(call)))
    matches = compile_pattern(call.text("filterPattern"))
    size = limit(call, "limit", MOST_EVENTS, MOST_EVENTS, ERROR)
    token = call.text("nextToken")
    if not token and _dawdles(call):
        return {"events": [], "searchedLogStreams": [], "nextToken": seal(call, None, PAGING)}
    after = unseal(call, token, PAGING, _bad_token()) if token else None
    start, end = _window(call, inclusive=True)
    last = tuple(after) if isinstance(after, list) else None
    if last is not None:
        start = max(start, last[0] / 1000)
    events = _merged(call, streams, start, end)
    if last is not None:
        events = (e for e in events if e[:3] > last)
    taken, resume = _take(events, matches, size)
    body: dict[str, Any] = {
        "events": [
            {
                "logStreamName": e.stream,
                "timestamp": e.at,
                "message": e.text,
                "ingestionTime": e.ingested,
                "eventId": e.id,
            }
            for e in taken
        ],
        "searchedLogStreams": [],
    }
    if resume is not None:
        body["nextToken"] = seal(call, list(resume[:3]), PAGING)
    return body


def _merged(call: Call, streams: list[Stream], start: float, end: float) -> Iterator[LogEvent]:
    """Yield the events of all streams in order, a minute at a time."""
    logs = call.world.logs
    begin = max(start, min((logs.earliest(s) for s in streams), default=end))
    while begin < end:
        until = min(end, begin + 60)
        yield from merge(*(_ordered(logs.events(s, begin, until)) for s in streams))
        begin = until


def _ordered(events: Iterable[LogEvent]) -> list[LogEvent]:
    return sorted(events)


def _take(
    events: Iterator[LogEvent], matches: Callable[[str], bool], size: int
) -> tuple[list[LogEvent], LogEvent | None]:
    """Return the events of one page, and the event after which the next one begins, if any."""
    taken: list[LogEvent] = []
    weight = 0
    event = None
    for event in islice(events, MOST_SCANNED):
        if matches(event.text):
            taken.append(event)
            weight += len(event.text) + 26
            if len(taken) >= size or weight >= MOST_BYTES:
                break
    more = event is not None and next(events, None) is not None
    return taken, event if more else None


def _dawdles(call: Call) -> bool:
    """Whether the first page of a request comes empty, as one in eight does."""
    asked = f"{call.params.get('startTime')}:{call.params.get('logStreamNames')}"
    return zlib.crc32(asked.encode()) % 8 == 0


def _window(call: Call, *, inclusive: bool = False) -> tuple[float, float]:
    """Return the epoch seconds from which and before which events are asked for.

    `inclusive`: those of the last millisecond are, as FilterLogEvents has it; GetLogEvents
    leaves them out (CloudWatch Logs API reference, endTime of each).
    """
    start, end = call.number("startTime"), call.number("endTime")
    if start is not None and end is not None and start > end:
        raise AwsError(ERROR, "startTime should be less than or equal to endTime")
    if end is not None and inclusive:
        end += 1
    last = call.now + 1 if end is None else min(end / 1000, call.now + 1)
    return (start or 0) / 1000, last


def _chosen(call: Call, streams: dict[str, Stream]) -> list[Stream]:
    names, prefix = call.texts("logStreamNames"), call.text("logStreamNamePrefix")
    if names and prefix:
        raise AwsError(
            ERROR, "LogStreamNamePrefix and LogStreamNames parameters are mutually exclusive."
        )
    if len(names) > MOST_STREAMS:
        raise AwsError(
            ERROR,
            "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MOST_STREAMS}",
        )
    if any(name not in streams for name in names):
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    if names:
        return [streams[name] for name in dict.fromkeys(names)]
    return [s for s in streams.values() if s.name.startswith(prefix)]


@operation("logs", "GetLogEvents")
def get_log_events(call: Call) -> dict[str, Any]:
    """Answer a stretch of one stream, with tokens for the stretches before and after it.

    The token that was used comes back when there is nothing further in its direction.
    """
    stream = call.world.logs.streams(_group(call)).get(call.text("logStreamName"))
    if stream is None:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    size = limit(call, "limit", MOST_EVENTS, MOST_EVENTS, ERROR)
    start, end = _window(call)
    direction, place = _position(call.text("nextToken"))
    if direction == "f":
        start = max(start, (place >> 80) / 1000)
    elif direction == "b":
        end = min(end, ((place >> 80) + 1) / 1000)
    everything = (e for e in _ordered(call.world.logs.events(stream, start, end)))
    if direction == "f":
        taken = list(islice((e for e in everything if int(e.id) > place), size))
    elif direction == "b":
        taken = [e for e in everything if int(e.id) < place][-size:]
    elif call.params.get("startFromHead"):
        taken = list(islice(everything, size))
    else:
        taken = list(everything)[-size:]
    first = taken[0].id if taken else f"{place or round(start * 1000) << 80:056d}"
    last = taken[-1].id if taken else f"{place or round(end * 1000) << 80:056d}"
    return {
        "events": [
            {"timestamp": e.at, "message": e.text, "ingestionTime": e.ingested} for e in taken
        ],
        "nextForwardToken": f"f/{last}/s",
        "nextBackwardToken": f"b/{first}/s",
    }


def _position(token: str) -> tuple[str, int]:
    """Return the direction and the event id that a GetLogEvents token holds."""
    if not token:
        return "", 0
    direction, _, rest = token.partition("/")
    digits = rest.removesuffix("/s")
    if direction not in ("f", "b") or not digits.isdecimal() or len(digits) != 56:
        raise _bad_token()
    return direction, int(digits)
