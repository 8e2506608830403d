"""Asking Cloud Map for what there is, and remembering the ids that its calls need."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from backends.aws.access import AwsAccess
from backends.base import BackendError, NotFound
from backends.cloudmap.wire import Payload, account_of, items, part, text
from backends.model import Scope

T = TypeVar("T")

SERVICE = "servicediscovery"
"""Botocore's name for Cloud Map."""

PAGE = 100
"""Things on one page at the most; from the Cloud Map API reference."""


class Catalog:
    """Namespaces, services and instances by name, in every profile and region."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._namespaces: dict[Scope, dict[str, Payload]] = {}
        self._services: dict[Scope, dict[str, Payload]] = {}

    async def namespaces(self, scope: Scope, *, urgent: bool) -> dict[str, Payload]:
        """Return all namespaces of a region by name; where two share one, the id is added."""
        found = [
            payload
            async for page in self._pages(scope, "ListNamespaces", urgent)
            for payload in items(page, "Namespaces")
        ]
        taken = Counter(text(payload, "Name") for payload in found)
        named = {}
        for payload in found:
            name = text(payload, "Name")
            named[name if taken[name] == 1 else f"{name} ({text(payload, 'Id')})"] = payload
        self._namespaces[_region(scope)] = named
        return named

    async def services(self, scope: Scope, *, urgent: bool) -> AsyncIterator[dict[str, Payload]]:
        """Yield the services of the namespace in `scope` by name, page by page."""
        namespace = await self.namespace(scope, urgent=urgent)
        mine = {"Name": "NAMESPACE_ID", "Values": [text(namespace, "Id")], "Condition": "EQ"}
        found: dict[str, Payload] = {}
        async for page in self._pages(scope, "ListServices", urgent, Filters=[mine]):
            named = {text(payload, "Name"): payload for payload in items(page, "Services")}
            found.update(named)
            yield named
        if not found:  # a filter on a namespace that was deleted finds nothing either
            self.forget(scope)
        self._services[_place(scope)] = found

    def forget(self, scope: Scope) -> None:
        """Forget the ids of a namespace and its services: something was not found by them."""
        self._namespaces.pop(_region(scope), None)
        self._services.pop(_place(scope), None)

    async def instances(
        self, scope: Scope, name: str, *, urgent: bool
    ) -> AsyncIterator[Sequence[Payload]]:
        """Yield the instances of the service `name` in the namespace in `scope`, by pages."""
        service = await self.service(scope, name, urgent=urgent)
        identity = text(service, "Id")
        async for page in self._pages(scope, "ListInstances", urgent, ServiceId=identity):
            yield items(page, "Instances")

    async def healths(self, scope: Scope, service: Payload, *, urgent: bool) -> dict[str, str]:
        """Return the health of each instance that Cloud Map checks, by its id."""
        identity = text(service, "Id")
        found: dict[str, str] = {}
        async for page in self._pages(
            scope, "GetInstancesHealthStatus", urgent, ServiceId=identity
        ):
            status = part(page, "Status")
            found.update((key, text(status, key)) for key in status)
        return found

    async def sample(self, scope: Scope, service: Payload, *, urgent: bool) -> Sequence[Payload]:
        """Return one instance of a service, if it has any."""
        page = await self.call(
            scope, "ListInstances", urgent=urgent, ServiceId=text(service, "Id"), MaxResults=1
        )
        return items(page, "Instances")[:1]

    async def namespace(self, scope: Scope, *, urgent: bool = True) -> Payload:
        """Return the namespace that `scope` names; raises `NotFound`."""
        known = self._namespaces.get(_region(scope), {})
        if scope.namespace not in known:
            known = await self.namespaces(scope, urgent=urgent)
        if scope.namespace not in known:
            raise NotFound(
                f"{SERVICE}:ListNamespaces",
                f"there is no namespace {scope.namespace} in {scope.region}",
                "go back and refresh: it was deleted, or it is in another account",
            )
        return known[scope.namespace]

    async def service(self, scope: Scope, name: str, *, urgent: bool = True) -> Payload:
        """Return a service of the namespace in `scope` by its name; raises `NotFound`."""
        if name not in self._services.get(_place(scope), {}):
            async for _ in self.services(scope, urgent=urgent):
                pass
        known = self._services.get(_place(scope), {})
        if name not in known:
            raise NotFound(
                f"{SERVICE}:ListServices",
                f"there is no service {name} in {scope.namespace}",
                "go back and refresh: it was deleted",
            )
        return known[name]

    async def call(
        self, scope: Scope, operation: str, *, urgent: bool = True, **params: Any
    ) -> dict[str, Any]:
        """Make one call that changes nothing."""
        return await self._access.call(scope, SERVICE, operation, urgent=urgent, **params)

    def _pages(
        self, scope: Scope, operation: str, urgent: bool, **params: Any
    ) -> AsyncIterator[dict[str, Any]]:
        return self._access.pages(
            scope, SERVICE, operation, urgent=urgent, MaxResults=PAGE, **params
        )


def owned(scope: Scope, payload: Payload) -> Scope:
    """Return a scope with the account that a namespace belongs to, where it had none."""
    return scope if scope.account else scope.at(account=account_of(text(payload, "Arn")))


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do things at the same time; the first `BackendError` ends all of them and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    return [task.result() for task in tasks]


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    flat = [
        _first(each) if isinstance(each, BaseExceptionGroup) else each for each in errors.exceptions
    ]
    return next((each for each in flat if isinstance(each, BackendError)), flat[0])


def _region(scope: Scope) -> Scope:
    return Scope(scope.provider, profile=scope.profile, region=scope.region)


def _place(scope: Scope) -> Scope:
    return _region(scope).at(namespace=scope.namespace)
