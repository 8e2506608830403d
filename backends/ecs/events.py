"""ECS's EventBridge events, as they lie in a queue: what each tells of, read without trust."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from backends.ecs.wire import Payload, items, part, tail, text
from backends.feedplan import DETAIL_TYPES

TASK, SERVICE, DEPLOYMENT = DETAIL_TYPES


class Event(msgspec.Struct, frozen=True):
    """What one event tells: a task as it is now, or that something about a service changed."""

    account: str
    region: str
    cluster: str
    """The cluster's name."""
    service: str = ""
    """The name of the service that it concerns; empty: a task that runs alone."""
    task: Payload | None = None
    """The task as DescribeTasks has it; its ``version`` grows with each change."""


def parse(body: object) -> Event | None:
    """Return what the body of a message tells; None for what is not an event of ECS's."""
    if not isinstance(body, str):
        return None
    try:
        event = msgspec.json.decode(body.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(event, dict) or event.get("source") != "aws.ecs":
        return None
    place = text(event, "account"), text(event, "region")
    if event.get("detail-type") == TASK:
        return _task(*place, part(event, "detail"))
    if event.get("detail-type") in (SERVICE, DEPLOYMENT):
        return _service(*place, event)
    return None


def version(task: Payload) -> int:
    """Return a task's version; -1 where it has none, so that anything with one is newer."""
    found = task.get("version")
    return found if isinstance(found, int) and not isinstance(found, bool) else -1


def _task(account: str, region: str, detail: Payload) -> Event | None:
    cluster = tail(text(detail, "clusterArn"))
    if not text(detail, "taskArn") or not cluster or version(detail) < 0:
        return None
    task = _timed({key: value for key, value in detail.items() if key != "updatedAt"})
    task["containers"] = [
        {**c, "managedAgents": [_timed(agent) for agent in items(c, "managedAgents")]}
        if "managedAgents" in c
        else c
        for c in items(task, "containers")
    ]
    kind, _, name = text(detail, "group").partition(":")
    return Event(account, region, cluster, name if kind == "service" else "", task)


def _timed(body: Payload) -> dict[str, Any]:
    """Return a structure with the times that events write in words as seconds since the epoch."""
    return {
        key: _epoch(value) if key.endswith("At") and isinstance(value, str) else value
        for key, value in body.items()
    }


def _epoch(stamp: str) -> float | None:
    try:
        found = datetime.fromisoformat(stamp)
        return found.timestamp() if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _service(account: str, region: str, event: Payload) -> Event | None:
    """Return whom an event concerns: ``resources`` holds the service's ARN, long or short."""
    resources = event.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else ""
    _, _, path = arn.partition(":service/") if isinstance(arn, str) else ("", "", "")
    cluster, _, name = path.rpartition("/")
    cluster = cluster or tail(text(part(event, "detail"), "clusterArn"))
    return Event(account, region, cluster, name) if cluster and name else None
