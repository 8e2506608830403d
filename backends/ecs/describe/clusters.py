"""Descriptions of clusters."""

from __future__ import annotations

from backends.ecs.describe.sections import pairs, present, table, tags
from backends.ecs.wire import Payload, count, items, part, strings, text
from backends.model import Section


def cluster_sections(cluster: Payload) -> tuple[Section, ...]:
    """Describe a cluster of DescribeClusters."""
    return present(
        pairs(
            "Summary",
            ("Name", text(cluster, "clusterName")),
            ("Status", text(cluster, "status")),
            ("ARN", text(cluster, "clusterArn")),
            ("Active services", str(count(cluster, "activeServicesCount"))),
            ("Running tasks", str(count(cluster, "runningTasksCount"))),
            ("Pending tasks", str(count(cluster, "pendingTasksCount"))),
            ("Container instances", str(count(cluster, "registeredContainerInstancesCount"))),
            ("Capacity providers", ", ".join(strings(cluster, "capacityProviders"))),
            ("Service Connect", text(part(cluster, "serviceConnectDefaults"), "namespace")),
        ),
        table(
            "Statistics",
            ("Name", "Value"),
            ((text(s, "name"), text(s, "value")) for s in items(cluster, "statistics")),
        ),
        table(
            "Settings",
            ("Name", "Value"),
            ((text(s, "name"), text(s, "value")) for s in items(cluster, "settings")),
        ),
        tags(cluster),
    )
