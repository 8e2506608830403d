"""A thin client of the Kubernetes REST API: raw bytes in and out, every request with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
import yarl
from multidict import CIMultiDict

from backends.base import Unreachable
from backends.eks.errors import (
    Act,
    Garbled,
    Interrupted,
    NotSent,
    Silent,
    from_exception,
    from_status,
    read_status,
    told_to_wait,
)
from backends.model import Renewal
from backends.version import __version__

_CHUNK = 1 << 20
"""Bytes that aiohttp may buffer of a body before it stops reading the socket."""

_CONNECT = 5.0
"""Seconds to wait for a connection at most; the request timeout where that is shorter."""

_BODY_FACTOR = 6.0
"""A body may take so many times the request timeout, as long as it never pauses for one."""

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


class Identity(msgspec.Struct, frozen=True):
    """How a request shows who it is from. Its repr holds no secret."""

    authorization: str = ""
    """The value of the Authorization header; empty: none."""
    tls: ssl.SSLContext | None = None
    """None for a server that is spoken to in plain."""

    def __repr__(self) -> str:
        return f"Identity(authorization={'set' if self.authorization else 'none'})"

    __str__ = __repr__


class Authority(Protocol):
    """Where a connection's identity comes from; it caches and renews."""

    renewal: Renewal
    """What renews it when it cannot be renewed from here."""

    async def identity(self) -> Identity:
        """Return an identity that has not expired, or raise a `BackendError`."""
        ...

    def reject(self, identity: Identity) -> None:
        """The server refused `identity` (401): the next call of `identity` makes a new one."""
        ...

    def forget(self) -> None:
        """The credentials were renewed: the next call of `identity` makes a new one of them."""
        ...


class Server(msgspec.Struct, frozen=True):
    """Where an API server is and how it is reached."""

    url: str
    tls_name: str = ""
    """The name in its certificate where it differs from the host; kubeconfig tls-server-name."""
    proxy: str = ""
    """The URL of an HTTP proxy; may hold a password and so is never shown."""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request (impersonation)."""

    def __repr__(self) -> str:
        return f"Server({self.url})"

    @property
    def host(self) -> str:
        """Its host and port, for messages."""
        return yarl.URL(self.url).authority or self.url

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine, where compressing answers buys nothing."""
        return yarl.URL(self.url).host in {"127.0.0.1", "localhost", "::1"}


