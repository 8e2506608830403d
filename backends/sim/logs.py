"""CloudWatch Logs of the simulated world: groups, streams and events of the ECS tasks.

Nothing is stored: a stream's events are made up from its task's life whenever they are read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from backends.sim.ecs.definitions import runtime_id
from backends.sim.ecs.model import Container, ContainerDefinition, Service, Task
from backends.sim.logtext import LogVoice

if TYPE_CHECKING:
    from backends.sim.world import World

PAST = 3600.0
"""Seconds before the world was first looked at from which logs are there."""

VOICES_KEPT = 4000
"""Streams whose voice is remembered."""

_LAST_WORDS = {
    1: ("FATAL unhandled error, exiting", "process exited with status 1"),
    137: ("java.lang.OutOfMemoryError: Java heap space", "Killed"),
    143: ("received SIGTERM, shutting down", "bye"),
}


class LogEvent(NamedTuple):
    """One event; events are ordered by these fields."""

    at: int
    """Milliseconds since the epoch."""
    stream: str
    text: str
    ingested: int
    """Milliseconds since the epoch."""

    @property
    def id(self) -> str:
        """Its id of 56 digits, which begins with its time."""
        place = zlib.crc32(self.stream.encode()) << 32 | zlib.crc32(self.text.encode())
        return f"{self.at << 80 | place:056d}"


@dataclass(slots=True, eq=False)
class Stream:
    """One log stream: one container of one task."""

    name: str
    service: Service
    task: Task
    container: Container

    @property
    def began(self) -> float:
        """Epoch seconds from which it has events."""
        return self.task.started or self.task.pull_stopped or 0.0

    @property
    def ended(self) -> float | None:
        """Epoch seconds at which its container was gone, or None while it runs."""
        return self.task.executions_stopped


@dataclass(slots=True, eq=False)
class Group:
    """One log group."""

    name: str
    arn: str
    created: float
    sources: list[tuple[Service, ContainerDefinition]]
    """The containers that log into it."""


class LogWorld:
    """The log groups of all accounts and regions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._horizon = world.opened - PAST
        self._voices: dict[str, LogVoice] = {}
        self._places: dict[tuple[str, str], dict[str, Group]] = {}
        for service in world.ecs.services():
            for container in service.primary.definition.containers:
                if container.log_driver == "awslogs":
                    self._enter(service, container)

    def groups(self, account: str, region: str) -> Mapping[str, Group]:
        """Return the log groups of one account and region, by name."""
        return self._places.get((account, region), {})

    def streams(self, group: Group) -> dict[str, Stream]:
        """Return the streams of a group, by name, those of tasks long gone left out."""
        found = {}
        for service, definition in group.sources:
            for task in (*service.stopped.values(), *service.tasks.values()):
                if task.pull_stopped is None:
                    continue
                for container in task.containers:
                    if container.definition.name == definition.name:
                        name = stream_name(task, container)
                        found[name] = Stream(name, service, task, container)
        return found

    def earliest(self, stream: Stream) -> float:
        """Return the epoch second before which a stream has no events."""
        return max(stream.began, self._horizon)

    def events(self, stream: Stream, start: float, end: float) -> Iterator[LogEvent]:
        """Yield a stream's events with ``start <= time < end`` (epoch seconds) that have been
        ingested by now, in order of time."""
        now = round(self._world.agenda.now * 1000)
        last = stream.ended
        start = max(start, self.earliest(stream))
        lag = _lag(stream)
        for at, text in self._lines(stream, start, min(end, last or end)):
            ingested = round((at + lag) * 1000)
            if ingested > now:
                return
            yield LogEvent(round(at * 1000), stream.name, text, ingested)
        if last is not None and start <= round(last, 3) < end and last + lag <= now / 1000:
            for text in _LAST_WORDS.get(stream.container.exit_code or 0, ()):
                yield LogEvent(round(last * 1000), stream.name, text, round((last + lag) * 1000))

    def _lines(self, stream: Stream, start: float, end: float) -> Iterator[tuple[float, str]]:
        return self._voice(stream).lines(start, end)

    def _voice(self, stream: Stream) -> LogVoice:
        key = f"{stream.task.id}/{stream.container.definition.name}"
        voice = self._voices.get(key)
        if voice is None:
            app = stream.container.definition.port > 0
            name = stream.service.name if app else stream.container.definition.name
            incident = stream.service.incident if app else ""
            seed = self._world.blueprint.seed
            voice = self._voices[key] = LogVoice(seed, name, key, incident)
            if len(self._voices) > VOICES_KEPT:
                del self._voices[next(iter(self._voices))]
        return voice

    def _enter(self, service: Service, container: ContainerDefinition) -> None:
        account, name = service.cluster.account, container.log_options["awslogs-group"]
        region = container.log_options["awslogs-region"]
        place = self._places.setdefault((account, region), {})
        if name not in place:
            arn = f"arn:aws:logs:{region}:{account}:log-group:{name}"
            place[name] = Group(name, arn, service.created - 60, [])
        place[name].sources.append((service, container))


def stream_name(task: Task, container: Container) -> str:
    """Return the name of the stream that a container logs into, as the awslogs driver makes it."""
    prefix = container.definition.log_options.get("awslogs-stream-prefix")
    if prefix:
        return f"{prefix}/{container.definition.name}/{task.id}"
    return runtime_id(task, container.definition)


def _lag(stream: Stream) -> float:
    """Return the seconds that a stream's events take to arrive, 0.3 to 2.8: its own, always."""
    return 0.3 + zlib.crc32(stream.name.encode()) % 2500 / 1000
