"""Taking turns on the event loop."""

from __future__ import annotations

import asyncio

from backends.aws.turns import Turns


async def test_one_waiter_goes_on_in_each_turn_of_the_loop_in_order() -> None:
    turns, passed, turn = Turns(), [], 0

    async def work(number: int) -> None:
        await turns.wait()
        passed.append((turn, number))

    workers = [asyncio.ensure_future(work(number)) for number in range(20)]
    async with asyncio.timeout(10):
        while len(passed) < len(workers):
            await asyncio.sleep(0)
            turn += 1
    assert [number for _, number in passed] == list(range(20))
    assert len({at for at, _ in passed}) == 20


async def test_a_waiter_that_is_cancelled_holds_up_nobody() -> None:
    turns = Turns()
    first, second = (asyncio.ensure_future(turns.wait()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(10):
        await second
