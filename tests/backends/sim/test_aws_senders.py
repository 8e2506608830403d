"""Who may ask, how often, and what trouble can be made for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError
from sim_aws import PROD, STAGING, Aws

from backends.clock import ManualClock
from backends.sim.aws.throttle import ECS_CLASSES, ECS_RATES
from backends.sim.blueprint import SimAccount
from backends.sim.server import SimServer

STRANGER = SimAccount("stranger", "999999999999", "AKIASTRANGER00000001", "guess")


@pytest.fixture
async def strict() -> AsyncIterator[SimServer]:
    """A calm world with AWS's request rates."""
    async with SimServer(clock=ManualClock(), lively=False) as server:
        yield server


async def post(sim: SimServer, path: str, **json: Any) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.post(sim.url + path, json=json) as answer:
        return answer.status, await answer.json()


async def test_an_account_sees_its_own_in_the_region_it_asks(calm: SimServer) -> None:
    prod, staging = Aws(calm.url, PROD), Aws(calm.url, STAGING)

    async def names(aws: Aws, region: str) -> list[str]:
        arns = (await aws("ecs", "list_clusters", region=region))["clusterArns"]
        return [arn.rpartition("/")[2] for arn in arns]

    assert await names(prod, "us-east-1") == ["shop-prod"]
    assert await names(prod, "eu-west-1") == ["media-prod"]
    assert await names(staging, "us-east-1") == ["shop-staging"]
    assert await names(staging, "eu-west-1") == []
    assert (await staging("sts", "get_caller_identity"))["Account"] == STAGING.account_id
    with pytest.raises(ClientError, match="ClusterNotFound"):
        await staging("ecs", "list_tasks", cluster="shop-prod")


async def test_a_role_that_is_assumed_is_its_accounts_until_it_expires(calm: SimServer) -> None:
    arn = f"arn:aws:iam::{STAGING.account_id}:role/ops/deployer"
    taken = await Aws(calm.url, PROD)("sts", "assume_role", RoleArn=arn, RoleSessionName="ci")
    keys = taken["Credentials"]
    assert keys["Expiration"].timestamp() == calm.world.clock.now() + 3600
    role = Aws(calm.url, SimAccount("", "", keys["AccessKeyId"], keys["SecretAccessKey"]))
    who = await role("sts", "get_caller_identity")
    assert who["Arn"] == f"arn:aws:sts::{STAGING.account_id}:assumed-role/deployer/ci"
    assert who["UserId"] == taken["AssumedRoleUser"]["AssumedRoleId"]
    (cluster,) = (await role("ecs", "list_clusters"))["clusterArns"]
    assert cluster.endswith(":444455556666:cluster/shop-staging")
    await calm.advance(3600)
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        await role("ecs", "list_clusters")


async def test_a_role_of_an_account_elsewhere_may_not_be_assumed(calm: SimServer) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied.*user/operator is not authorized"):
        await Aws(calm.url)(
            "sts", "assume_role", RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="me"
        )


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("ecs", "list_clusters", "UnrecognizedClientException", 400),
        ("logs", "describe_log_groups", "UnrecognizedClientException", 400),
        ("eks", "list_clusters", "UnrecognizedClientException", 403),
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId", 403),
    ],
)
async def test_an_unknown_key_is_refused_as_each_protocol_does(
    calm: SimServer, service: str, operation: str, code: str, status: int
) -> None:
    with pytest.raises(ClientError) as refused:
        await Aws(calm.url, STRANGER)(service, operation)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refused.value.response["ResponseMetadata"]["RequestId"]


