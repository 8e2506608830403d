"""The past of containers' logs, as far as their nodes keep them."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from functools import partial
from math import floor, inf

import msgspec

from backends.base import BackendError, NotFound
from backends.clock import Clock
from backends.eks.codec import Codec
from backends.eks.connections import Connections
from backends.eks.containerlog import LONGEST, Place, as_text, status_of
from backends.eks.errors import NotYet
from backends.eks.kinds.pods import PODS
from backends.eks.kinds.podstatus import Pod
from backends.eks.lines import LineSplitter
from backends.eks.opening import Opening
from backends.eks.reflector import Target
from backends.eks.rest import KubeClient
from backends.eks.stamps import StampReader
from backends.eks.targets import Labels, container_of, target_of, wanted
from backends.logs.history import MOST, Found, Horizon, Rewind, moment
from backends.model import LogLine, LogRequest, Resource
from backends.text import clean

GLANCE = 64
"""Bytes read of a log to see when it begins: more than a timestamp has."""

DISORDER = 1.0
"""Seconds by which a line may be older than the one before it: a container has two outputs."""

SILENCE = 10.0
"""Seconds after which an answer that says nothing more is given up."""


class Run(msgspec.Struct, frozen=True):
    """One run of one container whose log is still there."""

    place: Place
    previous: bool
    begins: float
    """The epoch second of the first line that its node keeps; infinite: there is none."""


class History(Rewind):
    """Reads from a moment on and stops at another: no API reads a container's log backwards.

    It has the current run of each container and the one before it; what nodes have rotated away
    and what older runs wrote is gone, and so is what pods wrote that are no longer there.
    """

    def __init__(
        self, connections: Connections, resource: Resource, request: LogRequest, clock: Clock
    ) -> None:
        super().__init__(clock)
        self._connect = partial(connections.client, resource.ref.scope)
        self._ref = resource.ref
        self._request = request
        self._only = container_of(resource.ref, request)
        self._target: Target | None = None
        self._labels = Labels()
        self._opening = Opening()
        self._runs: dict[tuple[str, str, int, bool], Run] = {}
        self._older: set[str] = set()

    async def horizon(self) -> Horizon:
        """Find the runs there are and where the log of each begins."""
        client = await self._connect()
        if self._target is None:
            self._target = await target_of(self._connect, self._ref)
        pods = await self._pods(client, self._target)
        found = [one for pod in pods for one in self._runs_of(pod)]
        known = {key for key, _ in found}
        self._runs = {key: run for key, run in self._runs.items() if key in known}
        new = [(key, place) for key, place in found if key not in self._runs]
        looks = (self._look(client, place, previous=key[3]) for key, place in new)
        for (key, _), run in zip(new, await asyncio.gather(*looks), strict=True):
            if run is not None:
                self._runs[key] = run
        begins = min((run.begins for run in self._runs.values()), default=inf)
        if begins == inf:
            return Horizon(inf, "no older lines: no node keeps any")
        gone = "; what ran before that is gone" if self._older else ""
        kept = f"what nodes keep begins {moment(begins, self._clock)}"
        return Horizon(begins, f"no older lines: {kept}{gone}")

    async def read(self, start: float, end: float) -> Found:
        """Read a window of every run that reaches into it."""
        client = await self._connect()
        runs = [run for run in self._runs.values() if run.begins < end]
        most = max(1_000, MOST // max(1, len(runs)))
        parts = await asyncio.gather(
            *(self._read(client, run, start, end, most) for run in runs), return_exceptions=True
        )
        found, since, errors = list[LogLine](), start, list[BackendError]()
        for run, part in zip(runs, parts, strict=True):
            if isinstance(part, BackendError):
                errors.append(part)
                self.notes.append(f"{run.place.source}: {part.problem.message}")
            elif isinstance(part, BaseException):
                raise part
            else:
                found += part
                since = max(since, part[0].at) if len(part) == most else since
        if errors and len(errors) == len(runs):
            raise errors[0]
        return Found([line for line in found if line.at >= since], since)

    async def _pods(self, client: KubeClient, target: Target) -> tuple[Pod, ...]:
        act = PODS.act("list", target.namespace)
        body = await client.get(PODS.path(target.namespace), act, **target.params())
        return tuple(Codec(Pod).page(body, act).items)

    def _runs_of(self, pod: Pod) -> list[tuple[tuple[str, str, int, bool], Place]]:
        """Return the runs of a pod's containers that may have a log."""
        found = []
        for name in wanted(pod, self._only, single=bool(self._target and self._target.fields)):
            status = status_of(pod, name)
            if status is None:
                continue
            label = f"{self._labels.label(pod)}/{clean(name)}"
            place = Place(pod.metadata.namespace, pod.metadata.name, name, label)
            count, state, last = status.restart_count, status.state, status.last_state.terminated
            if (state.running or state.terminated) and not self._request.previous:
                found.append(((pod.metadata.uid, name, count, False), place))
            if last is not None:
                found.append(((pod.metadata.uid, name, count, True), place))
            if count > 1:
                self._older.add(label)
        return found

    async def _look(self, client: KubeClient, place: Place, *, previous: bool) -> Run | None:
        """See when the log of a run begins; None: there is none."""
        path = PODS.path(place.namespace, place.pod, "log")
        act = PODS.act("get", place.namespace, place.pod, "log")
        params = _params(place, previous=previous)
        try:
            async with self._opening.turn():
                body = await client.get(path, act, limitBytes=GLANCE, **params)
        except (NotFound, NotYet):
            return None
        except BackendError as error:
            self.notes.append(f"{place.source}: {error.problem.message}")
            return None
        nanos, _ = StampReader().split(body.partition(b"\n")[0])
        return Run(place, previous, nanos / 1e9 if nanos else inf)

    async def _read(
        self, client: KubeClient, run: Run, start: float, end: float, most: int
    ) -> deque[LogLine]:
        """Return the newest `most` lines of one run between two moments."""
        place, stamps, splitter = run.place, StampReader(), LineSplitter(LONGEST)
        path = PODS.path(place.namespace, place.pod, "log")
        act = PODS.act("get", place.namespace, place.pod, "log")
        since = datetime.fromtimestamp(floor(start), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        params = _params(place, previous=run.previous)
        found: deque[LogLine] = deque(maxlen=most)

        def take(raw: list[bytes]) -> bool:
            """Keep what is of the window; return whether there may be more of it."""
            for line in raw:
                nanos, text = stamps.split(line)
                at = nanos / 1e9
                if at >= end + DISORDER:
                    return False
                if start <= at < end:
                    found.append(LogLine(at, place.source, as_text(line, text)))
            return True

        params["sinceTime"] = since
        async with self._opening.turn(), client.stream(path, act, SILENCE, **params) as chunks:
            async for chunk in chunks:
                if not take(splitter.feed(chunk)):
                    return found
            take([rest] if (rest := splitter.rest()) else [])
        return found


def _params(place: Place, *, previous: bool) -> dict[str, str | int]:
    params: dict[str, str | int] = {"container": place.container, "timestamps": "true"}
    if previous:
        params["previous"] = "true"
    return params
