"""The first lines of a log, for requests that are not for a live tail."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from backends.model import LogBatch


async def first(batches: AsyncIterator[LogBatch], count: int) -> AsyncGenerator[LogBatch, None]:
    """Yield batches until they have had `count` lines together, then close and end.

    The batch that goes beyond is cut, and one is added that says that the past is complete.
    """
    left = count
    try:
        async for batch in batches:
            if len(batch.lines) >= left:
                yield msgspec.structs.replace(batch, lines=batch.lines[:left], live=True)
                return
            left -= len(batch.lines)
            yield batch
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()
