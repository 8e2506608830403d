"""Where the containers of an ECS task log to, worked out from the task definition; pure.

After "Send Amazon ECS logs to CloudWatch" and "Send Amazon ECS logs to an AWS service or AWS
Partner" in the ECS Developer Guide, and LogConfiguration in the ECS API Reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from backends.ecs.wire import Payload, items, moment, part, region_of, tail, text
from backends.logs.streams import Stream

SHORT = 6
"""Characters of a task's id that tell its lines apart."""

_SHOWN = {
    "awsfirelens": (
        "Name", "Host", "Port", "Index", "region", "delivery_stream", "stream", "bucket",
        "log_group_name", "log_stream_prefix", "Topics", "dd_service",
    ),
    "splunk": ("splunk-url", "splunk-index", "splunk-source", "splunk-sourcetype"),
    "fluentd": ("fluentd-address", "tag"),
    "gelf": ("gelf-address", "tag"),
    "syslog": ("syslog-address", "syslog-facility", "tag"),
    "logentries": (),
    "gcplogs": ("gcp-project",),
    "json-file": (),
    "local": (),
    "journald": ("tag",),
}  # fmt: skip
"""The options of each log driver that say where the log goes; none of them holds a secret."""

_ON_INSTANCE = frozenset({"json-file", "local", "journald"})
"""Drivers that keep the log on the container instance."""

_SECRET = re.compile(r"(?i)token|key|secret|passw|auth|credential")


class Route(msgspec.Struct, frozen=True):
    """Where the log of one container of one task goes."""

    container: str
    stream: Stream | None = None
    """None: not to CloudWatch Logs, or it has not begun."""
    note: str = ""
    """Where it goes instead; empty where there is a stream, or will be."""


def short(task: Payload) -> str:
    """Return the first characters of a task's id."""
    return tail(text(task, "taskArn"))[:SHORT]


def label(definition: Payload, task: Payload, container: str) -> str:
    """Return what a container's lines are labelled with: ``app/1f2e3d``, or ``1f2e3d`` alone."""
    lone = len(items(definition, "containerDefinitions")) == 1
    return short(task) if lone else f"{container}/{short(task)}"


def routes(definition: Payload, task: Payload, only: str = "") -> Iterator[Route]:
    """Yield the route of each container of a task, or of the one that is named."""
    running = {text(container, "name"): container for container in items(task, "containers")}
    for container in items(definition, "containerDefinitions"):
        name = text(container, "name")
        if only in ("", name):
            yield _route(definition, container, task, running.get(name, {}))


def began(task: Payload) -> bool:
    """Whether containers of a task have been made, and so may have written something."""
    return (
        text(task, "lastStatus") == "RUNNING"
        or any(moment(task, key) is not None for key in ("startedAt", "pullStoppedAt"))
        or any(text(container, "runtimeId") for container in items(task, "containers"))
    )


def _route(definition: Payload, container: Payload, task: Payload, running: Payload) -> Route:
    name = text(container, "name")
    logs = part(container, "logConfiguration")
    driver, options = text(logs, "logDriver"), part(logs, "options")
    if driver != "awslogs":
        return Route(name, note=f"{name}: {_elsewhere(driver, options, task)}")
    group = text(options, "awslogs-group")
    if not group:
        return Route(name, note=f"{name}: its awslogs options name no awslogs-group")
    stream = _stream(options, name, task, running)
    if not stream or not began(task):
        return Route(name)
    return Route(
        name,
        Stream(
            group=group,
            region=text(options, "awslogs-region") or region_of(text(task, "taskArn")),
            stream=stream,
            source=label(definition, task, name),
            begins=moment(task, "createdAt") or 0.0,
        ),
    )


def _stream(options: Payload, name: str, task: Payload, running: Payload) -> str:
    """Return the name of an awslogs stream; without a prefix it is Docker's id, once known."""
    prefix = text(options, "awslogs-stream-prefix")
    if prefix:
        return f"{prefix}/{name}/{tail(text(task, 'taskArn'))}"
    return text(running, "runtimeId")


def _elsewhere(driver: str, options: Payload, task: Payload) -> str:
    """Say where the log of a container goes that does not go to CloudWatch Logs."""
    if driver == "none":
        return "its log driver is none, so nothing is kept"
    if driver in _ON_INSTANCE or (not driver and text(task, "launchType") == "EC2"):
        how = f"by the {driver} driver" if driver else "by Docker's default driver"
        return f"its log stays on the container instance, kept {how}; read it there"
    if not driver:
        return "it has no log configuration, so nothing is kept; add awslogs to see it here"
    said = ", ".join(_told(driver, options))
    if driver == "awsfirelens":
        via = "its log goes through FireLens"
        return f"{via} to {said}" if said else f"{via}, where the log router's configuration says"
    return f"its log goes to {driver}" + (f" ({said})" if said else "")


def _told(driver: str, options: Mapping[str, object]) -> Iterator[str]:
    """Yield the options that say where a log goes, without anything secret in them."""
    for key in _SHOWN.get(driver, ()):
        value = options.get(key)
        if isinstance(value, str) and value:
            yield _safe(value) if key == "Name" else f"{key} {_safe(value)}"


def _safe(value: str) -> str:
    """Return an option's value without a URL's user, query and fragment."""
    cleaned = text({"value": value}, "value")
    if "://" not in cleaned:
        return "(hidden)" if _SECRET.search(cleaned) and "=" in cleaned else cleaned
    try:
        url = urlsplit(cleaned)
    except ValueError:
        return "(hidden)"
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
