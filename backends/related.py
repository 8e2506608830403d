"""What belongs together across backends: a Cloud Map instance and its task, a pod and its
Cloud Map services.

Backends say so by `Link`s, which name the other end without knowing it. Here links are resolved
against the feeds, in both directions, within a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec

from backends.board import Board
from backends.fleet import Fleet, Subscription
from backends.model import Link, Query, Ref, Resource, Scope

DEADLINE = 15.0
"""Seconds until a search gives up on feeds that have not answered."""


class Related(msgspec.Struct, frozen=True):
    """One thing that a resource is related to."""

    label: str
    """What it is to the resource: ``task``, ``Cloud Map instance``, ``parent``."""
    resource: Resource


PATIENCE = 5.0
"""Seconds that one feed is waited for."""


class _Search:
    """Feeds opened for one search; all are closed together."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._open: dict[Query, Subscription] = {}

    async def rows(self, query: Query) -> Sequence[Resource]:
        """Return a query's rows once its first load is complete."""
        feed = self._open.get(query)
        if feed is None:
            feed = self._open[query] = self._fleet.open(query)
        try:
            async with asyncio.timeout(PATIENCE):
                await feed.settled()
        except TimeoutError:
            pass  # one silent feed must not keep the others' answers back
        if query.parent is None:
            return tuple(feed.shelf.rows.values())
        return [row for row in feed.shelf.rows.values() if query.parent in row.parents]

    def close(self) -> None:
        for feed in self._open.values():
            feed.close()


async def related(fleet: Fleet, board: Board, resource: Resource) -> AsyncIterator[Related]:
    """Yield what a resource is related to as it is found, what it points at first.

    Feeds that fail or do not answer within `DEADLINE` seconds are passed over.
    """
    search = _Search(fleet)
    seen: set[Ref] = {resource.ref}
    try:
        async with asyncio.timeout(DEADLINE):
            async for found in _all(fleet, board, search, resource):
                if found.resource.ref not in seen:
                    seen.add(found.resource.ref)
                    yield found
    except TimeoutError:
        return
    finally:
        search.close()


async def _all(
    fleet: Fleet, board: Board, search: _Search, resource: Resource
) -> AsyncIterator[Related]:
    for link in resource.links:
        for row in await _ends(fleet, board, search, link):
            yield Related(link.label, row)
    parents = await _parents(fleet, board, search, resource)
    for parent in parents:
        yield Related(_singular(fleet, parent.ref.kind), parent)
    for link in (link for parent in parents for link in parent.links):
        for row in await _ends(fleet, board, search, link):
            yield Related(link.label, row)
    if not resource.ref.kind.startswith("cloudmap/"):
        async for row in _pointing_at(fleet, search, resource):
            yield Related(_singular(fleet, row.ref.kind), row)


async def _parents(
    fleet: Fleet, board: Board, search: _Search, resource: Resource
) -> Sequence[Resource]:
    """Find what a resource belongs to: an open feed has it, or those that may are opened."""
    found = []
    for ref in resource.parents:
        row = fleet.store.find(ref)
        if row is None and ref.kind in fleet.kinds and not ref.kind.endswith("/clusters"):
            for query in await _where(fleet, board, search, ref.kind, ref.scope):
                rows = await search.rows(query)
                row = row or next((each for each in rows if each.ref == ref), None)
        if row is not None:
            found.append(row)
    return found


async def _ends(fleet: Fleet, board: Board, search: _Search, link: Link) -> Sequence[Resource]:
    """Find the other ends of a link."""
    found: list[Resource] = []
    for kind in link.kinds:
        if kind not in fleet.kinds:
            continue
        for query in await _where(fleet, board, search, kind, link.scope):
            found.extend(row for row in await search.rows(query) if matches(link, row))
    return found


async def _where(
    fleet: Fleet, board: Board, search: _Search, kind: str, scope: Scope
) -> Sequence[Query]:
    """Return the queries that together hold a kind's rows within a partial scope."""
    family = kind.partition("/")[0]
    if f"{family}/clusters" in fleet.kinds:
        return [
            Query(cluster.ref.scope, kind)
            for cluster in board.clusters
            if cluster.ref.kind == f"{family}/clusters" and within(cluster.ref.scope, scope)
        ]
    roots = [query for query in fleet.roots if query.kind == kind]
    if roots:
        return [query for query in roots if within(query.scope, scope)]
    above = next((k for k in fleet.kinds.values() if k.child == kind), None)
    if above is None:
        return []
    queries: list[Query] = []
    for query in await _where(fleet, board, search, above.id, scope.at(namespace="")):
        queries.extend(fleet.children(row, kind) for row in await search.rows(query))
    return queries


async def _pointing_at(
    fleet: Fleet, search: _Search, resource: Resource
) -> AsyncIterator[Resource]:
    """Yield Cloud Map instances, in the resource's account and region, that link to it."""
    scope = resource.ref.scope
    for root in fleet.roots:
        if root.kind != "cloudmap/namespaces" or not _nearby(root.scope, scope):
            continue
        for namespace in await search.rows(root):
            services = await search.rows(fleet.children(namespace, "cloudmap/services"))
            queries = [fleet.children(service, "cloudmap/instances") for service in services]
            for rows in await asyncio.gather(*(search.rows(query) for query in queries)):
                for row in rows:
                    if any(matches(link, resource) for link in row.links):
                        yield row


def _nearby(root: Scope, scope: Scope) -> bool:
    """Whether a Cloud Map root may know of a scope: the same region, or a context without one."""
    same_account = not root.account or not scope.account or root.account == scope.account
    same_profile = scope.provider == "k8s" or root.profile == scope.profile
    return same_account and same_profile and (not scope.region or root.region == scope.region)


def within(scope: Scope, wanted: Scope) -> bool:
    """Whether a scope lies in a partial one, whose empty parts match anything."""
    pairs: Iterable[tuple[str, str]] = (
        (wanted.provider, scope.provider),
        (wanted.profile, scope.profile),
        (wanted.account, scope.account),
        (wanted.region, scope.region),
        (wanted.cluster, scope.cluster),
        (wanted.namespace, scope.namespace),
    )
    return all(not want or not have or want == have for want, have in pairs)


def matches(link: Link, row: Resource) -> bool:
    """Whether a resource is an end of a link: by kind, scope, and name or address."""
    if row.ref.kind not in link.kinds or not within(row.ref.scope, link.scope):
        return False
    if link.name and link.name == row.ref.name:
        return True
    return any(address in row.addresses for address in link.addresses)


def _singular(fleet: Fleet, kind: str) -> str:
    known = fleet.kinds.get(kind)
    return known.singular if known is not None else kind
