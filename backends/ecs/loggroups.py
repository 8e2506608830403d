"""The CloudWatch log groups of ECS services, tasks and containers, for a query of Insights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from backends.ecs.definitions import TaskDefinitions
from backends.ecs.wire import Payload, items, opened, part, text
from backends.logs.insights_model import Choice
from backends.model import Resource


async def choice(definitions: TaskDefinitions, resource: Resource) -> Choice:
    """Return the log groups that a resource's task definition names, and its own part of them.

    Where containers log to several regions, the groups of one are taken: the one with the most.
    """
    ref, raw = resource.ref, resource.raw
    place = ref.scope.at(cluster="", namespace="")
    arn, task_id, only = _identity(resource, opened(raw) if isinstance(raw, Mapping) else {})
    if not arn:  # a cluster, say: it has no log of its own
        return Choice(place)
    definition = await definitions.get(ref.scope, arn)
    found = [
        (region or ref.scope.region, group) for region, group in _awslogs(definition, only) if group
    ]
    if not found:
        what = f"{ref.name} sends no log to CloudWatch (no awslogs in its task definition)"
        return Choice(place, note=what)
    region = Counter(where for where, _ in found).most_common(1)[0][0]
    groups = tuple(dict.fromkeys(group for where, group in found if where == region))
    others = sorted({where for where, _ in found} - {region})
    note = f"it logs to {', '.join(others)} too" if others else ""
    stream = f"/{only}/{task_id}" if only and task_id else task_id
    narrow = f'filter @logStream like "{stream}"' if stream else ""
    return Choice(place.at(region=region), groups, narrow, note)


def _identity(resource: Resource, raw: Payload) -> tuple[str, str, str]:
    """Return a resource's task definition, its task's id and its container, as far as it has any;
    of a service only the first."""
    match resource.ref.kind:
        case "ecs/services":
            return text(raw, "taskDefinition"), "", ""
        case "ecs/tasks":
            return text(raw, "taskDefinitionArn"), resource.ref.name, ""
        case "ecs/containers":
            task, _, container = resource.ref.name.partition("/")
            return text(part(raw, "task"), "taskDefinitionArn"), task, container
    return "", "", ""


def _awslogs(definition: Payload, only: str) -> Iterator[tuple[str, str]]:
    """Yield the region and the log group of each container that has them, or of one."""
    for container in items(definition, "containerDefinitions"):
        logs = part(container, "logConfiguration")
        if only in ("", text(container, "name")) and text(logs, "logDriver") == "awslogs":
            options = part(logs, "options")
            yield text(options, "awslogs-region"), text(options, "awslogs-group")
