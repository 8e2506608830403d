"""The fleet: every backend behind one front, with one feed for each planned query.

Views open queries; the fleet runs one watch for all views that want the same rows, keeps it for
a while after the last one has closed, and applies what it brings to the store. Operations pass
through here on their way out, for read-only mode and the audit log.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from contextvars import Context

from backends.apart import apart, stream
from backends.audit import AuditLog
from backends.base import (
    Backend,
    BackendError,
    Demand,
    Discovering,
    Invalid,
    LogHistory,
    Offer,
    Rewinding,
    Undoing,
)
from backends.clock import Clock
from backends.losses import Losses
from backends.model import (
    Accepted,
    Change,
    Description,
    FeedState,
    FeedStatus,
    Kind,
    LogBatch,
    LogPage,
    LogRequest,
    Operation,
    Problem,
    Query,
    Ref,
    Resource,
    RollbackPlan,
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
)
from backends.store import Delta, Listener, Shelf, Store

LINGER = 60.0
"""Seconds that a feed goes on in the background after its last view closed, so that going back
shows rows at once."""

DISCOVERED = 60.0
"""Seconds for which the kinds that a cluster offers are taken to be the same."""


class Subscription:
    """A view's hold on a feed. Close it when the view goes."""

    def __init__(self, feed: _Feed, release: Callable[[Subscription], None]) -> None:
        self._feed = feed
        self._release = release
        self._visible = True
        self._unlisten: Callable[[], None] | None = None

    @property
    def query(self) -> Query:
        """The planned query, which may be wider than the one that was opened."""
        return self._feed.shelf.query

    @property
    def shelf(self) -> Shelf:
        """The rows."""
        return self._feed.shelf

    @property
    def visible(self) -> bool:
        """Whether this view is on screen; the feed is fresh while any of its views is."""
        return self._visible

    @visible.setter
    def visible(self, value: bool) -> None:
        self._visible = value
        self._feed.settle_demand()

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every delta until closed."""
        self._unlisten = self.shelf.listen(listener)

    def refresh(self) -> None:
        """Ask for fresh rows now."""
        self._feed.demand.refresh()

    async def settled(self) -> None:
        """Return once a first answer, good or bad, is complete."""
        if self.shelf.settled:
            return
        answered = asyncio.Event()

        def heard(_delta: Delta) -> None:
            if self.shelf.settled:
                answered.set()

        unlisten = self.shelf.listen(heard)
        try:
            await answered.wait()
        finally:
            unlisten()

    def close(self) -> None:
        """Let go; the feed ends some time after its last subscription."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        self._release(self)


