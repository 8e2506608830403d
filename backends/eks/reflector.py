"""List, then watch, for ever: how a client keeps up with one kind of objects."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

import msgspec

from backends.base import BackendError, Demand, Denied, Invalid, NotFound
from backends.eks import tablecodec
from backends.eks.codec import Codec, Happening, Page
from backends.eks.errors import Act, Garbled, Gone, Interrupted, Silent, endless
from backends.eks.kinds.spec import KindSpec
from backends.eks.lines import LineSplitter
from backends.eks.pace import Pace
from backends.eks.rest import KubeClient
from backends.eks.sink import Connect, Sink, Titled
from backends.eks.tablecodec import TableCodec
from backends.eks.vigil import Vigil
from backends.gcpause import gc_paused
from backends.model import Problem
from backends.text import clean

T = TypeVar("T")

PAGE = 500
"""Objects asked for at once: what kubectl asks for."""

PAGE_BYTES = 4 << 20
"""Pages larger than this make the next ones smaller: decoding one holds the loop."""

LINE_BYTES = 16 << 20
"""The longest event that is read; etcd takes objects of 1.5 MiB, written out up to 6 times that."""

BATCH = 100
"""Objects that are made rows of in one go; some milliseconds' worth."""

SLICE = 0.008
"""Seconds that events are worked off before others get a turn."""


POLL_REST = 8
"""How many times longer the pause between such lists is while nobody looks."""


class Target(msgspec.Struct, frozen=True):
    """What is listed and watched."""

    spec: KindSpec
    namespace: str = ""
    labels: str = ""
    """A labelSelector."""
    fields: str = ""
    """A fieldSelector."""

    def params(self) -> dict[str, str | int]:
        """Return the selectors as parameters of a request."""
        chosen = {"labelSelector": self.labels, "fieldSelector": self.fields}
        params: dict[str, str | int] = {key: value for key, value in chosen.items() if value}
        return params | (tablecodec.PARAMS if self.spec.offered else {})

    def codec(self) -> Codec[Any]:
        """Return what reads its lists and watches."""
        if self.spec.offered:
            return TableCodec(namespaced=self.spec.kind.namespaced)
        return Codec(self.spec.wire)


