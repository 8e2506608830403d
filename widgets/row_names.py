"""The order of names, which rows have that are equal otherwise: found a slice at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from backends.model import Ref, Resource

_SAMPLE = 512
"""Names that are looked at to tell how the others are spread."""

_DRAWERS = 32
"""Parts that names are sorted in."""

_HANDFUL = 500
"""Names that are looked at between two looks at the clock: about 0.2 ms."""

_WHOLE = 2_000
"""Names below which sorting all is no dearer than finding the first."""


def _lower(ref: Ref) -> str:
    return ref.name.lower()


def _lower_first(ref: Ref) -> tuple[str, Ref]:
    return ref.name.lower(), ref


def in_order_of_names(refs: Iterable[Ref]) -> list[Ref]:
    """Return addresses by name, whatever its case, and those of one name by the whole address."""
    named = sorted(refs, key=_lower)
    if len(set(map(_lower, named))) == len(named):
        return named
    return [ref for _, run in groupby(named, key=_lower) for ref in sorted(run)]


def place_by_name(ref: Ref, named: Sequence[Ref]) -> int:
    """Return where an address is, or would be, among others in the order of names."""
    return bisect_left(named, _lower_first(ref), key=_lower_first)


def head_of(refs: Sequence[Ref], wanted: int) -> list[Ref]:
    """Return the first of `refs` in order of names: `wanted`, give or take a few, or all."""
    if len(refs) <= _WHOLE:
        return in_order_of_names(refs)
    spread = _spread(refs)
    edge = spread[min(len(spread) - 1, 1 + 2 * wanted * len(spread) // len(refs))]
    # What has the name of the edge is left out as a whole, so that no name is torn apart.
    return in_order_of_names([ref for ref in refs if ref.name.lower() < edge])


def _spread(refs: Sequence[Ref]) -> list[str]:
    """Return a sample of names in order."""
    return sorted(map(_lower, refs[:: len(refs) // _SAMPLE + 1]))


class Naming:
    """Puts rows in order of their names while others are let run, and may change them."""

    def __init__(self, rows: Mapping[Ref, Resource]) -> None:
        self.named: dict[Ref, Resource] = {}
        """The rows in order, as far as they are; those that came meanwhile are not among them."""
        self._rows = rows
        self._refs = list(rows)
        spread = _spread(self._refs)
        self._edges = spread[:: len(spread) // _DRAWERS + 1]
        self._drawers: list[list[Ref]] = [[] for _ in range(len(self._edges) + 1)]
        self._work = self._sort()

    def step(self, over: Callable[[], bool]) -> bool:
        """Work until `over`; return whether there is more to do."""
        return any(over() for _ in self._work)

    def note(self, ref: Ref, resource: Resource | None) -> None:
        """Take over that a row has changed, or (None) that it is gone."""
        if ref in self.named:
            if resource is None:
                del self.named[ref]
            else:
                self.named[ref] = resource

    def _sort(self) -> Iterator[None]:
        edges, drawers, rest = self._edges, self._drawers, iter(self._refs)
        while handful := list(islice(rest, _HANDFUL)):
            for ref in handful:
                drawers[bisect_right(edges, ref.name.lower())].append(ref)
            yield
        for drawer in drawers:
            named = in_order_of_names(drawer)
            yield
            named = [ref for ref in named if ref in self._rows]
            self.named.update(zip(named, map(self._rows.__getitem__, named), strict=True))
            yield
