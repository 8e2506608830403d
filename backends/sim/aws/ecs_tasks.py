"""ECS: tasks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

from backends.sim.aws import ecs_find as find
from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import invalid
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.definitions import image_digest, runtime_id
from backends.sim.ecs.model import Cluster, Container, Task

ERROR = "InvalidParameterException"

_FILTERS: dict[str, Callable[[Task], str]] = {
    "family": lambda task: task.definition.family,
    "launchType": lambda task: task.launch,
    "startedBy": lambda task: find.short(task.started_by),
    "containerInstance": lambda task: find.short(task.instance.arn) if task.instance else "",
}
"""What ListTasks can be narrowed by, and what a task has there."""


@operation("ecs", "ListTasks")
def list_tasks(call: Call) -> dict[str, Any]:
    """Answer the ARNs of a cluster's tasks, those meant to run unless asked otherwise."""
    tasks = _candidates(call, find.cluster(call))
    for name, value in _FILTERS.items():
        wanted = find.short(call.text(name))
        if wanted:
            tasks = [t for t in tasks if value(t) == wanted]
    taken, token = page(call, tasks, lambda t: t.id, limit(call, "maxResults", 100, 100, ERROR))
    return {"taskArns": [t.arn for t in taken], **({"nextToken": token} if token else {})}


def _candidates(call: Call, cluster: Cluster) -> Iterable[Task]:
    """Return the tasks of the service and desired status that are asked for."""
    status = call.text("desiredStatus", "RUNNING")
    if status not in ("RUNNING", "PENDING", "STOPPED"):
        raise invalid("Invalid desiredStatus.")
    name = call.text("serviceName")
    service = find.service(call, name) if name else None
    if status == "PENDING":
        return []
    living = (service.tasks if service else cluster.tasks).values()
    if status == "RUNNING":
        return [t for t in living if t.active]
    gone = (service.stopped if service else cluster.stopped).values()
    return [*(t for t in living if not t.active), *gone]


@operation("ecs", "DescribeTasks")
def describe_tasks(call: Call) -> dict[str, Any]:
    """Answer up to 100 tasks; those that are not there are failures."""
    cluster = find.cluster(call)
    tags = "TAGS" in call.texts("include")
    found, failures = [], []
    for name in find.many(call, "tasks", 100):
        task = find.task(cluster, name)
        if task is None:
            arn = name if name.startswith("arn:") else call.arn(f"task/{cluster.name}/{name}")
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(render_task(cluster, task, tags=tags))
    return {"tasks": found, "failures": failures}


def render_task(cluster: Cluster, task: Task, *, tags: bool = False) -> dict[str, Any]:
    """Return a task as DescribeTasks shows it."""
    definition = task.definition
    body: dict[str, Any] = {
        "attachments": _attachments(task),
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": task.zone,
        "clusterArn": cluster.arn,
        "connectivity": "CONNECTED",
        "containers": [_render_container(task, c) for c in task.containers],
        "cpu": str(definition.cpu),
        "createdAt": task.created,
        "desiredStatus": task.desired_status,
        "enableExecuteCommand": bool(task.service and task.service.execute),
        "group": task.group,
        "healthStatus": _health(task),
        "lastStatus": task.last_status,
        "launchType": task.launch,
        "memory": str(definition.memory),
        "overrides": {
            "containerOverrides": [{"name": c.definition.name} for c in task.containers],
            "inferenceAcceleratorOverrides": [],
        },
        "startedBy": task.started_by,
        "tags": [{"key": "service", "value": task.group[8:]}] if tags else [],
        "taskArn": task.arn,
        "taskDefinitionArn": definition.arn,
        "version": task.version,
    }
    _render_launch(task, body)
    _render_times(task, body)
    return body


def _render_launch(task: Task, body: dict[str, Any]) -> None:
    if task.launch == "FARGATE":
        body["platformVersion"] = "1.4.0"
        body["platformFamily"] = "Linux"
        body["ephemeralStorage"] = {"sizeInGiB": 20}
    if task.capacity_provider:
        body["capacityProviderName"] = task.capacity_provider
    if task.instance is not None:
        body["containerInstanceArn"] = task.instance.arn


