"""Pod logs: what a container has written, now and as it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice

import msgspec
from aiohttp import web

from backends.sim.kube_face import status
from backends.sim.kube_face.status import bad_request
from backends.sim.kube_world import kinds
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc, dig, parse_stamp, stamp
from backends.sim.logtext import LogVoice

ROTATED = 6 * 3600.0
"""Seconds of a container's log that its node keeps; a real one keeps 10 MiB and rotates."""

POLL = 0.25
"""Seconds between two looks for new lines while a client follows."""

_ENDINGS = {
    1: ("Traceback (most recent call last):", '  File "/app/main.py", line 42, in <module>',
        "    start(load_config())", "KeyError: 'DATABASE_URL'"),
    137: (),
    0: ("received SIGTERM, shutting down",),
}  # fmt: skip
"""Last words of a container, by its exit code."""


class LogOptions(msgspec.Struct, frozen=True):
    """What is wanted of a log."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: float = 0.0
    """Epoch seconds to begin at."""
    tail: int | None = None
    limit_bytes: int | None = None


def read_options(name: str, query: Mapping[str, str], now: float) -> LogOptions:
    """Return the options in a request; raises the 400 or 422 of those that make no sense."""
    numbers = {key: _number(query, key) for key in ("tailLines", "sinceSeconds", "limitBytes")}
    causes = [
        (key, "FieldValueInvalid", f"Invalid value: {value}: must be greater than {least}")
        for key, least, floor in (
            ("tailLines", "or equal to 0", 0), ("sinceSeconds", "0", 1), ("limitBytes", "0", 1)
        )
        if (value := numbers[key]) is not None and value < floor
    ]  # fmt: skip
    since_time = query.get("sinceTime", "")
    if since_time and numbers["sinceSeconds"] is not None:
        said = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(("[]", "FieldValueForbidden", said))
    if causes:
        raise status.invalid("", "PodLogOptions", name, *causes)
    since = now - numbers["sinceSeconds"] if numbers["sinceSeconds"] is not None else 0.0
    if since_time:
        try:
            since = parse_stamp(since_time)
        except ValueError:
            raise bad_request(f'parsing time "{since_time}" as RFC 3339: cannot parse') from None
    return LogOptions(
        query.get("container", ""), _flag(query, "follow"), _flag(query, "previous"),
        _flag(query, "timestamps"), since, numbers["tailLines"], numbers["limitBytes"],
    )  # fmt: skip


def _number(query: Mapping[str, str], key: str) -> int | None:
    text = query.get(key, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _flag(query: Mapping[str, str], key: str) -> bool:
    return query.get(key, "").lower() in ("true", "1")


def choose(pod: Doc, wanted: str) -> str:
    """Return the container that a log is asked of; raises the 400 of a wrong or missing choice."""
    name, containers = pod["metadata"]["name"], [c["name"] for c in pod["spec"]["containers"]]
    if not wanted and len(containers) == 1:
        return str(containers[0])
    if not wanted:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: "
            f"[{' '.join(containers)}]"
        )
    if wanted not in containers:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


class Run(msgspec.Struct, frozen=True):
    """One run of a container: between these times it wrote."""

    restart: int
    start: float
    end: float | None = None
    """When it ended; None: it runs."""
    exit_code: int = 0


def find_run(pod: Doc, container: str, *, previous: bool) -> Run:
    """Return the run whose log is wanted; raises the 400 where there is none."""
    name = pod["metadata"]["name"]
    found: Doc = next(
        (s for s in pod["status"].get("containerStatuses", ()) if s["name"] == container), {}
    )
    state, last = found.get("state", {}), dig(found, "lastState", "terminated")
    restart = found.get("restartCount", 0)
    if previous:
        ended = last or (state.get("terminated") if restart else None)
        if not ended:
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name}" not found'
            )
        return _ended(restart - 1 if "running" in state else restart, ended)
    if "running" in state:
        return Run(restart, parse_stamp(state["running"]["startedAt"]))
    if "terminated" in state:
        return _ended(restart, state["terminated"])
    if last:
        return _ended(restart, last)
    reason = dig(state, "waiting", "reason") or "ContainerCreating"
    if reason in ("ImagePullBackOff", "ErrImagePull"):
        reason = "trying and failing to pull image"
    raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _ended(restart: int, state: Doc) -> Run:
    start, end = parse_stamp(state["startedAt"]), parse_stamp(state["finishedAt"])
    return Run(restart, start, max(end, start + 0.5), state["exitCode"])


def last_words(run: Run) -> Iterator[tuple[float, str]]:
    """Yield the lines by which an ended run says why."""
    for number, text in enumerate(_ENDINGS.get(run.exit_code, ())):
        yield (run.end or 0.0) - 0.01 + number * 0.001, text


class LogReader:
    """Reads the log of one run of one container."""

    def __init__(self, cluster: KubeCluster, pod: Version, container: str, run: Run) -> None:
        self._cluster = cluster
        self._run = run
        doc = pod.doc
        first = container == doc["spec"]["containers"][0]["name"]
        incident = cluster.kubelet.incident_of(doc) if first else ""
        app = dig(doc, "metadata", "labels", "app") or pod.name
        stream = f"{pod.name}/{container}/{run.restart}"
        self._voice = LogVoice(cluster.seed, app if first else container, stream, incident)

    def lines(self, start: float, end: float) -> Iterator[tuple[float, str]]:
        """Yield (epoch seconds, text) of the lines with ``start <= time < end``."""
        run = self._run
        start = max(start, run.start, end - ROTATED)
        if run.end is None:
            yield from self._voice.lines(start, end)
            return
        last = run.end - 0.01
        yield from self._voice.lines(start, min(end, last))
        if start <= last < end:
            yield from last_words(run)

    def rest(self, start: float, run: Run) -> Iterator[tuple[float, str]]:
        """Yield what comes after `start` of a run that has meanwhile ended as `run` says."""
        if run.end is not None:
            yield from self._voice.lines(start, run.end - 0.01)
            yield from last_words(run)

    def tail(self, since: float, now: float, number: int) -> list[tuple[float, str]]:
        """Return the last lines, at most `number`; looks back no further than it must."""
        end = min(now, self._run.end) if self._run.end is not None else now
        back = 30.0
        while True:
            start = max(since, end - back)
            found = list(self.lines(start, now))
            done = len(found) >= number or start <= max(since, self._run.start) or back > ROTATED
            if done:
                return found[-number:] if number else []
            back *= 4


def render(at: float, text: str, *, timestamps: bool) -> bytes:
    """Return one line as the kubelet sends it."""
    if not timestamps:
        return f"{text}\n".encode()
    second, millis = divmod(round(at * 1000), 1000)
    return f"{stamp(second)[:-1]}.{millis:03d}000000Z {text}\n".encode()


class LogStream:
    """The bytes of a log, up to now and then, where followed, as they come."""

    def __init__(
        self, cluster: KubeCluster, pod: Version, container: str, options: LogOptions
    ) -> None:
        self._cluster = cluster
        self._pod = pod
        self._container = container
        self._options = options
        self._run = find_run(pod.doc, container, previous=options.previous)
        self._reader = LogReader(cluster, pod, container, self._run)
        self._left = options.limit_bytes

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield pieces of the log until its end, or that of what was asked for."""
        options, now = self._options, self._cluster.state.now
        if options.tail is not None:
            lines = iter(self._reader.tail(options.since, now, options.tail))
        else:
            lines = self._reader.lines(options.since, now)
        size = 1000 if options.limit_bytes is None else 10  # no more is made up than is sent
        while self._left != 0 and (some := list(islice(lines, size))):
            yield self._cut(some)
        run = self._run
        following = options.follow and not options.previous and run.end is None
        while following and run.end is None and self._left != 0:
            await asyncio.sleep(POLL)
            self._cluster.advance()
            before, now = now, self._cluster.state.now
            run = self._look(now)
            more = self._reader.lines(before, now) if run.end is None else (
                self._reader.rest(before, run)
            )  # fmt: skip
            yield self._cut(list(more))

    def _cut(self, lines: list[tuple[float, str]]) -> bytes:
        stamps = self._options.timestamps
        made = b"".join(render(at, text, timestamps=stamps) for at, text in lines)
        if self._left is not None:
            made = made[: self._left]
            self._left -= len(made)
        return made

    def _look(self, now: float) -> Run:
        """Return the run that is followed as it is now, with its end where it has ended."""
        run = self._run
        version = self._cluster.state.get(kinds.PODS, self._pod.namespace, self._pod.name)
        if version is None or version.uid != self._pod.uid:
            return Run(run.restart, run.start, now, 0)
        statuses = version.doc["status"].get("containerStatuses", ())
        found: Doc = next((s for s in statuses if s["name"] == self._container), {})
        same = found.get("restartCount") == run.restart
        if same and "running" in found["state"]:
            return run
        ended = dig(found, "state", "terminated") if same else None
        ended = ended or dig(found, "lastState", "terminated")
        return Run(run.restart, run.start, now, ended["exitCode"] if ended else 0)


async def serve(cluster: KubeCluster, pod: Version, request: web.Request) -> web.StreamResponse:
    """Answer a request for a pod's log."""
    options = read_options(pod.name, request.query, cluster.state.now)
    if not pod.doc["spec"].get("nodeName"):
        return web.Response(status=204)
    container = choose(pod.doc, options.container)
    stream = LogStream(cluster, pod, container, options)
    response = web.StreamResponse()
    response.content_type = "text/plain"
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for chunk in stream.chunks():
        if chunk:
            await response.write(chunk)
    return response
