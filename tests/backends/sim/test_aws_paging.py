"""Pages: nothing twice, nothing missing, and tokens that are good only for what they were made."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from sim_aws import PROD, STAGING, Aws
from sim_worlds import make_world

from backends.clock import ManualClock
from backends.sim.aws.call import Call
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import TOKEN_LIFE, page
from backends.sim.server import SimServer

WORLD = make_world()


def call(**params: Any) -> Call:
    return Call(WORLD, PROD, "us-east-1", "ecs", "ListTasks", params)


@given(st.sets(st.text("abcdef", min_size=1, max_size=4), max_size=30), st.integers(1, 7))
def test_pages_together_are_everything_once_in_order(names: set[str], size: int) -> None:
    seen: list[str] = []
    token = ""
    while True:
        taken, token = page(call(nextToken=token, maxResults=size), names, str, size)
        assert len(taken) <= size
        seen += taken
        if not token:
            break
    assert seen == sorted(names)


def test_what_goes_between_two_pages_hides_nothing() -> None:
    names = {f"n{i:02d}" for i in range(20)}
    first, token = page(call(), names, str, 10)
    rest, _ = page(call(nextToken=token), names - {"n03", "n09"} | {"n001"}, str, 10)
    assert rest == sorted(names - set(first))


@pytest.mark.parametrize("token", ["x", "AAAA", "e30=", "é", "null"])
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match=r"Invalid token\."):
        page(call(nextToken=token), {"a", "b"}, str, 1)


def test_a_token_is_good_for_its_own_request_only() -> None:
    _, token = page(call(cluster="a"), {"a", "b"}, str, 1)
    assert page(call(cluster="a", nextToken=token), {"a", "b"}, str, 1) == (["b"], "")
    with pytest.raises(AwsError):
        page(call(cluster="b", nextToken=token), {"a", "b"}, str, 1)
    elsewhere = Call(
        WORLD, STAGING, "us-east-1", "ecs", "ListTasks", {"cluster": "a", "nextToken": token}
    )
    with pytest.raises(AwsError):
        page(elsewhere, {"a", "b"}, str, 1)


async def test_tokens_expire(calm: SimServer, aws: Aws) -> None:
    answer = await aws("ecs", "list_tasks", cluster="shop-prod", maxResults=2)
    await calm.advance(TOKEN_LIFE + 1)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        await aws(
            "ecs", "list_tasks", cluster="shop-prod", maxResults=2, nextToken=answer["nextToken"]
        )


async def test_services_come_ten_at_a_time_unless_more_are_asked_for() -> None:
    async with SimServer(scale="large", clock=ManualClock(), throttling=False, lively=False) as sim:
        aws = Aws(sim.url)
        first = await aws("ecs", "list_services", cluster="ecs-large-00")
        assert len(first["serviceArns"]) == 10
        wide = await aws("ecs", "list_services", cluster="ecs-large-00", maxResults=100)
        assert len(wide["serviceArns"]) == 50
        assert "nextToken" not in wide
        tasks: set[str] = set()
        token: dict[str, str] = {}
        while True:
            answer = await aws("ecs", "list_tasks", cluster="ecs-large-00", **token)
            assert not tasks & set(answer["taskArns"])
            tasks |= set(answer["taskArns"])
            if "nextToken" not in answer:
                break
            token = {"nextToken": answer["nextToken"]}
        assert len(tasks) == 1000


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        (
            "ecs",
            "list_tasks",
            {"cluster": "shop-prod", "maxResults": 101},
            "InvalidParameterException",
        ),
        (
            "ecs",
            "list_services",
            {"cluster": "shop-prod", "maxResults": 0},
            "InvalidParameterException",
        ),
        (
            "ecs",
            "describe_services",
            {"cluster": "shop-prod", "services": ["a"] * 11},
            "InvalidParameterException",
        ),
        (
            "ecs",
            "describe_services",
            {"cluster": "shop-prod", "services": []},
            "InvalidParameterException",
        ),
        (
            "ecs",
            "describe_tasks",
            {"cluster": "shop-prod", "tasks": ["a"] * 101},
            "InvalidParameterException",
        ),
        ("ecs", "list_tasks", {"cluster": "nowhere"}, "ClusterNotFoundException"),
        ("ecs", "list_tasks", {}, "ClusterNotFoundException"),
        (
            "ecs",
            "list_tasks",
            {"cluster": "shop-prod", "serviceName": "x"},
            "ServiceNotFoundException",
        ),
        (
            "ecs",
            "update_service",
            {"cluster": "shop-prod", "service": "x"},
            "ServiceNotFoundException",
        ),
        (
            "ecs",
            "update_service",
            {"cluster": "shop-prod", "service": "web", "desiredCount": -1},
            "InvalidParameterException",
        ),
        (
            "ecs",
            "update_service",
            {"cluster": "shop-prod", "service": "web", "taskDefinition": "x:1"},
            "ClientException",
        ),
        ("ecs", "describe_task_definition", {"taskDefinition": "nothing"}, "ClientException"),
        ("ecs", "stop_task", {"cluster": "shop-prod", "task": "gone"}, "InvalidParameterException"),
        (
            "logs",
            "describe_log_groups",
            {"limit": 50, "logGroupNamePrefix": "/", "logGroupNamePattern": "a"},
            "InvalidParameterException",
        ),
        ("logs", "describe_log_streams", {"logGroupName": "/none"}, "ResourceNotFoundException"),
        ("servicediscovery", "get_namespace", {"Id": "ns-none"}, "NamespaceNotFound"),
        ("servicediscovery", "list_instances", {"ServiceId": "srv-none"}, "ServiceNotFound"),
        (
            "servicediscovery",
            "discover_instances",
            {"NamespaceName": "shop.local", "ServiceName": "x"},
            "ServiceNotFound",
        ),
        ("eks", "describe_cluster", {"name": "nowhere"}, "ResourceNotFoundException"),
        (
            "eks",
            "describe_nodegroup",
            {"clusterName": "payments-prod", "nodegroupName": "x"},
            "ResourceNotFoundException",
        ),
        ("ecr", "list_images", {"repositoryName": "nothing"}, "RepositoryNotFoundException"),
        (
            "ecr",
            "describe_images",
            {"repositoryName": "web", "imageIds": [{"imageTag": "none"}]},
            "ImageNotFoundException",
        ),
        ("elbv2", "describe_target_groups", {"Names": ["nothing"]}, "TargetGroupNotFound"),
    ],
)
async def test_bad_requests_are_refused_by_the_right_name(
    calm: SimServer, aws: Aws, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        await aws(service, operation, **params)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["Error"]["Message"]
    assert 400 <= refused.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


async def test_what_is_not_there_is_a_failure_beside_what_is(calm: SimServer, aws: Aws) -> None:
    answer = await aws("ecs", "describe_services", cluster="shop-prod", services=["web", "gone"])
    assert [s["serviceName"] for s in answer["services"]] == ["web"]
    arn = "arn:aws:ecs:us-east-1:111122223333:service/shop-prod/gone"
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]
