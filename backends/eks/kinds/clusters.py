"""Clusters: those that EKS lists, and those that a kubeconfig names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backends.eks.kinds.spec import AGE, NAME, STATUS
from backends.model import Column, Health, Kind, Ref, Resource, Scope, Verb
from backends.text import clean

CLUSTERS = Kind(
    id="k8s/clusters",
    title="Clusters",
    singular="cluster",
    columns=(
        NAME,
        STATUS,
        Column("version", "Version"),
        Column("context", "Context"),
        Column("region", "Region"),
        Column("account", "Account", wide=True),
        AGE,
        Column("endpoint", "Endpoint", wide=True),
    ),
    child="k8s/workloads",
    verbs=frozenset({Verb.DESCRIBE, Verb.YAML}),
    aliases=("k8s-clusters", "eks", "clusters", "cluster"),
    narrows="cluster",
    empty="No EKS cluster is in this account and region.",
)

_HEALTH = {
    "ACTIVE": Health.OK,
    "CREATING": Health.PROGRESSING,
    "UPDATING": Health.PROGRESSING,
    "PENDING": Health.PROGRESSING,
    "DELETING": Health.PROGRESSING,
    "FAILED": Health.FAILING,
}
"""The states of an EKS cluster; source: the EKS API reference, `Cluster.status`."""


class Version(msgspec.Struct, frozen=True, rename="camel"):
    """What ``/version`` answers."""

    git_version: str = ""
    platform: str = ""


def from_eks(cluster: Mapping[str, Any], scope: Scope) -> Resource:
    """Make the row of a cluster that DescribeCluster describes; `scope` has no cluster yet."""
    name, status = clean(str(cluster["name"])), clean(str(cluster.get("status") or "UNKNOWN"))
    account = str(cluster.get("arn") or "").split(":")[4:5]
    place = scope.at(cluster=name, account=clean(account[0]) if account else scope.account)
    created, health = cluster.get("createdAt"), _HEALTH.get(status, Health.UNKNOWN)
    issues = (cluster.get("health") or {}).get("issues") or []
    reason = clean(str(issues[0].get("message") or issues[0].get("code")), 300) if issues else ""
    if issues and health is Health.OK:
        health = Health.DEGRADED
    if not reason and health is not Health.OK:
        reason = f"the cluster is {status}"
    return Resource(
        ref=Ref(place, "k8s/clusters", name),
        health=health,
        status=status,
        reason=reason,
        cells=(
            name,
            status,
            clean(str(cluster.get("version") or "")) or None,
            place.profile or None,
            place.region,
            place.account or None,
            created if isinstance(created, float) else None,
            clean(str(cluster.get("endpoint") or "")) or None,
        ),
        uid=clean(str(cluster.get("arn") or "")),
        created=created if isinstance(created, float) else None,
        raw=cluster,
    )


def from_context(scope: Scope, server: str, version: Version) -> Resource:
    """Make the row of a kubeconfig context whose cluster answers."""
    return Resource(
        ref=Ref(scope, "k8s/clusters", scope.cluster),
        health=Health.OK,
        status="Reachable",
        cells=(
            scope.cluster,
            "Reachable",
            clean(version.git_version.removeprefix("v")) or None,
            scope.profile,
            scope.region or None,
            scope.account or None,
            None,
            clean(server),
        ),
        raw={"server": server, "version": msgspec.to_builtins(version)},
    )


def unreachable(scope: Scope, status: str, reason: str) -> Resource:
    """Make the row of a context whose cluster does not answer, so that it is seen to be there."""
    return Resource(
        ref=Ref(scope, "k8s/clusters", scope.cluster),
        health=Health.FAILING,
        status=status,
        reason=reason,
        cells=(
            scope.cluster,
            status,
            None,
            scope.profile,
            scope.region or None,
            scope.account or None,
            None,
            None,
        ),
    )
