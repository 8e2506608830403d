"""What a fault is, and what it sees of a request on its way through a door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.wire import LIMIT, Head, Request, read_head, read_pieces

if TYPE_CHECKING:
    from tests.faults.proxy import Door

HOST = "127.0.0.1"


class Cut(Exception):  # noqa: N818 - reads as what happened
    """The connection is to be broken off."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("reset" if reset else "closed")
        self.reset = reset


@dataclass
class Exchange:
    """One request on its way through a door, as a fault sees it."""

    door: Door
    request: Request
    writer: asyncio.StreamWriter
    upstream: Upstream

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self) -> Head:
        """Hand the request on and return the head of the answer."""
        return await self.upstream.ask(self.request)

    async def whole(self) -> tuple[Head, bytes]:
        """Hand the request on and return the whole answer."""
        head = await self.ask()
        return head, b"".join([piece async for piece in self.upstream.pieces(head)])

    async def silence(self) -> None:
        """Say nothing, until the other side gives up."""
        await asyncio.Event().wait()


Meet = Callable[[Exchange], Awaitable[bool]]
"""What a fault does with a request; returns whether the connection can be used further."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One sort of trouble."""

    name: str
    meet: Meet | None = None
    """None: requests pass, and only what follows applies."""
    only: Callable[[Request], bool] = lambda _request: True
    """Which requests it meets."""
    refuse: bool = False
    """Nobody listens."""
    drop: bool = False
    """Nothing gets through: connecting hangs, and what is open falls silent."""
    stalls: Callable[[Request], bool] = lambda _request: False
    """Which streams that are open already fall silent when it strikes."""
    ends: Callable[[Request], bool] = lambda _request: False
    """Which streams that are open already end, as if all were well."""
    cuts: bool = True
    """Whether the other connections that are open are reset when it strikes."""
    tls: str = ""
    """Which certificate to show from now on: the name of one of the door's contexts."""


class Upstream:
    """The connection to the server behind one connection to the door."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Request) -> Head:
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port, limit=LIMIT)
        reader, writer = self._streams
        writer.write(request.raw)
        await writer.drain()
        return await read_head(reader)

    async def pieces(self, head: Head) -> AsyncIterator[bytes]:
        assert self._streams is not None
        async for piece in read_pieces(self._streams[0], head):
            yield piece

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None
