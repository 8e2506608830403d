"""The log groups that ECS services, tasks and containers lead to."""

from __future__ import annotations

from typing import Any

import pytest

from backends.ecs.loggroups import choice
from backends.model import Health, Ref, Resource, Scope

SCOPE = Scope("ecs", "prod", "111122223333", "us-east-1", "shop")
ARN = "arn:aws:ecs:us-east-1:111122223333:task-definition/web:3"


def container(name: str, group: str = "", region: str = "us-east-1") -> dict[str, Any]:
    options = {"awslogs-group": group, "awslogs-region": region}
    logs = {"logDriver": "awslogs", "options": options}
    return {"name": name, **({"logConfiguration": logs} if group else {})}


class FakeDefinitions:
    """Knows one task definition."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self._containers = containers

    async def get(self, scope: Scope, arn: str) -> dict[str, Any]:
        assert (scope, arn) == (SCOPE, ARN)
        return {"containerDefinitions": list(self._containers)}


def row(kind: str, name: str, raw: dict[str, Any]) -> Resource:
    return Resource(ref=Ref(SCOPE, kind, name), health=Health.OK, status="", cells=(name,), raw=raw)


SERVICE = row("ecs/services", "web", {"taskDefinition": ARN})
TASK = row("ecs/tasks", "f00d", {"taskDefinitionArn": ARN})
CONTAINER = row("ecs/containers", "f00d/app", {"task": {"taskDefinitionArn": ARN}})
BOTH = FakeDefinitions(container("app", "/ecs/web"), container("agent", "/ecs/agents"))


@pytest.mark.parametrize(
    ("resource", "groups", "narrow"),
    [
        (SERVICE, ("/ecs/web", "/ecs/agents"), ""),
        (TASK, ("/ecs/web", "/ecs/agents"), 'filter @logStream like "f00d"'),
        (CONTAINER, ("/ecs/web",), 'filter @logStream like "/app/f00d"'),
    ],
)
async def test_each_leads_to_the_groups_of_its_own_containers(
    resource: Resource, groups: tuple[str, ...], narrow: str
) -> None:
    found = await choice(BOTH, resource)  # type: ignore[arg-type]
    assert (found.groups, found.narrow, found.note) == (groups, narrow, "")
    assert found.scope == SCOPE.at(cluster="")


async def test_groups_of_one_region_are_taken_and_the_others_told() -> None:
    definitions = FakeDefinitions(
        container("a", "/a", "eu-west-1"), container("b", "/b"), container("c", "/c", "eu-west-1")
    )
    found = await choice(definitions, SERVICE)  # type: ignore[arg-type]
    assert found.groups == ("/a", "/c")
    assert found.scope == SCOPE.at(cluster="", region="eu-west-1")
    assert "us-east-1" in found.note


async def test_what_sends_no_log_to_cloudwatch_says_so() -> None:
    found = await choice(FakeDefinitions(container("app")), SERVICE)  # type: ignore[arg-type]
    assert found.groups == ()
    assert "sends no log to CloudWatch" in found.note


async def test_a_cluster_has_no_log_groups_of_its_own() -> None:
    found = await choice(BOTH, row("ecs/clusters", "shop", {}))  # type: ignore[arg-type]
    assert (found.groups, found.note) == ((), "")
    assert found.scope == SCOPE.at(cluster="")
