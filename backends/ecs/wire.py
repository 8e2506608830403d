"""Reading what ECS answers: ARNs, optional fields, text made safe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from backends.text import clean

Payload: TypeAlias = Mapping[str, Any]
"""One cluster, service, task ... as decoded from the wire; timestamps are epoch seconds."""


_ONLY_DICTS = frozenset({dict})


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
