"""Cloud Map: namespaces of each type, and instances that follow their tasks and pods."""

from __future__ import annotations

from typing import Any

import pytest
from sim_aws import Aws

from backends.sim.server import SimServer


async def service_id(aws: Aws, namespace: str, name: str, region: str = "us-east-1") -> str:
    for service in (await services(aws, namespace, region)).values():
        if service["Name"] == name:
            return str(service["Id"])
    raise AssertionError(f"no {name} in {namespace}")


async def services(aws: Aws, namespace: str, region: str = "us-east-1") -> dict[str, Any]:
    names = [{"Name": "NAME", "Values": [namespace], "Condition": "EQ"}]
    answer = await aws("servicediscovery", "list_namespaces", region=region, Filters=names)
    (found,) = answer["Namespaces"]
    by = [{"Name": "NAMESPACE_ID", "Values": [found["Id"]]}]
    listed = await aws("servicediscovery", "list_services", region=region, Filters=by)
    return {service["Name"]: service for service in listed["Services"]}


async def instances(aws: Aws, service: str, region: str = "us-east-1") -> dict[str, Any]:
    answer = await aws("servicediscovery", "list_instances", region=region, ServiceId=service)
    return {i["Id"]: i["Attributes"] for i in answer["Instances"]}


async def test_every_type_of_namespace_is_there(calm: SimServer, aws: Aws) -> None:
    answer = await aws("servicediscovery", "list_namespaces")
    types = {n["Name"]: n["Type"] for n in answer["Namespaces"]}
    assert types["shop.local"] == "DNS_PRIVATE"
    assert types["edge.acme.example"] == "DNS_PUBLIC"
    assert types["shop-prod-connect"] == "HTTP"
    for namespace in answer["Namespaces"]:
        assert ("DnsProperties" in namespace["Properties"]) == (namespace["Type"] != "HTTP")


async def test_services_have_the_records_and_checks_of_their_kind(
    calm: SimServer, aws: Aws
) -> None:
    shop = await services(aws, "shop.local")
    assert shop["web"]["DnsConfig"]["DnsRecords"][0]["Type"] == "A"
    assert "HealthCheckCustomConfig" in shop["web"]
    assert shop["database"]["DnsConfig"]["DnsRecords"][0]["Type"] == "CNAME"
    edge = await services(aws, "edge.acme.example")
    assert edge["sessions"]["DnsConfig"]["DnsRecords"][0]["Type"] == "SRV"
    assert edge["sessions"]["HealthCheckConfig"]["Type"] == "HTTP"
    connect = await services(aws, "shop-prod-connect")
    assert connect["checkout-sc"]["Type"] == "HTTP"


async def test_instances_carry_what_ecs_says_of_their_task(calm: SimServer, aws: Aws) -> None:
    found = await instances(aws, await service_id(aws, "shop.local", "web"))
    tasks = calm.world.ecs.service("shop-prod", "web").tasks
    assert set(found) == set(tasks)
    for identity, attributes in found.items():
        assert attributes == {
            "AWS_INSTANCE_IPV4": tasks[identity].ip,
            "AVAILABILITY_ZONE": tasks[identity].zone,
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "ECS_CLUSTER_NAME": "shop-prod",
            "ECS_SERVICE_NAME": "web",
            "ECS_TASK_DEFINITION_FAMILY": "shop-prod-web",
            "REGION": "us-east-1",
        }


async def test_instances_follow_their_tasks_some_seconds_late(calm: SimServer, aws: Aws) -> None:
    registry = await service_id(aws, "shop.local", "web")
    service = calm.world.ecs.service("shop-prod", "web")
    before = set(await instances(aws, registry))
    await aws("ecs", "update_service", cluster="shop-prod", service="web", forceNewDeployment=True)
    missing = lingering = 0
    for _ in range(120):
        await calm.advance(0.5)
        known = set(await instances(aws, registry))
        ready = {t.id for t in service.tasks.values() if t.last_status == "RUNNING" and t.active}
        missing += bool(ready - known)
        lingering += bool(known & {t.id for t in service.stopped.values()})
    assert missing, "an instance was never late to come"
    assert lingering, "an instance was never late to go"
    assert set(await instances(aws, registry)) == set(service.tasks)
    assert not before & set(service.tasks)


async def test_health_follows_the_target(calm: SimServer, aws: Aws) -> None:
    registry = await service_id(aws, "edge.acme.example", "gateway")
    calm.world.incident("target-health", "shop-prod", "gateway")
    answer = await aws("servicediscovery", "get_instances_health_status", ServiceId=registry)
    sick = [i for i, health in answer["Status"].items() if health == "UNHEALTHY"]
    assert len(sick) == 1

    async def discover(**params: Any) -> set[str]:
        found = await aws(
            "servicediscovery", "discover_instances", NamespaceName="edge.acme.example",
            ServiceName="gateway", **params,
        )  # fmt: skip
        return {i["InstanceId"] for i in found["Instances"]}

    assert await discover() == set(answer["Status"]) - set(sick)
    assert await discover(HealthStatus="UNHEALTHY") == set(sick)
    assert await discover(HealthStatus="ALL") == set(answer["Status"])
    zone = calm.world.ecs.service("shop-prod", "gateway").tasks[sick[0]].zone
    assert sick[0] in await discover(
        HealthStatus="ALL", QueryParameters={"AVAILABILITY_ZONE": zone}
    )
    assert await discover(HealthStatus="ALL", QueryParameters={"AVAILABILITY_ZONE": "x"}) == set()


async def test_services_point_at_their_registry_and_back(calm: SimServer, aws: Aws) -> None:
    answer = await aws(
        "ecs", "describe_services", cluster="shop-prod", services=["web", "sessions", "checkout"]
    )
    web, sessions, checkout = sorted(answer["services"], key=lambda s: s["serviceName"])[::-1]
    known = await services(aws, "shop.local")
    assert web["serviceRegistries"] == [{"registryArn": known["web"]["Arn"]}]
    assert sessions["serviceRegistries"][0]["containerPort"] == 8080
    connect = checkout["deployments"][0]["serviceConnectConfiguration"]
    namespace = await aws("servicediscovery", "get_namespace", Id=connect["namespace"])
    assert namespace["Namespace"]["Name"] == "shop-prod-connect"


@pytest.mark.parametrize("workload", ["ledger", "card-api"])
async def test_pods_are_instances_too(calm: SimServer, aws: Aws, workload: str) -> None:
    found = await instances(aws, await service_id(aws, "payments", workload))
    pods = calm.world.kube["payments-prod"].pod_addresses("payments", workload)
    assert pods
    assert {a["AWS_INSTANCE_IPV4"] for a in found.values()} == {ip for _, ip in pods}
    for identity, attributes in found.items():
        assert attributes["CLUSTER_ID"] == "payments-prod"
        assert identity == f"tcp-{attributes['AWS_INSTANCE_IPV4'].replace('.', '_')}-8080"
