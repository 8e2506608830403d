"""Descriptions: everything worth knowing of one resource, in sections, with ECS's own document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from backends.aws.access import AwsAccess
from backends.base import Invalid, NotFound
from backends.ecs.definitions import TaskDefinitions
from backends.ecs.describe.clusters import cluster_sections
from backends.ecs.describe.containers import (
    container_definition,
    container_sections,
    without_secrets,
)
from backends.ecs.describe.events import event_sections
from backends.ecs.describe.services import service_sections
from backends.ecs.describe.targets import service_targets, task_targets
from backends.ecs.describe.tasks import task_sections
from backends.ecs.wire import Payload, items, opened, text
from backends.model import Description, Ref, Resource, Scope, Section

_More: TypeAlias = Callable[[AwsAccess, Scope, Payload], Awaitable[tuple[Section, ...]]]


class _Way(msgspec.Struct, frozen=True):
    """How one kind is asked after and described."""

    action: str
    key: str
    sections: Callable[[Payload], tuple[Section, ...]]
    include: tuple[str, ...] = ("TAGS",)
    more: _More | None = None
    """What other services know of it; says itself what it could not learn."""
    after: str = ""
    """The title of the section that `more` comes after, where there is one."""


_WAYS = {
    "ecs/clusters": _Way(
        "DescribeClusters",
        "clusters",
        cluster_sections,
        ("TAGS", "STATISTICS", "SETTINGS", "CONFIGURATIONS", "ATTACHMENTS"),
    ),
    "ecs/services": _Way(
        "DescribeServices",
        "services",
        service_sections,
        more=service_targets,
        after="Load balancers",
    ),
    "ecs/tasks": _Way(
        "DescribeTasks", "tasks", task_sections, more=task_targets, after="Containers"
    ),
}


async def describe(
    access: AwsAccess, definitions: TaskDefinitions, resource: Resource, now: float
) -> Description:
    """Fetch and describe a resource; raises `NotFound` for one that is gone.

    A task that stopped over an hour ago is described as it was last seen.
    """
    ref = resource.ref
    document: Payload
    if ref.kind == "ecs/containers":
        sections, document = await _container(definitions, resource)
    elif ref.kind == "ecs/events":
        event = resource.raw["event"]
        sections, document = event_sections(resource.raw["service"], event), event
    elif (way := _WAYS.get(ref.kind)) is not None:
        document = await _fetch(access, ref, way, resource.raw)
        sections = way.sections(document)
        if way.more is not None:
            sections = _insert(sections, way.after, await way.more(access, ref.scope, document))
    else:
        raise Invalid("describe", f"{ref.kind} is no kind of ECS", "choose another resource")
    return Description(ref, sections, document, now)


def _insert(
    sections: tuple[Section, ...], title: str, more: tuple[Section, ...]
) -> tuple[Section, ...]:
    """Put sections behind the one of a title; at the end where there is none."""
    titles = [section.title for section in sections]
    at = titles.index(title) + 1 if title in titles else len(titles)
    return (*sections[:at], *more, *sections[at:])


async def _fetch(access: AwsAccess, ref: Ref, way: _Way, last_seen: Any) -> Payload:
    params: dict[str, Any] = {way.key: [ref.name], "include": list(way.include)}
    if way.key != "clusters":
        params["cluster"] = ref.scope.cluster
    answer = await access.call(ref.scope, "ecs", way.action, **params)
    found = items(answer, way.key)
    if found:
        return found[0]
    if way.key == "tasks" and isinstance(last_seen, Mapping):
        return opened(last_seen)
    what = ref.kind.partition("/")[2].removesuffix("s")
    raise NotFound(f"ecs:{way.action}", f"there is no {what} {ref.name}", "refresh: it is gone")


async def _container(
    definitions: TaskDefinitions, resource: Resource
) -> tuple[tuple[Section, ...], dict[str, Any]]:
    task, container = resource.raw["task"], resource.raw["container"]
    arn = str(task.get("taskDefinitionArn") or "")
    whole = await definitions.get(resource.ref.scope, arn)
    definition = container_definition(whole, text(container, "name"))
    document = {"container": container, "containerDefinition": without_secrets(definition)}
    return container_sections(task, container, definition), document
