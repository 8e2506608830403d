"""A stand-in for `AwsAccess` that answers from payloads in memory, with AWS's page limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from backends.base import BackendError, Demand
from backends.ecs.wire import tail
from backends.model import Scope

PAGES = {"DescribeServices": 10, "DescribeTasks": 100, "DescribeClusters": 100}
KEYS = {"Services": "service", "Tasks": "task", "Clusters": "cluster"}


class FakeAccess:
    """Lists and describes what is in `services`, `tasks` and `clusters`."""

    def __init__(self) -> None:
        self.clusters: list[dict[str, Any]] = []
        self.services: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        """What other operations answer."""
        self.errors: dict[str, list[BackendError]] = {}
        """Errors by operation, each raised once."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.urgent: list[bool] = []
        self.gate: asyncio.Event | None = None
        """While set, describe calls wait for it."""

    @property
    def count(self) -> Counter[str]:
        return Counter(operation for operation, _ in self.calls)

    def described(self) -> list[int]:
        """How many things each describe call asked for, in order."""
        return [
            len(next(value for value in params.values() if isinstance(value, list)))
            for operation, params in self.calls
            if operation.startswith("Describe")
        ]

    async def call(
        self, _scope: Scope, _service: str, operation: str, /, **params: Any
    ) -> dict[str, Any]:
        self.urgent.append(params.pop("urgent", True))
        self.mutates = params.pop("mutates", False)
        self.calls.append((operation, params))
        await asyncio.sleep(0)
        if waiting := self.errors.get(operation):
            raise waiting.pop(0)
        if operation in self.answers:
            return self.answers[operation]
        what = operation.removeprefix("Describe")
        if what in KEYS and operation != what:
            if self.gate is not None:
                await self.gate.wait()
            return self._describe(operation, what, params)
        return {}

    async def pages(
        self, scope: Scope, service: str, operation: str, /, **params: Any
    ) -> AsyncIterator[dict[str, Any]]:
        await self.call(scope, service, operation, **params)
        what = operation.removeprefix("List")
        key = KEYS[what]
        arns = [thing[f"{key}Arn"] for thing in self._matching(what, params)]
        size = params["maxResults"]
        for start in range(0, max(len(arns), 1), size):
            yield {f"{key}Arns": arns[start : start + size]}

    def _matching(self, what: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        things: list[dict[str, Any]] = getattr(self, what.lower())
        if status := params.get("desiredStatus"):
            things = [thing for thing in things if thing["desiredStatus"] == status]
        if service := params.get("serviceName"):
            things = [thing for thing in things if thing["group"] == f"service:{service}"]
        return things

    def _describe(self, operation: str, what: str, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params[what.lower()]
        assert 0 < len(wanted) <= PAGES[operation]
        key = f"{KEYS[what]}Arn"
        names = {tail(name) for name in wanted}
        found = [thing for thing in getattr(self, what.lower()) if tail(thing[key]) in names]
        return {what.lower(): found, "failures": []}


class Eager(Demand):
    """Waits for nothing but its turn, and writes down for how long it was told to wait."""

    def __init__(self, *, visible: bool = True) -> None:
        super().__init__(visible=visible)
        self.pauses: list[tuple[float, float]] = []

    async def pause(self, visible: float, background: float) -> None:
        self.pauses.append((visible, background))
        await asyncio.sleep(0)
