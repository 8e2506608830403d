"""Every row of a table in order, at a cost in proportion to what is asked for.

After a load only the head of the order is found: the rest is put in order when somebody looks
there, or a slice at a time while nobody waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple, TypeAlias

from backends.model import Cell, Column, Health, Ref, Resource
from widgets.cells import SortKey, sort_key
from widgets.row_names import Naming, head_of, in_order_of_names, place_by_name
from widgets.sorted_rows import arranged, healths_of, selecting, with_new, without

HEALTH_FIRST = "@health"
"""The sort key that stands for the health itself; no column is called so. Reversed, which is the
default, the worst come first."""

Project: TypeAlias = Callable[[Resource], tuple[Cell, ...]]
"""From a resource to cells that are aligned with the columns of the table."""

Pick: TypeAlias = Callable[[Collection[Resource], int], Sequence[Cell]]
"""From resources to their cells in one column: what `Project` would say, quicker for many."""

HEAD = 256
"""Rows that are put in order at once after a load: more than any screen is high."""

_SMALL = 4_000
"""Rows below which a load is put in order as a whole: about 5 ms."""

_UNNAMED_SHARE = 64
"""Names of more than one row in so many are not put among the others one by one."""

_LARGE = 500
"""Rows that may move one by one, however few there are."""

_RESORT_SHARE = 32
"""A batch that moves more than one row in so many besides is sorted with all others: about
break-even."""


class Batch(NamedTuple):
    """What a change comes to: addresses of rows, and what they are from now on."""

    gone: Sequence[Ref]
    stayed: Mapping[Ref, Resource]
    """Those that keep their place in the order."""
    moved: Mapping[Ref, Resource]
    added: Mapping[Ref, Resource]


class RowOrder:
    """Resources by address, in the order of a column in either direction; None is last, and
    those of equal keys are in order of name and address."""

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self.reset((), None, None)

    def reset(self, columns: Sequence[Column], project: Project | None, pick: Pick | None) -> None:
        """Drop every row, and expect cells of these columns; the worst come first."""
        self.columns = tuple(columns)
        self._project = project
        self._pick = pick
        self.sort_column, self.reverse = HEALTH_FIRST, True
        self._index: int | None = None
        # In order of names, but for the last ones, which are in `_unnamed`; or not at all.
        self.rows: dict[Ref, Resource] = {}
        self._named = True
        self._unnamed: set[Ref] = set()
        self._naming: Naming | None = None
        self.refs: list[Ref] = []
        self.finished = True
        """Whether `refs` are all there are, and not only the first of them."""
        self.shared = False
        """Whether somebody else counts on `refs` to stay what they are; then they are replaced
        rather than changed."""
        self.version = 0
        """Another one once rows that did not change may be in another order among themselves."""
        self.health_counts = [0] * len(Health)
        """How many rows have each health, indexed by it."""

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    # What a row is

    def cells(self, resource: Resource) -> tuple[Cell, ...]:
        """Return a resource's cells, one for each column."""
        cells = resource.cells if self._project is None else self._project(resource)
        missing = len(self.columns) - len(cells)
        return cells if missing <= 0 else cells + (None,) * missing

    def column_cells(self, resources: Collection[Resource], index: int) -> Sequence[Cell]:
        """Return the cells of many resources in one column."""
        if self._pick is not None:
            return self._pick(resources, index)
        if self._project is None:
            try:
                return [resource.cells[index] for resource in resources]
            except IndexError:
                pass  # of some there are fewer cells than columns
        return [self.cells(resource)[index] for resource in resources]

    def key(self, resource: Resource) -> SortKey:
        """Return what a resource is compared by."""
        index = self._index
        if index is None:
            return int(resource.health)
        if self._pick is not None:
            (cell,) = self._pick((resource,), index)
        else:
            cells = resource.cells if self._project is None else self._project(resource)
            cell = cells[index] if index < len(cells) else None
        return sort_key(cell, self.columns[index], resource.health)

    def place(self, resource: Resource, refs: Sequence[Ref]) -> int:
        """Return the index at which a resource is, or would be, in a list that is in order."""
        rows, key_of, reverse = self.rows, self.key, self.reverse
        key, name = key_of(resource), resource.ref.name.lower()
        low, high = 0, len(refs)
        while low < high:
            middle = (low + high) // 2
            other = rows[refs[middle]]
            found = key_of(other)
            if found != key:
                if found is None or key is None:
                    precedes = key is None
                else:
                    precedes = found > key if reverse else found < key  # type: ignore[operator]
            else:
                there = other.ref.name.lower()
                precedes = there < name if there != name else other.ref < resource.ref
            if precedes:
                low = middle + 1
            else:
                high = middle
        return low

    # Loads and orders

    def load(self, resources: Iterable[Resource]) -> None:
        """Hold these and no others; of two with one address the last counts."""
        rows = {resource.ref: resource for resource in resources}
        if self.rows and self._named:
            kept = {ref: rows[ref] for ref in self.rows if ref in rows}
            fresh = [ref for ref in rows if ref not in kept] if len(kept) < len(rows) else ()
            kept.update(zip(fresh, map(rows.__getitem__, fresh), strict=True))
            self._unnamed.intersection_update(rows)
            self._unnamed.update(fresh)
            self.rows = kept
        else:
            self.rows = rows
            self._named = False
        self._naming = None
        self.begin(anew=True)

    def sort(self, key: str, reverse: bool) -> bool:
        """Order by the column `key`, or by `HEALTH_FIRST`; False: there is no such column."""
        index = None
        if key != HEALTH_FIRST:
            index = next((i for i, c in enumerate(self.columns) if c.key == key), None)
            if index is None:
                return False
        if (key, reverse) != (self.sort_column, self.reverse):
            self.sort_column, self.reverse, self._index = key, reverse, index
            self.finish(anew=True)
        return True

    def begin(self, *, anew: bool = False) -> None:
        """Put rows in order that have changed by the many: all, or as many as a screen shows.

        `anew`: their healths have not been counted yet.
        """
        healths = healths_of(self.rows.values())
        if anew:
            self.health_counts = [healths.count(health) for health in Health]
        if self._index is not None or not self.reverse or self._named or len(self.rows) < _SMALL:
            self.finish(anew=True)
            return
        refs = list(self.rows)
        head: list[Ref] = []
        for health in sorted(Health, reverse=True):
            if not self.health_counts[health]:
                continue
            alike = list(compress(refs, selecting(healths, health)))
            first = head_of(alike, HEAD - len(head))
            head += first
            if len(first) < len(alike) or len(head) >= HEAD:
                break
        self._hold(head, finished=len(head) == len(refs))

    def finish(self, *, anew: bool = False) -> None:
        """Put everything in order that is not yet."""
        if self.finished and not anew:
            return
        self._hold(self._in_order(*self._by_name()), finished=True)

    def _in_order(self, refs: Collection[Ref], resources: Collection[Resource]) -> list[Ref]:
        """Return rows in order that are in order of their names."""
        if self._index is not None:
            cells = self.column_cells(resources, self._index)
            column = self.columns[self._index]
            return arranged(refs, resources, cells, column, reverse=self.reverse)
        healths = healths_of(resources)
        ordered: list[Ref] = []
        for health in sorted(Health, reverse=self.reverse):
            if self.health_counts[health]:
                ordered += compress(refs, selecting(healths, health))
        return ordered

    def step(self, over: Callable[[], bool]) -> bool:
        """Do some of what is left to do, until `over`; return whether there is more."""
        if self._naming is None and (not self._named or self._too_many_unnamed()):
            self._naming = Naming(self.rows)
        if self._naming is not None:
            if self._naming.step(over):
                return True
            self._settle_names(self._naming.named)
            return not self.finished
        self.finish()
        return False

    def _hold(self, refs: list[Ref], *, finished: bool) -> None:
        """Put an order in the place of the last one, which somebody else may still hold."""
        self.refs, self.finished, self.shared = refs, finished, False
        self.version += 1

    def _too_many_unnamed(self) -> bool:
        return len(self._unnamed) * _UNNAMED_SHARE > len(self.rows)

    def _settle_names(self, named: dict[Ref, Resource]) -> None:
        """Hold these rows, which are in order of names; it may lack some by now."""
        fresh = [ref for ref in self.rows if ref not in named] if len(named) < self.total else ()
        named.update(zip(fresh, map(self.rows.__getitem__, fresh), strict=True))
        self.rows = named
        self._named, self._naming, self._unnamed = True, None, set(fresh)

    def _by_name(self) -> tuple[Collection[Ref], Collection[Resource]]:
        """Return all rows in order of their names."""
        if not self._named or self._too_many_unnamed():
            self._settle_names({ref: self.rows[ref] for ref in in_order_of_names(self.rows)})
        if not self._unnamed:
            return self.rows.keys(), self.rows.values()
        refs, resources = list(self.rows), list(self.rows.values())
        end = len(refs) - len(self._unnamed)
        tail = in_order_of_names(refs[end:])
        del refs[end:], resources[end:]
        places = [place_by_name(ref, refs) for ref in tail]
        resources = with_new(resources, places, [self.rows[ref] for ref in tail])
        return with_new(refs, places, tail), resources

    # Changes

    def plan(self, upserts: Iterable[Resource], deletes: Iterable[Ref]) -> Batch:
        """Tell what a change would come to; of two with one address the last counts, and what
        is in both is there afterwards."""
        rows, key_of = self.rows, self.key
        stayed: dict[Ref, Resource] = {}
        moved: dict[Ref, Resource] = {}
        added: dict[Ref, Resource] = {}
        new = {resource.ref: resource for resource in upserts}
        for ref, resource in new.items():
            old = rows.get(ref)
            if old is None:
                added[ref] = resource
            elif old is not resource:
                (stayed if key_of(old) == key_of(resource) else moved)[ref] = resource
        gone = [ref for ref in dict.fromkeys(deletes) if ref in rows and ref not in new]
        return Batch(gone, stayed, moved, added)

    def is_large(self, batch: Batch) -> bool:
        """Return whether everything is better put in order anew."""
        count = len(batch.gone) + len(batch.moved) + len(batch.added)
        return count > _LARGE + len(self.rows) // _RESORT_SHARE

    def commit(self, batch: Batch) -> None:
        """Take over what was planned."""
        anew = not self.finished or self.is_large(batch)
        if not anew:
            if self.shared and (batch.gone or batch.moved or batch.added):
                self.refs, self.shared = self.refs.copy(), False
            self.refs = self.leave(self.refs, [*batch.gone, *batch.moved])
        self._store(batch)
        if anew:
            self.begin()
        else:
            self.refs = self.enter(self.refs, [*batch.moved.values(), *batch.added.values()])

    def leave(self, refs: list[Ref], gone: Sequence[Ref]) -> list[Ref]:
        """Return a list in order without some rows that are in it, as they were until now; it
        may be the same list."""
        rows = self.rows
        return without(refs, sorted([self.place(rows[ref], refs) for ref in gone]))

    def enter(self, refs: list[Ref], new: Sequence[Resource]) -> list[Ref]:
        """Return a list in order with some rows that are not in it yet; it may be the same."""
        named = in_order_of_names([resource.ref for resource in new])
        ordered = self._in_order(named, [self.rows[ref] for ref in named])
        return with_new(refs, [self.place(self.rows[ref], refs) for ref in ordered], ordered)

    def _store(self, batch: Batch) -> None:
        """Bring rows and counts up to date."""
        rows, counts = self.rows, self.health_counts
        if self._naming is not None:
            for ref in batch.gone:
                self._naming.note(ref, None)
            for ref, resource in (*batch.stayed.items(), *batch.moved.items()):
                self._naming.note(ref, resource)
        for ref in batch.gone:
            counts[rows.pop(ref).health] -= 1
            self._unnamed.discard(ref)
        for changed in (batch.stayed, batch.moved):
            for ref, resource in changed.items():
                counts[rows[ref].health] -= 1
                counts[resource.health] += 1
                rows[ref] = resource
        for ref, resource in batch.added.items():
            counts[resource.health] += 1
            rows[ref] = resource
        if self._named:
            self._unnamed.update(batch.added)
