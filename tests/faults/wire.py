"""HTTP/1.1 as far as a proxy has to understand it: where a message ends, and what it asks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

LIMIT = 1 << 22
"""Bytes of a head, or of the size line of a chunk, at the most."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_KUBE = re.compile(r"/k8s/(?P<cluster>[^/]+)(?P<path>/.*)")


@dataclass(frozen=True)
class Request:
    """One request, whole."""

    raw: bytes
    method: str
    target: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def scope(self) -> tuple[str, str, str]:
        """The access key, region and service that it is signed for; empty on Kubernetes."""
        found = _CREDENTIAL.search(self.headers.get("authorization", ""))
        return (found[1], found[2], found[3]) if found else ("", "", "")

    @property
    def cluster(self) -> str:
        """The simulated Kubernetes cluster that it is for; empty: it is for AWS."""
        found = _KUBE.match(self.path)
        return found["cluster"] if found else ""

    @property
    def kube(self) -> bool:
        return bool(self.cluster)

    @property
    def action(self) -> str:
        """``ecs:ListTasks``; on Kubernetes the method and what it is about: ``watch pods``."""
        if not self.kube:
            name = self.headers.get("x-amz-target", "").rpartition(".")[2]
            return f"{self.scope[2]}:{name or f'{self.method} {self.path}'}"
        parts = self.path.split("/")
        what = parts[-1]
        if "log" in parts[-1:]:
            return "log"
        return f"{'watch' if self.watch else self.method.lower()} {what}"

    @property
    def watch(self) -> bool:
        return "watch" in self.query

    @property
    def log(self) -> bool:
        """Whether it reads a log, of either backend."""
        return (self.kube and self.path.endswith("/log")) or self.scope[2] == "logs"

    @property
    def mutates(self) -> bool:
        if self.kube:
            return self.method in {"PATCH", "POST", "PUT", "DELETE"}
        name = self.action.partition(":")[2]
        return name.startswith(("Update", "Create", "Delete", "Stop", "Run", "Register"))


@dataclass
class Head:
    """The head of an answer."""

    raw: bytes
    status: int
    headers: Mapping[str, str]

    @property
    def chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "")

    @property
    def length(self) -> int:
        """Bytes of the body; -1: up to the end of the connection, or chunked."""
        if self.status in (204, 304):
            return 0
        return int(self.headers.get("content-length", "-1"))

    @property
    def json(self) -> bool:
        return "json" in self.headers.get("content-type", "")


def _fields(lines: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request; None where the connection ended instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head[:-4].split(b"\r\n")
        headers = _fields(rest)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    return Request(head + body, method, target, headers, body)


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read the head of an answer."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw[:-4].split(b"\r\n")
    return Head(raw, int(first.split(b" ")[1]), _fields(rest))


async def read_pieces(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """Yield the body as it comes, without the framing of its chunks."""
    if head.chunked:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
        return
    left = head.length
    while left:
        piece = await reader.read(min(left, 65536) if left > 0 else 65536)
        if not piece:
            return
        left -= len(piece) if left > 0 else 0
        yield piece


def framed(head: Head, piece: bytes) -> bytes:
    """Return a piece of a body as it goes over the wire behind `head`."""
    return b"%x\r\n%s\r\n" % (len(piece), piece) if head.chunked else piece


def answer(
    status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a whole answer of our own."""
    lines = [f"HTTP/1.1 {status} Fault", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
