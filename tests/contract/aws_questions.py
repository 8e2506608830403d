"""Calls of CloudWatch Logs Insights in the simulator, and the ways in which each can fail."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from backends.sim.insights import MOST_QUERIES, events, row_of
from backends.sim.insights_language import parse
from backends.sim.server import SimServer

Params = Mapping[str, Any] | Callable[[SimServer], Mapping[str, Any]]

PLACE = ("111122223333", "us-east-1")
NAME = "/ecs/shop-prod/web"


def _question(sim: SimServer, **more: Any) -> dict[str, Any]:
    """Return what StartQuery is asked of the last ten minutes of a log group, but for `more`."""
    now = int(sim.world.clock.now())
    asked = {"startTime": now - 600, "endTime": now, "queryString": "fields @timestamp, @message"}
    if not more.keys() & {"logGroupNames"}:
        asked["logGroupNames"] = [NAME]
    return asked | more


def _asked(sim: SimServer, text: str = "filter @message like /a/", *, wait: float = 1.0) -> str:
    """Begin a query as if that had been `wait` seconds ago, and return its id."""
    groups = [sim.world.logs.groups(*PLACE)[NAME]]
    now = sim.world.clock.now()
    query = sim.world.questions.start(PLACE, groups, (now - 600, now), parse(text))
    assert query is not None
    query._began -= wait
    return query.id


def _ended_query(sim: SimServer) -> str:
    identity = _asked(sim, "fields a | estimate")
    query = sim.world.questions.find(PLACE, identity)
    assert query is not None
    query.advance()
    return identity


def _pointer(sim: SimServer) -> str:
    """Return the pointer to an event."""
    groups = [sim.world.logs.groups(*PLACE)[NAME]]
    now = sim.world.clock.now()
    found = next(events(sim.world, groups, now - 600, now))
    return base64.b64encode(str(row_of(found).get("@ptr")).encode()).decode()


def _too_many(sim: SimServer) -> dict[str, Any]:
    """Begin as many queries as may run at once."""
    for _ in range(MOST_QUERIES):
        try:
            _asked(sim)
        except AssertionError:
            break
    return _question(sim)


QUESTIONS: list[tuple[str, str, Params]] = [
    ("logs", "StartQuery", lambda s: _question(s)),
    ("logs", "StartQuery", lambda s: _question(s, logGroupNames=[NAME], limit=5)),
    ("logs", "GetQueryResults", lambda s: {"queryId": _asked(s)}),
    ("logs", "GetQueryResults", lambda s: {"queryId": _asked(s, "stats count(*) by bin(1m)")}),
    ("logs", "GetQueryResults", lambda s: {"queryId": _asked(s, "fields a | estimate")}),
    ("logs", "StopQuery", lambda s: {"queryId": _asked(s)}),
    ("logs", "GetLogRecord", lambda s: {"logRecordPointer": _pointer(s)}),
]
"""Calls that succeed."""

REFUSED_QUESTIONS: list[tuple[str, str, Params, str]] = [
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, queryString="fields a | limt 5"),
        "MalformedQueryException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, queryString="fields a | estimate", limit=5),
        "MalformedQueryException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, startTime=1, endTime=2),
        "MalformedQueryException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, startTime=2, endTime=1),
        "InvalidParameterException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, logGroupNames=["/ecs/shop-prod/cart"], logGroupName=NAME),
        "InvalidParameterException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, logGroupNames=[NAME] * 51),
        "InvalidParameterException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, queryString="fields a" + " " * 10_000),
        "InvalidParameterException",
    ),
    (
        "logs",
        "StartQuery",
        lambda s: _question(s, logGroupNames=["/gone"]),
        "ResourceNotFoundException",
    ),
    ("logs", "GetQueryResults", {"queryId": "gone"}, "ResourceNotFoundException"),
    ("logs", "StopQuery", lambda s: {"queryId": _ended_query(s)}, "InvalidParameterException"),
    ("logs", "StopQuery", {"queryId": "gone"}, "ResourceNotFoundException"),
    ("logs", "GetLogRecord", {"logRecordPointer": "?"}, "InvalidParameterException"),
    ("logs", "GetLogRecord", {"logRecordPointer": "Z29uZQ=="}, "ResourceNotFoundException"),
    # The last, since it leaves no room for any other.
    ("logs", "StartQuery", lambda s: _too_many(s), "LimitExceededException"),
]
"""Calls that fail, and how."""
