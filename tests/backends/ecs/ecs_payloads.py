"""What ECS answers, as its API reference has it: payloads for tests and benchmarks."""

from __future__ import annotations

from typing import Any

from backends.model import Scope

NOW = 1_790_000_000.0
ACCOUNT = "111122223333"
REGION = "us-east-1"
PLACE = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
SCOPE = Scope("ecs", profile="acme", account=ACCOUNT, region=REGION, cluster="shop")


def cluster(name: str = "shop", **changes: Any) -> dict[str, Any]:
    return {
        "clusterArn": f"{PLACE}:cluster/{name}",
        "clusterName": name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 2,
        "runningTasksCount": 7,
        "pendingTasksCount": 1,
        "activeServicesCount": 3,
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    } | changes


def deployment(**changes: Any) -> dict[str, Any]:
    return {
        "id": "ecs-svc/1234567890123456789",
        "status": "PRIMARY",
        "taskDefinition": f"{PLACE}:task-definition/web:12",
        "desiredCount": 3,
        "pendingCount": 0,
        "runningCount": 3,
        "failedTasks": 0,
        "createdAt": NOW - 86_400,
        "updatedAt": NOW - 86_000,
        "launchType": "FARGATE",
        "rolloutState": "COMPLETED",
        "rolloutStateReason": "ECS deployment ecs-svc/1234567890123456789 completed.",
    } | changes


def event(message: str, ago: float = 10.0, number: int = 0) -> dict[str, Any]:
    return {
        "id": f"2cf5c2f6-0000-4000-8000-{number:012d}",
        "createdAt": NOW - ago,
        "message": f"(service web) {message}",
    }


def service(**changes: Any) -> dict[str, Any]:
    return {
        "serviceArn": f"{PLACE}:service/shop/web",
        "serviceName": "web",
        "clusterArn": f"{PLACE}:cluster/shop",
        "loadBalancers": [],
        "serviceRegistries": [],
        "status": "ACTIVE",
        "desiredCount": 3,
        "runningCount": 3,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "taskDefinition": f"{PLACE}:task-definition/web:12",
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        },
        "deployments": [deployment()],
        "events": [event("has reached a steady state.", 80_000)],
        "createdAt": NOW - 9_000_000,
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": ["subnet-1"],
                "securityGroups": ["sg-1"],
                "assignPublicIp": "DISABLED",
            }
        },
        "schedulingStrategy": "REPLICA",
    } | changes


def container(name: str = "app", **changes: Any) -> dict[str, Any]:
    return {
        "containerArn": f"{PLACE}:container/shop/0123456789abcdef/{name}",
        "taskArn": f"{PLACE}:task/shop/0123456789abcdef",
        "name": name,
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1.12.0",
        "imageDigest": "sha256:" + "ab" * 32,
        "runtimeId": f"0123456789abcdef-{name}",
        "lastStatus": "RUNNING",
        "networkBindings": [],
        "networkInterfaces": [
            {"attachmentId": "11111111-2222", "privateIpv4Address": "10.0.1.17"},
        ],
        "healthStatus": "HEALTHY",
        "cpu": "256",
        "memory": "512",
    } | changes


def task(identity: str = "0123456789abcdef", **changes: Any) -> dict[str, Any]:
    return {
        "attachments": [
            {
                "id": "11111111-2222",
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED",
                "details": [
                    {"name": "subnetId", "value": "subnet-1"},
                    {"name": "networkInterfaceId", "value": "eni-1"},
                    {"name": "macAddress", "value": "0e:00:00:00:00:01"},
                    {"name": "privateDnsName", "value": "ip-10-0-1-17.ec2.internal"},
                    {"name": "privateIPv4Address", "value": "10.0.1.17"},
                ],
            }
        ],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": f"{REGION}a",
        "clusterArn": f"{PLACE}:cluster/shop",
        "connectivity": "CONNECTED",
        "connectivityAt": NOW - 4_000,
        "containers": [container()],
        "cpu": "512",
        "createdAt": NOW - 4_010,
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": False,
        "group": "service:web",
        "healthStatus": "HEALTHY",
        "lastStatus": "RUNNING",
        "launchType": "FARGATE",
        "memory": "1024",
        "overrides": {"containerOverrides": [{"name": "app"}], "inferenceAcceleratorOverrides": []},
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "pullStartedAt": NOW - 4_005,
        "pullStoppedAt": NOW - 4_003,
        "startedAt": NOW - 4_000,
        "startedBy": "ecs-svc/1234567890123456789",
        "tags": [],
        "taskArn": f"{PLACE}:task/shop/{identity}",
        "taskDefinitionArn": f"{PLACE}:task-definition/web:12",
        "version": 5,
        "ephemeralStorage": {"sizeInGiB": 20},
    } | changes


def stopped(identity: str = "0123456789abcdef", **changes: Any) -> dict[str, Any]:
    """A task that was killed for using too much memory."""
    dead = container(
        lastStatus="STOPPED",
        exitCode=137,
        reason="OutOfMemoryError: Container killed due to memory usage",
    )
    return (
        task(
            identity,
            lastStatus="STOPPED",
            desiredStatus="STOPPED",
            healthStatus="UNKNOWN",
            containers=[dead],
            stopCode="EssentialContainerExited",
            stoppedReason="Essential container in task exited",
            stoppingAt=NOW - 130,
            executionStoppedAt=NOW - 121,
            stoppedAt=NOW - 120,
        )
        | changes
    )


def big_task(number: int) -> dict[str, Any]:
    """A task as fleets have them: sidecars, tags and overrides; some 3 KB."""
    names = ("app", "envoy", "datadog-agent")
    return task(
        f"{number:032x}",
        containers=[container(name) for name in names],
        tags=[{"key": f"tag-{i}", "value": f"value {i} of task {number}"} for i in range(5)],
    )
