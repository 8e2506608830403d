"""Task definitions, which never change once registered, and so are fetched once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from backends.aws.access import AwsAccess
from backends.ecs.wire import Payload, part
from backends.model import Scope

KEPT = 500
"""Task definitions that are remembered; some kilobytes each."""


class TaskDefinitions:
    """A cache of task definitions by profile and ARN."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._known: OrderedDict[tuple[str, str], Payload] = OrderedDict()
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    async def get(self, scope: Scope, arn: str, *, urgent: bool = True) -> Payload:
        """Return a task definition as DescribeTaskDefinition has it; raises `BackendError`.

        Those who ask for the same one at once share a call.
        """
        key = (scope.profile, arn)
        if key not in self._known:
            lock = self._locks.setdefault(key, asyncio.Lock())
            async with lock:
                if key not in self._known:
                    self._keep(key, await self._fetch(scope, arn, urgent))
            self._locks.pop(key, None)
        self._known.move_to_end(key)
        return self._known[key]

    async def _fetch(self, scope: Scope, arn: str, urgent: bool) -> Payload:
        answer = await self._access.call(
            scope, "ecs", "DescribeTaskDefinition", urgent=urgent, taskDefinition=arn
        )
        return part(answer, "taskDefinition")

    def _keep(self, key: tuple[str, str], definition: Payload) -> None:
        self._known[key] = definition
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
