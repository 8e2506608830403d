"""Watches: what happens to a kind from a resource version on, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import orjson

from backends.sim.kube_face import status
from backends.sim.kube_face.accept import Form
from backends.sim.kube_face.lists import list_options_invalid, not_a_version
from backends.sim.kube_face.render import Renderer
from backends.sim.kube_face.selectors import Matcher, select
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.kube_world.store import Change, Expired, Version

BOOKMARK_EVERY = 60.0
"""Seconds between bookmarks (the API server's watch cache sends one about each minute)."""

BEFORE_END = 2.0
"""Seconds before the end that a client asked for at which a last one is sent (its cacher)."""

LONGEST = 1800.0
"""Seconds after which a watch ends where the client sets no timeoutSeconds."""

LOOK = 0.25
"""Seconds after which an idle watch looks at the clock; changes wake it at once."""

BATCH = 256
"""Events that are written together."""


class Watch:
    """One watch of one client."""

    def __init__(
        self, cluster: KubeCluster, renderer: Renderer, namespace: str, query: Mapping[str, str]
    ) -> None:
        self._cluster = cluster
        self._renderer = renderer
        self._kind = renderer.kind
        self._namespace = namespace
        self._matcher: Matcher | None = select(
            self._kind, query.get("labelSelector", ""), query.get("fieldSelector", "")
        )
        self._initial = query.get("sendInitialEvents") == "true"
        self._bookmarks = query.get("allowWatchBookmarks") == "true"
        self._start = self._read_start(query)
        self._first_row = True
        limit = query.get("timeoutSeconds", "")
        self._seconds = float(limit) if limit.isdigit() and int(limit) else LONGEST

    def _read_start(self, query: Mapping[str, str]) -> int | None:
        """Return the resource version to go on from; None: from the present state."""
        if self._initial and query.get("resourceVersionMatch") != "NotOlderThan":
            raise list_options_invalid(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            )
        text = query.get("resourceVersion", "")
        if text and not (text.isascii() and text.isdigit()):
            raise status.ApiError(500, not_a_version(text))
        return None if text in ("", "0") or self._initial else int(text)

    async def events(self, gone: Callable[[], bool] = lambda: False) -> AsyncIterator[bytes]:
        """Yield encoded events, several at once where there are many, until the watch ends.

        It also ends once `gone` says that nobody listens any more.
        """
        state, clock = self._cluster.state, self._cluster.clock
        changed = state.watch(self._kind)
        try:
            end = clock.monotonic() + self._seconds
            epoch = self._cluster.epoch
            position = state.versions.current if self._start is None else self._start
            if self._start is None:
                for batch in self._present():
                    yield batch
            due = clock.monotonic() + BOOKMARK_EVERY
            if clock.monotonic() < end - BEFORE_END < due:
                due = end - BEFORE_END
            while True:
                changed.clear()
                if self._cluster.epoch != epoch or gone():
                    return
                try:
                    changes = state.of(self._kind).since(position)
                except Expired:
                    yield self._too_old(position)
                    return
                if changes:
                    position = changes[-1].rv
                    for index in range(0, len(changes), BATCH):
                        yield b"".join(self._tell(c) for c in changes[index : index + BATCH])
                    continue
                now = clock.monotonic()
                if now >= end:
                    return
                if self._bookmarks and now >= due and position <= state.versions.current:
                    due = now + BOOKMARK_EVERY
                    position = state.versions.current
                    yield self._event(b"BOOKMARK", self._renderer.bookmark(
                        position, initial_end=False
                    ))  # fmt: skip
                    continue
                await self._wait(changed)
        finally:
            state.unwatch(self._kind, changed)

    async def _wait(self, changed: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await changed.wait()
        except TimeoutError:
            self._cluster.advance()

    def _present(self) -> Iterator[bytes]:
        """Yield the events that tell of everything there is."""
        state = self._cluster.state
        rv = state.versions.current
        found = [
            v for v in state.of(self._kind).select(self._namespace)
            if self._matcher is None or self._matcher(v)
        ]  # fmt: skip
        for index in range(0, len(found), BATCH):
            batch = found[index : index + BATCH]
            yield b"".join(self._event(b"ADDED", self._object(v)) for v in batch)
        if self._initial and self._bookmarks:
            yield self._event(b"BOOKMARK", self._renderer.bookmark(rv, initial_end=True))

    def _tell(self, change: Change) -> bytes:
        """Return what one change looks like through this watch's selectors; maybe nothing."""
        if self._namespace and change.version.namespace != self._namespace:
            return b""
        if self._matcher is None:
            return self._event(change.type.encode(), self._object(change.version))
        before = change.previous is not None and self._matcher(change.previous)
        after = change.type != "DELETED" and self._matcher(change.version)
        if after:
            return self._event(b"MODIFIED" if before else b"ADDED", self._object(change.version))
        if not before:
            return b""
        return self._event(b"DELETED", self._object(_as_of(change)))

    def _object(self, version: Version) -> bytes:
        if self._renderer.form is not Form.TABLE:
            return self._renderer.one(version)
        first, self._first_row = self._first_row, False
        return self._renderer.table([version], {"resourceVersion": str(version.rv)}, columns=first)

    def _event(self, type_: bytes, object_: bytes) -> bytes:
        return b'{"type":"' + type_ + b'","object":' + object_ + b"}\n"

    def _too_old(self, position: int) -> bytes:
        current = self._cluster.state.versions.current
        gone = status.expired(f"too old resource version: {position} ({current})")
        return self._event(b"ERROR", orjson.dumps(gone.status))


def _as_of(change: Change) -> Version:
    """Return an object that left a selector: as it was, under the version of the change."""
    assert change.previous is not None
    doc = change.previous.doc
    metadata = {**doc["metadata"], "resourceVersion": str(change.rv)}
    old = change.previous
    return Version(
        old.namespace, old.name, old.uid, old.owner, change.rv, {**doc, "metadata": metadata}
    )
