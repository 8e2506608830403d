"""The store: what feeds bring, kept by query and indexed, handed on as differences.

Rows of one planned query live in one `Shelf`. A resync is turned into the difference to what
was there, so that those who listen never see a blank moment, and the cost of a change is that
of the change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import Context, copy_context
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import msgspec

from backends.model import Change, Column, FeedState, FeedStatus, Health, Query, Ref, Resource

_K = TypeVar("_K")


class Delta(msgspec.Struct, frozen=True):
    """What changed on a shelf by one `Change`; never a resync."""

    query: Query
    upserts: tuple[Resource, ...]
    deletes: tuple[Ref, ...]
    status: FeedStatus


Listener: TypeAlias = Callable[[Delta], None]
"""Called in the order of changes, on the loop; it must not block."""


class Tally:
    """Counts over the rows of a shelf, kept up to date change by change."""

    __slots__ = ("desired", "health", "pending", "running")

    def __init__(self) -> None:
        self.health: list[int] = [0] * len(Health)
        """How many rows there are of each health, indexed by it."""
        self.running = 0
        self.pending = 0
        self.desired = 0

    def add(self, row: Resource, sign: int) -> None:
        """Count a row in (`sign` 1) or out (-1)."""
        self.health[row.health] += sign
        self.running += sign * (row.ready or 0)
        self.pending += sign * (row.pending or 0)
        self.desired += sign * (row.desired or 0)


class Shelf:
    """The rows of one query with their indexes."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.status: FeedStatus | None = None
        """None: nothing has come yet."""
        self.columns: tuple[Column, ...] | None = None
        """The columns of its rows where the server chooses them; None: those of its kind."""
        self.tally = Tally()
        self._rows: dict[Ref, Resource] = {}
        self._children: dict[Ref, dict[Ref, Resource]] = {}
        self._addresses: dict[str, Ref | dict[Ref, None]] = {}
        """Nearly every address is that of one row: a dict for each would be half of the index."""
        self._listeners: dict[Listener, Context] = {}

    @property
    def rows(self) -> Mapping[Ref, Resource]:
        """Every row by its address; a live view, not a copy."""
        return MappingProxyType(self._rows)

    @property
    def settled(self) -> bool:
        """Whether a first answer, good or bad, is complete."""
        return self.status is not None and self.status.state is not FeedState.LOADING

    def children(self, parent: Ref) -> Sequence[Resource]:
        """Return the rows that have `parent` among their parents."""
        return tuple(self._children.get(parent, {}).values())

    def by_address(self, address: str) -> Sequence[Resource]:
        """Return the rows known by an IP address or ARN."""
        found = self._addresses.get(address, ())
        refs = (found,) if isinstance(found, Ref) else found
        return tuple(self._rows[ref] for ref in refs)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener`, in the context of now, with every later delta; return what ends that."""
        self._listeners[listener] = copy_context()

        def end() -> None:
            self._listeners.pop(listener, None)

        return end

    def apply(self, change: Change) -> Delta:
        """Take a change in and tell the listeners what it came to."""
        upserts = tuple(r for r in change.upserts if self._rows.get(r.ref) is not r)
        deletes = tuple(self._doomed(change))
        for ref in deletes:
            self._drop(ref)
        for row in upserts:
            self._put(row)
        self.status = change.status
        if change.columns is not None:
            self.columns = change.columns
        delta = Delta(self.query, upserts, deletes, change.status)
        for listener, context in tuple(self._listeners.items()):
            try:
                context.run(listener, delta)
            except Exception as error:  # a view's defect costs neither the feed nor other views
                _report(error)
        return delta

    def _doomed(self, change: Change) -> Iterator[Ref]:
        if change.resync:
            kept = {row.ref for row in change.upserts}
            yield from [ref for ref in self._rows if ref not in kept]
        else:
            yield from (ref for ref in change.deletes if ref in self._rows)

    def _put(self, row: Resource) -> None:
        old = self._rows.get(row.ref)
        if old is not None:
            self._unindex(old)
        self._rows[row.ref] = row
        self.tally.add(row, 1)
        for parent in row.parents:
            self._children.setdefault(parent, {})[row.ref] = row
        for address in row.addresses:
            known = self._addresses.setdefault(address, row.ref)
            if isinstance(known, dict):
                known[row.ref] = None
            elif known != row.ref:
                self._addresses[address] = {known: None, row.ref: None}

    def _drop(self, ref: Ref) -> None:
        self._unindex(self._rows.pop(ref))

    def _unindex(self, row: Resource) -> None:
        self.tally.add(row, -1)
        for key in row.parents:
            _discard(self._children, key, row.ref)
        for address in row.addresses:
            if self._addresses.get(address) == row.ref:
                del self._addresses[address]
            else:
                _discard(self._addresses, address, row.ref)


def _report(error: Exception) -> None:
    """Hand a listener's defect to the loop, which logs it; without a loop it is raised."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise error from None
    message = "a listener failed on a change"
    loop.call_exception_handler({"message": message, "exception": error})


def _discard(index: dict[_K, Any], key: _K, ref: Ref) -> None:
    """Take a row out of an index, and its key with the last of them."""
    rows = index.get(key)
    if isinstance(rows, dict):
        rows.pop(ref, None)
        if not rows:
            del index[key]


class Store:
    """The shelves of every open feed."""

    def __init__(self) -> None:
        self._shelves: dict[Query, Shelf] = {}

    def shelf(self, query: Query) -> Shelf:
        """Return the shelf of a planned query; made empty if it is new."""
        shelf = self._shelves.get(query)
        if shelf is None:
            shelf = self._shelves[query] = Shelf(query)
        return shelf

    def discard(self, query: Query) -> None:
        """Forget a query's rows: its feed has ended."""
        self._shelves.pop(query, None)

    def find(self, ref: Ref) -> Resource | None:
        """Return the resource at an address, if any open feed has it."""
        for shelf in self._shelves.values():
            row = shelf.rows.get(ref)
            if row is not None:
                return row
        return None

    def __iter__(self) -> Iterator[Shelf]:
        """Go through the shelves in the order in which they were made."""
        return iter(tuple(self._shelves.values()))