async def test_what_is_unsigned_or_unknown_is_refused(calm: SimServer) -> None:
    scope = f"AWS4-HMAC-SHA256 Credential={PROD.access_key}/20261122/us-east-1/ecs/aws4_request, x"
    target = "AmazonEC2ContainerServiceV20141113."
    cases = [
        ({}, b"{}", 403, "MissingAuthenticationTokenException"),
        (
            {"X-Amz-Target": target + "ListClusters"},
            b"",
            400,
            "MissingAuthenticationTokenException",
        ),
        (
            {"Authorization": scope, "X-Amz-Target": target + "Fly"},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        (
            {"Authorization": scope, "X-Amz-Target": "Nothing.Fly"},
            b"{}",
            400,
            "UnknownOperationException",
        ),
        (
            {"Authorization": scope, "X-Amz-Target": target + "ListClusters"},
            b"[",
            400,
            "SerializationException",
        ),
        (
            {"Authorization": scope, "X-Amz-Target": target + "ListTasks"},
            b'{"cluster": 1}',
            400,
            "SerializationException",
        ),
        (
            {"Authorization": scope, "X-Amz-Target": target + "ListTasks"},
            b'{"maxResults": "1"}',
            400,
            "ClusterNotFoundException",
        ),
    ]
    async with aiohttp.ClientSession() as http:
        for headers, body, status, code in cases:
            async with http.post(calm.url + "/", data=body, headers=headers) as answer:
                assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (status, code)


async def test_a_bucket_runs_dry_and_fills_again(strict: SimServer) -> None:
    aws = Aws(strict.url)
    burst, rate = ECS_RATES["clusters"]
    for _ in range(int(burst)):
        await aws("ecs", "list_clusters")
    with pytest.raises(ClientError) as refused:
        await aws("ecs", "list_clusters")
    assert refused.value.response["Error"] == {
        "Code": "ThrottlingException",
        "Message": "Rate exceeded",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="Rate exceeded"):
        await aws("ecs", "describe_clusters")
    await aws("ecs", "list_clusters", region="eu-west-1")
    await Aws(strict.url, STAGING)("ecs", "list_clusters")
    await aws("ecs", "list_services", cluster="shop-prod")
    await strict.advance(1)
    for _ in range(int(rate)):
        await aws("ecs", "list_clusters")
    with pytest.raises(ClientError, match="Rate exceeded"):
        await aws("ecs", "list_clusters")


async def test_filtering_logs_has_the_rate_of_its_region(strict: SimServer) -> None:
    aws = Aws(strict.url)
    for _ in range(5):
        await aws(
            "logs",
            "filter_log_events",
            region="eu-central-1",
            logGroupName="/ecs/batch-prod/reports",
            limit=1,
        )
    with pytest.raises(ClientError, match="Rate exceeded"):
        await aws(
            "logs",
            "filter_log_events",
            region="eu-central-1",
            logGroupName="/ecs/batch-prod/reports",
        )
    for _ in range(6):
        await aws("logs", "filter_log_events", logGroupName="/ecs/shop-prod/web", limit=1)


def test_every_class_of_actions_has_a_rate() -> None:
    assert set(ECS_CLASSES.values()) == set(ECS_RATES)


async def test_a_fault_meets_the_next_calls_and_no_more(calm: SimServer, aws: Aws) -> None:
    fault = {"action": "ecs:List*", "times": 2, "code": "AccessDeniedException", "message": "no"}
    assert await post(calm, "/_sim/fault", **fault) == (200, {"ok": True})
    for operation in ("list_clusters", "list_task_definitions"):
        with pytest.raises(ClientError, match=r"AccessDenied.*: no"):
            await aws("ecs", operation)
    await aws("ecs", "list_clusters")


async def test_a_fault_can_be_kept_to_a_place_and_taken_back(calm: SimServer, aws: Aws) -> None:
    await post(
        calm,
        "/_sim/fault",
        action="*",
        times=-1,
        code="ExpiredTokenException",
        status=403,
        scope="111122223333/us-east-1",
    )
    for _ in range(3):
        with pytest.raises(ClientError, match="ExpiredToken"):
            await aws("sts", "get_caller_identity")
    await aws("sts", "get_caller_identity", region="eu-west-1")
    await post(calm, "/_sim/fault")
    await aws("sts", "get_caller_identity")


async def test_a_call_can_hang_while_others_are_answered(calm: SimServer, aws: Aws) -> None:
    await post(calm, "/_sim/fault", action="ecs:ListClusters", hang=True)
    hung = asyncio.create_task(_raw_list_clusters(calm))
    async with asyncio.timeout(10):
        while not calm.world.faults.calls["ecs:ListClusters"]:
            await asyncio.sleep(0)
    await aws("ecs", "list_clusters")
    assert not hung.done()
    hung.cancel()


async def _raw_list_clusters(sim: SimServer) -> int:
    headers = {
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
        "Authorization": f"AWS4 Credential={PROD.access_key}/20261122/us-east-1/ecs/aws4_request",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(sim.url + "/", data=b"{}", headers=headers) as answer,
    ):
        return answer.status


async def test_calls_are_counted(calm: SimServer, aws: Aws) -> None:
    await aws("ecs", "list_clusters")
    await aws("eks", "list_clusters")
    await aws("eks", "list_clusters", region="eu-west-1")
    async with aiohttp.ClientSession() as http, http.get(calm.url + "/_sim/calls") as answer:
        assert await answer.json() == {"ecs:ListClusters": 1, "eks:ListClusters": 2}


async def test_time_is_moved_over_http(calm: SimServer, aws: Aws) -> None:
    await aws("ecs", "update_service", cluster="shop-prod", service="web", desiredCount=4)
    start = calm.world.clock.now()
    assert await post(calm, "/_sim/advance", seconds=60) == (200, {"now": start + 60})
    answer = await aws("ecs", "describe_services", cluster="shop-prod", services=["web"])
    assert answer["services"][0]["runningCount"] == 4


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_sim/advance", {"seconds": -1}),
        ("/_sim/advance", {}),
        ("/_sim/incident", {"name": "flood", "cluster": "shop-prod", "service": "web"}),
        ("/_sim/incident", {"name": "oom", "cluster": "nowhere", "service": "web"}),
        ("/_sim/fault", {"times": 1}),
    ],
)
async def test_bad_control_requests_say_what_is_wrong(
    calm: SimServer, path: str, body: Any
) -> None:
    status, answer = await post(calm, path, **body)
    assert status == 400
    assert answer["error"]


async def test_a_running_clock_is_not_moved() -> None:
    async with SimServer(lively=False) as sim:
        status, answer = await post(sim, "/_sim/advance", seconds=1)
        assert status == 409
        assert "manual clock" in answer["error"]
        with pytest.raises(TypeError):
            await sim.advance(1)


async def test_an_incident_is_made_over_http(calm: SimServer) -> None:
    service = calm.world.ecs.service("shop-prod", "web")
    assert all(t.active for t in service.tasks.values())
    await post(calm, "/_sim/incident", name="oom", cluster="shop-prod", service="web")
    assert sum(t.stop_code == "EssentialContainerExited" for t in service.tasks.values()) == 1
