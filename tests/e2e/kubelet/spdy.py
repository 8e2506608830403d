"""Just enough of SPDY/3.1 to serve port-forwards: kubectl tunnels it through a websocket.

The draft: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_WORDS = """options head post put delete trace accept accept-charset accept-encoding
accept-language accept-ranges age allow authorization cache-control connection content-base
content-encoding content-language content-length content-location content-md5 content-range
content-type date etag expect expires from host if-match if-modified-since if-none-match if-range
if-unmodified-since last-modified location max-forwards pragma proxy-authenticate
proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade
user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public
set-cookie keep-alive origin"""

_TEXT = (
    b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 "
    b"Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 "
    b"Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, "
    b"Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    b"application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,"
    b"sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_FIN = 1


def dictionary() -> bytes:
    """Return the dictionary that header blocks are compressed with; section 2.6.10.1."""
    words = [word.replace("_", " ").encode() for word in _WORDS.split()]
    return b"".join(struct.pack(">I", len(word)) + word for word in words) + _TEXT


class Opened(NamedTuple):
    """The other side opened a stream."""

    stream: int
    headers: dict[str, str]


class Data(NamedTuple):
    """Bytes of a stream; `last`: no more will come."""

    stream: int
    body: bytes
    last: bool


class Pinged(NamedTuple):
    """To be answered with the same number."""

    number: int


class Session:
    """One side of a connection: bytes in, frames out, and the other way round."""

    def __init__(self) -> None:
        self._rest = b""
        self._inflate = zlib.decompressobj(zdict=dictionary())
        self._deflate = zlib.compressobj(zdict=dictionary())

    def feed(self, raw: bytes) -> Iterator[Opened | Data | Pinged]:
        """Yield what whole frames say; resets, settings and windows concern nobody here."""
        self._rest += raw
        while len(self._rest) >= 8:
            first, second = struct.unpack(">II", self._rest[:8])
            length = second & 0xFFFFFF
            if len(self._rest) < 8 + length:
                return
            body, self._rest = self._rest[8 : 8 + length], self._rest[8 + length :]
            flags = second >> 24
            if not first >> 31:
                yield Data(first, body, bool(flags & _FIN))
            elif first & 0xFFFF == _SYN_STREAM:
                stream = struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF
                yield Opened(stream, self._headers(body[10:]))
                if flags & _FIN:
                    yield Data(stream, b"", True)
            elif first & 0xFFFF == _RST_STREAM:
                yield Data(struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF, b"", True)
            elif first & 0xFFFF == _PING:
                yield Pinged(struct.unpack(">I", body)[0])

    def reply(self, stream: int) -> bytes:
        """Accept a stream."""
        block = self._block({})
        return self._control(_SYN_REPLY, struct.pack(">I", stream) + block)

    def open(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """Open a stream, as a client."""
        return self._control(_SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + self._block(headers))

    def data(self, stream: int, body: bytes, *, last: bool = False) -> bytes:
        """Send bytes on a stream."""
        head = struct.pack(">II", stream, (_FIN << 24 if last else 0) | len(body))
        return head + body

    def pong(self, number: int) -> bytes:
        """Answer a ping."""
        return self._control(_PING, struct.pack(">I", number))

    def _control(self, kind: int, body: bytes) -> bytes:
        return struct.pack(">II", 0x80030000 | kind, len(body)) + body

    def _headers(self, block: bytes) -> dict[str, str]:
        raw = self._inflate.decompress(block)
        (count,) = struct.unpack(">I", raw[:4])
        words, at = [], 4
        for _ in range(2 * count):
            (length,) = struct.unpack(">I", raw[at : at + 4])
            words.append(raw[at + 4 : at + 4 + length].decode())
            at += 4 + length
        return dict(zip(words[::2], words[1::2], strict=True))

    def _block(self, headers: Mapping[str, str]) -> bytes:
        raw = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for word in (name.lower().encode(), value.encode()):
                raw += struct.pack(">I", len(word)) + word
        return self._deflate.compress(raw) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