class _Feed:
    """One running watch and those who hold it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.demand = Demand()
        self.holders: set[Subscription] = set()
        self.task: asyncio.Task[None] | None = None
        self.reaper: asyncio.TimerHandle | None = None

    def settle_demand(self) -> None:
        self.demand.visible = any(holder.visible for holder in self.holders)


@contextmanager
def defects_translated(action: str) -> Iterator[None]:
    """Turn a backend's own defect into a `BackendError`: it costs one view, not the screen.

    Its text may hold anything, so only its type is told.
    """
    try:
        yield
    except BackendError:
        raise
    except Exception as error:
        what = f"{type(error).__name__} in the backend"
        raise BackendError(action, what, "report this defect") from error


class Fleet:
    """Backends, the store, and what goes between. All of it lives on one loop."""

    def __init__(self, *, clock: Clock, audit: AuditLog, read_only: bool = False) -> None:
        self.clock = clock
        self.read_only = read_only
        """While true, nothing that changes anything is sent. May be switched at run time."""
        self.store = Store()
        self.failures: list[Problem] = []
        """Why backends could not be started, such as an unknown profile."""
        self.audit = audit
        """Where every operation is written down before it is sent and after its answer."""
        self._backends: list[Backend] = []
        self._kinds: dict[str, Kind] = {}
        self._offers: dict[Scope, Offer] = {}
        self._found: dict[str, Kind] = {}
        self._providers: dict[str, Backend] = {}
        self._roots: list[Query] = []
        self._feeds: dict[Query, _Feed] = {}
        self.losses = Losses(self._renew)
        """Credentials that were lost, and the feeds that wait for them."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind of every backend, by id."""
        return self._kinds

    @property
    def roots(self) -> Sequence[Query]:
        """The queries that find all clusters and Cloud Map namespaces."""
        return self._roots

    def kind(self, kind_id: str) -> Kind | None:
        """Return a kind by its id: a backend's own, or one that a cluster was found to offer."""
        return self._kinds.get(kind_id) or self._found.get(kind_id)

    def offered(self, scope: Scope | None = None) -> Sequence[Kind]:
        """Return the kinds that a cluster was found to offer besides, or that any was."""
        wanted = scope.at(namespace="") if scope is not None else None
        found: dict[str, Kind] = {}
        for where, offer in self._offers.items():
            if wanted is None or where == wanted:
                for kind in offer.kinds:
                    found.setdefault(kind.id, kind)
        return tuple(found.values())

    def discovers(self, scope: Scope) -> bool:
        """Whether the clusters of a scope may have kinds of their own."""
        return isinstance(self._providers.get(scope.provider), Discovering)

    async def discover(self, scope: Scope, max_age: float = DISCOVERED) -> Offer:
        """Ask a cluster for the kinds it has besides those of its backend; remembers them.

        Nothing is sent where the last answer is less than `max_age` seconds old, or the backend
        knows of no such kinds. Raises `BackendError`.
        """
        backend = self.backend(scope)
        if not isinstance(backend, Discovering):
            return Offer()
        scope = scope.at(namespace="")
        with defects_translated("discover kinds"):
            offer = self._offers[scope] = await apart(backend.discover_kinds(scope, max_age))
        self._found.update((kind.id, kind) for kind in offer.kinds)
        return offer

    def attach(self, backend: Backend) -> None:
        """Add a backend; one that can't be configured is remembered in `failures`."""
        self._backends.append(backend)
        for provider in backend.providers:
            self._providers[provider] = backend
        for kind in backend.kinds.values():
            self._kinds[kind.id] = kind
        try:
            self._roots.extend(backend.roots())
        except BackendError as error:
            if error.problem not in self.failures:
                self.failures.append(error.problem)

    def backend(self, scope: Scope) -> Backend:
        """Return the backend that answers for a scope; raises `Invalid` if there is none."""
        backend = self._providers.get(scope.provider)
        if backend is None:
            known = ", ".join(sorted(self._providers)) or "none"
            raise Invalid(
                "find backend", f"no backend for {scope.provider!r}", f"those attached are: {known}"
            )
        return backend

    def children(self, parent: Resource, kind: str) -> Query:
        """Return the query for what enter shows under a resource."""
        own = self._kinds.get(parent.ref.kind)
        narrows = own.narrows if own is not None else ""
        if narrows:
            return Query(parent.ref.scope.at(**{narrows: parent.ref.name}), kind)
        return Query(parent.ref.scope, kind, parent.ref)

    def open(self, query: Query, *, visible: bool = True) -> Subscription:
        """Hold the feed of a query, starting it if nobody had."""
        planned = self.backend(query.scope).plan(query)
        feed = self._feeds.get(planned)
        if feed is None:
            feed = self._feeds[planned] = _Feed(self.store.shelf(planned))
            feed.demand.visible = visible
            feed.task = apart(self._run(feed), f"feed {planned.kind}")
        if feed.reaper is not None:
            feed.reaper.cancel()
            feed.reaper = None
        subscription = Subscription(feed, self._released)
        feed.holders.add(subscription)
        subscription.visible = visible
        return subscription

    def _released(self, subscription: Subscription) -> None:
        feed = self._feeds.get(subscription.query)
        if feed is None or subscription not in feed.holders:
            return
        feed.holders.discard(subscription)
        feed.settle_demand()
        if not feed.holders:
            loop = asyncio.get_running_loop()
            feed.reaper = loop.call_later(LINGER, self._end, feed, context=Context())

    def _end(self, feed: _Feed) -> None:
        if feed.holders:
            return
        if feed.task is not None:
            feed.task.cancel()
        self._feeds.pop(feed.shelf.query, None)
        self.losses.drop(feed.shelf.query)
        self.store.discard(feed.shelf.query)

    async def _run(self, feed: _Feed) -> None:
        query = feed.shelf.query
        try:
            with defects_translated(f"watch {query.kind}"):
                async for change in self.backend(query.scope).watch(query, feed.demand):
                    self.losses.note(query, change.status, feed.demand)
                    feed.shelf.apply(change)
        except BackendError as error:
            self._fail(feed, error.problem)

    def _fail(self, feed: _Feed, problem: Problem) -> None:
        last = feed.shelf.status
        at = last.at if last is not None else self.clock.now()
        feed.shelf.apply(Change(FeedStatus(FeedState.STALE, at, problem)))

    def _renew(self, scope: Scope) -> None:
        with contextlib.suppress(Exception):  # a defect of one backend costs the others nothing
            self.backend(scope).renew(scope)

    async def describe(self, resource: Resource) -> Description:
        """Fetch everything worth knowing of a resource."""
        with defects_translated(f"describe {resource.ref.kind}"):
            return await apart(self.backend(resource.ref.scope).describe(resource))

    async def logs(self, resource: Resource, request: LogRequest) -> AsyncIterator[LogBatch]:
        """Tail the logs of a resource and of all that run under it."""
        with defects_translated(f"tail logs of {resource.ref.kind}"):
            batches = stream(self.backend(resource.ref.scope).logs(resource, request))
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    def history(self, resource: Resource, request: LogRequest) -> LogHistory | None:
        """Return the past of what `logs` tails; None where its backend can't look back."""
        backend = self.backend(resource.ref.scope)
        return backend.history(resource, request) if isinstance(backend, Rewinding) else None

    async def older(self, history: LogHistory, before: float, count: int) -> AsyncIterator[LogPage]:
        """Look for older lines of a log: see `LogHistory.older`."""
        with defects_translated("look for older lines"):
            async with aclosing(stream(history.older(before, count))) as pages:
                async for page in pages:
                    yield page

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        """Fetch what a scale dialog shows."""
        with defects_translated(f"ask for the counts of {resource.ref.kind}"):
            return await apart(self.backend(resource.ref.scope).scale_info(resource))

    async def rollout(self, ref: Ref) -> AsyncIterator[Rollout]:
        """Follow a workload's rollout until it settles or fails."""
        with defects_translated(f"follow the rollout of {ref.kind}"):
            states = stream(self.backend(ref.scope).rollout(ref))
            async with aclosing(states):
                async for rollout in states:
                    yield rollout

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        """Return the queries by which a cluster's health is counted."""
        return self.backend(cluster.scope).workloads(cluster)

    async def rollback_plan(self, resource: Resource) -> RollbackPlan:
        """Fetch what a rollback dialog shows; raises `Invalid` where its backend has no past."""
        backend = self.backend(resource.ref.scope)
        if not isinstance(backend, Undoing):
            raise Invalid(
                f"roll back {resource.ref.name}",
                "that is not known to be done here",
                "deploy the version before",
            )
        with defects_translated(f"look up the past of {resource.ref.name}"):
            return await apart(backend.rollback_plan(resource))

    async def perform(self, operation: Operation) -> Accepted:
        """Send an operation once, written down before and after.

        Raises `Invalid` in read-only mode, and whatever the provider refused it with. It is
        never retried.
        """
        if self.read_only:
            raise Invalid(
                operation.ref.address, "read-only mode is on", "start without --read-only"
            )
        entry = await self.audit.sending(operation)
        try:
            with defects_translated(f"change {operation.ref.name}"):
                accepted = await apart(self.backend(operation.ref.scope).perform(operation))
        except BackendError as error:
            await self.audit.refused(entry, error)
            raise
        except BaseException as error:
            await asyncio.shield(self.audit.unknown(entry, type(error).__name__))
            raise
        await self.audit.accepted(entry, accepted)
        for feed in self._feeds.values():
            if feed.demand.visible:
                feed.demand.refresh()
        return accepted

    def usage(self) -> Sequence[Usage]:
        """Return every call budget in use, each once, busiest first."""
        # Backends over one account share its budget, and each tells all of it.
        found = {
            (u.account, u.region, u.action_class): u
            for backend in self._backends
            for u in backend.usage()
        }
        return sorted(found.values(), key=lambda u: (u.throttled_until, u.used), reverse=True)

    async def close(self) -> None:
        """End every feed and close every backend."""
        await self.losses.close()
        tasks = [feed.task for feed in self._feeds.values() if feed.task is not None]
        for feed in self._feeds.values():
            if feed.reaper is not None:
                feed.reaper.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._feeds.clear()
        await asyncio.gather(*(b.close() for b in self._backends), return_exceptions=True)
