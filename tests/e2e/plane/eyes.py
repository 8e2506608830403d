"""What Topdeck's Kubernetes backend sees of a cluster, kept up to date in the background."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from backends.base import Demand, KubeSource, Sources
from backends.clock import SystemClock
from backends.eks.backend import KubeBackend
from backends.eks.pace import Pace
from backends.model import FeedState, FeedStatus, Query, Ref, Resource, Scope
from backends.store import Shelf

DEADLINE = 60.0
"""Seconds that anything may take to be seen; it takes far less where nothing else runs."""

PACE = Pace(backoff=0.05, backoff_max=0.5, denied=0.5, steady=1.0, heartbeat=0.5)


class View:
    """One kind's rows as they are at this moment, and how they came to be so."""

    def __init__(self, backend: KubeBackend, query: Query) -> None:
        self.shelf = Shelf(backend.plan(query))
        self.statuses: list[FeedStatus] = []
        """One for each change, in order."""
        self.resyncs = 0
        """Changes that were whole lists."""
        self.lowest = 0
        """The fewest rows there were since this was last set."""
        self.defect: BaseException | None = None
        """What ended the feed, which should not end."""
        self._news = asyncio.Condition()
        self._backend = backend

    async def keep(self) -> None:
        """Follow until cancelled."""
        try:
            await self._follow()
        except Exception as error:
            self.defect = error
            async with self._news:
                self._news.notify_all()

    async def _follow(self) -> None:
        async with contextlib.aclosing(self._backend.watch(self.shelf.query, Demand())) as changes:
            async for change in changes:
                async with self._news:
                    self.shelf.apply(change)
                    self.statuses.append(change.status)
                    self.resyncs += change.resync
                    self.lowest = min(self.lowest, len(self.shelf.rows))
                    self._news.notify_all()

    async def until(
        self, seen: Callable[[View], object], what: str = "", deadline: float = DEADLINE
    ) -> View:
        """Wait for something to be seen."""
        try:
            async with asyncio.timeout(deadline), self._news:
                await self._news.wait_for(lambda: self.defect or (self.statuses and seen(self)))
        except TimeoutError:
            last = self.statuses[-1] if self.statuses else None
            raise AssertionError(
                f"{what or 'it'} was not seen; {len(self.rows)} rows, {last}"
            ) from None
        if self.defect is not None:
            raise self.defect
        return self

    async def live(self) -> View:
        """Wait until the rows are all there and up to date."""
        return await self.until(lambda v: v.status.state is FeedState.LIVE, "a live feed")

    async def stale(self, code: str) -> View:
        """Wait until the rows are marked stale, for a reason."""
        return await self.until(
            lambda v: (
                v.status.state is FeedState.STALE
                and v.status.problem is not None
                and v.status.problem.code == code
            ),
            f"a stale feed ({code})",
        )

    @property
    def status(self) -> FeedStatus:
        """What the feed last said of itself."""
        return self.statuses[-1]

    @property
    def rows(self) -> list[Resource]:
        """The rows there are."""
        return list(self.shelf.rows.values())

    def within(self, namespace: str) -> list[Resource]:
        """Return the rows of one namespace."""
        return [row for row in self.rows if row.ref.scope.namespace == namespace]

    def named(self, namespace: str) -> dict[str, Resource]:
        """Return the rows of one namespace by name."""
        return {row.ref.name: row for row in self.within(namespace)}


class Eyes:
    """A backend of its own, looking through a kubeconfig, and its views."""

    def __init__(self, kubeconfig: Path, stack: AsyncExitStack, pace: Pace) -> None:
        self.backend = KubeBackend(
            Sources(kube=(KubeSource(str(kubeconfig)),)), SystemClock(), pace
        )
        self.scope: Scope = self.backend.roots()[0].scope
        self._stack = stack

    async def on(self, kind: str, namespace: str = "", parent: Ref | None = None) -> View:
        """Look at a kind, such as ``pods``."""
        scope = self.scope.at(namespace=namespace)
        view = View(self.backend, Query(scope, f"k8s/{kind}", parent))
        task = asyncio.create_task(view.keep())
        self._stack.push_async_callback(_ended, task)
        return view

    def ref(self, kind: str, namespace: str, name: str) -> Ref:
        """Return the address of an object."""
        return Ref(self.scope.at(namespace=namespace), f"k8s/{kind}", name)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def looking(kubeconfig: Path, pace: Pace = PACE) -> AsyncIterator[Eyes]:
    """Look at a cluster for as long as the block runs."""
    async with AsyncExitStack() as stack:
        eyes = Eyes(kubeconfig, stack, pace)
        stack.push_async_callback(eyes.backend.close)
        yield eyes


def version_of(row: Resource) -> str:
    """The resourceVersion of the object that a row was made of; of a pod nothing else is kept."""
    return row.raw if isinstance(row.raw, str) else str(row.raw.metadata.resource_version)
