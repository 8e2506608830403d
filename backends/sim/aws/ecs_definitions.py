"""ECS: task definitions."""

from __future__ import annotations

from typing import Any

from backends.sim.aws import ecs_find as find
from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import invalid
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.model import ContainerDefinition, TaskDefinition

ERROR = "InvalidParameterException"


@operation("ecs", "DescribeTaskDefinition")
def describe_task_definition(call: Call) -> dict[str, Any]:
    """Answer one revision, the latest where none is named."""
    name = call.text("taskDefinition")
    if not name:
        raise invalid("TaskDefinition cannot be empty.")
    body: dict[str, Any] = {"taskDefinition": render(find.definition(call, name))}
    if "TAGS" in call.texts("include"):
        body["tags"] = []
    return body


@operation("ecs", "ListTaskDefinitionFamilies")
def list_families(call: Call) -> dict[str, Any]:
    """Answer the names of families."""
    prefix = call.text("familyPrefix")
    families = call.world.ecs.definitions.families(call.account.account_id, call.region)
    names = [f for f in families if f.startswith(prefix)]
    if call.text("status", "ACTIVE") == "INACTIVE":
        names = []
    taken, token = page(call, names, str, limit(call, "maxResults", 100, 100, ERROR))
    return {"families": taken, **({"nextToken": token} if token else {})}


@operation("ecs", "ListTaskDefinitions")
def list_task_definitions(call: Call) -> dict[str, Any]:
    """Answer the ARNs of revisions, of one family or of all, in the order asked for."""
    families = call.world.ecs.definitions.families(call.account.account_id, call.region)
    family = call.text("familyPrefix")
    if family:
        families = {family: families.get(family, {})}
    if call.text("status", "ACTIVE") != "ACTIVE":
        families = {}
    descending = call.text("sort", "ASC") == "DESC"
    arns = [
        revisions[number].arn
        for name, revisions in sorted(families.items(), reverse=descending)
        for number in sorted(revisions, reverse=descending)
    ]
    place = {arn: f"{index:09d}" for index, arn in enumerate(arns)}
    size = limit(call, "maxResults", 100, 100, ERROR)
    taken, token = page(call, arns, place.__getitem__, size)
    return {"taskDefinitionArns": taken, **({"nextToken": token} if token else {})}


def render(definition: TaskDefinition) -> dict[str, Any]:
    """Return a task definition as DescribeTaskDefinition shows it."""
    deployer = definition.role_arn.rpartition("/")[0] + "/deployer"
    return {
        "taskDefinitionArn": definition.arn,
        "containerDefinitions": [_container(definition, c) for c in definition.containers],
        "family": definition.family,
        "taskRoleArn": definition.role_arn,
        "executionRoleArn": definition.role_arn.rpartition("/")[0] + "/ecsTaskExecutionRole",
        "networkMode": definition.network_mode,
        "revision": definition.revision,
        "volumes": [],
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.docker-remote-api.1.19"}],
        "placementConstraints": [],
        "compatibilities": ["EC2"] if definition.launch == "EC2" else ["EC2", "FARGATE"],
        "requiresCompatibilities": [definition.launch],
        "cpu": str(definition.cpu),
        "memory": str(definition.memory),
        "registeredAt": definition.registered,
        "registeredBy": deployer,
    }


def _container(definition: TaskDefinition, container: ContainerDefinition) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": container.name,
        "image": container.image,
        "cpu": container.cpu,
        "memory": container.memory,
        "portMappings": [],
        "essential": container.essential,
        "environment": [{"name": k, "value": v} for k, v in container.environment.items()],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    if container.port:
        bridge = definition.network_mode == "bridge"
        body["portMappings"] = [
            {
                "containerPort": container.port,
                "hostPort": 0 if bridge else container.port,
                "protocol": "tcp",
                "name": "http",
                "appProtocol": "http",
            }
        ]
    if container.log_driver:
        body["logConfiguration"] = {
            "logDriver": container.log_driver,
            "options": container.log_options,
            "secretOptions": [],
        }
    if container.health_check:
        body["healthCheck"] = {
            "command": list(container.health_check),
            "interval": 30,
            "timeout": 5,
            "retries": 3,
        }
    if container.firelens:
        body["firelensConfiguration"] = {"type": "fluentbit"}
    return body
