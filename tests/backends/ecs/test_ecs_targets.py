"""A description says what the load balancers think of a service's tasks, and of one task."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_access import FakeAccess
from ecs_payloads import SCOPE, service, task

from backends.base import Denied
from backends.ecs.describe.targets import group_arns, service_targets, task_targets
from backends.ecs.kinds.tasks import ips
from backends.model import Section

PREFIX = "arn:aws:elasticloadbalancing:us-east-1:111122223333"
WEB, GREEN = f"{PREFIX}:targetgroup/web/0123456789abcdef", f"{PREFIX}:targetgroup/green/fedcba98"

GROUP = {
    "TargetGroupArn": WEB,
    "Protocol": "HTTP",
    "Port": 8080,
    "HealthCheckEnabled": True,
    "HealthCheckProtocol": "HTTP",
    "HealthCheckPort": "traffic-port",
    "HealthCheckPath": "/healthz",
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 3,
    "Matcher": {"HttpCode": "200-299"},
    "LoadBalancerArns": [f"{PREFIX}:loadbalancer/app/front/0a1b2c3d"],
    "TargetType": "ip",
}


def target(address: str, state: str, **health: str) -> dict[str, Any]:
    return {
        "Target": {"Id": address, "Port": 8080, "AvailabilityZone": "us-east-1a"},
        "TargetHealth": {"State": state, **health},
    }


def balanced(*arns: str) -> dict[str, Any]:
    return service(loadBalancers=[{"targetGroupArn": arn, "containerPort": 1} for arn in arns])


@pytest.fixture
def access() -> FakeAccess:
    made = FakeAccess()
    made.services = [balanced(WEB)]
    made.answers["DescribeTargetGroups"] = {"TargetGroups": [GROUP]}
    made.answers["DescribeTargetHealth"] = {
        "TargetHealthDescriptions": [
            target(ips(task())[0], "healthy"),
            target("10.0.9.9", "unhealthy", Reason="Target.ResponseCodeMismatch",
                   Description="Health checks failed with these codes: [502]"),
            target("10.0.9.8", "draining", Reason="Target.DeregistrationInProgress"),
            target("10.0.9.7", "unused", Reason="Target.BrandNew"),
        ]
    }  # fmt: skip
    return made


async def test_a_service_shows_every_target_with_its_state_in_words(access: FakeAccess) -> None:
    (found,) = await service_targets(access, SCOPE, balanced(WEB))
    assert found.title == "Target group web"
    pairs = dict(found.pairs)
    assert pairs["Targets"] == "1 draining, 1 healthy, 1 unhealthy, 1 unused"
    assert pairs["Receives"] == "HTTP on 8080"
    assert pairs["Load balancers"] == "front"
    check = "HTTP /healthz, expects 200-299, every 10 s, 5 s to answer"
    assert pairs["Health check"].startswith(check)
    assert "unhealthy after 3 failures, healthy after 2" in pairs["Health check"]
    assert found.rows[0] == (ips(task())[0], "8080", "us-east-1a", "healthy", "")
    assert [row[3:] for row in found.rows[1:]] == [
        ("unhealthy", "Health checks failed with these codes: [502] (Target.ResponseCodeMismatch)"),
        ("draining", "being deregistered: its connections drain (Target.DeregistrationInProgress)"),
        ("unused", "Target.BrandNew"),
    ]


async def test_a_task_shows_its_own_target_only(access: FakeAccess) -> None:
    (found,) = await task_targets(access, SCOPE, task())
    assert [row[0] for row in found.rows] == [ips(task())[0]]
    assert dict(found.pairs)["Targets"].startswith("1 draining, 1 healthy")


async def test_a_task_that_is_no_target_is_told_so(access: FakeAccess) -> None:
    access.answers["DescribeTargetHealth"]["TargetHealthDescriptions"].pop(0)
    (found,) = await task_targets(access, SCOPE, task())
    assert (found.head, found.rows) == ((), ())
    assert found.lines == ("This task is not among its targets.",)
    access.answers["DescribeTargetGroups"] = {"TargetGroups": [GROUP | {"TargetType": "instance"}]}
    (found,) = await task_targets(access, SCOPE, task())
    assert "container instances" in found.lines[0]
    access.answers["DescribeTargetHealth"] = {}
    (found,) = await task_targets(access, SCOPE, task())
    assert found.lines == ("No target is registered.",)


@pytest.mark.parametrize(
    "more", [{"group": "family:web"}, {"lastStatus": "STOPPED"}, {"attachments": []}]
)
async def test_nothing_is_asked_for_a_task_that_can_be_no_target(
    access: FakeAccess, more: dict[str, Any]
) -> None:
    assert await task_targets(access, SCOPE, task(**more, containers=[])) == ()
    assert access.calls == []


async def test_a_service_without_a_load_balancer_costs_no_call(access: FakeAccess) -> None:
    assert await service_targets(access, SCOPE, service()) == ()
    assert access.calls == []


def denied(operation: str) -> Denied:
    return Denied(f"elasticloadbalancing:{operation}", "no", f"allow {operation}")


async def test_a_missing_permission_costs_its_section_only(access: FakeAccess) -> None:
    access.errors["DescribeTargetHealth"] = [denied("DescribeTargetHealth")]
    one, other = await service_targets(access, SCOPE, balanced(WEB, GREEN))
    assert one.rows == ()
    assert one.lines == (
        "elasticloadbalancing:DescribeTargetHealth: no — allow DescribeTargetHealth",
    )
    assert dict(one.pairs)["Receives"] == "HTTP on 8080"
    assert (other.title, len(other.rows), other.lines) == ("Target group green", 4, ())

    access.errors["DescribeTargetGroups"] = [denied("DescribeTargetGroups")]
    (found,) = await service_targets(access, SCOPE, balanced(WEB))
    assert len(found.rows) == 4
    assert found.lines[0].startswith("elasticloadbalancing:DescribeTargetGroups: no")
    assert "Receives" not in dict(found.pairs)


async def test_a_task_whose_service_may_not_be_read_says_so(access: FakeAccess) -> None:
    access.errors["DescribeServices"] = [denied("DescribeServices")]
    (found,) = await task_targets(access, SCOPE, task())
    assert isinstance(found, Section)
    assert "allow DescribeServices" in found.lines[0]


def test_the_alternate_group_of_blue_green_counts_and_each_only_once() -> None:
    advanced = {"alternateTargetGroupArn": GREEN, "roleArn": "arn:aws:iam::1:role/x"}
    balancer = {"targetGroupArn": WEB, "advancedConfiguration": advanced}
    classic = {"loadBalancerName": "old"}
    assert group_arns(service(loadBalancers=[balancer, balancer, classic])) == (WEB, GREEN)
