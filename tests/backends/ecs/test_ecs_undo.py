"""Undoing a deployment of a service: what to go back to, how, and when not to."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_access import FakeAccess
from ecs_payloads import PLACE, SCOPE, deployment, service
from test_ecs_backend import backend, row

from backends.base import Conflict, Denied, Invalid
from backends.ecs.requests import request_for
from backends.ecs.undo import Past, before
from backends.model import Difference, Ref, Rollback

WEB = Ref(SCOPE, "ecs/services", "web")


def td(revision: int) -> str:
    return f"{PLACE}:task-definition/web:{revision}"


def past(status: str, target: int, *sources: int) -> Past:
    return Past(f"deployment-of-{target}", status, td(target), tuple(td(one) for one in sources))


@pytest.mark.parametrize(
    ("history", "back"),
    [
        ([past("SUCCESSFUL", 12, 11)], 11),
        ([past("IN_PROGRESS", 12, 11), past("SUCCESSFUL", 11, 10)], 11),
        ([past("SUCCESSFUL", 12), past("SUCCESSFUL", 10)], 10),
        # A restart replaced the same: what was before that counts.
        ([past("SUCCESSFUL", 12, 12), past("SUCCESSFUL", 12, 11)], 11),
        # One that was rolled back is nothing to go back to, though another replaced it.
        ([past("SUCCESSFUL", 12, 13), past("ROLLBACK_SUCCESSFUL", 13, 12),
          past("SUCCESSFUL", 12, 9)], 9),
        ([past("IN_PROGRESS", 12, 11), past("STOPPED", 11, 10), past("SUCCESSFUL", 10, 9)], 10),
        # It failed once, and worked later.
        ([past("SUCCESSFUL", 12, 11), past("SUCCESSFUL", 11, 10), past("STOPPED", 11, 10)], 11),
        ([past("ROLLBACK_SUCCESSFUL", 13, 12)], 0),
        ([], 0),
    ],
)  # fmt: skip
def test_the_latest_that_worked_and_is_another_is_gone_back_to(
    history: list[Past], back: int
) -> None:
    assert before(history, td(12)) == (td(back) if back else "")


def definition(revision: int, image: str, **changes: Any) -> dict[str, Any]:
    app = {"name": "app", "image": image, "memory": 512, "environment": [], **changes}
    return {
        "taskDefinition": {
            "taskDefinitionArn": td(revision), "status": "ACTIVE", "cpu": "256", "memory": "512",
            "containerDefinitions": [app],
        }
    }  # fmt: skip


class Historic(FakeAccess):
    """Knows a service whose deployments, newest first, are (status, target, source)."""

    def __init__(self, *history: tuple[str, int, int], **changes: Any) -> None:
        super().__init__()
        rollout = "IN_PROGRESS" if history and history[0][0] == "IN_PROGRESS" else "COMPLETED"
        current = changes.pop("current", history[0][1] if history else 12)
        primary = deployment(taskDefinition=td(current), rolloutState=rollout)
        self.services = [service(deployments=[primary], **changes)]
        self.definitions = {
            12: definition(12, "web:1.12", environment=[{"name": "DB_PASSWORD", "value": "new"}]),
            11: definition(11, "web:1.11", environment=[{"name": "DB_PASSWORD", "value": "old"}],
                           memory=1024),
        }  # fmt: skip
        arns = [f"deployment/{index}" for index in range(len(history))]
        self.answers["ListServiceDeployments"] = {
            "serviceDeployments": [{"serviceDeploymentArn": arn} for arn in arns]
        }
        self.answers["DescribeServiceDeployments"] = {
            "serviceDeployments": [
                {
                    "serviceDeploymentArn": arn,
                    "status": status,
                    "targetServiceRevision": {"arn": f"revision/{target}"},
                    "sourceServiceRevisions": [{"arn": f"revision/{source}"}],
                }
                for arn, (status, target, source) in zip(arns, history, strict=True)
            ]
        }
        self.answers["DescribeServiceRevisions"] = {
            "serviceRevisions": [
                {"serviceRevisionArn": f"revision/{one}", "taskDefinition": td(one)}
                for one in range(5, 20)
            ]
        }

    async def call(self, *args: Any, **params: Any) -> dict[str, Any]:
        if args[2] == "DescribeTaskDefinition":
            number = int(params["taskDefinition"].rpartition(":")[2])
            if number not in self.definitions:
                raise Invalid("ecs:DescribeTaskDefinition", "no such", "look")
            return self.definitions[number]
        return await super().call(*args, **params)


async def test_a_plan_says_from_what_to_what_and_what_differs() -> None:
    access = Historic(("SUCCESSFUL", 12, 11))
    plan = await backend(access).rollback_plan(row("ecs/services", access.services[0]))
    assert plan.operation == Rollback(WEB, td(12), td(11), f"{PLACE}:service/shop/web")
    assert (plan.current, plan.to) == ("web:12", "web:11")
    assert plan.differences == (
        Difference("app image", "web:1.12", "web:1.11"),
        Difference("app memory", "512", "1024"),
        Difference("app variable DB_PASSWORD", "(hidden)", "(hidden, another)"),
    )
    assert plan.effects == ("A rolling deployment replaces tasks until all 3 tasks run web:11.",)
    assert "old" not in str(plan)


async def test_a_deployment_under_way_is_stopped_by_ecs_itself() -> None:
    access = Historic(("IN_PROGRESS", 12, 11), ("SUCCESSFUL", 11, 10))
    plan = await backend(access).rollback_plan(row("ecs/services", access.services[0]))
    assert plan.operation.deployment == "deployment/0"
    assert plan.effects[0].startswith("The deployment under way is stopped")
    request = request_for(plan.operation)
    assert (request.operation, request.params) == (
        "StopServiceDeployment",
        {"serviceDeploymentArn": "deployment/0", "stopType": "ROLLBACK"},
    )


async def test_a_restart_under_way_is_no_way_back() -> None:
    """ECS would go back to what the restart replaced, which is the same."""
    access = Historic(("IN_PROGRESS", 12, 12), ("SUCCESSFUL", 12, 11))
    plan = await backend(access).rollback_plan(row("ecs/services", access.services[0]))
    assert (plan.operation.to, plan.operation.deployment) == (td(11), "")
    request = request_for(plan.operation)
    assert request.operation == "UpdateService"
    assert request.params == {"cluster": "shop", "service": "web", "taskDefinition": td(11)}
    assert request.summary == "web:12 -> web:11 requested"


async def test_without_its_history_the_revision_before_is_named_as_a_guess() -> None:
    access = Historic(("SUCCESSFUL", 12, 11))
    access.errors["ListServiceDeployments"] = [Denied("ecs:ListServiceDeployments", "no", "allow")]
    plan = await backend(access).rollback_plan(row("ecs/services", access.services[0]))
    assert (plan.to, plan.operation.deployment) == ("web:11", "")
    assert "can't be read (no)" in plan.effects[-1]
    assert "registered before" in plan.effects[-1]


async def test_what_differs_may_be_unknown_and_costs_no_more() -> None:
    access = Historic(("SUCCESSFUL", 12, 11))
    del access.definitions[12]
    plan = await backend(access).rollback_plan(row("ecs/services", access.services[0]))
    assert plan.operation.to == td(11)
    assert plan.differences is None
    assert plan.effects[-1].startswith("What differs can't be read: ecs:DescribeTaskDefinition")


async def test_there_may_be_nothing_to_go_back_to() -> None:
    access = Historic(("SUCCESSFUL", 11, 11))
    with pytest.raises(Invalid, match="holds nothing but web:11"):
        await backend(access).rollback_plan(row("ecs/services", access.services[0]))


async def test_deployments_that_others_make_are_left_to_them() -> None:
    access = Historic(("SUCCESSFUL", 12, 11), deploymentController={"type": "CODE_DEPLOY"})
    with pytest.raises(Invalid, match="CODE_DEPLOY"):
        await backend(access).rollback_plan(row("ecs/services", access.services[0]))


async def test_a_rollback_is_sent_once_and_only_to_what_was_looked_at() -> None:
    access = Historic(("SUCCESSFUL", 12, 11))
    operation = Rollback(WEB, td(12), td(11))
    accepted = await backend(access).perform(operation)
    assert accepted.summary == "web:12 -> web:11 requested"
    assert access.count["UpdateService"] == 1
    assert access.mutates

    access.services = [service(deployments=[deployment(taskDefinition=td(13))])]
    with pytest.raises(Conflict, match="at web:13 by now, not web:12"):
        await backend(access).perform(operation)
    assert access.count["UpdateService"] == 1


async def test_a_deployment_that_has_ended_is_not_stopped() -> None:
    access = Historic(("SUCCESSFUL", 12, 11))
    with pytest.raises(Conflict, match="ended meanwhile"):
        await backend(access).perform(Rollback(WEB, td(12), td(11), "", "deployment/0"))
    assert access.count["StopServiceDeployment"] == 0


def test_only_a_service_is_rolled_back() -> None:
    with pytest.raises(Invalid, match="not changed by itself"):
        request_for(Rollback(Ref(SCOPE, "ecs/tasks", "1"), td(12), td(11)))
    with pytest.raises(Invalid, match="nothing to go back to"):
        request_for(Rollback(WEB, td(12), ""))
