"""The containers of ECS tasks."""

from __future__ import annotations

from collections.abc import Iterable

from backends.ecs.health import judge_container
from backends.ecs.kinds.base import READ, EcsKind, Facts
from backends.ecs.kinds.tasks import task_parents
from backends.ecs.listing import TASKS
from backends.ecs.wire import Payload, items, moment, tail, text
from backends.model import Column, Format, Kind, Ref, Resource, Scope, Verb


def from_wire(scope: Scope, payload: Payload, facts: Facts) -> Iterable[Resource]:
    """Make every container of a task of DescribeTasks."""
    task = tail(text(payload, "taskArn"))
    parents = (Ref(scope, "ecs/tasks", task), *task_parents(scope, payload))
    for container in items(payload, "containers"):
        name, status = text(container, "name"), text(container, "lastStatus")
        verdict = judge_container(container)
        code = container.get("exitCode")
        yield Resource(
            ref=Ref(scope, "ecs/containers", f"{task}/{name}"),
            health=verdict.health,
            status=status,
            reason=verdict.reason,
            cells=(
                name,
                status,
                text(container, "healthStatus"),
                code if isinstance(code, int) else None,
                text(container, "image"),
                _units(container, "cpu"),
                _units(container, "memory"),
                verdict.reason or None,
                task,
            ),
            uid=text(container, "containerArn"),
            created=moment(payload, "startedAt"),
            parents=parents,
            addresses=tuple(filter(None, (text(container, "runtimeId"),))),
            raw={"task": payload, "container": container},
        )


def _units(container: Payload, key: str) -> int | None:
    """Return CPU units or MiB, which ECS gives as strings; None where nothing is set."""
    value = container.get(key)
    return int(value) if isinstance(value, str) and value.isdigit() and value != "0" else None


KIND = EcsKind(
    Kind(
        id="ecs/containers",
        title="Containers",
        singular="container",
        columns=(
            Column("name", "Container"),
            Column("status", "Status", Format.STATUS),
            Column("health_check", "Health"),
            Column("exit", "Exit", Format.NUMBER),
            Column("image", "Image"),
            Column("cpu", "CPU", Format.NUMBER),
            Column("memory", "MiB", Format.NUMBER),
            Column("why", "Why", width=40),
            Column("task", "Task", wide=True),
        ),
        verbs=READ | {Verb.LOGS},
        aliases=("containers", "container"),
        empty="This task has no containers yet.",
    ),
    TASKS,
    from_wire,
    container="ecs/tasks",
)
"""The containers of ECS tasks."""
