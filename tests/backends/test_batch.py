"""Operations that were asked for together: each sent once, in order, few at a time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.base import Conflict
from backends.batch import AT_ONCE, perform_all
from backends.model import Accepted, Operation, Ref, Restart, Scope

OPERATIONS = [
    Restart(Ref(Scope("ecs", cluster="shop"), "ecs/services", f"svc-{n}")) for n in range(12)
]


class Provider:
    """Takes as many turns of the loop for each operation as it is told, and may refuse."""

    def __init__(self, turns: dict[str, int], refused: set[str]) -> None:
        self.turns = turns
        self.refused = refused
        self.begun: list[str] = []
        self.under_way = self.most = 0

    async def perform(self, operation: Operation) -> Accepted:
        name = operation.ref.name
        self.begun.append(name)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        for _ in range(self.turns.get(name, 0)):
            await asyncio.sleep(0)
        self.under_way -= 1
        if name in self.refused:
            raise Conflict("restart", f"{name} is busy", "wait")
        return Accepted(f"{name} taken on")


names = st.sampled_from([operation.ref.name for operation in OPERATIONS])


@settings(deadline=None)  # the machine may be busy with other tests
@given(st.integers(0, 12), st.dictionaries(names, st.integers(0, 5)), st.sets(names))
def test_each_is_sent_once_and_answered_on_its_own(
    count: int, turns: dict[str, int], refused: set[str]
) -> None:
    provider = Provider(turns, refused)
    asked = OPERATIONS[:count]
    outcomes = asyncio.run(perform_all(provider.perform, asked))
    assert provider.begun == [operation.ref.name for operation in asked]
    assert provider.most <= AT_ONCE
    assert [outcome.operation for outcome in outcomes] == asked
    for outcome in outcomes:
        name = outcome.operation.ref.name
        if name in refused:
            assert outcome.accepted is None
            assert outcome.problem is not None
            assert outcome.problem.message == f"{name} is busy"
        else:
            assert outcome.problem is None
            assert outcome.accepted == Accepted(f"{name} taken on")


def test_some_are_under_way_at_the_same_time() -> None:
    provider = Provider({operation.ref.name: 3 for operation in OPERATIONS}, set())
    asyncio.run(perform_all(provider.perform, OPERATIONS))
    assert provider.most == AT_ONCE


def test_what_was_not_begun_when_it_was_cancelled_is_never_sent() -> None:
    async def scenario() -> None:
        begun: list[str] = []

        async def stuck(operation: Operation) -> Accepted:
            begun.append(operation.ref.name)
            await asyncio.Event().wait()
            raise AssertionError

        sending = asyncio.ensure_future(perform_all(stuck, OPERATIONS))
        while len(begun) < AT_ONCE:
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert len(begun) == AT_ONCE

    asyncio.run(scenario())
