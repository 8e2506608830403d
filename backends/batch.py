"""Several operations that were asked for together: each is sent once and answered on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from backends.base import BackendError
from backends.model import Accepted, Operation, Problem

AT_ONCE = 4
"""Operations that are on their way at a time: enough to hide the way there, few enough that a
cluster is not flooded. The call budget holds them back further where it must."""

Perform: TypeAlias = Callable[[Operation], Awaitable[Accepted]]
"""Sends one operation, once: `backends.fleet.Fleet.perform`."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one operation."""

    operation: Operation
    accepted: Accepted | None = None
    problem: Problem | None = None
    """Why it was not accepted."""


async def perform_all(
    perform: Perform, operations: Iterable[Operation], at_once: int = AT_ONCE
) -> Sequence[Outcome]:
    """Send operations in their order, at most `at_once` at a time, and return what became of
    each, in that order. A refusal stops none of the others; nothing is sent twice.

    When it is cancelled those that were not begun are not sent.
    """
    asked = list(operations)
    found: dict[int, Outcome] = {}
    waiting = iter(enumerate(asked))

    async def send() -> None:
        for index, operation in waiting:
            try:
                accepted = await perform(operation)
            except BackendError as error:
                found[index] = Outcome(operation, problem=error.problem)
            else:
                found[index] = Outcome(operation, accepted=accepted)

    async with asyncio.TaskGroup() as senders:
        for _ in range(min(at_once, len(asked))):
            senders.create_task(send())
    return [found[index] for index in range(len(asked))]
