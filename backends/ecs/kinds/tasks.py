"""ECS tasks, running and stopped."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from backends.ecs.health import judge_task
from backends.ecs.kinds.base import READ, EcsKind, Facts, cloud_map
from backends.ecs.listing import TASKS
from backends.ecs.reasons import exits, stop_gist
from backends.ecs.wire import Payload, items, moment, tail, text
from backends.model import Column, Format, Kind, Link, Ref, Resource, Scope, Verb
from backends.text import clean


def from_wire(scope: Scope, payload: Payload, facts: Facts) -> Iterable[Resource]:
    """Make a task of DescribeTasks, running or stopped."""
    arn = text(payload, "taskArn")
    name = tail(arn)
    verdict = judge_task(payload, facts.now)
    status, wanted = text(payload, "lastStatus"), text(payload, "desiredStatus")
    containers = items(payload, "containers")
    up = sum(c.get("lastStatus") == "RUNNING" for c in containers)
    addresses = ips(payload)
    started = moment(payload, "startedAt")
    stopped = status == "STOPPED"
    health = text(payload, "healthStatus") or "UNKNOWN"
    yield Resource(
        ref=Ref(scope, "ecs/tasks", name),
        health=verdict.health,
        status=status,
        reason=verdict.reason,
        cells=(
            name,
            status,
            f"{up}/{len(containers)}",
            started or moment(payload, "createdAt"),
            _exit_codes(payload),
            stop_gist(payload) if stopped else verdict.reason or None,
            tail(text(payload, "taskDefinitionArn")),
            text(payload, "capacityProviderName") or text(payload, "launchType"),
            text(payload, "availabilityZone"),
            addresses[0] if addresses else None,
            text(payload, "stopCode") or None,
            moment(payload, "stoppedAt"),
            wanted,
            None if health == "UNKNOWN" else health,
        ),
        ready=up,
        desired=0 if stopped else len(containers),
        uid=arn,
        created=started or moment(payload, "createdAt"),
        parents=task_parents(scope, payload),
        links=(_instance_link(scope, name, addresses),),
        addresses=(*addresses, arn),
        raw=payload,
    )


def _exit_codes(task: Payload) -> str | None:
    """Return the exit codes that are not 0, with the containers' names where there are several."""
    codes = list(exits(task))
    if len(codes) == 1:
        return str(codes[0][1])
    return ", ".join(f"{name} {code}" for name, code in codes if code) or ("0" if codes else None)


def ips(task: Payload) -> tuple[str, ...]:
    """Return the private addresses of a task, IPv4 before IPv6, each once."""
    found: dict[object, None] = {}
    for container in items(task, "containers"):
        for interface in items(container, "networkInterfaces"):
            found[interface.get("privateIpv4Address")] = None
            found[interface.get("ipv6Address")] = None
    for attachment in items(task, "attachments"):
        if attachment.get("type") == "ElasticNetworkInterface":
            for detail in items(attachment, "details"):
                if detail.get("name") == "privateIPv4Address":
                    found[detail.get("value")] = None
    addresses = [clean(address) for address in found if address and isinstance(address, str)]
    return tuple(sorted(addresses, key=lambda address: ":" in address))


def service_of(task: Payload) -> str:
    """Return the name of the service that a task belongs to; empty where it is a lone task."""
    kind, _, name = text(task, "group").partition(":")
    return name if kind == "service" else ""


def task_parents(scope: Scope, task: Payload) -> tuple[Ref, ...]:
    """Return what a task can be drilled to from: its service, if it has one, and its cluster."""
    return _parents(scope, service_of(task))


@functools.lru_cache(maxsize=4096)
def _parents(scope: Scope, service: str) -> tuple[Ref, ...]:
    cluster = Ref(scope, "ecs/clusters", scope.cluster)
    return (Ref(scope, "ecs/services", service), cluster) if service else (cluster,)


def _instance_link(scope: Scope, task: str, addresses: tuple[str, ...]) -> Link:
    """Link a task to its Cloud Map instances: ECS registers them under the task's id."""
    kinds = ("cloudmap/instances",)
    return Link("Cloud Map instance", kinds, cloud_map(scope), name=task, addresses=addresses)


KIND = EcsKind(
    Kind(
        id="ecs/tasks",
        title="Tasks",
        singular="task",
        columns=(
            Column("name", "Task"),
            Column("status", "Status", Format.STATUS),
            Column("ready", "Ready", Format.RATIO),
            Column("started", "Age", Format.AGE),
            Column("exits", "Exit"),
            Column("why", "Why", width=36),
            Column("definition", "Task definition"),
            Column("launch", "Runs on"),
            Column("zone", "Zone"),
            Column("ip", "Private IP"),
            Column("stop_code", "Stop code"),
            Column("stopped", "Stopped", Format.AGE),
            Column("desired", "Wanted", wide=True),
            Column("health_check", "Health", wide=True),
        ),
        child="ecs/containers",
        verbs=READ | {Verb.LOGS},
        aliases=("tasks", "task", "t"),
        empty="No tasks: none is running, and none stopped within the last hour.",
    ),
    TASKS,
    from_wire,
)
"""ECS tasks, running and stopped."""