class Reflector(Generic[T]):
    """Keeps a sink up to date with a target, through failures of every sort."""

    def __init__(
        self,
        connect: Connect,
        target: Target,
        sink: Sink[T],
        *,
        demand: Demand,
        pace: Pace,
        titled: Titled | None = None,
    ) -> None:
        self._connect = connect
        self._target = target
        self._sink = sink
        self._demand = demand
        self._pace = pace
        self._titled = titled
        self._codec: Codec[T] = target.codec()
        self._accept = tablecodec.ACCEPT if target.spec.offered else ""
        self._path = target.spec.path(target.namespace)
        self._client: KubeClient | None = None
        self._version = ""
        self._shown = False
        self._failures = 0
        self._lines = 0
        self._listing = False
        self._quiet = 0.0  # for how long no watch has said a word
        self._broken = 0  # watches in a row that broke off before they had said a word
        self._doubted = False  # whether the next watch is a probe
        self._mute: Problem | None = None  # why watches are not to be believed at the moment

    async def run(self) -> None:
        """List and watch until cancelled. Raises `Denied` if it may not list, `NotFound` if a kind
        is not served any more that is there by a cluster's discovery only, and nothing else.

        Other failures go to the sink and are tried again with backoff; rows stay meanwhile.
        After a denial it can be run again.
        """
        now = asyncio.get_running_loop().time
        while True:
            began, cause = now(), None
            try:
                await self._attempt()
            except (Gone, Garbled) as error:
                # Something was missed, but nothing is known to be wrong: list again.
                self._version = ""
                self._failures += 1
                if self._listing and (self._failures > 1 or isinstance(error, Garbled)):
                    self._sink.failed(error.problem)
            except Denied as error:
                self._sink.failed(error.problem)
                if self._listing:
                    raise
                # It may list but not watch, say: then rows are only as fresh as the last list.
                self._version = ""
                await self._demand.pause(*self._pace.denial)
            except BackendError as error:
                if isinstance(error, NotFound) and self._listing and self._target.spec.offered:
                    raise
                if isinstance(error, Invalid | NotFound):
                    self._version = ""
                self._failures += 1
                self._sink.failed(error.problem)
                cause = error
            if self._failures:
                delay = self._pace.pause(self._failures, cause, now() - began)
                await self._demand.pause(delay, delay)

    async def _attempt(self) -> None:
        """List, unless it is known where to go on from, and watch until that ends."""
        self._listing = True
        client = await self._connect()
        if client is not self._client:
            # Perhaps another cluster by now, whose versions are others.
            self._client, self._version = client, ""
        if not self._version:
            await self._list(client)
            if self._mute is not None:
                self._sink.failed(self._mute)
        self._listing = False
        if self._target.spec.watchable:
            await self._watch(client)
        else:
            await self._demand.pause(self._pace.poll, self._pace.poll * POLL_REST)
        if self._target.spec.offered:
            # Cells tell of times ("5m ago") that stand still, and new columns show up,
            # if at all, with the next event.
            self._version = ""

    async def _list(self, client: KubeClient) -> None:
        """Read all pages. The first list of all is shown page by page, later ones at the end."""
        first, self._shown = not self._shown, True
        act = self._target.spec.act("list", self._target.namespace)
        self._codec.unreadable = 0
        params: dict[str, str | int] = {**self._target.params(), "limit": PAGE}
        whole: list[T] = []
        paged = True
        tokens: set[str] = set()
        with gc_paused():
            while True:
                try:
                    body = await client.get(self._path, act, self._accept, **params)
                except Gone:
                    if "continue" not in params:
                        raise
                    # It could go on as of now, but would keep what was deleted meanwhile for
                    # good. As client-go does: all in one answer, which no token can outlast.
                    del params["continue"], params["limit"]
                    whole, paged = [], False
                    continue
                page = self._codec.page(body, act)
                if self._titled is not None and self._codec.columns is not None:
                    self._titled(self._codec.columns)
                await asyncio.sleep(0)
                whole.extend(page.items)
                if first:
                    await self._show(page)
                if not page.meta.token:
                    break
                if page.meta.token in tokens:
                    raise endless(act)
                tokens.add(page.meta.token)
                params["continue"] = page.meta.token
                params["limit"] = max(50, min(PAGE, PAGE * PAGE_BYTES // max(len(body), 1)))
                await asyncio.sleep(0)
            await self._sink.complete(None if paged and first else whole)
        self._version = page.meta.resource_version
        self._tell_skipped()

    async def _show(self, page: Page[T]) -> None:
        """Hand on a page by and by, so that the loop turns meanwhile."""
        remaining = page.meta.remaining_item_count
        for begin in range(0, len(page.items), BATCH) or (0,):
            batch = page.items[begin : begin + BATCH]
            rest = len(page.items) - begin - len(batch)
            more = 0 if not page.meta.token else remaining
            self._sink.loaded(batch, None if more is None else more + rest)
            await asyncio.sleep(0)

    async def _watch(self, client: KubeClient) -> None:
        """Follow one watch to its end. A watch that breaks off is no failure: the next shows."""
        act = self._target.spec.act("watch", self._target.namespace)
        seconds = self._seconds()
        params: dict[str, str | int] = {
            **self._target.params(),
            "watch": 1,
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": seconds,
        }
        now = asyncio.get_running_loop().time
        began, silence = now(), min(self._pace.silence, seconds + self._pace.grace)
        self._lines = 0
        broke = False
        async with client.stream(self._path, act, silence, self._accept, **params) as chunks:
            if self._mute is None:
                self._sink.heard()
            try:
                async with Vigil(self._demand, self._pace.quiet_seen) as vigil:
                    await self._follow(chunks, act, vigil)
                self._doubted = False
                self._believe()
            except TimeoutError:
                self._doubted = True
            except Silent as error:
                # Its rows may be of any age by now. A list tells what they are, and another
                # watch whether watches can be trusted again.
                self._mute, self._version = error.problem, ""
                self._sink.failed(error.problem)
            except Interrupted:
                broke = True  # the next watch shows whether it is serious
        self._ended(now() - began, broke=broke)

    def _believe(self) -> None:
        """Trust watches again, if they were not: this one said something, or ended in time."""
        self._mute = None
        self._sink.heard()

    def _seconds(self) -> int:
        """Return how long the next watch is to last."""
        if self._doubted or self._mute is not None:
            return int(self._pace.probe) or 1
        return int(self._pace.watch * random.uniform(0.9, 1.1)) or 1  # noqa: S311

    def _ended(self, lasted: float, *, broke: bool) -> None:
        """Judge a watch that has ended, or that `broke` off."""
        self._failures = 0 if lasted >= self._pace.steady else self._failures + 1
        self._quiet = 0.0 if self._lines else self._quiet + lasted
        self._broken = self._broken + 1 if broke and not self._lines else 0
        if self._broken > 1 or self._quiet >= min(self._pace.silence, self._pace.watch) / 2:
            # What breaks off each time before its first line may be about to tell something. And
            # not even a bookmark: a version that the server has yet to reach is silent, too.
            self._version, self._quiet = "", 0.0

    async def _follow(self, chunks: AsyncIterator[bytes], act: Act, vigil: Vigil) -> None:
        splitter = LineSplitter(LINE_BYTES)
        now = asyncio.get_running_loop().time
        async for chunk in chunks:
            vigil.heard()
            self._believe()
            until = now() + SLICE
            for line in splitter.feed(chunk):
                if line:
                    self._happened(self._codec.event(line, act))
                if now() > until:
                    await asyncio.sleep(0)
                    until = now() + SLICE
        if splitter.rest():
            raise Garbled(str(act), "the watch ended in the middle of an event", "list again")

    def _happened(self, event: Happening[T]) -> None:
        self._lines += 1
        self._version = event.version or self._version
        if event.obj is not None:
            if event.type == "DELETED":
                self._sink.remove(event.obj)
            else:
                self._sink.update(event.obj)
        elif event.type == "DELETED":
            act = self._target.spec.act("watch", self._target.namespace)
            raise Garbled(str(act), "what is gone cannot be read", "only a list can tell")
        elif event.type != "BOOKMARK":
            self._tell_skipped()

    def _tell_skipped(self) -> None:
        count, act = self._codec.unreadable, self._target.spec.act("read", self._target.namespace)
        problem = None
        if count:
            what = f"{count} of them could not be read: {clean(self._codec.why, 200)}"
            problem = Problem("internal", str(act), what, "look at them with kubectl; report it")
        self._sink.skipped(problem)
