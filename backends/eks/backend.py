"""The backend itself: which part answers which question."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from backends.base import Demand, Invalid, LogHistory, Offer, Sources
from backends.clock import Clock
from backends.eks import operations, undo
from backends.eks.catalog import Catalog, offered_changes
from backends.eks.clusterfeed import cluster_changes
from backends.eks.connections import Connections
from backends.eks.describe import describe
from backends.eks.feed import Feed
from backends.eks.kinds import KINDS, SPECS, KindSpec
from backends.eks.kinds.workloads import WORKLOADS
from backends.eks.logs import tail
from backends.eks.pace import Pace
from backends.eks.rollout import follow
from backends.logs.insights_model import Choice
from backends.model import (
    Accepted,
    Change,
    Description,
    Kind,
    LogBatch,
    LogRequest,
    Operation,
    Query,
    Ref,
    Resource,
    RollbackPlan,
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
)

if TYPE_CHECKING:
    from backends.logs.insights import Insights


class KubeBackend:
    """Kubernetes, wherever it runs: clusters found through EKS, and kubeconfig contexts."""

    def __init__(self, sources: Sources, clock: Clock, pace: Pace | None = None) -> None:
        self._sources = sources
        self._clock = clock
        self._pace = pace or Pace()
        self._connections = Connections(sources, clock)
        self._catalog = Catalog(self._connections, clock)
        self._narrow: set[tuple[Scope, str]] = set()
        self._insights: Insights | None = None

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds by id, in the order in which they should be listed."""
        return KINDS

    @property
    def providers(self) -> frozenset[str]:
        """``eks`` for clusters that EKS lists, ``k8s`` for kubeconfig contexts."""
        return frozenset({"eks", "k8s"})

    def roots(self) -> Sequence[Query]:
        """Return one query for each profile and region, and one for each context."""
        aws = self._connections.aws
        scopes = [*(aws.scopes("eks") if aws is not None else ())]
        scopes += [root.scope for root in self._connections.roots()]
        return [Query(scope, "k8s/clusters") for scope in scopes]

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        """Return the queries for the three kinds of workloads of a cluster."""
        return [Query(cluster.scope, kind) for kind in WORKLOADS.members]

    def plan(self, query: Query) -> Query:
        """Return the one watch of a kind and a cluster, unless that was denied.

        The containers of one pod are followed by themselves: a watch of every pod of the
        cluster would be a high price for a handful of rows.
        """
        if query.kind in KINDS and query.kind not in SPECS:
            return query
        if query.kind == "k8s/containers" and query.parent is not None:
            if query.parent.kind == "k8s/pods":
                return query
        elif (query.scope.at(namespace=""), query.kind) in self._narrow:
            return Query(query.scope, query.kind)
        return Query(query.scope.at(namespace=""), query.kind)

    async def watch(self, query: Query, demand: Demand) -> AsyncGenerator[Change, None]:
        """Yield what happens to a planned query's rows, for ever."""
        if query.kind == "k8s/clusters":
            changes = cluster_changes(self._connections, query, demand, self._clock, self._pace)
        elif query.kind in SPECS:
            changes = self._feed(query, SPECS[query.kind], demand)
        elif query.kind in KINDS:
            raise Invalid(
                f"watch {query.kind}", "it has no feed of its own", "watch the kinds that it shows"
            )
        else:
            changes = offered_changes(
                self._catalog, query, partial(self._feed, query, demand=demand), demand,
                self._clock, self._pace,
            )  # fmt: skip
        async with aclosing(changes):
            async for change in changes:
                yield change

    def _feed(self, query: Query, spec: KindSpec, demand: Demand) -> AsyncGenerator[Change, None]:
        return Feed(
            self._connections, query, spec, demand, self._clock, self._pace, self._denied
        ).changes()

    async def discover_kinds(self, scope: Scope, max_age: float) -> Offer:
        """Return the kinds that a cluster serves beyond those with designed columns."""
        return await self._catalog.offer(scope, max_age)

    def _denied(self, query: Query) -> None:
        self._narrow.add((query.scope.at(namespace=""), query.kind))

    async def describe(self, resource: Resource) -> Description:
        """Fetch everything worth knowing of one resource."""
        kind, scope = resource.ref.kind, resource.ref.scope
        spec = SPECS.get(kind) if kind in KINDS else await self._catalog.spec(scope, kind)
        return await describe(self._connections, resource, spec, self._clock)

    async def logs(self, resource: Resource, request: LogRequest) -> AsyncGenerator[LogBatch, None]:
        """Tail the logs of a resource and of all that run under it, until cancelled."""
        window = self._sources.reorder_window
        batches = tail(self._connections, resource, request, self._clock, self._pace, window=window)
        async with aclosing(batches):
            async for batch in batches:
                yield batch

    @property
    def insights(self) -> Insights | None:
        """CloudWatch Logs Insights of the accounts that clusters are found in, if any are."""
        aws = self._connections.aws
        if self._insights is None and aws is not None:
            from backends.logs.insights import Insights

            self._insights = Insights(aws, self._clock)
        return self._insights

    async def log_groups(self, resource: Resource) -> Choice:
        """Return the log group that Container Insights made of a resource's cluster."""
        from backends.eks.loggroups import choice

        return await choice(self.insights, resource)

    def history(self, resource: Resource, request: LogRequest) -> LogHistory:
        """Return the past of the logs of a resource and of all that run under it."""
        from backends.eks.loghistory import History

        return History(self._connections, resource, request, self._clock)

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        """Fetch what a scale dialog shows."""
        return await operations.scale_info(self._connections, resource)

    async def rollback_plan(self, resource: Resource) -> RollbackPlan:
        """Look up what a workload was before, or what a replica set keeps of its deployment."""
        return await undo.plan(self._connections, resource)

    async def perform(self, operation: Operation) -> Accepted:
        """Send an operation once; it is never retried."""
        return await operations.perform(self._connections, operation, self._clock)

    async def rollout(self, ref: Ref) -> AsyncGenerator[Rollout, None]:
        """Follow the rollout of a workload; ends after yielding one that settled or failed."""
        states = follow(self._connections, ref, self._clock, self._pace)
        async with aclosing(states):
            async for state in states:
                yield state

    def renew(self, scope: Scope) -> None:
        """Forget the credentials that are known for a profile or a context."""
        self._connections.renew(scope)

    def usage(self) -> Sequence[Usage]:
        """Return the budgets of the EKS API; a cluster's own API has none that is known."""
        aws = self._connections.aws
        return aws.usage("eks") if aws is not None else []

    async def close(self) -> None:
        """Close every connection; the backend is not used again."""
        if self._insights is not None:
            await self._insights.close()
        await self._connections.close()
