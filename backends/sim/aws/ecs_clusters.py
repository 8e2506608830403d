"""ECS: clusters, their container instances and capacity providers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from backends.sim.aws import ecs_find as find
from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import invalid
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.model import Cluster, ContainerInstance

ERROR = "InvalidParameterException"


@operation("ecs", "ListClusters")
def list_clusters(call: Call) -> dict[str, Any]:
    """Answer the ARNs of the caller's clusters."""
    here = call.world.ecs.clusters(call.account.account_id, call.region).values()
    taken, token = page(call, here, lambda c: c.arn, limit(call, "maxResults", 100, 100, ERROR))
    return {"clusterArns": [c.arn for c in taken], **({"nextToken": token} if token else {})}


@operation("ecs", "DescribeClusters")
def describe_clusters(call: Call) -> dict[str, Any]:
    """Answer up to 100 clusters; those that are not there are failures."""
    names = call.texts("clusters") or ["default"]
    if len(names) > 100:
        raise invalid("Clusters cannot have more than 100 elements.")
    include = set(call.texts("include"))
    found, failures = [], []
    for name in names:
        cluster = find.cluster_named(call, name)
        if cluster is None:
            arn = name if name.startswith("arn:") else call.arn(f"cluster/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(render_cluster(cluster, include))
    return {"clusters": found, "failures": failures}


def render_cluster(cluster: Cluster, include: set[str]) -> dict[str, Any]:
    """Return a cluster as DescribeClusters shows it, with the parts in `include`."""
    states = Counter(task.last_status for task in cluster.tasks.values())
    running = states["RUNNING"]
    body: dict[str, Any] = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": len(cluster.instances),
        "runningTasksCount": running,
        "pendingTasksCount": states["PROVISIONING"] + states["PENDING"] + states["ACTIVATING"],
        "activeServicesCount": len(cluster.services),
        "statistics": _statistics(cluster) if "STATISTICS" in include else [],
        "tags": [],
        "settings": [],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    }
    if "SETTINGS" in include:
        body["settings"] = [{"name": "containerInsights", "value": "enabled"}]
    if "TAGS" in include:
        stage = cluster.name.rpartition("-")[2]
        body["tags"] = [{"key": "stage", "value": stage}, {"key": "owner", "value": "platform"}]
    return body


def _statistics(cluster: Cluster) -> list[dict[str, str]]:
    tasks = Counter(
        (task.launch, "running" if task.last_status == "RUNNING" else "pending")
        for task in cluster.tasks.values()
        if task.active
    )
    services = Counter("EC2" if s.launch == "EC2" else "Fargate" for s in cluster.services.values())
    values = {
        "runningEC2TasksCount": tasks["EC2", "running"],
        "runningFargateTasksCount": tasks["FARGATE", "running"],
        "pendingEC2TasksCount": tasks["EC2", "pending"],
        "pendingFargateTasksCount": tasks["FARGATE", "pending"],
        "activeEC2ServiceCount": services["EC2"],
        "activeFargateServiceCount": services["Fargate"],
        "drainingEC2ServiceCount": 0,
        "drainingFargateServiceCount": 0,
    }
    return [{"name": name, "value": str(value)} for name, value in values.items()]


@operation("ecs", "ListContainerInstances")
def list_container_instances(call: Call) -> dict[str, Any]:
    """Answer the ARNs of a cluster's container instances."""
    status = call.text("status", "ACTIVE")
    instances = [i for i in find.cluster(call).instances if i.status == status]
    size = limit(call, "maxResults", 100, 100, ERROR)
    taken, token = page(call, instances, lambda i: i.arn, size)
    arns = [i.arn for i in taken]
    return {"containerInstanceArns": arns, **({"nextToken": token} if token else {})}


@operation("ecs", "DescribeContainerInstances")
def describe_container_instances(call: Call) -> dict[str, Any]:
    """Answer up to 100 container instances; those that are not there are failures."""
    cluster = find.cluster(call)
    known = {find.short(i.arn): i for i in cluster.instances}
    found, failures = [], []
    for name in find.many(call, "containerInstances", 100):
        instance = known.get(find.short(name))
        if instance is None:
            arn = (
                name
                if name.startswith("arn:")
                else call.arn(f"container-instance/{cluster.name}/{name}")
            )
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_render_instance(cluster, instance))
    return {"containerInstances": found, "failures": failures}


def _render_instance(cluster: Cluster, instance: ContainerInstance) -> dict[str, Any]:
    mine = [t for t in cluster.tasks.values() if t.instance is instance]
    running = sum(t.last_status == "RUNNING" for t in mine)
    used_cpu = sum(t.definition.cpu for t in mine)
    used_memory = sum(t.definition.memory for t in mine)
    return {
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.ec2_id,
        "version": 12,
        "versionInfo": {
            "agentVersion": "1.98.0",
            "agentHash": "0a1b2c3d",
            "dockerVersion": "DockerVersion: 25.0.8",
        },
        "remainingResources": _resources(instance.cpu - used_cpu, instance.memory - used_memory),
        "registeredResources": _resources(instance.cpu, instance.memory),
        "status": instance.status,
        "agentConnected": True,
        "runningTasksCount": running,
        "pendingTasksCount": len(mine) - running,
        "attributes": [
            {"name": "ecs.availability-zone", "value": instance.zone},
            {"name": "ecs.instance-type", "value": "m7i.xlarge"},
            {"name": "ecs.os-type", "value": "linux"},
        ],
        "registeredAt": instance.registered,
        "attachments": [],
        "tags": [],
    }


def _resources(cpu: int, memory: int) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", cpu), ("MEMORY", memory))
    ]


@operation("ecs", "DescribeCapacityProviders")
def describe_capacity_providers(call: Call) -> dict[str, Any]:
    """Answer the capacity providers that every account has."""
    names = call.texts("capacityProviders") or ["FARGATE", "FARGATE_SPOT"]
    found, failures = [], []
    for name in names:
        arn = call.arn(f"capacity-provider/{find.short(name)}")
        if find.short(name) in ("FARGATE", "FARGATE_SPOT"):
            found.append(
                {
                    "capacityProviderArn": arn,
                    "name": find.short(name),
                    "status": "ACTIVE",
                    "tags": [],
                }
            )
        else:
            failures.append({"arn": arn, "reason": "MISSING"})
    return {"capacityProviders": found, "failures": failures}
