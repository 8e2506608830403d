"""The ECS backend as others see it: operations, scale dialogs, descriptions."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ecs_access import FakeAccess
from ecs_payloads import NOW, PLACE, SCOPE, cluster, container, event, service, stopped, task

from backends.base import Backend, Conflict, Denied, Invalid, NotFound, Sources
from backends.clock import ManualClock
from backends.ecs import create
from backends.ecs.backend import EcsBackend
from backends.ecs.kinds import KINDS
from backends.ecs.kinds.base import Facts
from backends.ecs.requests import MAX_DESIRED, request_for
from backends.model import Description, Query, Ref, Resource, Restart, Scale

WEB = Ref(SCOPE, "ecs/services", "web")


def backend(access: FakeAccess) -> EcsBackend:
    made = EcsBackend(Sources(), ManualClock(NOW))
    made._access = made._definitions._access = cast(Any, access)
    return made


def row(kind: str, payload: dict[str, Any]) -> Resource:
    return next(iter(KINDS[kind].from_wire(SCOPE, payload, Facts(NOW))))


def section(found: Description, title: str) -> dict[str, str]:
    return dict(next(part for part in found.sections if part.title == title).pairs)


def table(found: Description, title: str) -> tuple[tuple[str, ...], ...]:
    return next(part for part in found.sections if part.title == title).rows


async def test_it_is_a_backend() -> None:
    made = create(Sources(), ManualClock())
    assert isinstance(made, Backend)
    assert made.providers == {"ecs"}
    assert list(made.kinds) == [
        "ecs/clusters", "ecs/services", "ecs/tasks", "ecs/containers", "ecs/events",
    ]  # fmt: skip
    assert made.roots() == ()
    await made.close()


async def test_a_clusters_health_is_counted_by_its_services() -> None:
    shop = row("ecs/clusters", cluster())
    made = backend(FakeAccess())
    (query,) = made.workloads(shop.ref)
    assert query == Query(SCOPE, "ecs/services")
    assert made.plan(query) == query


def test_a_scale_is_one_update_of_the_desired_count() -> None:
    request = request_for(Scale(WEB, current=2, desired=5))
    assert request.operation == "UpdateService"
    assert request.params == {"cluster": "shop", "service": "web", "desiredCount": 5}
    assert request.summary == "2 -> 5 requested"


def test_a_restart_forces_a_new_deployment_and_leaves_the_count_alone() -> None:
    request = request_for(Restart(WEB))
    assert request.params == {"cluster": "shop", "service": "web", "forceNewDeployment": True}


@pytest.mark.parametrize("desired", [-1, MAX_DESIRED + 1])
def test_a_count_that_ecs_does_not_take(desired: int) -> None:
    with pytest.raises(Invalid):
        request_for(Scale(WEB, current=2, desired=desired))


def test_a_task_is_not_scaled() -> None:
    with pytest.raises(Invalid) as caught:
        request_for(Scale(Ref(SCOPE, "ecs/tasks", "a"), current=1, desired=2))
    assert "service" in caught.value.problem.remedy


async def test_performing_sends_once_and_says_requested() -> None:
    access = FakeAccess()
    access.answers["UpdateService"] = {"ResponseMetadata": {"RequestId": "request-1"}}
    accepted = await backend(access).perform(Scale(WEB, current=2, desired=5))
    assert (accepted.summary, accepted.request_id) == ("2 -> 5 requested", "request-1")
    assert access.mutates
    assert access.count == {"UpdateService": 1}


async def test_a_refusal_is_passed_on() -> None:
    access = FakeAccess()
    access.errors["UpdateService"] = [Conflict("ecs:UpdateService", "not active", "refresh")]
    with pytest.raises(Conflict):
        await backend(access).perform(Restart(WEB))
    assert access.count == {"UpdateService": 1}


TARGET = {
    "ResourceId": "service/shop/web",
    "MinCapacity": 2,
    "MaxCapacity": 8,
    "SuspendedState": {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False},
}


async def test_a_scale_dialog_learns_of_the_autoscaler() -> None:
    access = FakeAccess()
    access.services = [service(pendingCount=1)]
    access.answers["DescribeScalableTargets"] = {"ScalableTargets": [TARGET]}
    info = await backend(access).scale_info(row("ecs/services", service()))
    assert (info.desired, info.running, info.pending) == (3, 3, 1)
    assert info.autoscaler is not None
    assert (info.autoscaler.minimum, info.autoscaler.maximum) == (2, 8)
    assert info.autoscaler.note == "scaling in is suspended"
    assert info.problem is None
    ((_, asked),) = [call for call in access.calls if call[0] == "DescribeScalableTargets"]
    assert asked["ResourceIds"] == ["service/shop/web"]


async def test_a_scale_dialog_without_an_autoscaler() -> None:
    access = FakeAccess()
    access.services = [service()]
    info = await backend(access).scale_info(row("ecs/services", service()))
    assert (info.autoscaler, info.problem) == (None, None)


async def test_a_scale_dialog_that_may_not_ask_after_the_autoscaler() -> None:
    access = FakeAccess()
    access.services = [service()]
    denied = Denied("application-autoscaling:DescribeScalableTargets", "no", "allow it")
    access.errors["DescribeScalableTargets"] = [denied]
    info = await backend(access).scale_info(row("ecs/services", service()))
    assert info.autoscaler is None
    assert info.problem == denied.problem
    assert info.desired == 3


async def test_a_daemon_service_is_not_scaled() -> None:
    access = FakeAccess()
    access.services = [service(schedulingStrategy="DAEMON")]
    with pytest.raises(Invalid) as caught:
        await backend(access).scale_info(row("ecs/services", service()))
    assert "daemon" in caught.value.problem.message


async def test_a_service_is_described_afresh_with_its_tags() -> None:
    access = FakeAccess()
    access.services = [
        service(
            desiredCount=4,
            tags=[{"key": "team", "value": "shop"}],
            events=[event("has reached a steady state.")],
            serviceRegistries=[{"registryArn": "arn:aws:servicediscovery:x:1:service/srv-1"}],
        )
    ]
    found = await backend(access).describe(row("ecs/services", service()))
    assert section(found, "Summary")["Desired"] == "4"
    assert section(found, "Tags") == {"team": "shop"}
    assert section(found, "How it deploys")["Circuit breaker"] == "on, rolls back"
    assert section(found, "Network")["Subnets"] == "subnet-1"
    assert table(found, "Deployments")[0][:4] == ("PRIMARY", "COMPLETED", "web:12", "3/3")
    assert table(found, "Events")[0][1] == "has reached a steady state."
    assert table(found, "Cloud Map")[0][0] == "registry"
    assert found.document["desiredCount"] == 4
    assert access.calls[0][1]["include"] == ["TAGS"]


async def test_a_cluster_is_described() -> None:
    access = FakeAccess()
    access.clusters = [cluster(statistics=[{"name": "runningFargateTasksCount", "value": "7"}])]
    found = await backend(access).describe(row("ecs/clusters", cluster()))
    assert section(found, "Summary")["Active services"] == "3"
    assert table(found, "Statistics") == (("runningFargateTasksCount", "7"),)


async def test_a_stopped_task_is_explained() -> None:
    access = FakeAccess()
    access.tasks = [stopped()]
    found = await backend(access).describe(row("ecs/tasks", stopped()))
    first = found.sections[0]
    assert first.title == "Why it stopped"
    assert any("more memory than its limit" in line for line in first.lines)
    assert table(found, "Containers")[0][3] == "137"


async def test_a_task_that_ecs_has_forgotten_is_described_as_it_was() -> None:
    found = await backend(FakeAccess()).describe(row("ecs/tasks", stopped()))
    assert found.document["stopCode"] == "EssentialContainerExited"


async def test_a_service_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFound):
        await backend(FakeAccess()).describe(row("ecs/services", service()))


DEFINITION = {
    "taskDefinitionArn": f"{PLACE}:task-definition/web:12",
    "containerDefinitions": [
        {
            "name": "app",
            "essential": True,
            "command": ["serve", "--port", "8080"],
            "environment": [
                {"name": "STAGE", "value": "prod"},
                {"name": "DB_PASSWORD", "value": "hunter2"},
            ],
            "secrets": [{"name": "KEY", "valueFrom": "arn:aws:ssm:x:1:parameter/key"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}},
        }
    ],
}


async def test_a_container_is_described_with_its_definition() -> None:
    access = FakeAccess()
    access.answers["DescribeTaskDefinition"] = {"taskDefinition": DEFINITION}
    made = backend(access)
    resource = row("ecs/containers", task(containers=[container("app")]))
    found = await made.describe(resource)
    assert section(found, "Summary")["Command"] == "serve --port 8080"
    assert section(found, "Log")["awslogs-group"] == "/ecs/web"
    variables = dict(table(found, "Environment"))
    assert variables["STAGE"] == "prod"
    assert variables["DB_PASSWORD"] == "(hidden)"
    assert variables["KEY"].startswith("from arn:")
    assert "hunter2" not in str(found)
    await made.describe(resource)
    assert access.count["DescribeTaskDefinition"] == 1


async def test_an_event_is_described_without_a_call() -> None:
    access = FakeAccess()
    payload = service(events=[event("was unable to place a task.", 30)])
    found = await backend(access).describe(row("ecs/events", payload))
    assert found.sections[1].lines == ("(service web) was unable to place a task.",)
    assert access.calls == []
