"""Work apart from whoever asked: it takes no context along, and ends with the one who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar, copy_context

import pytest

from backends.apart import apart, stream

ASKER: ContextVar[str] = ContextVar("asker")


async def asker() -> str:
    return ASKER.get("nobody")


async def test_it_does_not_know_who_asked() -> None:
    ASKER.set("a screen")
    assert await asker() == "a screen"
    assert await apart(asker()) == "nobody"
    assert ASKER not in copy_context() or ASKER.get() == "a screen"


async def test_who_is_cancelled_waiting_for_it_cancels_it() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def wait() -> None:
        await apart(work())

    waiting = asyncio.create_task(wait())
    await began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


class Source:
    """Counts, notes in whose name it is read, and whether it was closed."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.count, self.error = count, error
        self.given: list[int] = []
        self.closed = False
        self.readers: set[str] = set()

    async def items(self) -> AsyncIterator[int]:
        try:
            for number in range(self.count):
                self.readers.add(await asker())
                self.given.append(number)
                yield number
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


async def test_a_stream_is_read_apart_to_its_end() -> None:
    ASKER.set("a screen")
    source = Source(5)
    assert [item async for item in stream(source.items())] == [0, 1, 2, 3, 4]
    assert source.readers == {"nobody"}
    assert source.closed


async def test_a_stream_that_fails_gives_what_it_had_first() -> None:
    source = Source(2, LookupError("broken"))
    items = stream(source.items())
    assert [await anext(items), await anext(items)] == [0, 1]
    with pytest.raises(LookupError, match="broken"):
        await anext(items)
    assert source.closed


async def test_a_stream_that_is_left_is_closed_and_was_not_read_far_ahead() -> None:
    source = Source(1_000_000)
    before = asyncio.all_tasks()
    async with aclosing(stream(source.items())) as items:
        assert await anext(items) == 0
        for _ in range(10):
            await asyncio.sleep(0)
    assert source.closed
    assert len(source.given) <= 3
    assert asyncio.all_tasks() == before
