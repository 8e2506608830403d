"""The parts that descriptions are put together from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from backends.ecs.wire import Payload, items, text
from backends.model import Section


def when(at: float | None) -> str:
    """Return a time in UTC, to the second; empty where there is none."""
    if at is None or not math.isfinite(at):
        return ""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def present(*sections: Section | None) -> tuple[Section, ...]:
    """Return those sections that there is something to say in."""
    return tuple(section for section in sections if section is not None)


def pairs(title: str, *found: tuple[str, str]) -> Section | None:
    """Return a section of pairs, without those that are empty; None where all are."""
    filled = tuple((key, value) for key, value in found if value)
    return Section(title, pairs=filled) if filled else None


def table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Section | None:
    """Return a section with a table; None where it has no rows."""
    filled = tuple(rows)
    return Section(title, head=head, rows=filled) if filled else None


def tags(payload: Payload) -> Section | None:
    """Return a section with the tags of anything; None where it has none."""
    return pairs(
        "Tags", *((text(tag, "key"), text(tag, "value")) for tag in items(payload, "tags"))
    )
