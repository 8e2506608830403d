"""A proxy on loopback that stands before one server, and spoils what it is told to.

A `Door` has an address of its own, so that each simulated cluster, or each AWS account and
region, can be given trouble apart from the others; a `Fault` may narrow that further, by what a
request asks and by whom it is signed. Faults are switched while connections are open.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tests.faults.exchange import HOST, Cut, Exchange, Fault, Upstream
from tests.faults.wire import LIMIT, Head, Request, framed, read_request


@dataclass(eq=False)
class _Visitor:
    """One connection that is open."""

    writer: asyncio.StreamWriter
    task: asyncio.Task[None]
    request: Request | None = None
    """The request whose answer is on its way."""
    muted: bool = False
    """Nothing more of it is to get through."""
    ended: bool = False
    """It is to end with the next piece."""


class Door:
    """One address before one server. Use it as ``async with Door(port) as door``."""

    def __init__(
        self,
        upstream: int,
        *,
        seed: int = 1,
        name: str = "",
        tls: dict[str, ssl.SSLContext] | None = None,
    ) -> None:
        """`upstream` is the server's port; `tls` has a context called ``good`` if any."""
        self.name = name
        self.random = random.Random(f"{seed}:{name}")
        self.fault: Fault | None = None
        self.lifted = asyncio.Event()
        """Set while there is no fault."""
        self.rewrite: Callable[[Request, bytes], bytes] | None = None
        """Changes the bodies of good answers in passing, such as the addresses in them."""
        self.arrived: list[Request] = []
        """Requests that would change something, as they came from the client."""
        self.passed: list[Request] = []
        """Those of them that the server was given."""
        self.count = 0
        """All requests that came."""
        self._upstream = upstream
        self._tls = tls
        self._shown = "good"
        self._server: asyncio.Server | None = None
        self._plug: list[socket.socket] = []
        self._visitors: set[_Visitor] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._shut()
        self._unplug()
        await self._expel(list(self._visitors))

    async def strike(self, fault: Fault) -> None:
        """Begin with a fault."""
        await self.lift()
        self.fault = fault
        self.lifted.clear()
        if fault.refuse or fault.drop or fault.tls:
            await self._shut()
        if fault.drop:
            self._plug_up()
        if fault.tls:
            self._shown = fault.tls
            await self._listen()
        cut = []
        for visitor in self._visitors:
            request = visitor.request
            if fault.drop or (request and fault.stalls(request)):
                visitor.muted = True
            elif request and fault.ends(request):
                visitor.ended = True
            elif fault.cuts:
                cut.append(visitor)
        await self._expel(cut)

    async def lift(self) -> None:
        """End the fault. What it broke stays broken; what comes now is served."""
        fault, self.fault = self.fault, None
        self.lifted.set()
        self._unplug()
        if fault is not None and fault.tls:
            self._shown = "good"
            await self._shut()
            await self._expel(list(self._visitors))
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        context = self._tls[self._shown] if self._tls else None
        self._server = await asyncio.start_server(
            self._visit, HOST, self.port, ssl=context, limit=LIMIT, backlog=256
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _plug_up(self) -> None:
        """Listen with a queue that is full: the kernel answers no more attempts to connect."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(0)
        self._plug.append(listener)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((HOST, self.port))
            self._plug.append(filler)

    def _unplug(self) -> None:
        for one in self._plug:
            one.close()
        self._plug.clear()

    async def _expel(self, visitors: list[_Visitor]) -> None:
        for visitor in visitors:
            reset(visitor.writer)
            visitor.task.cancel()
        await asyncio.gather(*(v.task for v in visitors), return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visitor = _Visitor(writer, task)
        self._visitors.add(visitor)
        upstream = Upstream(self._upstream)
        gone = _departure(reader)
        try:
            while (request := await read_request(reader)) is not None:
                visitor.request = request
                serving = asyncio.create_task(self._serve(visitor, request, upstream))
                leaving = asyncio.create_task(gone.wait())
                try:
                    await asyncio.wait({leaving, serving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    leaving.cancel()
                    if not serving.done():
                        serving.cancel()
                    await asyncio.wait({serving, leaving})
                if serving.cancelled() or not serving.result():
                    break
                visitor.request = None
        except Cut as cut:
            if cut.reset:
                reset(writer)
        except asyncio.CancelledError:
            pass  # shown out; the task ends as it is asked to
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            reset(writer)  # the server behind broke it off
        finally:
            self._visitors.discard(visitor)
            upstream.close()
            with contextlib.suppress(Exception):
                writer.close()

    async def _serve(self, visitor: _Visitor, request: Request, upstream: Upstream) -> bool:
        self.count += 1
        if visitor.muted:
            await asyncio.Event().wait()
        if request.mutates:
            self.arrived.append(request)
        exchange = Exchange(self, request, visitor.writer, upstream)
        fault = self.fault
        if fault is not None and fault.meet is not None and fault.only(request):
            return await fault.meet(exchange)
        await self.forward(exchange, visitor)
        return True

    async def forward(self, exchange: Exchange, visitor: _Visitor | None = None) -> None:
        """Pass a request on, and its answer back, as if there were no door."""
        request = exchange.request
        if request.mutates:
            self.passed.append(request)
        if self.rewrite is not None:
            head, body = await exchange.whole()
            body = self.rewrite(request, body)
            await exchange.send(with_length(head, len(body)) + body)
            return
        head = await exchange.ask()
        await exchange.send(head.raw)
        async for piece in exchange.upstream.pieces(head):
            if visitor is not None and visitor.muted:
                await exchange.silence()
            if visitor is not None and visitor.ended:
                await exchange.send(framed(head, piece[: len(piece) // 2]) + b"0\r\n\r\n")
                raise Cut
            await exchange.send(framed(head, piece))
        if head.chunked:
            await exchange.send(b"0\r\n\r\n")


def with_length(head: Head, length: int) -> bytes:
    """Return a head for a body of another length, in one piece."""
    first, *lines = head.raw[:-4].split(b"\r\n")
    framing = (b"content-length:", b"transfer-encoding:")
    kept = [line for line in lines if not line.lower().startswith(framing)]
    return b"\r\n".join([first, *kept, b"Content-Length: %d" % length, b"", b""])


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off so that the other side gets a reset."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _departure(reader: asyncio.StreamReader) -> asyncio.Event:
    """Return what is set once the client has left, while its answer may be on the way."""
    gone = asyncio.Event()
    ended, failed = reader.feed_eof, reader.set_exception

    def feed_eof() -> None:
        ended()
        gone.set()

    def set_exception(error: Exception) -> None:
        failed(error)
        gone.set()

    reader.feed_eof, reader.set_exception = feed_eof, set_exception  # type: ignore[method-assign]
    return gone
