"""Backends over AWS as an operator sees them: rows of queries, opened and refreshed at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack
from typing import cast

from backends.base import Backend, Demand
from backends.model import Change, Query, Resource
from backends.store import Shelf

DEADLINE = 60.0
"""Seconds to wait at most for what has to happen; all is well in a fraction of one."""


class Restless(Demand):
    """Somebody looks, and asks for the next refresh as soon as the last one is done."""

    async def pause(self, visible: float, background: float) -> None:
        await asyncio.sleep(0)


class View:
    """A shelf that is filled by one watch."""

    def __init__(self, backend: Backend, query: Query) -> None:
        self.query = query
        self.shelf = Shelf(backend.plan(query))
        self.last: Change | None = None
        changes = backend.watch(self.shelf.query, Restless())
        self._changes = cast("AsyncGenerator[Change, None]", changes)

    async def until(self, seen: Callable[[View], bool]) -> View:
        """Take changes in until something is to be seen."""
        async with asyncio.timeout(DEADLINE):
            while self.last is None or not seen(self):
                self.last = await anext(self._changes)
                self.shelf.apply(self.last)
        return self

    async def settle(self) -> View:
        """Wait for a refresh from now on that ends, well or badly."""
        self.last = None
        return await self.until(lambda view: view.shelf.settled or view.problem() != "")

    def problem(self) -> str:
        """Return the code of the latest change's problem, if it has one."""
        problem = self.last.status.problem if self.last is not None else None
        return problem.code if problem is not None else ""

    @property
    def rows(self) -> list[Resource]:
        return list(self.shelf.rows.values())

    @property
    def names(self) -> list[str]:
        return sorted(row.ref.name for row in self.rows)

    def row(self, name: str) -> Resource:
        return next(row for row in self.rows if row.ref.name == name)

    async def aclose(self) -> None:
        await self._changes.aclose()


class Views:
    """Every view that a test opens of some backends, closed with them at its end."""

    def __init__(self, backends: Iterable[Backend]) -> None:
        self._backends = tuple(backends)
        self._stack = AsyncExitStack()

    def backend(self, provider: str) -> Backend:
        """Return the backend that answers for a provider."""
        return next(b for b in self._backends if provider in b.providers)

    def open(self, query: Query) -> View:
        view = View(self.backend(query.scope.provider), query)
        self._stack.push_async_callback(view.aclose)
        return view

    async def settled(self, query: Query) -> View:
        return await self.open(query).settle()

    async def close(self) -> None:
        await self._stack.aclose()
        for backend in self._backends:
            await backend.close()
