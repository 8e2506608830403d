"""Making tasks, with the identifiers and addresses that theirs have."""

from __future__ import annotations

import random

from backends.sim.ecs.model import (
    Cluster,
    Container,
    ContainerInstance,
    Deployment,
    Service,
    Task,
    TaskDefinition,
)

ZONES = "abc"
"""The letters of the availability zones in use; each has a subnet of each cluster."""


def hex_id(rng: random.Random) -> str:
    """Return 32 hexadecimal digits, as ECS's ids of tasks and instances have."""
    return f"{rng.getrandbits(128):032x}"


def uuid_of(rng: random.Random) -> str:
    """Return a UUID, as ids of events and activities are."""
    digits = hex_id(rng)
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def deployment_id(rng: random.Random) -> str:
    """Return a deployment's id, as ECS's scheduler makes them."""
    return f"ecs-svc/{rng.randrange(10**18, 10**19)}"


def _address(cluster: Cluster) -> tuple[str, str]:
    """Return the next (zone, IP): subnets of a /18 each, in turn, from their tenth address on."""
    number = cluster.addresses
    cluster.addresses += 1
    subnet, host = number % len(ZONES), 10 + (number // len(ZONES)) % 16000
    zone = cluster.region + ZONES[subnet]
    return zone, f"10.{cluster.number}.{subnet * 64 + host // 256}.{host % 256}"


def _place(cluster: Cluster, definition: TaskDefinition) -> ContainerInstance | None:
    """Return the instance with the most room left, for tasks that need one."""
    if definition.launch != "EC2" or not cluster.instances:
        return None
    return cluster.instances[cluster.addresses % len(cluster.instances)]


def make_task(
    cluster: Cluster, service: Service, deployment: Deployment, now: float, rng: random.Random
) -> Task:
    """Make a task of a service's deployment, PROVISIONING, and enter it in both their books."""
    identity = hex_id(rng)
    definition = deployment.definition
    instance = _place(cluster, definition)
    zone, ip = _address(cluster)
    bridge = definition.network_mode == "bridge"
    if instance is not None:
        zone = instance.zone
        ip = instance.ip if bridge else ip
    task = Task(
        id=identity,
        arn=f"arn:aws:ecs:{cluster.place}:task/{cluster.name}/{identity}",
        definition=definition,
        created=now,
        group=f"service:{service.name}",
        started_by=deployment.id,
        launch=definition.launch,
        capacity_provider="FARGATE_SPOT" if service.launch == "FARGATE_SPOT" else "",
        zone=zone,
        ip=ip,
        containers=tuple(Container(d) for d in definition.containers),
        service=service,
        instance=instance,
        last_status="PENDING" if bridge else "PROVISIONING",
        target="",
    )
    if bridge:
        for container in task.containers:
            container.host_port = 32768 + rng.randrange(28000) if container.definition.port else 0
    service.tasks[identity] = cluster.tasks[identity] = task
    return task


def set_running(task: Task, started: float) -> None:
    """Have a task be running since `started`, as if it had gone all the way."""
    task.last_status = "RUNNING"
    task.connected = started - 4
    task.pull_started = started - 3.5
    task.pull_stopped = started - 1.5
    task.started = started
    task.version = 5
    for container in task.containers:
        container.last_status = "RUNNING"
        container.health = "HEALTHY" if container.definition.health_check else "UNKNOWN"
    if task.service is not None and task.service.target_group is not None:
        task.target = "healthy"


def set_stopped(task: Task, stopped: float) -> None:
    """Have a condemned task be stopped, and move its entry from the living to the dead."""
    task.last_status = "STOPPED"
    task.stopped = stopped
    task.target = ""
    for container in task.containers:
        container.last_status = "STOPPED"
    service = task.service
    if service is not None:
        service.tasks.pop(task.id, None)
        service.cluster.tasks.pop(task.id, None)
        service.stopped[task.id] = service.cluster.stopped[task.id] = task


def forget(task: Task) -> None:
    """Strike a stopped task from the books: it has been shown for long enough."""
    if task.service is not None:
        task.service.cluster.stopped.pop(task.id, None)
        task.service.stopped.pop(task.id, None)
