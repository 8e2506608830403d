"""JSON that is parsed in pieces, so that other threads are never kept waiting for long.

A parser holds the interpreter's lock until it is done: with the megabyte of botocore's endpoints
that is 15 ms on a quiet machine, 40 on a busy one, in which no key is answered.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

PIECE = 64 * 1024
"""Bytes that are parsed at once; the pieces of larger objects and lists are parsed one by one."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def loads(document: bytes) -> Any:
    """Parse JSON; the result is the same as of `orjson.loads`, and so is ValueError for bad JSON.

    A single text of more than `PIECE` bytes is parsed at once.
    """
    return _parse(memoryview(document))


def _parse(document: memoryview) -> Any:
    if len(document) > PIECE:
        opening = bytes(document[:64]).lstrip()[:1]
        if opening == b"{":
            parts = _OBJECT.decode(document)
            return {name: _parse(memoryview(part)) for name, part in parts.items()}
        if opening == b"[":
            return [_parse(memoryview(part)) for part in _LIST.decode(document)]
    return orjson.loads(document)
