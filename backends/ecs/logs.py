"""The logs of ECS services, tasks and containers, wherever their task definitions send them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from math import inf

import msgspec

from backends.aws.access import AwsAccess
from backends.base import BackendError, Invalid
from backends.clock import Clock
from backends.ecs.definitions import TaskDefinitions
from backends.ecs.fetch import Fetcher
from backends.ecs.listing import TASKS
from backends.ecs.logroutes import began, routes, short
from backends.ecs.reasons import why_stopped
from backends.ecs.wire import Payload, moment, opened, part, text
from backends.logs import cloudwatch
from backends.logs.member import backoff
from backends.logs.merge import LogMerge
from backends.logs.pace import POLL
from backends.logs.rewind import CloudWatchRewind
from backends.logs.streams import Stream, StreamSet
from backends.model import LogBatch, LogRequest, Resource

DISCOVER = 4.0
"""Seconds between two looks at which tasks there are."""

DRAIN = 20.0
"""Seconds for which a stopped task's log is still read: its last lines arrive late."""


async def tail(
    access: AwsAccess,
    resource: Resource,
    request: LogRequest,
    clock: Clock,
    *,
    discover: float = DISCOVER,
    drain: float = DRAIN,
    poll: float = POLL,
) -> AsyncIterator[LogBatch]:
    """Yield the log of a service, task or container, and follow it.

    A service's tail goes on for ever, over tasks that come and go; that of a task ends when
    the task has stopped and its last lines were read. Of stopped tasks those are included
    that can have written something since `request.since`; for a task that had stopped by
    itself, `since` counts back from then. Logs that are not in CloudWatch are told of in
    notes. `discover`, `drain` and `poll` are in seconds. Raises `Invalid` for other kinds.
    """
    finder = Finder(access, resource, request, clock, drain=drain)
    merge = LogMerge(clock)
    scope = resource.ref.scope

    async def find() -> AsyncIterator[LogBatch]:
        async for batch in _watch(finder, request, discover):
            if batch.live:  # only now it is known which streams there are, and from when
                logs = cloudwatch.tail(
                    access, scope, finder.streams, finder.request, clock, poll=poll
                )
                merge.add("CloudWatch Logs", logs, control=True)
            yield batch
        merge.seal()

    merge.add("tasks", find(), control=True)
    async with aclosing(merge.batches()) as batches:
        async for batch in batches:
            yield batch


class History(CloudWatchRewind):
    """The past of a service's, task's or container's log, as far as ECS still knows its tasks."""

    def __init__(
        self, access: AwsAccess, resource: Resource, request: LogRequest, clock: Clock
    ) -> None:
        """Raises `Invalid` for other kinds."""
        self._finder = Finder(
            access, resource, msgspec.structs.replace(request, since=None), clock, drain=inf
        )
        super().__init__(access, resource.ref.scope, self._found, clock)

    async def _found(self) -> Iterable[Stream]:
        await self._finder.look(urgent=True)
        return self._finder.streams.current


async def _watch(finder: Finder, request: LogRequest, every: float) -> AsyncIterator[LogBatch]:
    """Look again and again; ``live`` comes with the first look that succeeds."""
    live, failures = False, 0
    while True:
        try:
            notes = await finder.look(urgent=not live)
        except BackendError as error:
            failures += 1
            yield LogBatch(problem=error.problem)
        else:
            failures = 0
            yield LogBatch(notes=notes, live=not live)
            live = True
            if finder.finished or not request.follow or request.head is not None:
                finder.streams.seal()
                return
        await asyncio.sleep(backoff(every, failures))


