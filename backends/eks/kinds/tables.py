"""Kinds without designed columns: rows of the server's own Table, for whatever it serves.

Field names and meanings are those of Table in meta.k8s.io/v1. Cells are what kubectl prints, but
for the age: that is reckoned here, since the server's would stand still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import msgspec

from backends.eks.discovery import Served
from backends.eks.kinds.spec import AGE, NAME, NAMESPACE, KindSpec, View
from backends.eks.wire import Meta, Wire, epoch
from backends.model import Cell, Column, Format, Health, Kind, Ref, Resource
from backends.text import clean

_TAKEN = ("name", "namespace", "age", "cluster", "region", "profile", "kind", "status", "why")
"""Keys of columns that the views have of their own."""

_NUMBERS = frozenset({"integer", "number"})

_BIRTH = "reationTimestamp"
"""Is in the description of a column that shows when an object was made: those of Kubernetes' own
kinds have the field's documentation, those of custom ones its JSONPath or the same."""

_CUSTOM = "Custom resource definition column (in JSONPath format)"
"""How the description of a custom column begins that was given none."""

LARGEST = 2**63
"""Numbers beyond it are no counts; they are shown as text."""


class Definition(Wire, frozen=True, gc=False):
    """TableColumnDefinition."""

    name: str = ""
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0
    """Above 0: shown by ``-o wide`` only."""


class Layout(msgspec.Struct, frozen=True):
    """How the cells of a Table become those of a row."""

    columns: tuple[Column, ...]
    picks: tuple[int, ...]
    """For each column after name and namespace the index of its cell; `BORN` for the age."""

    def arrange(self, cells: Sequence[Any], born: float | None) -> tuple[Cell, ...]:
        """Return the cells of one row, cleaned; one that the server left out is empty."""
        count = len(cells)
        return tuple(
            born if pick == BORN else cell_of(cells[pick]) if pick < count else None
            for pick in self.picks
        )


BORN = -1
"""Stands for the time of creation among `Layout.picks`."""


class TableRow(msgspec.Struct, frozen=True):
    """One object as a Table shows it."""

    metadata: Meta
    cells: tuple[Cell, ...]
    layout: Layout


def cell_of(value: Any) -> Cell:
    """Return what a table shows of one cell of a Table; absent ones are None, as are empty ones."""
    match value:
        case None | "":
            return None
        case str():
            return clean(value)
        case bool():
            return "true" if value else "false"
        case int() | float() if -LARGEST <= value < LARGEST:
            return value
        case int() | float():
            return "out of range"
    return clean(msgspec.json.encode(value).decode("utf-8", "replace"))


def layout_of(definitions: Iterable[Definition], *, namespaced: bool) -> Layout:
    """Return the columns for a Table's: name and namespace first, then the server's own.

    Where the server shows no age, there is one in the end that is only shown wide.
    """
    columns: list[Column] = [NAME, NAMESPACE] if namespaced else [NAME]
    own: list[int] = []
    keys = set(_TAKEN)
    for index, definition in enumerate(definitions):
        if definition.format == "name" and definition.type == "string":
            continue
        if BORN not in own and _is_age(definition):
            columns.append(msgspec.structs.replace(AGE, wide=definition.priority > 0))
            own.append(BORN)
            continue
        columns.append(_column(definition, keys))
        own.append(index)
    if BORN not in own:
        other = any(column.title.lower() == "age" for column in columns)
        title = "Created" if other else AGE.title
        columns.append(msgspec.structs.replace(AGE, title=title, wide=True))
        own.append(BORN)
    return Layout(tuple(columns), tuple(own))


def _is_age(definition: Definition) -> bool:
    """Whether a column shows how long ago its object was made."""
    if definition.name.lower() != "age":
        return False
    text = definition.description
    return _BIRTH in text or (definition.type == "date" and not text.startswith(_CUSTOM))


def _column(definition: Definition, keys: set[str]) -> Column:
    title = clean(definition.name, 60) or "?"
    word = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "column"
    key, number = word, 1
    while key in keys:
        number += 1
        key = f"{word}-{number}"
    keys.add(key)
    form = Format.NUMBER if definition.type in _NUMBERS else Format.TEXT
    return Column(key, title, form, wide=definition.priority > 0)


def _rows(row: TableRow, view: View, kind: str) -> tuple[Resource, ...]:
    meta, going = row.metadata, row.metadata.deletion_timestamp is not None
    scope, name = view.at(meta.namespace), clean(meta.name)
    where: tuple[Cell, ...] = (scope.namespace,) if row.layout.columns[1] is NAMESPACE else ()
    return (
        Resource(
            ref=Ref(scope, kind, name),
            # What the cells mean is not known here; only that it is going is the same for all.
            health=Health.PROGRESSING if going else Health.UNKNOWN,
            status="Terminating" if going else "",
            reason="it is being deleted" if going else "",
            cells=(name, *where, *row.cells),
            uid=meta.uid,
            created=epoch(meta.creation_timestamp),
            raw=row,
            columns=row.layout.columns,
        ),
    )


def spec_of(served: Served) -> KindSpec:
    """Return how a kind that a cluster serves is listed and shown."""
    kind_id = kind_id_of(served.plural, served.group)
    title = _title(served)
    kind = Kind(
        id=kind_id,
        title=title,
        singular=served.singular,
        columns=layout_of((), namespaced=served.namespaced).columns,
        aliases=tuple(dict.fromkeys((served.plural, served.singular, *served.short))),
        group=served.group,
        namespaced=served.namespaced,
        empty=f"There are no {title.lower()} here.",
    )
    return KindSpec(
        kind=kind,
        api=served.api,
        plural=served.plural,
        object_kind=served.kind,
        wire=TableRow,
        rows=lambda row, view: _rows(row, view, kind_id),
        offered=True,
        watchable=served.watchable,
    )


def kind_id_of(plural: str, group: str) -> str:
    """Return the id of a kind without designed columns: ``k8s/crontabs.stable.example.com``."""
    return f"k8s/{plural}.{group}" if group else f"k8s/{plural}"


def _title(served: Served) -> str:
    """Return a plural with the capitals of the kind's name: ``NetworkPolicies``."""
    letters = zip(served.kind.lower(), served.plural, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], letters))
    return served.kind[:same] + served.plural[same:] if same else served.plural.capitalize()
