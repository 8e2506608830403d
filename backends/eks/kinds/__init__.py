"""Every kind of Kubernetes that Topdeck shows. A further one is a module here and a line below."""

from __future__ import annotations

from backends.eks.kinds.cluster import NAMESPACES, NODES
from backends.eks.kinds.clusters import CLUSTERS
from backends.eks.kinds.events import EVENTS
from backends.eks.kinds.pods import CONTAINERS, PODS
from backends.eks.kinds.spec import KindSpec, View
from backends.eks.kinds.workloads import (
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    WORKLOADS,
)
from backends.model import Kind

SPECS: dict[str, KindSpec] = {
    spec.kind.id: spec
    for spec in (
        NAMESPACES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, REPLICA_SETS, PODS, CONTAINERS,
        NODES, EVENTS,
    )
}  # fmt: skip
"""Kinds that are listed and watched, by id."""

KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        CLUSTERS, SPECS["k8s/namespaces"].kind, WORKLOADS,
        *(spec.kind for spec in SPECS.values() if spec is not NAMESPACES),
    )
}  # fmt: skip
"""All kinds by id, in the order in which they should be listed."""

DESIGNED = frozenset(
    (spec.api.rpartition("/")[0].removeprefix("/apis/") if "/apis/" in spec.api else "",
     spec.plural)
    for spec in SPECS.values()
)  # fmt: skip
"""The API group and plural of each kind with designed columns."""

__all__ = ["DESIGNED", "KINDS", "SPECS", "KindSpec", "View"]