class Finder:
    """Finds the tasks behind a resource, and keeps the set of their log streams up to date."""

    def __init__(
        self,
        access: AwsAccess,
        resource: Resource,
        request: LogRequest,
        clock: Clock,
        *,
        drain: float = DRAIN,
    ) -> None:
        ref = resource.ref
        if ref.kind not in ("ecs/services", "ecs/tasks", "ecs/containers"):
            raise Invalid(
                "tail the log",
                f"{ref.kind.partition('/')[2]} have no log of their own",
                "choose a service, a task or a container",
            )
        self.streams = StreamSet()
        """The streams to tail now."""
        self.request = request
        """What to ask of them."""
        self.finished = False
        """Whether nothing more will come: the task has stopped, and was drained."""
        task, _, container = ref.name.partition("/")
        self._service = ref.kind == "ecs/services"
        self._only = request.container or container
        narrowed = {"service": ref.name} if self._service else {"names": (task,)}
        self._fetcher = Fetcher(access, TASKS, ref.scope, clock, **narrowed)
        self._definitions = TaskDefinitions(access)
        self._scope = ref.scope
        self._clock = clock
        self._drain = drain
        self._began = clock.now()
        self._last_seen = _task_of(resource)
        self._looked = False
        self._told: set[str] = set()
        self._followed: dict[str, Payload] = {}
        self._over: set[str] = set()

    async def look(self, *, urgent: bool) -> tuple[str, ...]:
        """See which tasks there are; return what is new about them. Raises `BackendError`."""
        tasks = await self._fetcher.load(urgent=urgent)
        if not tasks and self._last_seen:  # ECS forgets a stopped task after an hour or so
            tasks = {text(self._last_seen, "taskArn"): {**self._last_seen, "lastStatus": "STOPPED"}}
        found = {arn: task for arn, task in tasks.items() if self._matters(arn, task)}
        definitions = await self._defined(found.values())
        notes = [*self._ends(tasks)]
        streams: list[Stream] = []
        for arn, task in found.items():
            if arn in self._over:
                continue
            for route in routes(definitions[text(task, "taskDefinitionArn")], task, self._only):
                if route.stream is not None:
                    streams.append(route.stream)
                elif route.note and route.note not in self._told:
                    self._told.add(route.note)
                    notes.append(route.note)
            notes.extend(self._begins(arn, task))
        if not self._looked:
            notes.extend(self._first(found.values(), streams))
        self._looked = True
        self.streams.replace(streams)
        self.finished = not self._service and not self._followed
        return tuple(notes)

    def _matters(self, arn: str, task: Payload) -> bool:
        """Whether a task can have written something that was asked for."""
        if not self._service or arn in self._followed or task.get("lastStatus") != "STOPPED":
            return True
        stopped = moment(task, "stoppedAt")
        if not began(task) or arn in self._over:
            return False
        since = self.request.since
        return since is None or stopped is None or stopped >= self._began - since

    async def _defined(self, tasks: Iterable[Payload]) -> dict[str, Payload]:
        """Return the task definitions of some tasks by ARN."""
        arns = sorted({text(task, "taskDefinitionArn") for task in tasks})
        found = await asyncio.gather(*(self._definitions.get(self._scope, arn) for arn in arns))
        return dict(zip(arns, found, strict=True))

    def _begins(self, arn: str, task: Payload) -> Iterator[str]:
        """Note that a task is followed from now on."""
        known = arn in self._followed
        self._followed[arn] = task
        if not known and self._looked and self._service:
            yield f"{short(task)}: task begins"

    def _ends(self, tasks: Mapping[str, Payload]) -> Iterator[str]:
        """Let go of the tasks that have stopped and were drained, and of those forgotten."""
        now = self._clock.now()
        for arn in tuple(self._followed):
            task = tasks.get(arn)
            if task is None:
                yield f"{short(self._followed.pop(arn))}: task is gone"
            elif task.get("lastStatus") == "STOPPED":
                stopped = moment(task, "stoppedAt") or 0.0
                if now >= stopped + self._drain:
                    del self._followed[arn]
                    self._over.add(arn)
                    if stopped >= self._began - self._drain or not self._service:
                        yield f"{short(task)}: task stopped: {why_stopped(task)}"
        self._over &= tasks.keys()

    def _first(self, tasks: Iterable[Payload], streams: Sequence[Stream]) -> Iterator[str]:
        """Say what there is to wait for, and see that a stopped task's last lines are shown."""
        states = [text(task, "lastStatus") for task in tasks]
        if not states:
            yield "no task is running; lines come as soon as one does"
        elif not streams and not self._told:
            yield f"waiting for {len(states)} task{'s' * (len(states) > 1)} to start"
        if self._service or self.request.since is None:
            return
        ago = max((self._began - (moment(t, "stoppedAt") or self._began) for t in tasks), default=0)
        if ago > self.request.since:
            since = self.request.since + ago
            self.request = msgspec.structs.replace(self.request, since=since)
            yield f"stopped {ago / 60:.0f} min ago: these are its last lines"


def _task_of(resource: Resource) -> Payload:
    """Return the task that a row of a task or container was made of; empty for a service."""
    if resource.ref.kind == "ecs/services" or not isinstance(resource.raw, Mapping):
        return {}
    raw = opened(resource.raw)
    return raw if resource.ref.kind == "ecs/tasks" else part(raw, "task")
