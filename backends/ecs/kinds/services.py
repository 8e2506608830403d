"""ECS services, with their rollout and what they are registered as in Cloud Map."""

from __future__ import annotations

from collections.abc import Iterable

from backends.ecs.health import judge_service, primary
from backends.ecs.kinds.base import READ, EcsKind, Facts, cloud_map
from backends.ecs.listing import SERVICES
from backends.ecs.wire import Payload, count, items, moment, tail, text
from backends.model import Column, Format, Kind, Link, Ref, Resource, Scope, Verb


def from_wire(scope: Scope, payload: Payload, facts: Facts) -> Iterable[Resource]:
    """Make a service of DescribeServices."""
    name, arn = text(payload, "serviceName"), text(payload, "serviceArn")
    desired, running = count(payload, "desiredCount"), count(payload, "runningCount")
    pending, status = count(payload, "pendingCount"), text(payload, "status")
    failed = facts.failures.get(name, ())
    verdict = judge_service(payload, facts.now, failed)
    deployment = primary(payload)
    definition = tail(text(deployment, "taskDefinition") or text(payload, "taskDefinition"))
    created = moment(payload, "createdAt")
    yield Resource(
        ref=Ref(scope, "ecs/services", name),
        health=verdict.health,
        status=status,
        reason=verdict.reason,
        cells=(
            name,
            status,
            f"{running}/{desired}",
            pending,
            text(deployment, "rolloutState") or None,
            capacity(payload),
            definition,
            moment(deployment, "createdAt"),
            verdict.reason or None,
            created,
        ),
        ready=running,
        desired=desired,
        pending=pending,
        uid=arn,
        created=created,
        parents=(Ref(scope, "ecs/clusters", scope.cluster),),
        links=_registries(scope, payload, deployment),
        addresses=(arn,),
        raw=payload,
    )


def capacity(service: Payload) -> str:
    """Return what a service runs on: its capacity providers or its launch type."""
    names = [text(p, "capacityProvider") for p in items(service, "capacityProviderStrategy")]
    return ", ".join(filter(None, names)) or text(service, "launchType")


def _registries(scope: Scope, service: Payload, deployment: Payload) -> tuple[Link, ...]:
    """Link a service to its Cloud Map services: discovery registries and Service Connect."""
    arns = [text(r, "registryArn") for r in items(service, "serviceRegistries")]
    arns += [text(r, "discoveryArn") for r in items(deployment, "serviceConnectResources")]
    found = tuple(dict.fromkeys(filter(None, arns)))
    if not found:
        return ()
    link = Link("Cloud Map service", ("cloudmap/services",), cloud_map(scope), addresses=found)
    return (link,)


KIND = EcsKind(
    Kind(
        id="ecs/services",
        title="Services",
        singular="service",
        columns=(
            Column("name", "Service"),
            Column("status", "Status", Format.STATUS),
            Column("ready", "Ready", Format.RATIO),
            Column("pending", "Pend", Format.NUMBER),
            Column("rollout", "Rollout"),
            Column("launch", "Runs on"),
            Column("definition", "Task definition"),
            Column("deployed", "Deployed", Format.AGE),
            Column("why", "Why", width=40),
            Column("age", "Age", Format.AGE, wide=True),
        ),
        child="ecs/tasks",
        verbs=READ | {Verb.LOGS, Verb.SCALE, Verb.RESTART, Verb.ROLLBACK},
        aliases=("services", "service", "svc"),
        workload=True,
        empty="This cluster has no services; tasks that run alone are under :tasks.",
    ),
    SERVICES,
    from_wire,
    counts_failures=True,
)
"""ECS services, with their rollout and what they are registered as in Cloud Map."""
