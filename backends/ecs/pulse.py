"""The counts that ECS tells of every cluster at once: they show where a closer look is due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from backends.base import Demand
from backends.ecs.wire import Payload, count, text
from backends.model import Scope

_Counts: TypeAlias = tuple[object, ...]

COUNTED = ("activeServicesCount", "runningTasksCount", "pendingTasksCount")
"""What DescribeClusters counts of one (ECS API reference, Cluster)."""


class Pulse:
    """Wakes those who look at a cluster seldom as soon as its counts change."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], _Counts] = {}
        self._beats: dict[tuple[str, str, str], int] = {}
        self._watchers: dict[tuple[str, str, str], dict[Demand, None]] = {}

    def heard(self, scope: Scope, clusters: Iterable[Payload]) -> None:
        """Take in what DescribeClusters said of clusters of a profile and region."""
        for cluster in clusters:
            key = (scope.profile, scope.region, text(cluster, "clusterName"))
            counts = (text(cluster, "status"), *(count(cluster, field) for field in COUNTED))
            if self._counts.get(key) == counts:
                continue
            first = key not in self._counts
            self._counts[key] = counts
            if first:
                continue
            self._beats[key] = self._beats.get(key, 0) + 1
            for demand in self._watchers.get(key, ()):
                demand.nudge()

    def beats(self, scope: Scope) -> int:
        """Return how often the counts of a scope's cluster have been seen to change."""
        return self._beats.get(_key(scope), 0)

    def known(self, scope: Scope) -> bool:
        """Whether the counts of a scope's cluster are looked at by anybody."""
        return _key(scope) in self._counts

    def watch(self, scope: Scope, demand: Demand) -> None:
        """Nudge `demand` at every change of a cluster's counts, until `leave`."""
        self._watchers.setdefault(_key(scope), {})[demand] = None

    def leave(self, scope: Scope, demand: Demand) -> None:
        """End what `watch` began."""
        watchers = self._watchers.get(_key(scope), {})
        watchers.pop(demand, None)
        if not watchers:
            self._watchers.pop(_key(scope), None)


def _key(scope: Scope) -> tuple[str, str, str]:
    return (scope.profile, scope.region, scope.cluster)
