"""Calls to AWS: under the budget, with a deadline, errors translated, answers as plain dicts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from botocore import xform_name
from botocore.credentials import ReadOnlyCredentials

from backends.aws.clients import Clients, patience
from backends.aws.errors import CallContext, transient, translate, unsent
from backends.aws.limits import limit_for
from backends.aws.profiles import ACTION, Profile
from backends.aws.renewal import with_mfa
from backends.aws.turns import Turns
from backends.base import BackendError, Expired, Invalid, Sources, Throttled, Unreachable
from backends.budget import Budget
from backends.clock import Clock
from backends.model import Scope, Usage

ATTEMPTS = 3
"""How often a read is tried in all: after it was throttled, or its connection broke."""

BACKOFF = 0.25
"""Seconds before a read is tried again, doubled each time, give or take half."""

_IAM_PREFIXES = {"elbv2": "elasticloadbalancing"}
"""Where IAM calls a service otherwise than botocore does."""

_IAM_ACTIONS = {("sqs", "DeleteMessageBatch"): "sqs:DeleteMessage"}
"""Where IAM calls an operation otherwise (Service Authorization Reference)."""


def iam_action(service: str, operation: str) -> str:
    """Return what a policy has to allow for a call: ``ecs:ListClusters``."""
    named = _IAM_ACTIONS.get((service, operation))
    return named or f"{_IAM_PREFIXES.get(service, service)}:{operation}"


class AwsAccess:
    """Every AWS call of one `Sources`, shared by the backends that look at AWS."""

    _shared: ClassVar[dict[tuple[Sources, Clock], AwsAccess]] = {}

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._budget = Budget(clock, sources.budget_share)
        self._profiles: dict[tuple[str, str], Profile] | None = None
        self._clients: dict[int, Clients] = {}
        self._accounts: dict[str, str] = {}
        self._account_locks: dict[str, asyncio.Lock] = {}
        self._turns = Turns()
        self._uses = 1

    @classmethod
    def shared(cls, sources: Sources, clock: Clock) -> AwsAccess:
        """Return the one instance for equal sources and the same clock; each use closes it once."""
        access = cls._shared.get((sources, clock))
        if access is None:
            access = cls._shared[(sources, clock)] = cls(sources, clock)
        else:
            access._uses += 1
        return access

    def scopes(self, provider: str) -> tuple[Scope, ...]:
        """Return a scope for every profile and region of the sources, without a network call.

        Reads the configuration files once, which takes some milliseconds, besides botocore's
        import. Raises `Invalid` for an unknown profile or region, a profile without a region
        and a configuration file that cannot be read; its remedy names those that are known.
        """
        return tuple(
            Scope(provider, profile=profile, region=region) for profile, region in self._read()
        )

    async def call(
        self,
        scope: Scope,
        service: str,
        operation: str,
        /,
        *,
        mutates: bool = False,
        urgent: bool = True,
        **params: Any,
    ) -> dict[str, Any]:
        """Make one API call and return its answer as plain JSON-like values.

        `service` is botocore's name, `operation` in CamelCase; `params` as the API has them.
        Timestamps in the answer are seconds since the epoch; ``ResponseMetadata`` is included.
        A call that `mutates` is sent at most once; others are tried again when throttled or
        when the connection broke. `urgent` calls go first when the budget is short. Each
        attempt has ``Sources.request_timeout`` seconds. Raises `BackendError`.
        """
        clients = self._clients_of(scope)
        limit = limit_for(service, operation, scope.region)
        attempts = 1 if mutates else ATTEMPTS
        for attempt in range(1, attempts + 1):
            owner = self._owner(scope)
            await self._budget.acquire(owner, scope.region, limit, urgent=urgent)
            try:
                answer = await self._send(clients, scope, service, operation, params)
            except _Failed as failed:
                if isinstance(failed.error, Throttled):
                    self._budget.throttled(self._owner(scope), scope.region, limit)
                if isinstance(failed.error, Expired):
                    clients.credentials.renew()
                if mutates and failed.uncertain:
                    raise _perhaps(failed.error) from None
                if attempt == attempts or not failed.again:
                    raise failed.error from None
            else:
                self._learn(scope, service, answer)
                return answer
            pause = BACKOFF * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def pages(
        self, scope: Scope, service: str, operation: str, /, *, urgent: bool = True, **params: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield every page of a listing; raises `Unreachable` if a page token comes twice."""
        seen: set[str] = set()
        while True:
            page = await self.call(scope, service, operation, urgent=urgent, **params)
            yield page
            name = "nextToken" if "nextToken" in page else "NextToken"
            token = page.get(name)
            if not token:
                return
            if token in seen:
                raise Unreachable(
                    iam_action(service, operation),
                    "the listing does not end: the same page came twice",
                    "try again; if it stays, check what answers at the endpoint",
                )
            seen.add(token)
            params = {**params, name: token}

    async def account(self, scope: Scope) -> str:
        """Return the account of a scope's profile, twelve digits; asks STS at most once."""
        if scope.account:
            return scope.account
        lock = self._account_locks.setdefault(scope.profile, asyncio.Lock())
        async with lock:
            if scope.profile not in self._accounts:
                frozen = await self.credentials(scope)
                known = getattr(frozen, "account_id", None)
                if not known:
                    known = (await self.call(scope, "sts", "GetCallerIdentity"))["Account"]
                self._identify(scope.profile, str(known))
        return self._accounts[scope.profile]

    async def credentials(self, scope: Scope) -> ReadOnlyCredentials:
        """Return the keys of a scope's profile, good at this moment. Never print them."""
        clients = self._clients_of(scope)
        context = self._context(clients, "sts:GetCallerIdentity", "")
        try:
            async with asyncio.timeout(self._sources.request_timeout):
                return await clients.credentials.get_frozen_credentials()
        except Exception as error:
            raise translate(error, context) from None

    def renew(self, scope: Scope) -> None:
        """Forget the credentials of a scope's profile: the next call loads them anew."""
        for clients in self._clients.values():
            if clients.profile.name == scope.profile:
                clients.credentials.forget()

    def usage(self, service: str = "") -> Sequence[Usage]:
        """Return the call budgets used since the start, or those of one service, the most used
        first."""
        return self._budget.usage(service)

    async def close(self) -> None:
        """Release this use; the last one closes every connection."""
        self._uses -= 1
        if self._uses > 0:
            return
        for key, access in list(self._shared.items()):
            if access is self:
                del self._shared[key]
        opened, self._clients = list(self._clients.values()), {}
        await asyncio.gather(*(clients.close() for clients in opened))

    def _read(self) -> dict[tuple[str, str], Profile]:
        """Return the profile that answers for each (profile, region); the first named wins."""
        if self._profiles is None:
            found: dict[tuple[str, str], Profile] = {}
            for source in self._sources.aws:
                profile = Profile(source, self._turns)
                for region in profile.regions:
                    found.setdefault((profile.name, region), profile)
            self._profiles = found
        return self._profiles

    def _clients_of(self, scope: Scope) -> Clients:
        profile = self._read().get((scope.profile, scope.region)) or self._elsewhere(scope)
        clients = self._clients.get(id(profile))
        if clients is None:
            clients = Clients(profile, self._sources.request_timeout, self._clock)
            self._clients[id(profile)] = clients
        return clients

    def _elsewhere(self, scope: Scope) -> Profile:
        """Return the profile of a scope in a region that is not looked at: a log may be there."""
        named = (one for one in self._read().values() if one.name == scope.profile)
        profile = next(named, None)
        if profile is None or not scope.region:
            raise Invalid(
                ACTION,
                f"profile {scope.profile or 'default'} is not looked at in {scope.region or '—'}",
                "add it with --profile and --region",
            )
        profile.check_region(scope.region)
        return profile

    async def _send(
        self, clients: Clients, scope: Scope, service: str, operation: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        endpoint = ""
        try:
            client = await clients.get(service, scope.region)
            endpoint = client.meta.endpoint_url
            await self._turns.wait()
            async with asyncio.timeout(self._sources.request_timeout + patience(service)):
                answer = await getattr(client, xform_name(operation))(**params)
        except Exception as error:
            context = self._context(clients, iam_action(service, operation), endpoint)
            translated = translate(error, context)
            again = isinstance(translated, Throttled) or transient(error)
            raise _Failed(translated, again, uncertain=not unsent(error)) from None
        return dict(answer)

    def _context(self, clients: Clients, action: str, endpoint: str) -> CallContext:
        profile = clients.profile
        return CallContext(
            action,
            endpoint,
            profile.name,
            profile.renewal,
            self._sources.request_timeout,
            with_mfa(profile.source, profile.name),
        )

    def _owner(self, scope: Scope) -> str:
        return scope.account or self._accounts.get(scope.profile) or scope.profile

    def _learn(self, scope: Scope, service: str, answer: dict[str, Any]) -> None:
        """Take the account from the ARN of something that can only be the caller's own."""
        if scope.profile in self._accounts or service != "ecs":
            return
        for key in ("clusterArns", "serviceArns", "taskArns"):
            for arn in answer.get(key) or ():
                parts = str(arn).split(":", 5)
                if len(parts) == 6 and parts[4].isdigit():
                    self._identify(scope.profile, parts[4])
                return

    def _identify(self, profile: str, account: str) -> None:
        self._accounts[profile] = account
        self._budget.identify(profile, account)


def _perhaps(error: BackendError) -> BackendError:
    """Return an error of a change that may have been made all the same."""
    told = error.problem
    return Unreachable(told.action, told.message, "it may have been done: look before trying again")


class _Failed(Exception):  # noqa: N818
    """One attempt that failed, whether it is worth another, and whether it may have succeeded."""

    def __init__(self, error: BackendError, again: bool, *, uncertain: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again
        self.uncertain = uncertain
