"""Deployments as a client sees them, and worlds laid out by the caller."""

from __future__ import annotations

from typing import Any

import msgspec
from sim_aws import Aws

from backends.clock import ManualClock
from backends.sim.blueprint import blueprint
from backends.sim.server import SimServer

WEB = {"cluster": "shop-prod", "service": "web"}


async def web(aws: Aws) -> Any:
    answer = await aws("ecs", "describe_services", cluster="shop-prod", services=["web"])
    return answer["services"][0]


async def newest(aws: Aws) -> Any:
    listed = await aws("ecs", "list_service_deployments", **WEB)
    arn = listed["serviceDeployments"][0]["serviceDeploymentArn"]
    described = await aws("ecs", "describe_service_deployments", serviceDeploymentArns=[arn])
    return described["serviceDeployments"][0]


async def test_a_rollout_is_followed_from_request_to_success(calm: SimServer, aws: Aws) -> None:
    before = await web(aws)
    answer = await aws("ecs", "update_service", **WEB, forceNewDeployment=True)
    deployments = {d["status"]: d for d in answer["service"]["deployments"]}
    assert set(deployments) == {"PRIMARY", "ACTIVE"}
    assert deployments["ACTIVE"]["id"] == before["deployments"][0]["id"]
    assert deployments["PRIMARY"]["rolloutState"] == "IN_PROGRESS"
    assert (await newest(aws))["status"] == "IN_PROGRESS"
    assert (await newest(aws))["deploymentCircuitBreaker"]["status"] == "MONITORING"
    await calm.advance(60)
    after = await web(aws)
    (only,) = after["deployments"]
    assert (only["rolloutState"], only["runningCount"]) == ("COMPLETED", after["desiredCount"])
    done = await newest(aws)
    assert done["status"] == "SUCCESSFUL"
    assert done["finishedAt"] > done["createdAt"]
    assert done["targetServiceRevision"]["runningTaskCount"] == after["desiredCount"]


async def test_a_rollback_is_part_of_the_deployment_it_undoes(calm: SimServer, aws: Aws) -> None:
    listed = await aws("ecs", "list_service_deployments", **WEB)
    calm.world.incident("image-pull", "shop-prod", "web")
    bad = (await web(aws))["taskDefinition"]
    await calm.advance(120)
    after = await aws("ecs", "list_service_deployments", **WEB)
    assert len(after["serviceDeployments"]) == len(listed["serviceDeployments"]) + 1
    failed = await newest(aws)
    assert failed["status"] == "ROLLBACK_SUCCESSFUL"
    assert failed["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert failed["deploymentCircuitBreaker"]["failureCount"] >= 3
    assert "circuit breaker" in failed["rollback"]["reason"]
    service = await web(aws)
    assert service["taskDefinition"] != bad
    assert "rolling back" in " ".join(e["message"] for e in service["events"])


async def test_a_revision_can_be_deployed_by_name(calm: SimServer, aws: Aws) -> None:
    known = await aws("ecs", "list_task_definitions", familyPrefix="shop-prod-web", sort="DESC")
    latest, older = known["taskDefinitionArns"][:2]
    assert (await web(aws))["taskDefinition"] == latest
    await aws("ecs", "update_service", **WEB, taskDefinition=older)
    await calm.advance(60)
    service = await web(aws)
    tasks = await aws("ecs", "list_tasks", cluster="shop-prod", serviceName="web")
    described = await aws("ecs", "describe_tasks", cluster="shop-prod", tasks=tasks["taskArns"])
    assert service["taskDefinition"] == older
    assert {t["taskDefinitionArn"] for t in described["tasks"]} == {older}
    again = await aws("ecs", "update_service", **WEB, taskDefinition=older)
    assert len(again["service"]["deployments"]) == 1, "the same revision is no new deployment"


async def test_an_autoscaler_keeps_its_bounds_and_says_what_it_did(
    sim: SimServer, aws: Aws
) -> None:
    await sim.advance(3600)
    target = {"ServiceNamespace": "ecs", "ResourceIds": ["service/shop-prod/web"]}
    (scalable,) = (await aws("application-autoscaling", "describe_scalable_targets", **target))[
        "ScalableTargets"
    ]
    assert scalable["MinCapacity"] <= (await web(aws))["desiredCount"] <= scalable["MaxCapacity"]
    activities = await aws(
        "application-autoscaling", "describe_scaling_activities", ServiceNamespace="ecs",
        ResourceId="service/shop-prod/web",
    )  # fmt: skip
    times = [a["StartTime"] for a in activities["ScalingActivities"]]
    assert len(times) > 5
    assert times == sorted(times, reverse=True)
    assert activities["ScalingActivities"][-1]["StatusCode"] == "Successful"


async def test_target_health_says_why(calm: SimServer, aws: Aws) -> None:
    groups = await aws("elbv2", "describe_target_groups", Names=["shop-prod-web"])
    arn = groups["TargetGroups"][0]["TargetGroupArn"]
    calm.world.incident("target-health", "shop-prod", "web")
    health = await aws("elbv2", "describe_target_health", TargetGroupArn=arn)
    sick = [
        d["TargetHealth"]
        for d in health["TargetHealthDescriptions"]
        if d["TargetHealth"]["State"] == "unhealthy"
    ]
    assert [s["Reason"] for s in sick] == ["Target.ResponseCodeMismatch"]


async def test_a_world_can_be_laid_out_by_the_caller() -> None:
    usual = blueprint()
    strange = "w" * 200 + "-[red]"
    first = usual.clusters[0]
    odd = msgspec.structs.replace(first.workloads[0], name=strange)
    layout = msgspec.structs.replace(
        usual,
        clusters=(
            msgspec.structs.replace(first, workloads=(odd,)),
            msgspec.structs.replace(first, name="empty", workloads=()),
        ),
    )
    async with SimServer(clock=ManualClock(), layout=layout) as sim:
        aws = Aws(sim.url)
        listed = await aws("ecs", "list_services", cluster=first.name)
        assert [arn.rpartition("/")[2] for arn in listed["serviceArns"]] == [strange]
        assert (await aws("ecs", "list_services", cluster="empty"))["serviceArns"] == []
        assert sim.kubernetes_endpoints == {}


async def test_tasks_are_listed_by_what_they_have(sim: SimServer, aws: Aws) -> None:
    shop = sim.world.ecs.clusters("111122223333", "us-east-1")["shop-prod"]

    async def listed(**params: Any) -> set[str]:
        answer = await aws("ecs", "list_tasks", cluster="shop-prod", **params)
        return {arn.rpartition("/")[2] for arn in answer["taskArns"]}

    on_ec2 = {t.id for t in shop.services["sessions"].tasks.values()}
    assert await listed(launchType="EC2") == on_ec2
    assert await listed(family="shop-prod-sessions") == on_ec2
    assert await listed(startedBy=shop.services["sessions"].primary.id) == on_ec2
    by_instance = [await listed(containerInstance=i.arn) for i in shop.instances]
    assert set().union(*by_instance) == on_ec2
    assert sum(map(len, by_instance)) == len(on_ec2)
    assert await listed(desiredStatus="PENDING") == set()
    gone = await listed(desiredStatus="STOPPED")
    assert set(shop.stopped) <= gone
    assert not gone & {t.id for t in shop.tasks.values() if t.active}
    checkout = await listed(desiredStatus="STOPPED", serviceName="checkout")
    assert checkout
    assert checkout < gone
