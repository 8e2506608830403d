"""The log of one container: its past, then what is new, across broken streams and restarts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, nullcontext
from datetime import UTC, datetime

import msgspec

from backends.base import BackendError, Denied, Invalid, NotFound
from backends.clock import Clock
from backends.eks.codec import Codec
from backends.eks.errors import Interrupted, NotYet
from backends.eks.kinds.pods import PODS
from backends.eks.kinds.podstatus import ContainerStatus, Pod
from backends.eks.lines import LineSplitter
from backends.eks.opening import Opening
from backends.eks.pace import Pace
from backends.eks.rest import KubeClient
from backends.eks.sink import Connect
from backends.eks.stamps import StampReader
from backends.model import LogBatch, LogLine, LogRequest
from backends.text import clean

LONGEST = 1 << 20
"""Bytes of a line that are kept."""

CUT = " … (cut)"
"""What a line that was longer ends in."""

SILENCE = 30.0
"""Seconds after which a log that says nothing is opened anew: it may have died without a word."""

RETRY = 5.0
"""Seconds between two looks at a container at the most: a crash loop pauses for ten at the least,
so that no run of it is missed."""

LEEWAY = 5_000_000_000
"""Nanoseconds by which a line may be older than what was asked for to be left out, so that all
containers begin together. Where one is older still, the clocks differ."""

OVERLAP = 2
"""Seconds by which a stream begins before the last moment known, where no line was seen."""


class Place(msgspec.Struct, frozen=True):
    """Which container."""

    namespace: str
    pod: str
    container: str
    source: str
    """How its lines are signed."""


class ContainerLog:
    """Reads one container's log; the position survives whatever happens to the stream."""

    def __init__(
        self,
        connect: Connect,
        place: Place,
        request: LogRequest,
        pace: Pace,
        opening: Opening,
        clock: Clock,
    ) -> None:
        """`opening` is shared by all logs that are opened together."""
        self._opening = opening
        self._connect = connect
        self._place = place
        self._request = request
        self._pace = pace
        self._stamps = StampReader()
        self._codec: Codec[Pod] = Codec(Pod)
        self._last = 0  # the newest timestamp given out, in nanoseconds
        self._count = 0  # how many lines bore it
        self._first = 0  # the first timestamp given out
        self._given = 0  # how many lines were given out
        self._born = asyncio.get_running_loop().time()
        since = None if request.previous else request.since
        self._floor = 0 if since is None else int((clock.now() - since + OVERLAP) * 1e9)
        self._asked = 0.0  # when the past was asked for, by the loop's clock
        self._said = ""
        self._failures = 0
        self._rest = b""  # what the last stream had after its last line break

    async def batches(self) -> AsyncGenerator[LogBatch, None]:
        """Yield the log until the container is gone for good, or its past has been told.

        Raises `Denied` and `Invalid`; other trouble is a problem of a batch, and tried again.
        """
        live = False
        while True:
            try:
                client = await self._connect()
                if not live:
                    self._asked = asyncio.get_running_loop().time()
                async with aclosing(self._read(client, follow=live)) as read:
                    async for lines in read:
                        self._failures, self._said = 0, ""
                        yield LogBatch(lines=lines)
                if not live:
                    live = True
                    over = not self._request.follow or self._request.previous
                    words = self._last_words() if over else ()
                    since, self._floor = self._complete_from(), 0
                    yield LogBatch(words, live=True, since=since)
                    if over:
                        return
                    continue
                if await self._over(client):
                    yield LogBatch(self._last_words())
                    return
                self._failures += 1
            except NotYet as error:
                note = self._once(f"{self._place.source}: {clean(error.problem.message)}")
                yield LogBatch(live=True, notes=note)
                if not self._request.follow or self._request.previous:
                    return
                self._failures += 1
            except NotFound:
                return
            except (Denied, Invalid) as error:
                if not live:
                    raise
                self._failures += 1  # it was allowed before, so it may well be again
                yield LogBatch(problem=error.problem)
            except Interrupted:
                self._failures += 1
            except BackendError as error:
                self._failures += 1
                yield LogBatch(problem=error.problem)
            if self._failures:
                await asyncio.sleep(min(self._pace.pause(self._failures), RETRY))

    def _once(self, note: str) -> tuple[str, ...]:
        if note == self._said:
            return ()
        self._said = note
        return (note,)

    async def _read(
        self, client: KubeClient, *, follow: bool
    ) -> AsyncGenerator[tuple[LogLine, ...], None]:
        """Yield the lines of one stream that were not given out before."""
        place = self._place
        path = PODS.path(place.namespace, place.pod, "log")
        act = PODS.act("get", place.namespace, place.pod, "log")
        splitter = LineSplitter(LONGEST)
        seen = _Seen(self._last, self._count)
        async with AsyncExitStack() as stack:
            async with self._opening.turn() if not follow or self._failures else nullcontext():
                stream = client.stream(path, act, SILENCE, **self._params(follow=follow))
                chunks = await stack.enter_async_context(stream)
            async for chunk in chunks:
                lines = self._lines(splitter.feed(chunk), seen)
                if lines:
                    yield lines
            self._rest = splitter.rest()

    def _last_words(self) -> tuple[LogLine, ...]:
        """Return what a log that is over had after its last line break.

        Of one that is not, that is a line cut in two, which the next stream begins with.
        """
        rest, self._rest = self._rest, b""
        return self._lines([rest], _Seen(self._last, self._count)) if rest else ()

    def _params(self, *, follow: bool) -> dict[str, str | int]:
        params: dict[str, str | int] = {"container": self._place.container, "timestamps": "true"}
        if follow:
            params["follow"] = "true"
        if self._request.previous:
            params["previous"] = "true"
        if self._last:
            # Whole seconds: that is all that reaches the kubelet. What was seen is dropped here.
            moment = datetime.fromtimestamp(self._last // 1_000_000_000, UTC)
            params["sinceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif follow:
            passed = asyncio.get_running_loop().time() - self._asked
            params["sinceSeconds"] = math.ceil(passed) + OVERLAP
        else:
            if self._request.since is not None:
                waited = asyncio.get_running_loop().time() - self._born  # all begin together
                params["sinceSeconds"] = max(1, math.ceil(self._request.since + waited))
            if self._request.tail is not None:
                params["tailLines"] = max(0, self._request.tail)
        return params

    def _lines(self, raw: list[bytes], seen: _Seen) -> tuple[LogLine, ...]:
        made, source = [], self._place.source
        for line in raw:
            nanos, text = self._stamps.split(line)
            if nanos and nanos < self._floor:
                if nanos >= self._floor - LEEWAY:
                    continue
                self._floor = 0  # its clock is another: the server has to know what was meant
            if nanos and seen.before(nanos):
                continue
            if nanos:
                self._count = self._count + 1 if nanos == self._last else 1
                self._last = nanos
                self._first = self._first or nanos
            made.append(LogLine(nanos / 1e9, source, as_text(line, text)))
        self._given += len(made)
        return tuple(made)

    def _complete_from(self) -> float:
        """Return the epoch second from which on nothing is missing, the past having been read."""
        tail = self._request.tail
        cut = tail is not None and self._given >= tail
        asked = self._request.since is not None and not self._floor
        return (self._first if cut or asked else self._floor) / 1e9

    async def _over(self, client: KubeClient) -> bool:
        """Return whether a container whose stream ended will never write again."""
        place = self._place
        act = PODS.act("get", place.namespace, place.pod)
        body = await client.get(PODS.path(place.namespace, place.pod), act)
        pod = msgspec.json.decode(body, type=Pod)
        if pod.status.phase in {"Succeeded", "Failed"}:
            return True
        status = status_of(pod, place.container)
        ended = status.state.terminated if status is not None else None
        if ended is None:
            return False
        initial = any(c.name == place.container for c in pod.spec.init_containers)
        return pod.metadata.deletion_timestamp is not None or (initial and ended.exit_code == 0)


class _Seen:
    """Tells which lines of a stream that begins in the past were given out already."""

    def __init__(self, last: int, count: int) -> None:
        self._last = last
        self._left = count
        self._catching_up = last > 0

    def before(self, nanos: int) -> bool:
        """Return whether the line with this timestamp was seen; ask once for each, in order."""
        if not self._catching_up:
            return False
        if nanos < self._last:
            return True
        if nanos == self._last and self._left:
            self._left -= 1
            return True
        self._catching_up = nanos == self._last
        return False


def as_text(line: bytes, text: bytes) -> str:
    """Return the `text` of a line of a log as it is shown."""
    said = text.decode("utf-8", "replace").removesuffix("\r")
    return said + CUT if len(line) >= LONGEST else said


def status_of(pod: Pod, container: str) -> ContainerStatus | None:
    """Return what the kubelet says of a container; None: nothing yet."""
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return next((s for s in statuses if s.name == container), None)
