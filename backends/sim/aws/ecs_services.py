"""ECS: services, and changing them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from backends.sim.aws import ecs_find as find
from backends.sim.aws.call import Call, operation
from backends.sim.aws.ecs_tasks import subnet
from backends.sim.aws.errors import invalid
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.definitions import PORT
from backends.sim.ecs.model import Deployment, Service

ERROR = "InvalidParameterException"
PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")


@operation("ecs", "ListServices")
def list_services(call: Call) -> dict[str, Any]:
    """Answer the ARNs of a cluster's services, ten at a time unless asked for more."""
    services = list(find.cluster(call).services.values())
    launch = call.text("launchType")
    if launch:
        services = [s for s in services if launch == ("EC2" if s.launch == "EC2" else "FARGATE")]
    if call.text("schedulingStrategy", "REPLICA") != "REPLICA":
        services = []
    taken, token = page(call, services, lambda s: s.arn, limit(call, "maxResults", 10, 100, ERROR))
    return {"serviceArns": [s.arn for s in taken], **({"nextToken": token} if token else {})}


@operation("ecs", "DescribeServices")
def describe_services(call: Call) -> dict[str, Any]:
    """Answer up to ten services; those that are not there are failures."""
    cluster = find.cluster(call)
    tags = "TAGS" in call.texts("include")
    found, failures = [], []
    for name in find.many(call, "services", 10):
        service = cluster.services.get(find.short(name))
        if service is None:
            arn = name if name.startswith("arn:") else call.arn(f"service/{cluster.name}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(render_service(call, service, tags=tags))
    return {"services": found, "failures": failures}


@operation("ecs", "UpdateService")
def update_service(call: Call) -> dict[str, Any]:
    """Change a service's desired count or task definition, or deploy it anew."""
    service = find.service(call, call.text("service"))
    desired = call.number("desiredCount")
    if desired is not None and desired < 0:
        raise invalid("Desired count must be greater than or equal to 0.")
    named = call.text("taskDefinition")
    definition = find.definition(call, named) if named else None
    call.world.ecs.update(
        service,
        desired=desired,
        definition=definition,
        force=bool(call.params.get("forceNewDeployment")),
    )
    return {"service": render_service(call, service)}


def render_service(call: Call, service: Service, *, tags: bool = False) -> dict[str, Any]:
    """Return a service as DescribeServices shows it."""
    counts = Counter(task.last_status for task in service.tasks.values() if task.active)
    primary = service.primary
    body: dict[str, Any] = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster.arn,
        "loadBalancers": _load_balancers(service),
        "serviceRegistries": _registries(call, service),
        "status": "ACTIVE",
        "desiredCount": service.desired,
        "runningCount": counts["RUNNING"],
        "pendingCount": sum(counts[state] for state in PENDING),
        "taskDefinition": primary.definition.arn,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": service.breaker, "rollback": service.rollback},
            "maximumPercent": service.maximum_percent,
            "minimumHealthyPercent": service.minimum_percent,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        },
        "deployments": [_render_deployment(call, service, d) for d in service.deployments],
        "events": [
            {"id": event.id, "createdAt": event.at, "message": event.message}
            for event in service.events
        ],
        "createdAt": service.created,
        "createdBy": f"arn:aws:iam::{service.cluster.account}:role/deployer",
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        "enableExecuteCommand": service.execute,
        "availabilityZoneRebalancing": "ENABLED",
        "roleArn": (
            f"arn:aws:iam::{service.cluster.account}:role/aws-service-role/"
            "ecs.amazonaws.com/AWSServiceRoleForECS"
        ),
        **_launch(service),
    }
    if service.target_group is not None:
        body["healthCheckGracePeriodSeconds"] = 30
    if primary.definition.network_mode == "awsvpc":
        body["networkConfiguration"] = _network(service)
    if tags:
        body["tags"] = [{"key": "service", "value": service.name}]
    return body


def _launch(service: Service) -> dict[str, Any]:
    """Return how tasks are placed: by launch type, or by capacity provider for Spot."""
    if service.launch == "EC2":
        return {"launchType": "EC2"}
    platform = {"platformVersion": "LATEST", "platformFamily": "Linux"}
    if service.launch == "FARGATE":
        return {"launchType": "FARGATE", **platform}
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    return {"capacityProviderStrategy": strategy, **platform}


def _load_balancers(service: Service) -> list[dict[str, Any]]:
    if service.target_group is None:
        return []
    return [
        {
            "targetGroupArn": service.target_group.arn,
            "containerName": service.primary.definition.containers[0].name,
            "containerPort": service.target_group.port,
        }
    ]


def _registries(call: Call, service: Service) -> list[dict[str, Any]]:
    registry = call.world.cloudmap.registry_of(service)
    if registry is None:
        return []
    body: dict[str, Any] = {"registryArn": registry.arn}
    if "SRV" in registry.records:
        body["containerName"] = service.primary.definition.containers[0].name
        body["containerPort"] = PORT
    return [body]


def _network(service: Service) -> dict[str, Any]:
    subnets = sorted({subnet(t) for t in service.tasks.values()})
    return {
        "awsvpcConfiguration": {
            "subnets": subnets,
            "securityGroups": [f"sg-{service.cluster.number:017x}"],
            "assignPublicIp": "DISABLED",
        }
    }


def _render_deployment(call: Call, service: Service, deployment: Deployment) -> dict[str, Any]:
    counts = Counter(
        t.last_status for t in service.tasks.values() if t.active and t.started_by == deployment.id
    )
    primary = deployment is service.primary
    body = {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.definition.arn,
        "desiredCount": deployment.desired if primary else sum(counts.values()),
        "pendingCount": sum(counts[state] for state in PENDING),
        "runningCount": counts["RUNNING"],
        "failedTasks": deployment.failed,
        "createdAt": deployment.created,
        "updatedAt": deployment.updated,
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        **_launch(service),
    }
    if deployment.definition.network_mode == "awsvpc":
        body["networkConfiguration"] = _network(service)
    if service.connect:
        body["serviceConnectConfiguration"] = _connect(call, service)
    return body


def _connect(call: Call, service: Service) -> dict[str, Any]:
    return {
        "enabled": True,
        "namespace": call.world.cloudmap.namespace_of(service).arn,
        "services": [
            {
                "portName": "http",
                "discoveryName": f"{service.name}-sc",
                "clientAliases": [{"port": PORT, "dnsName": service.name}],
            }
        ],
    }
