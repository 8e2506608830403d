"""The Cloud Map backend: `backends.base.Backend` over the Cloud Map API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from backends.aws.access import AwsAccess
from backends.aws.poll import poll
from backends.base import Demand, Invalid, Sources
from backends.clock import Clock
from backends.cloudmap.catalog import Catalog
from backends.cloudmap.describe import describe
from backends.cloudmap.kinds import KINDS
from backends.cloudmap.listing import Listing, check_query
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
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
)

PROVIDER = "cloudmap"

VISIBLE = 3.0
"""Seconds between two listings of what is on screen."""

BACKGROUND = 60.0
"""Seconds between two listings of what is not."""


class CloudMapBackend:
    """Cloud Map in every profile and region of the sources."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._access = AwsAccess.shared(sources, clock)
        self._clock = clock
        self._catalog = Catalog(self._access)
        self._listing = Listing(self._catalog, clock)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of Cloud Map by id."""
        return KINDS

    @property
    def providers(self) -> frozenset[str]:
        """The one provider it answers for."""
        return frozenset({PROVIDER})

    def roots(self) -> Sequence[Query]:
        """Return a query for the namespaces of every profile and region; raises `Invalid`."""
        return tuple(Query(scope, "cloudmap/namespaces") for scope in self._access.scopes(PROVIDER))

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        """Return nothing: Cloud Map has no clusters."""
        return ()

    def plan(self, query: Query) -> Query:
        """Return the query itself: Cloud Map is asked for no more than is wanted."""
        return query

    async def watch(self, query: Query, demand: Demand) -> AsyncIterator[Change]:
        """Yield rows as they are listed, and then what changes, until closed."""
        check_query(query)

        def fetch(urgent: bool) -> AsyncIterator[Sequence[Resource]]:
            return self._listing.pages(query, urgent=urgent)

        async for change in poll(
            fetch, demand, self._clock, visible=VISIBLE, background=BACKGROUND
        ):
            yield change

    async def describe(self, resource: Resource) -> Description:
        """Fetch everything that the API tells of one resource."""
        return await describe(self._catalog, resource, self._clock.now())

    def logs(self, resource: Resource, request: LogRequest) -> AsyncIterator[LogBatch]:
        """Raise `Invalid` when read: what is registered in Cloud Map logs elsewhere."""
        return _refusing(
            Invalid(
                "tail the log",
                f"a {_singular(resource.ref)} has no log of its own",
                "go to the task or pod behind it, and tail that",
            )
        )

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        """Raise `Invalid`: only what is behind an instance can be scaled."""
        raise _not_operated("scale", resource.ref)

    async def perform(self, operation: Operation) -> Accepted:
        """Raise `Invalid`: nothing in Cloud Map is scaled or restarted."""
        raise _not_operated("change", operation.ref)

    def rollout(self, ref: Ref) -> AsyncIterator[Rollout]:
        """Raise `Invalid` when read: nothing in Cloud Map is rolled out."""
        return _refusing(_not_operated("follow the rollout", ref))

    def renew(self, scope: Scope) -> None:
        """Forget the credentials that are known for a profile."""
        self._access.renew(scope)

    def usage(self) -> Sequence[Usage]:
        """Return the call budgets of AWS that were used since the start."""
        return self._access.usage()

    async def close(self) -> None:
        """Release the connections to AWS."""
        await self._access.close()


async def _refusing(error: Invalid | None) -> AsyncGenerator[Any, None]:
    """Raise an error when it is first read, as other backends' iterators do."""
    if error is not None:
        raise error
    yield


def _singular(ref: Ref) -> str:
    kind = KINDS.get(ref.kind)
    return kind.singular if kind is not None else ref.kind


def _not_operated(action: str, ref: Ref) -> Invalid:
    return Invalid(
        action,
        f"a {_singular(ref)} is not scaled or restarted",
        "go to the ECS service or the workload behind it, and do it there",
    )
