"""The ECS backend: `backends.base.Backend` over the ECS API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from backends.aws.access import AwsAccess
from backends.aws.poll import poll
from backends.base import Demand, Invalid, LogHistory, Sources
from backends.clock import Clock
from backends.ecs import rollout, scaling, undo
from backends.ecs.definitions import TaskDefinitions
from backends.ecs.describe import describe
from backends.ecs.eventfeed import EventFeeds
from backends.ecs.failures import Failures
from backends.ecs.feed import LISTED, VISIBLE, Feed, Told
from backends.ecs.fetch import Fetcher
from backends.ecs.inbox import Inbox
from backends.ecs.kinds import KINDS
from backends.ecs.listing import SERVICES, TASKS
from backends.ecs.pulse import Pulse
from backends.ecs.requests import request_for
from backends.feedqueue import feed_queues
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
    Rollback,
    RollbackPlan,
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
)

if TYPE_CHECKING:
    from backends.logs.insights import Insights
    from backends.logs.insights_model import Choice

PROVIDER = "ecs"


class EcsBackend:
    """ECS in every profile and region of the sources."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._access = AwsAccess.shared(sources, clock)
        self._clock = clock
        self._definitions = TaskDefinitions(self._access)
        self._pulse = Pulse()
        self._events = EventFeeds(self._access, feed_queues(sources.feed_queues), clock)
        self._insights: Insights | None = None

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of ECS by id."""
        return {name: spec.kind for name, spec in KINDS.items()}

    @property
    def providers(self) -> frozenset[str]:
        """The one provider it answers for."""
        return frozenset({PROVIDER})

    def roots(self) -> Sequence[Query]:
        """Return a query for the clusters of every profile and region; raises `Invalid`."""
        return tuple(Query(scope, "ecs/clusters") for scope in self._access.scopes(PROVIDER))

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        """Return the query for a cluster's services."""
        return (Query(cluster.scope, "ecs/services"),)

    def plan(self, query: Query) -> Query:
        """Return the query itself: ECS is asked for no more than is wanted.

        Clusters are the exception: one feed for a profile and region is enough.
        """
        if query.kind == "ecs/clusters":
            return Query(query.scope.at(account="", cluster="", namespace=""), query.kind)
        return query

    def watch(self, query: Query, demand: Demand) -> AsyncIterator[Change]:
        """Yield rows as they are described, and then what changes, until closed."""
        spec = KINDS.get(query.kind)
        if spec is None:
            raise Invalid("watch", f"ECS has no kind {query.kind}", f"known: {', '.join(KINDS)}")
        narrowing = _narrowing(query)
        if spec.listing in (TASKS, SERVICES) and self._events.serves(query.scope):
            return self._told(query, demand, narrowing)
        return self._polled(query, demand, narrowing, None)

    async def _told(
        self, query: Query, demand: Demand, narrowing: Mapping[str, Any]
    ) -> AsyncGenerator[Change, None]:
        """Watch with the help of events, and let go of them at the end."""
        inbox = self._events.open(
            query.scope,
            demand,
            service=narrowing.get("service", ""),
            only=next(iter(narrowing.get("names", ())), ""),
            tasks=KINDS[query.kind].listing is TASKS,
        )
        try:
            async with aclosing(self._polled(query, demand, narrowing, inbox)) as changes:
                async for change in changes:
                    yield change
        finally:
            await self._events.shut(inbox)

    async def _polled(
        self, query: Query, demand: Demand, narrowing: Mapping[str, Any], inbox: Inbox | None
    ) -> AsyncGenerator[Change, None]:
        spec = KINDS[query.kind]
        fetcher = Fetcher(self._access, spec.listing, query.scope, self._clock, **narrowing)
        failures = None
        if spec.counts_failures:
            failures = Failures(self._access, query.scope, self._clock)
        feed = Feed(
            spec, query, fetcher, self._clock, failures=failures, inbox=inbox, pulse=self._pulse
        )
        rounds = poll(
            feed.pages,
            demand,
            self._clock,
            visible=LISTED if query.kind == "ecs/clusters" else VISIBLE,
            background=feed.background,
            total=feed.total,
            news=Told(feed, inbox) if inbox is not None else None,
        )
        self._pulse.watch(query.scope, demand)
        try:
            async with aclosing(cast("AsyncGenerator[Change, None]", rounds)) as changes:
                async for change in changes:
                    yield change
        finally:
            self._pulse.leave(query.scope, demand)

    async def describe(self, resource: Resource) -> Description:
        """Fetch everything worth knowing of one resource."""
        return await describe(self._access, self._definitions, resource, self._clock.now())

    def logs(self, resource: Resource, request: LogRequest) -> AsyncIterator[LogBatch]:
        """Tail the logs of a service, task or container."""
        from backends.ecs.logs import tail

        return tail(self._access, resource, request, self._clock)

    @property
    def insights(self) -> Insights:
        """CloudWatch Logs Insights of every profile and region."""
        if self._insights is None:
            from backends.logs.insights import Insights

            self._insights = Insights(self._access, self._clock)
        return self._insights

    async def log_groups(self, resource: Resource) -> Choice:
        """Return the log groups that a service, task or container writes to."""
        from backends.ecs.loggroups import choice

        return await choice(self._definitions, resource)

    def history(self, resource: Resource, request: LogRequest) -> LogHistory:
        """Return the past of the logs of a service, task or container."""
        from backends.ecs.logs import History

        return History(self._access, resource, request, self._clock)

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        """Fetch a service's counts and its Application Auto Scaling target."""
        return await scaling.scale_info(self._access, resource.ref)

    async def rollback_plan(self, resource: Resource) -> RollbackPlan:
        """Look up what a service ran before, and how it gets back there."""
        return await undo.plan(self._access, self._definitions, resource.ref)

    async def perform(self, operation: Operation) -> Accepted:
        """Send one UpdateService or StopServiceDeployment; it is never sent twice."""
        request = request_for(operation)
        if isinstance(operation, Rollback):
            await undo.check(self._access, operation)
        answer = await self._access.call(
            operation.ref.scope, "ecs", request.operation, mutates=True, **request.params
        )
        self._events.mark(operation.ref)
        identity = answer.get("ResponseMetadata", {}).get("RequestId", "")
        return Accepted(request.summary, str(identity))

    def rollout(self, ref: Ref) -> AsyncIterator[Rollout]:
        """Follow a service's deployments until they settle or fail."""
        return rollout.follow(self._access, ref, self._clock)

    def renew(self, scope: Scope) -> None:
        """Forget the credentials that are known for a profile."""
        self._access.renew(scope)

    def usage(self) -> Sequence[Usage]:
        """Return the call budgets of AWS that were used since the start."""
        return self._access.usage()

    async def close(self) -> None:
        """Release the connections to AWS."""
        await self._events.close()
        if self._insights is not None:
            await self._insights.close()
        await self._access.close()


def _narrowing(query: Query) -> dict[str, Any]:
    """Return what to ask for of a listing, by the query's parent; raises `Invalid`."""
    if query.kind == "ecs/clusters":
        return {}
    if not query.scope.cluster:
        raise Invalid("watch", f"{query.kind} of no cluster", "choose a cluster first")
    parent = query.parent
    if parent is None or parent.kind == "ecs/clusters":
        return {}
    if KINDS[query.kind].container == parent.kind:
        return {"names": (parent.name,)}
    if parent.kind == "ecs/services" and KINDS[query.kind].listing.by_service:
        return {"service": parent.name}
    raise Invalid("watch", f"{parent.kind} have no {query.kind}", "choose another resource")
