"""The rows of Cloud Map's queries, listed once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from backends.base import Denied, Invalid, NotFound
from backends.clock import Clock
from backends.cloudmap.catalog import Catalog, owned, together
from backends.cloudmap.kinds import KINDS
from backends.cloudmap.rows import check, instance_row, namespace_row, service_row
from backends.cloudmap.tallies import Tallies
from backends.cloudmap.wire import Payload, text
from backends.model import Query, Resource, Scope


class Listing:
    """Lists what a query asks for, from whatever is known and what has to be asked."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._tallies = Tallies(catalog, clock)

    def pages(self, query: Query, *, urgent: bool) -> AsyncIterator[Sequence[Resource]]:
        """Yield the rows of a query, page by page; later pages may better earlier ones.

        A query narrower than a region asks for that only; one that is not lists all there is
        below. Raises `Invalid` for what makes no sense.
        """
        check_query(query)
        if query.kind == "cloudmap/namespaces":
            return self._namespaces(query.scope, urgent)
        scope = _narrowed(query)
        if query.kind == "cloudmap/services":
            return self._services(scope, urgent)
        parent = query.parent
        if parent is not None and parent.kind == "cloudmap/services":
            return self._instances(scope, parent.name, urgent)
        return self._all_instances(scope, urgent)

    async def _namespaces(self, scope: Scope, urgent: bool) -> AsyncIterator[Sequence[Resource]]:
        found = await self._catalog.namespaces(scope, urgent=urgent)
        above = scope.at(namespace="")
        yield [
            namespace_row(owned(above, payload), name, payload)
            for name, payload in found.items()
            if scope.namespace in ("", name)
        ]

    async def _services(self, scope: Scope, urgent: bool) -> AsyncIterator[Sequence[Resource]]:
        places = await self._places(scope, urgent)
        if len(places) == 1:
            async for page in self._services_of(places[0], urgent):
                yield page
            return
        for rows in await together(self._all_services_of(place, urgent) for place in places):
            yield rows

    async def _services_of(self, scope: Scope, urgent: bool) -> AsyncIterator[Sequence[Resource]]:
        """Yield the services of one namespace at once, and again with what takes longer."""
        found: dict[str, Payload] = {}
        async for page in self._catalog.services(scope, urgent=urgent):
            found.update(page)
            yield self._service_rows(scope, page)
        await self._tallies.refresh(scope, found, urgent=urgent)
        yield self._service_rows(scope, found)

    def _service_rows(self, scope: Scope, found: dict[str, Payload]) -> list[Resource]:
        return [
            service_row(scope, name, payload, self._tallies.of(payload))
            for name, payload in found.items()
        ]

    async def _all_services_of(self, scope: Scope, urgent: bool) -> Sequence[Resource]:
        pages = [page async for page in self._services_of(scope, urgent)]
        return pages[-1]

    async def _instances(
        self, scope: Scope, name: str, urgent: bool
    ) -> AsyncIterator[Sequence[Resource]]:
        service = await self._catalog.service(scope, name, urgent=urgent)
        try:
            healths, doubt = await self._healths(scope, service, urgent)
            async for page in self._catalog.instances(scope, name, urgent=urgent):
                yield [
                    instance_row(
                        scope, service, name, one, healths.get(text(one, "Id")), doubt=doubt
                    )
                    for one in page
                ]
        except NotFound:  # one of the same name may have taken its place
            self._catalog.forget(scope)
            raise

    async def _healths(
        self, scope: Scope, service: Payload, urgent: bool
    ) -> tuple[dict[str, str], str]:
        """Return the health of a service's instances, or why it can't be told."""
        if check(service) == "none":
            return {}, ""
        try:
            return await self._catalog.healths(scope, service, urgent=urgent), ""
        except Denied as error:  # the instances themselves may still be looked at
            return {}, f"its health is not known: {error.problem.remedy}"

    async def _all_instances(self, scope: Scope, urgent: bool) -> AsyncIterator[Sequence[Resource]]:
        for place in await self._places(scope, urgent):
            names = [
                name async for page in self._catalog.services(place, urgent=urgent) for name in page
            ]
            for rows in await together(self._instances_of(place, name, urgent) for name in names):
                yield rows

    async def _instances_of(self, scope: Scope, name: str, urgent: bool) -> list[Resource]:
        pages = self._instances(scope, name, urgent)
        return [row async for page in pages for row in page]

    async def _places(self, scope: Scope, urgent: bool) -> list[Scope]:
        """Return the scopes of the namespaces that a scope has in it."""
        if scope.namespace:
            return [owned(scope, await self._catalog.namespace(scope, urgent=urgent))]
        found = await self._catalog.namespaces(scope, urgent=urgent)
        return [owned(scope, payload).at(namespace=name) for name, payload in found.items()]


def check_query(query: Query) -> None:
    """Raise `Invalid` for a query that Cloud Map has no answer to."""
    if query.kind not in KINDS:
        raise Invalid("watch", f"Cloud Map has no kind {query.kind}", f"known: {', '.join(KINDS)}")
    parent = query.parent
    if parent is None:
        return
    if parent.kind not in _ABOVE[query.kind]:
        raise Invalid("watch", f"{parent.kind} have no {query.kind}", "choose another resource")
    if parent.kind == "cloudmap/services" and not parent.scope.namespace:
        raise Invalid("watch", "a service of no namespace", "choose a namespace first")


_ABOVE = {
    "cloudmap/namespaces": (),
    "cloudmap/services": ("cloudmap/namespaces",),
    "cloudmap/instances": ("cloudmap/namespaces", "cloudmap/services"),
}


def _narrowed(query: Query) -> Scope:
    """Return a query's scope with the namespace that its parent is or is in."""
    parent = query.parent
    if parent is None or query.scope.namespace:
        return query.scope
    inside = parent.kind == "cloudmap/services"
    return query.scope.at(namespace=parent.scope.namespace if inside else parent.name)
