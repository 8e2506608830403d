"""Work that is done apart from whoever asked for it.

A task takes the context of the one that starts it along, and so does every connection and timer
that it opens: a connection that is kept open would keep the screen alive that first needed it, with
all its rows, long after it was left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


def apart(work: Coroutine[Any, Any, T], name: str | None = None) -> asyncio.Task[T]:
    """Start work as a task in an empty context. Who awaits it and is cancelled cancels it."""
    return asyncio.create_task(work, name=name, context=Context())


async def stream(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Yield what an iterator yields, read in a task apart, one item ahead at the most.

    Closed or cancelled, it closes the iterator first.
    """
    items: asyncio.Queue[tuple[T, ...]] = asyncio.Queue(1)
    reading = apart(_read(source, items), "read apart")
    try:
        while item := await items.get():
            yield item[0]
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(source: AsyncIterator[T], items: asyncio.Queue[tuple[T, ...]]) -> None:
    """Put every item into the queue, each in a tuple, and an empty one in the end."""
    try:
        async for item in source:
            await items.put((item,))
    except asyncio.CancelledError:
        raise
    except BaseException:
        await items.put(())
        raise
    else:
        await items.put(())
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