class KubeClient:
    """One cluster's API, for all that talk to it; safe to share among tasks."""

    def __init__(self, server: Server, authority: Authority, timeout: float) -> None:
        self.server = server
        self.authority = authority
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._headers = CIMultiDict(
            (
                ("Accept", "application/json"),
                ("Accept-Encoding", "identity" if server.loopback else "gzip"),
                ("User-Agent", f"topdeck/{__version__}"),
                *server.headers,
            )
        )

    async def get(self, path: str, act: Act, accept: str = "", /, **params: str | int) -> bytes:
        """GET a whole body, as plain JSON or what `accept` names. Parameters are those of the
        query; raises `BackendError`."""
        async with self.request("GET", path, act, params, accept=accept) as response:
            return await self._body(response, act)

    async def get_json(self, path: str, act: Act, **params: str | int) -> Any:
        """GET a document as plain JSON values."""
        body = await self.get(path, act, **params)
        try:
            return msgspec.json.decode(body)
        except msgspec.MsgspecError as error:
            raise Garbled(str(act), f"the answer is broken: {error}", "try again") from error

    async def patch(
        self, path: str, act: Act, content_type: str, body: bytes, **params: str | int
    ) -> tuple[bytes, str]:
        """PATCH once: whatever happens, it is not sent again.

        Returns the answer and the server's id of the request. Where it is not known whether
        the request was carried out, the error's remedy says so.
        """
        try:
            async with self.request(
                "PATCH", path, act, params, patch=(content_type, body)
            ) as response:
                return await self._body(response, act), response.headers.get("Audit-Id", "")
        except NotSent:
            raise
        except Unreachable as error:
            told = error.problem
            raise Unreachable(
                told.action, told.message, "it may have been done: look before trying again"
            ) from error

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, act: Act, silence: float, accept: str = "", /, **params: str | int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """GET a body without end, in chunks as they come; in the form that `accept` names.

        Raises `Interrupted` when it breaks off, `Silent` when nothing comes for `silence` seconds.
        """
        async with self.request(
            "GET", path, act, params, silence=silence, accept=accept
        ) as response:
            yield self._chunks(response, act, silence)

    async def _chunks(
        self, response: aiohttp.ClientResponse, act: Act, silence: float
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_any():
                yield chunk
        except TimeoutError as error:
            said = f"nothing was heard for {silence:.0f} s"
            raise Silent(str(act), said, "it is opened again") from error
        except (aiohttp.ClientError, OSError) as error:
            said = f"the stream broke off: {type(error).__name__}"
            raise Interrupted(str(act), said, "it is opened again") from error

    @contextlib.asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        act: Act,
        params: Mapping[str, str | int],
        *,
        patch: tuple[str, bytes] | None = None,
        silence: float = 0.0,
        accept: str = "",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and yield the answer if it is a good one, else raise `BackendError`.

        A body that is silent for `silence` seconds times out; 0: it is bounded as a whole. An
        identity that the server refuses (401) is renewed and, but for a `patch`, used once more.
        """
        identity = await self.authority.identity()
        url = path + ("?" + urlencode(params) if params else "")
        headers = {"Accept": accept} if accept else {}
        if patch is not None:
            headers["Content-Type"] = patch[0]
        body = patch[1] if patch is not None else None
        response = await self._send(identity, method, url, act, headers, body, silence)
        if response.status == 401:
            self.authority.reject(identity)
            if patch is None:
                response.release()
                identity = await self.authority.identity()
                response = await self._send(identity, method, url, act, headers, body, silence)
        async with response:
            if response.status >= 300:
                status = read_status(response.status, await self._body(response, act))
                status = told_to_wait(status, response.headers.get("Retry-After", ""))
                raise from_status(act, status, self._renewal(again=patch is None))
            if response.content_type == "text/html":  # what no API server answers
                said = f"{self.server.host} answers with a web page"
                raise Garbled(str(act), said, "look for a captive portal or a proxy in between")
            yield response

    async def _body(self, response: aiohttp.ClientResponse, act: Act) -> bytes:
        try:
            return await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise from_exception(act, error, self.server.host) from error

    def _renewal(self, *, again: bool) -> Renewal:
        renewal = self.authority.renewal
        if again:
            return renewal
        return msgspec.structs.replace(renewal, advice=f"try again, or: {renewal.advice}")

    async def _send(
        self,
        identity: Identity,
        method: str,
        url: str,
        act: Act,
        extra: Mapping[str, str],
        body: bytes | None,
        silence: float,
    ) -> aiohttp.ClientResponse:
        headers = self._headers.copy()
        headers.update(extra)
        if identity.authorization:
            headers["Authorization"] = identity.authorization
        limits = aiohttp.ClientTimeout(
            total=None if silence else self._timeout * _BODY_FACTOR,
            sock_connect=min(self._timeout, _CONNECT),
            sock_read=silence or self._timeout,
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await self._open().request(
                    method,
                    yarl.URL(self.server.url + url, encoded=True),
                    headers=headers,
                    data=body,
                    ssl=identity.tls if identity.tls is not None else True,
                    server_hostname=self.server.tls_name or None,
                    proxy=self.server.proxy or None,
                    timeout=limits,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise from_exception(act, error, self.server.host) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Every watch and every followed log holds a connection: no limit but their own.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), read_bufsize=_CHUNK, trust_env=False
            )
        return self._session

    async def close(self) -> None:
        """Close all its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def segment(text: str) -> str:
    """Quote one segment of a path."""
    return quote(text, safe="")
