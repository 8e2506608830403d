"""Sections of any object: what is true of every kind, and what most kinds have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backends.eks import sections
from backends.eks.facts import Doc, pairs
from backends.model import Section
from backends.text import clean

_HEAD = frozenset({"apiVersion", "kind", "metadata", "spec", "status", "data", "binaryData"})
"""Fields of an object that have sections of their own, or are told elsewhere."""

MOST_FACTS = 40
"""Lines of one section; the document has the rest."""

LONGEST = 300
"""Characters of one fact."""


def of(document: Doc) -> Sequence[Section]:
    """Return the sections of an object of a kind that nothing more is known of."""
    rest = {key: value for key, value in document.items() if key not in _HEAD}
    status = document.get("status")
    status = status if isinstance(status, Mapping) else {}
    return (
        pairs("Status", _facts({k: v for k, v in status.items() if k != "conditions"})),
        sections.conditions(status),
        pairs("Spec", _facts(document.get("spec"))),
        pairs(clean(str(document.get("kind") or "Object")), _facts(rest)),
        *(_sizes(document.get(key)) for key in ("data", "binaryData")),
        sections.identity(document),
    )


def _facts(value: Any) -> Iterable[tuple[str, str]]:
    found = list(_leaves(value, ""))
    yield from found[:MOST_FACTS]
    if len(found) > MOST_FACTS:
        yield "...", f"{len(found) - MOST_FACTS} more in the document"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield what is at the ends of a document with the way there: ``rules.0.host``."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    elif isinstance(value, list):
        yield path, clean(", ".join(map(_word, value)), LONGEST)
    elif value is not None:
        yield path, clean(_word(value), LONGEST)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sizes(data: Any) -> Section:
    """Return the keys of a config map or secret; the document has the values that are shown."""
    found = data.items() if isinstance(data, Mapping) else ()
    rows = tuple((clean(str(key)), clean(_measure(str(value)))) for key, value in found)
    return Section("Data", head=("Key", "Value"), rows=rows)


def _measure(value: str) -> str:
    if value.startswith("hidden") or ("\n" not in value and len(value) <= 80):
        return value
    return f"{len(value.encode())} bytes, {len(value.splitlines())} lines"
