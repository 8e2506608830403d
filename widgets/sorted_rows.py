"""What a table holds of a resource when it draws it, and lists that are kept in order.

Lists hold addresses, not rows: a resource that changes in place then costs no list a thing, and
a row weighs eight bytes in each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import islice
from math import isfinite
from typing import TypeVar, cast

import msgspec

from backends.model import Cell, Column, Format, Health, Ref, Resource
from widgets.cells import SortKey, sort_key

_T = TypeVar("_T")

_FEW = 64
"""Changes up to which a list is changed in its place rather than written anew: measured
break-even at 100,000 rows."""


_SAMPLE = 500
"""Cells that are looked at to tell whether many are alike."""


class Row(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A resource with its cells, made when it is looked at; of one resource all are equal."""

    resource: Resource
    cells: tuple[Cell, ...]
    """Aligned with the columns of the table."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self.resource is other.resource

    def __hash__(self) -> int:
        return hash(self.resource)


def without(items: list[_T], places: Sequence[int]) -> list[_T]:
    """Return a list without what is at these ascending indices; it may be the same list."""
    if len(places) <= _FEW:
        for place in reversed(places):
            del items[place]
        return items
    left: list[_T] = []
    rest, at = iter(items), 0
    for place in places:
        left.extend(islice(rest, place - at))
        next(rest)
        at = place + 1
    left.extend(rest)
    return left


def with_new(items: list[_T], places: Sequence[int], new: Sequence[_T]) -> list[_T]:
    """Return a list with `new` before what is at these ascending indices; it may be the same."""
    if len(places) <= _FEW:
        for place, item in zip(reversed(places), reversed(new), strict=True):
            items.insert(place, item)
        return items
    joined: list[_T] = []
    rest, at = iter(items), 0
    for place, item in zip(places, new, strict=True):
        joined.extend(islice(rest, place - at))
        joined.append(item)
        at = place
    joined.extend(rest)
    return joined


_TABLES = {health: bytes(code == health for code in range(256)) for health in Health}


def healths_of(resources: Iterable[Resource]) -> bytes:
    """Return a byte for each resource, its health: quick to count and to select by."""
    return bytes([resource.health for resource in resources])


def selecting(healths: bytes, health: Health) -> bytes:
    """Return a byte for each of `healths`: 1 where it is this one, for `itertools.compress`."""
    return healths.translate(_TABLES[health])


def arranged(
    refs: Collection[Ref],
    resources: Collection[Resource],
    cells: Sequence[Cell],
    column: Column,
    *,
    reverse: bool,
) -> list[Ref]:
    """Return `refs` by what `cells.sort_key` says of the cells of a column, None last.

    All three are aligned, and in the order that those of equal keys are to have.
    """
    form, backwards = column.format, reverse is not (column.format is Format.AGE)
    if form is Format.STATUS:
        ranks = _ranks(cells, column)
        keys: Sequence[SortKey] = [
            health * len(ranks) + (ranks[cell] or 0)
            for health, cell in zip(healths_of(resources), cells, strict=True)
        ]
    elif form is Format.RATIO or (form is Format.TEXT and _are_few(cells)):
        keys = [*map(_ranks(cells, column).__getitem__, cells)]
    elif form is not Format.TEXT and _are_numbers(cells):
        # They are their own keys; of ages the later is the younger one.
        return _by_keys(refs, cast("Sequence[float]", cells), backwards)
    elif form is Format.TEXT and set(map(type, cells)) == {str}:
        return _by_keys(refs, _in_lower_case(cast("Sequence[str]", cells)), reverse)
    else:
        keys = [sort_key(cell, column, Health.OK) for cell in cells]
    if None not in keys:
        return _by_keys(refs, keys, reverse)
    valued = [ref for ref, key in zip(refs, keys, strict=True) if key is not None]
    ordered = _by_keys(valued, [key for key in keys if key is not None], reverse)
    ordered += [ref for ref, key in zip(refs, keys, strict=True) if key is None]
    return ordered


def _by_keys(refs: Iterable[Ref], keys: Iterable[SortKey], reverse: bool) -> list[Ref]:
    """Sort by keys that are aligned: each call of `next` returns the one that is due."""
    return sorted(refs, key=partial(next, iter(keys)), reverse=reverse)


def _are_numbers(cells: Sequence[Cell]) -> bool:
    """Return whether all cells are finite numbers: only then their sum is one."""
    try:
        return isfinite(sum(cast("Sequence[float]", cells)))
    except (TypeError, OverflowError):
        return False


def _are_few(cells: Sequence[Cell]) -> bool:
    """Return whether many cells are alike, as far as a sample tells."""
    sample = cells[:: len(cells) // _SAMPLE + 1]
    return len(set(sample)) * 2 < len(sample)


def _ranks(cells: Sequence[Cell], column: Column) -> dict[Cell, int | None]:
    """Return the place of each cell among all different keys: quicker to compare than a key."""
    known = {cell: sort_key(cell, column, Health.OK) for cell in set(cells)}
    found = sorted({key for key in known.values() if key is not None})
    rank: dict[SortKey, int] = {key: at for at, key in enumerate(found)}
    return {cell: None if key is None else rank[key] for cell, key in known.items()}


def _in_lower_case(cells: Sequence[str]) -> Sequence[str]:
    """Return texts in lower case: the very same ones if they are already, as most are."""
    whole = "".join(cells)
    return cells if whole.lower() == whole else [cell.lower() for cell in cells]
