"""The feed of one planned query: a reflector, or one a namespace, into a mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from backends.base import BackendError, Demand, Denied
from backends.clock import Clock
from backends.eks.connections import Connections
from backends.eks.kinds.cluster import NAMESPACES
from backends.eks.kinds.spec import KindSpec, View
from backends.eks.mailbox import INTERVAL, UNSEEN, Mailbox
from backends.eks.pace import Pace
from backends.eks.reflector import BATCH, Reflector, Target
from backends.eks.rest import KubeClient
from backends.model import Change, FeedState, Problem, Query, Ref, Resource

MOST_NAMESPACES = 40
"""Namespaces that are watched one by one, where the whole cluster may not be listed."""

DEFAULT = "default"
"""The namespace of a context that names none."""

DOUBT = 8
"""Attempts after which the address of a cluster that does not answer is looked up again."""


class Rows:
    """A sink that turns objects into rows and puts them into a mailbox."""

    def __init__(
        self, spec: KindSpec, view: View, mailbox: Mailbox, clock: Clock, part: str = ""
    ) -> None:
        self._spec = spec
        self._view = view
        self._mailbox = mailbox
        self._clock = clock
        self._part = part
        self._rows: dict[tuple[str, str], tuple[Resource, ...]] = {}
        mailbox.part(part)

    def loaded(self, objects: list[Any], remaining: int | None) -> None:
        """Show a page of the first list."""
        self._view.now = self._clock.now()
        for obj in objects:
            self._map(obj)
        part = self._mailbox.part(self._part)
        part.loaded = len(self._rows)
        part.total = None if remaining is None else part.loaded + remaining
        self._mailbox.said()

    async def complete(self, objects: list[Any] | None) -> None:
        """Keep just these rows; those that did not change stay the very same."""
        self._view.now = self._clock.now()
        if objects is not None:
            made: dict[tuple[str, str], tuple[Resource, ...]] = {}
            for number, obj in enumerate(objects, 1):
                made[obj.metadata.namespace, obj.metadata.name] = self._unchanged(obj)
                if number % BATCH == 0:
                    await asyncio.sleep(0)
            before, self._rows = self._rows, made
            self._replace(before)
        self.heard()

    def _replace(self, before: dict[tuple[str, str], tuple[Resource, ...]]) -> None:
        kept = [row for rows in self._rows.values() for row in rows]
        if not self._part:
            self._mailbox.replace(kept)
            return
        refs = {row.ref for row in kept}
        old = (row.ref for rows in before.values() for row in rows)
        self._mailbox.remove([ref for ref in old if ref not in refs])
        self._mailbox.put(kept)

    def update(self, obj: Any) -> None:
        """Show a new or changed object."""
        self._view.now = self._clock.now()
        self._map(obj)

    def remove(self, obj: Any) -> None:
        """Take away the rows of an object."""
        self._view.again(obj.metadata, obj, None)
        rows = self._rows.pop((obj.metadata.namespace, obj.metadata.name), ())
        self._mailbox.remove(row.ref for row in rows)

    def heard(self) -> None:
        """Note that what is shown is true as of now."""
        part = self._mailbox.part(self._part)
        part.at = self._clock.now()
        if part.state is not FeedState.LIVE:
            part.state, part.problem = FeedState.LIVE, None
            self._mailbox.said()

    def failed(self, problem: Problem) -> None:
        """Mark what is shown as stale."""
        part = self._mailbox.part(self._part)
        part.state, part.problem = FeedState.STALE, problem
        self._mailbox.said()

    def skipped(self, problem: Problem | None) -> None:
        """Say that some objects could not be read."""
        part = self._mailbox.part(self._part)
        if part.problem != problem:
            part.problem = problem
            self._mailbox.said()

    @property
    def due(self) -> bool:
        """Whether time alone will change any row."""
        return bool(self._view.due)

    def judge_again(self) -> None:
        """Make anew the rows whose health time alone has changed."""
        self._view.now = self._clock.now()
        for obj in self._view.overdue():
            if (obj.metadata.namespace, obj.metadata.name) in self._rows:
                self._map(obj)

    def clear(self) -> None:
        """Take away all rows."""
        self._mailbox.remove(row.ref for rows in self._rows.values() for row in rows)
        self._rows.clear()

    def _map(self, obj: Any) -> None:
        key = (obj.metadata.namespace, obj.metadata.name)
        rows = self._spec.rows(obj, self._view)
        before = self._rows.get(key)
        if before is not None and len(before) + len(rows) > 2:
            refs = {row.ref for row in rows}
            self._mailbox.remove(row.ref for row in before if row.ref not in refs)
        self._rows[key] = rows
        self._mailbox.put(rows)

    def _unchanged(self, obj: Any) -> tuple[Resource, ...]:
        """Return the rows of an object: those that there are, if it is the same version."""
        rows = self._rows.get((obj.metadata.namespace, obj.metadata.name))
        if rows and self._same(rows[0].raw, obj):
            return rows
        return self._spec.rows(obj, self._view)

    def _same(self, before: Any, now: Any) -> bool:
        if self._spec.offered:  # its cells may tell of the time, or of other objects
            return bool(before == now)
        if not isinstance(before, str):
            before = before.metadata.resource_version
        return bool(before == now.metadata.resource_version)


class Feed:
    """One planned query, watched until cancelled."""

    def __init__(
        self,
        connections: Connections,
        query: Query,
        spec: KindSpec,
        demand: Demand,
        clock: Clock,
        pace: Pace,
        denied: Callable[[Query], None],
    ) -> None:
        self._connections = connections
        self._query = query
        self._demand = demand
        self._clock = clock
        self._pace = pace
        self._denied = denied
        self._spec = spec
        self._mailbox = Mailbox(clock, interval=self._interval, heartbeat=self._beat)
        self._sinks: dict[str, Rows] = {}
        self._reflectors: dict[str, Reflector[Any]] = {}
        self._attempts = 0

    async def changes(self) -> AsyncGenerator[Change, None]:
        """Yield what happens; runs the reflectors as long as it is read.

        Raises `NotFound` when a kind is not served any more (see `Reflector.run`).
        """
        runner = asyncio.create_task(self._run(), name=f"reflect {self._query.kind}")
        runner.add_done_callback(lambda _: self._mailbox.said())
        ticker = asyncio.create_task(self._tick(), name=f"age {self._query.kind}")
        try:
            while True:
                change = await self._mailbox.take()
                if runner.done():
                    _raise_one(runner)  # a defect is not to be waited on for ever
                yield change
        finally:
            for task in (runner, ticker):
                task.cancel()
            await asyncio.gather(runner, ticker, return_exceptions=True)

    def _interval(self) -> float:
        """Return the seconds between two changes at the least."""
        counted = not self._demand.visible and self._mailbox.live
        return UNSEEN if counted else INTERVAL

    def _beat(self) -> float:
        """Return the seconds until what passes by itself is looked at."""
        seen = self._demand.visible
        return self._pace.heartbeat if seen else self._pace.heartbeat_unseen

    async def _tick(self) -> None:
        while True:
            due = any(sink.due for sink in self._sinks.values())
            await asyncio.sleep(self._pace.heartbeat if due else self._beat())
            for sink in tuple(self._sinks.values()):
                sink.judge_again()

    async def _run(self) -> None:
        """Follow, and begin again some time after being refused."""
        while True:
            try:
                await self._follow()
            except Denied as error:
                self._sink(self._query.scope.namespace).failed(error.problem)
                await self._demand.pause(*self._pace.denial)

    async def _follow(self) -> None:
        """Follow the whole of the query; where that is denied, namespace by namespace.

        Returns when the whole may be listed after all.
        """
        namespace = self._query.scope.namespace
        parent = self._query.parent
        fields = f"metadata.name={pod_name(parent)}" if parent is not None else ""
        try:
            await self._reflect(namespace, fields)
        except Denied:
            if namespace or not self._spec.kind.namespaced:
                raise
            if not await self._namespaces():
                raise
        self._denied(self._query)
        self._drop("")
        followed: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                spaces = await self._namespaces()
                for space in spaces[:MOST_NAMESPACES]:
                    task = followed.get(space)
                    if task is None or (task.done() and await self._allowed(space)):
                        followed[space] = group.create_task(self._follow_one(space, followed))
                self._mailbox.note(self._too_many(len(spaces)))
                await self._demand.pause(*self._pace.denial)
                if await self._allowed(""):
                    break
            for task in followed.values():
                task.cancel()
        for space in followed:
            self._drop(space)
        self._mailbox.note(None)

    def _too_many(self, found: int) -> Problem | None:
        if found <= MOST_NAMESPACES:
            return None
        act = self._spec.act("list")
        what = f"only {MOST_NAMESPACES} of {found} namespaces are watched one by one"
        return Problem("denied", str(act), what, act.rule)

    async def _follow_one(self, space: str, others: dict[str, asyncio.Task[None]]) -> None:
        """Follow one of several namespaces; one that is refused is left out, if not the last."""
        while True:
            try:
                await self._reflect(space)
            except Denied as error:
                if any(not t.done() for name, t in others.items() if name != space):
                    self._drop(space)
                    return
                self._sink(space).failed(error.problem)
            await self._demand.pause(*self._pace.denial)

    async def _allowed(self, space: str) -> bool:
        """Whether a namespace may be listed (by now, or again); empty: the whole cluster."""
        try:
            client = await self._connect()
            await client.get(self._spec.path(space), self._spec.act("list", space), limit=1)
        except BackendError:
            return False
        return True

    async def _reflect(self, namespace: str, fields: str = "") -> None:
        reflector = self._reflectors.get(namespace)
        if reflector is None:
            target, sink = Target(self._spec, namespace, fields=fields), self._sink(namespace)
            reflector = self._reflectors[namespace] = Reflector(
                self._connect, target, sink, demand=self._demand, pace=self._pace,
                titled=self._mailbox.titled,
            )  # fmt: skip
        await reflector.run()

    async def _connect(self) -> KubeClient:
        """Return the cluster's client, after looking for its address anew now and then."""
        self._attempts += 1
        if self._attempts % DOUBT == 0 and self._mailbox.status().state is FeedState.STALE:
            self._connections.doubt(self._query.scope)
        return await self._connections.client(self._query.scope)

    async def _namespaces(self) -> list[str]:
        """Return the namespaces to try one by one: those there are, or the context's own.

        Where it names none it is ``default``, as for kubectl, if that may be listed.
        """
        try:
            client = await self._connect()
            document = await client.get_json(NAMESPACES.path(), NAMESPACES.act("list"))
        except BackendError:
            own = self._connections.namespace(self._query.scope)
            return [own] if own else [DEFAULT] if await self._allowed(DEFAULT) else []
        return [item["metadata"]["name"] for item in document.get("items") or []]

    def _sink(self, part: str) -> Rows:
        sink = self._sinks.get(part)
        if sink is None:
            view = View(self._query.scope, self._clock.now())
            sink = Rows(self._spec, view, self._mailbox, self._clock, part)
            self._sinks[part] = sink
        return sink

    def _drop(self, part: str) -> None:
        self._reflectors.pop(part, None)
        sink = self._sinks.pop(part, None)
        if sink is not None:
            sink.clear()
        self._mailbox.drop(part)


def _raise_one(runner: asyncio.Task[None]) -> None:
    """Raise what ended a task; of a group's errors the first."""
    try:
        runner.result()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group


def pod_name(ref: Ref) -> str:
    """Return the name of the pod that a pod or one of its containers is."""
    return ref.name.partition("/")[0]
