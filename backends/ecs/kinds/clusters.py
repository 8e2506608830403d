"""ECS clusters."""

from __future__ import annotations

from collections.abc import Iterable

from backends.ecs.health import judge_cluster
from backends.ecs.kinds.base import READ, EcsKind, Facts
from backends.ecs.listing import CLUSTERS
from backends.ecs.wire import Payload, count, strings, text
from backends.model import Column, Format, Kind, Ref, Resource, Scope


def from_wire(scope: Scope, payload: Payload, facts: Facts) -> Iterable[Resource]:
    """Make a cluster of DescribeClusters; its scope is narrowed to itself."""
    name, arn = text(payload, "clusterName"), text(payload, "clusterArn")
    running, pending = count(payload, "runningTasksCount"), count(payload, "pendingTasksCount")
    verdict = judge_cluster(payload)
    status = text(payload, "status")
    providers = ", ".join(strings(payload, "capacityProviders"))
    yield Resource(
        ref=Ref(scope.at(cluster=name), "ecs/clusters", name),
        health=verdict.health,
        status=status,
        reason=verdict.reason,
        cells=(
            name,
            status,
            count(payload, "activeServicesCount"),
            running,
            pending,
            count(payload, "registeredContainerInstancesCount"),
            providers or None,
        ),
        ready=running,
        pending=pending,
        uid=arn,
        addresses=(arn,),
        raw=payload,
    )


KIND = EcsKind(
    Kind(
        id="ecs/clusters",
        title="Clusters",
        singular="cluster",
        columns=(
            Column("name", "Cluster"),
            Column("status", "Status", Format.STATUS),
            Column("services", "Services", Format.NUMBER),
            Column("running", "Running", Format.NUMBER),
            Column("pending", "Pending", Format.NUMBER),
            Column("instances", "Instances", Format.NUMBER),
            Column("capacity", "Capacity", wide=True),
        ),
        child="ecs/services",
        verbs=READ,
        aliases=("ecs-clusters", "clusters"),
        narrows="cluster",
        empty="No ECS clusters here: this account has none in this region.",
    ),
    CLUSTERS,
    from_wire,
)
"""ECS clusters."""