def _render_times(task: Task, body: dict[str, Any]) -> None:
    times = {
        "connectivityAt": task.connected,
        "pullStartedAt": task.pull_started,
        "pullStoppedAt": task.pull_stopped,
        "startedAt": task.started,
        "stoppingAt": task.stopping,
        "executionStoppedAt": task.executions_stopped,
        "stoppedAt": task.stopped,
    }
    body.update((name, value) for name, value in times.items() if value is not None)
    if task.stop_code:
        body["stopCode"] = task.stop_code
        body["stoppedReason"] = task.stop_reason


def _health(task: Task) -> str:
    checked = [c.health for c in task.containers if c.definition.health_check]
    if "UNHEALTHY" in checked:
        return "UNHEALTHY"
    return "HEALTHY" if checked and all(h == "HEALTHY" for h in checked) else "UNKNOWN"


def _attachments(task: Task) -> list[dict[str, Any]]:
    """Return a task's network interface; bridge mode has none."""
    if task.definition.network_mode != "awsvpc":
        return []
    number = int(task.id[:15], 16)
    status = {"PROVISIONING": "PRECREATED", "PENDING": "ATTACHING", "STOPPED": "DELETED"}
    details = [
        {"name": "subnetId", "value": subnet(task)},
        {"name": "networkInterfaceId", "value": f"eni-{number & (1 << 68) - 1:017x}"},
        {"name": "macAddress", "value": mac(number)},
        {"name": "privateDnsName", "value": f"ip-{task.ip.replace('.', '-')}.ec2.internal"},
        {"name": "privateIPv4Address", "value": task.ip},
    ]
    return [
        {
            "id": f"{task.id[:8]}-{task.id[8:12]}-{task.id[12:16]}-{task.id[16:20]}-{task.id[20:]}",
            "type": "ElasticNetworkInterface",
            "status": status.get(task.last_status, "ATTACHED"),
            "details": details if task.last_status != "PROVISIONING" else details[:1],
        }
    ]


def subnet(task: Task) -> str:
    """Return the id of the subnet that a task's address belongs to."""
    network = ".".join(task.ip.split(".")[:2]) + task.zone
    return f"subnet-{zlib.crc32(network.encode()):017x}"


def mac(number: int) -> str:
    """Return a MAC address made of a number's lowest bits."""
    digits = f"{number & 0xFFFFFFFF:08x}"
    return "0a:ff:" + ":".join(digits[i : i + 2] for i in range(0, 8, 2))


def _render_container(task: Task, container: Container) -> dict[str, Any]:
    definition = container.definition
    body: dict[str, Any] = {
        "containerArn": (
            task.arn.replace(":task/", ":container/", 1)
            + f"/{task.id[:8]}-{zlib.crc32(definition.name.encode()):08x}"
        ),
        "taskArn": task.arn,
        "name": definition.name,
        "image": definition.image,
        "lastStatus": container.last_status,
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": container.health,
        "cpu": str(definition.cpu),
        "memory": str(definition.memory),
    }
    if task.pull_stopped is not None:
        body["runtimeId"] = runtime_id(task, definition)
        body["imageDigest"] = image_digest(definition.image)
    if container.exit_code is not None:
        body["exitCode"] = container.exit_code
    if container.reason:
        body["reason"] = container.reason
    if task.definition.network_mode == "awsvpc":
        if task.last_status != "PROVISIONING":
            interface = f"{task.id[:8]}-{task.id[8:12]}-{task.id[12:16]}"
            body["networkInterfaces"] = [{"attachmentId": interface, "privateIpv4Address": task.ip}]
    elif container.host_port:
        body["networkBindings"] = [
            {
                "bindIP": "0.0.0.0",  # noqa: S104 - what Docker reports, not an address we bind
                "containerPort": definition.port,
                "hostPort": container.host_port,
                "protocol": "tcp",
            }
        ]
    if task.service and task.service.execute and task.last_status == "RUNNING":
        body["managedAgents"] = [
            {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING", "lastStartedAt": task.started}
        ]
    return body
