"""Questions over days to the logs of a fleet, answered by CloudWatch Logs Insights."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from backends.apart import apart, stream
from backends.base import BackendError, Invalid, Questioning
from backends.fleet import Fleet, defects_translated
from backends.logs.insights_model import Answer, Choice, Estimate, LogGroup, Question
from backends.model import Resource, Scope

if TYPE_CHECKING:
    from backends.logs.insights import Insights  # botocore, which comes with the first backend


class Questions:
    """Insights of every account and region that a fleet looks at. Errors are `BackendError`."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def places(self) -> Sequence[Scope]:
        """Return the profiles and regions that can be asked, each once."""
        found: dict[tuple[str, str], Scope] = {}
        for root in self._fleet.roots:
            scope = root.scope
            if scope.region and self._answers(scope):
                found.setdefault((scope.profile, scope.region), scope)
        return tuple(found.values())

    def place_of(self, scope: Scope) -> Scope | None:
        """Return the place where a scope lies, with its account; None: in none of them."""
        for place in self.places():
            if (place.profile, place.region) == (scope.profile, scope.region):
                return place.at(account=scope.account)
        return None

    async def choice(self, resource: Resource) -> Choice:
        """Return the log groups behind a resource, or why there are none."""
        backend = self._fleet.backend(resource.ref.scope)
        if not isinstance(backend, Questioning):
            return Choice(self.place_of(resource.ref.scope))
        with defects_translated(f"find the log groups of {resource.ref.name}"):
            return await apart(backend.log_groups(resource))

    async def settled(self, scope: Scope) -> Scope:
        """Return a place with its account, which is looked up where it is not known."""
        with defects_translated("find the account"):
            return await apart(self._insights(scope).place(scope))

    async def groups(self, scope: Scope) -> Sequence[LogGroup]:
        """Return every log group of a place."""
        with defects_translated("list log groups"):
            return await apart(self._insights(scope).groups(scope))

    async def estimate(self, question: Question) -> Estimate:
        """Return what a query would cost, without running it."""
        with defects_translated("estimate a query"):
            return await apart(self._insights(question.scope).estimate(question))

    async def ask(self, question: Question) -> AsyncGenerator[Answer, None]:
        """Run a query and yield its answer so far until it is over; closed, it is stopped."""
        with defects_translated("run a query"):
            answers = stream(self._insights(question.scope).ask(question))
            async with aclosing(answers):
                async for answer in answers:
                    yield answer

    async def record(self, scope: Scope, pointer: str) -> Mapping[str, str]:
        """Return every field of the event that a row is of."""
        with defects_translated("read a log record"):
            return await apart(self._insights(scope).record(scope, pointer))

    def _answers(self, scope: Scope) -> bool:
        try:
            backend = self._fleet.backend(scope)
        except BackendError:
            return False
        return isinstance(backend, Questioning) and backend.insights is not None

    def _insights(self, scope: Scope) -> Insights:
        backend = self._fleet.backend(scope)
        found = backend.insights if isinstance(backend, Questioning) else None
        if found is None:
            where = scope.profile or scope.provider
            raise Invalid(
                "find CloudWatch Logs Insights",
                f"no AWS account is known for {where}",
                "choose another account and region",
            )
        return found
