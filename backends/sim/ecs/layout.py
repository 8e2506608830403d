"""The ECS half as it is found: laid out from a blueprint, with a past of hours and days."""

from __future__ import annotations

import random
import zlib

from backends.sim.blueprint import Blueprint, SimCluster, SimWorkload
from backends.sim.ecs import words
from backends.sim.ecs.definitions import define, next_image
from backends.sim.ecs.model import (
    Cluster,
    ContainerInstance,
    Deployment,
    Event,
    Scaling,
    Service,
    TargetGroup,
    TaskDefinition,
)
from backends.sim.ecs.tasks import ZONES, deployment_id, hex_id, make_task, set_running, uuid_of

DAY = 86400.0

BALANCED = frozenset({"web", "checkout", "cart", "catalog", "gateway", "player-api", "uploads"})
"""The services of the small world that stand behind a load balancer, by name."""

CONNECTED = frozenset({"checkout", "inventory", "captions", "svc-003"})
"""The services that use Service Connect, by name."""


def lay_out(
    blueprint: Blueprint, now: float, rng: random.Random
) -> tuple[list[Cluster], list[TaskDefinition]]:
    """Return the ECS clusters of a blueprint with everything in them running, and all task
    definitions, those of earlier days included."""
    clusters: list[Cluster] = []
    definitions: list[TaskDefinition] = []
    for number, laid_out in enumerate(c for c in blueprint.clusters if c.provider == "ecs"):
        cluster = _cluster(laid_out, number, now, rng)
        for workload in laid_out.workloads:
            made = _revisions(cluster, workload, now, rng)
            definitions += made
            cluster.services[workload.name] = _service(cluster, workload, made[-1], now, rng)
        clusters.append(cluster)
    return clusters, definitions


def _cluster(laid_out: SimCluster, number: int, now: float, rng: random.Random) -> Cluster:
    account, region = laid_out.account.account_id, laid_out.region
    cluster = Cluster(
        name=laid_out.name,
        arn=f"arn:aws:ecs:{region}:{account}:cluster/{laid_out.name}",
        account=account,
        region=region,
        created=now - 400 * DAY,
        number=number + 1,
    )
    if any(w.launch == "EC2" for w in laid_out.workloads):
        cluster.instances = [_instance(cluster, i, now, rng) for i in range(laid_out.nodes)]
    return cluster


def _instance(cluster: Cluster, index: int, now: float, rng: random.Random) -> ContainerInstance:
    return ContainerInstance(
        arn=f"arn:aws:ecs:{cluster.place}:container-instance/{cluster.name}/{hex_id(rng)}",
        ec2_id=f"i-{rng.getrandbits(68):017x}",
        zone=cluster.region + ZONES[index % len(ZONES)],
        ip=f"10.{cluster.number}.{200 + index % 50}.{10 + index // 50}",
        registered=now - rng.uniform(1, 30) * DAY,
    )


def _revisions(
    cluster: Cluster, workload: SimWorkload, now: float, rng: random.Random
) -> list[TaskDefinition]:
    """Return a workload's task definitions, oldest first; the last one is in use."""
    count, first = rng.randint(3, 6), rng.randint(1, 60)
    age = rng.uniform(0.2, 6) * DAY
    return [
        define(
            cluster,
            workload,
            first + index,
            next_image(workload.image, steps=index - count + 1),
            now - age - (count - 1 - index) * rng.uniform(0.9, 1.1) * 3 * DAY,
        )
        for index in range(count)
    ]


def _service(
    cluster: Cluster,
    workload: SimWorkload,
    definition: TaskDefinition,
    now: float,
    rng: random.Random,
) -> Service:
    deployed = definition.registered + 30
    deployment = Deployment(
        id=deployment_id(rng),
        definition=definition,
        created=deployed,
        updated=deployed + 40,
        desired=workload.desired,
        rollout="COMPLETED",
        finished=deployed + 40,
        outcome="SUCCESSFUL",
    )
    deployment.reason = f"ECS deployment {deployment.id} completed."
    service = Service(
        name=workload.name,
        arn=f"arn:aws:ecs:{cluster.place}:service/{cluster.name}/{workload.name}",
        cluster=cluster,
        created=now - rng.uniform(30, 300) * DAY,
        desired=workload.desired,
        launch=workload.launch,
        incident=workload.incident,
        rollback=workload.name != "svc-010",
        deployments=[deployment],
        connect=workload.name in CONNECTED,
        execute=rng.random() < 0.5,
    )
    service.history.append(deployment)
    service.registered = workload.registered
    if workload.name in BALANCED or workload.incident == "target-health" or (
        workload.name.startswith("svc-") and int(workload.name[4:]) % 5 == 0
    ):  # fmt: skip
        service.target_group = _target_group(service)
    if workload.autoscaled:
        service.scaling = Scaling(
            minimum=workload.desired, maximum=workload.desired * 3, created=now - DAY
        )
    _people(service, deployment, now, rng)
    return service


def _target_group(service: Service) -> TargetGroup:
    cluster, prefix = service.cluster, "arn:aws:elasticloadbalancing"
    name = f"{cluster.name}-{service.name}"[:32].rstrip("-")
    suffix, balancer = zlib.crc32(service.arn.encode()), zlib.crc32(cluster.arn.encode())
    return TargetGroup(
        arn=f"{prefix}:{cluster.place}:targetgroup/{name}/{suffix:016x}",
        name=name,
        load_balancer=f"{prefix}:{cluster.place}:loadbalancer/app/{cluster.name}/{balancer:016x}",
        port=8080,
    )


def _people(service: Service, deployment: Deployment, now: float, rng: random.Random) -> None:
    """Fill a service with running tasks and with the events of their past."""
    for _ in range(service.desired):
        started = rng.uniform(deployment.created + 10, deployment.created + 35)
        if rng.random() < 0.3:
            started = rng.uniform(started, now - 120)
        set_running(make_task(service.cluster, service, deployment, started - 6, rng), started)
    ids = list(service.tasks)
    told = [
        (deployment.created + 3, f"has started {len(ids)} tasks: {words.tasks(ids)}."),
        (deployment.created + 40, f"(deployment {deployment.id}) deployment completed."),
    ]
    when = deployment.created + 40
    while when < now:
        told.append((when, words.STEADY))
        when += 6 * 3600
    for at, text in told[-8:]:
        service.events.appendleft(Event(uuid_of(rng), at, words.about(service.name, text)))
