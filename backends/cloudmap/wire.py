"""Reading what Cloud Map answers: optional fields, text made safe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from backends.text import clean

Payload: TypeAlias = Mapping[str, Any]
"""A namespace, service or instance as decoded from the wire; timestamps are epoch seconds."""


def text(payload: Payload, key: str) -> str:
    """Return a string field, cleaned; empty where it is absent or no string."""
    value = payload.get(key)
    return clean(value) if isinstance(value, str) else ""


def count(payload: Payload, key: str) -> int:
    """Return an integer field; 0 where it is absent or no finite number."""
    value = payload.get(key)
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def moment(payload: Payload, key: str) -> float | None:
    """Return a time field as epoch seconds; None where it is absent or no number."""
    value = payload.get(key)
    return float(value) if isinstance(value, int | float) else None


def part(payload: Payload, key: str) -> Payload:
    """Return a structure; empty where it is absent or something else."""
    value = payload.get(key)
    return value if isinstance(value, dict) else {}


def items(payload: Payload, key: str) -> Sequence[Payload]:
    """Return a list of structures, without whatever else is in it."""
    value = payload.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def attributes(instance: Payload) -> dict[str, str]:
    """Return an instance's attributes, cleaned, without those that are no strings."""
    found = part(instance, "Attributes")
    return {clean(str(key)): text(found, key) for key in found if isinstance(found[key], str)}


def account_of(arn: str) -> str:
    """Return the account in an ARN; empty where it is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else ""
