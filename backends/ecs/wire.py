"""Reading what ECS answers: ARNs, optional fields, text made safe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from backends.text import clean

Payload: TypeAlias = Mapping[str, Any]
"""One cluster, service, task ... as decoded from the wire; timestamps are epoch seconds."""


_ONLY_DICTS = frozenset({dict})


class Packed(Mapping[str, Any]):
    """A payload kept as bytes: a quarter of the room of the hundred objects that it is made of.

    Each look at a field reads all of it; who looks at several takes `opened`.
    """

    __slots__ = ("_bytes", "arn")

    def __init__(self, payload: Payload, arn: str) -> None:
        self.arn = arn
        """The ARN of what it tells of."""
        self._bytes = msgspec.msgpack.encode(payload)

    @property
    def opened(self) -> dict[str, Any]:
        """The payload as it came, made anew each time."""
        made: dict[str, Any] = msgspec.msgpack.decode(self._bytes)
        return made

    def __getitem__(self, key: str) -> Any:
        return self.opened[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.opened)

    def __len__(self) -> int:
        return len(self.opened)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Packed):
            return self._bytes == other._bytes or self.opened == other.opened
        return isinstance(other, Mapping) and self.opened == other

    __hash__ = None  # type: ignore[assignment]


def opened(payload: Payload) -> Payload:
    """Return a payload whose fields can be looked at cheaply."""
    return payload.opened if isinstance(payload, Packed) else payload


def text(payload: Payload, key: str) -> str:
    """Return a string field, cleaned; empty where it is absent or no string."""
    value = payload.get(key)
    if type(value) is not str:
        return ""
    # Nearly all text is short and plain; a call less for each field is felt at 10,000 tasks.
    return value if len(value) < 256 and value.isascii() and value.isprintable() else clean(value)


def count(payload: Payload, key: str) -> int:
    """Return an integer field; 0 where it is absent or no number."""
    value = payload.get(key)
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def moment(payload: Payload, key: str) -> float | None:
    """Return a time field as epoch seconds; None where it is absent or no number."""
    value = payload.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def items(payload: Payload, key: str) -> Sequence[Payload]:
    """Return a list of structures; empty where it is absent or something else."""
    value = payload.get(key)
    if not isinstance(value, list):
        return ()
    return value if _ONLY_DICTS.issuperset(map(type, value)) else ()


def part(payload: Payload, key: str) -> Payload:
    """Return a structure; empty where it is absent or something else."""
    value = payload.get(key)
    return value if isinstance(value, dict) else {}


def strings(payload: Payload, key: str) -> tuple[str, ...]:
    """Return a list of strings, cleaned; empty where it is absent or something else."""
    value = payload.get(key)
    if not isinstance(value, list):
        return ()
    return tuple(clean(item) for item in value if isinstance(item, str))


def tail(arn: str) -> str:
    """Return the last part of an ARN: a task's id, a cluster's or service's name, ``web:12``."""
    return arn.rpartition("/")[2]


def account_of(arn: str) -> str:
    """Return the account in an ARN; empty where it is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""


def region_of(arn: str) -> str:
    """Return the region in an ARN; empty where it is none."""
    parts = arn.split(":", 5)
    return parts[3] if len(parts) == 6 else ""


def details(attachment: Payload) -> dict[str, str]:
    """Return the name-value details of an attachment: ``privateIPv4Address``, ``subnetId`` ..."""
    return {text(d, "name"): text(d, "value") for d in items(attachment, "details")}
