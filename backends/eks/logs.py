"""Tailing a pod, or every pod of a workload: those that start later and those that stop, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from math import inf

import msgspec

from backends.base import BackendError, Demand, Denied, Invalid, NotFound
from backends.clock import Clock
from backends.eks.codec import Codec
from backends.eks.connections import Connections
from backends.eks.containerlog import ContainerLog, Place, status_of
from backends.eks.kinds import SPECS
from backends.eks.kinds.judge import STARTING
from backends.eks.kinds.pods import PODS
from backends.eks.kinds.podstatus import ContainerStatus, Pod
from backends.eks.opening import Opening
from backends.eks.pace import Pace
from backends.eks.reflector import Reflector, Target
from backends.eks.sink import Connect
from backends.eks.targets import Labels, container_of, target_of, wanted
from backends.logs.head import first
from backends.logs.merge import WINDOW, LogMerge
from backends.model import LogBatch, LogRequest, Problem, Resource, Verb
from backends.text import clean

MOST = 500
"""Containers followed at the same time: each is an open connection to the API server."""

SETTLE = 1.0
"""Seconds that the past of one container waits for those of the others, once all are opened."""

SETTLE_MOST = 20.0
"""Seconds that it waits at the most for those that are still to be opened."""

FINAL = (Denied, Invalid, NotFound)
"""Errors that are no different in a moment."""


async def tail(
    connections: Connections,
    resource: Resource,
    request: LogRequest,
    clock: Clock,
    pace: Pace,
    *,
    window: float = WINDOW,
) -> AsyncGenerator[LogBatch, None]:
    """Yield the logs of all containers under a resource, each line held back for `window` seconds
    where there are several.

    Raises `Denied`, `Invalid` and `NotFound` at the start; other trouble is a problem of a batch,
    and tried again.
    """
    ref = resource.ref
    spec = SPECS.get(ref.kind)
    if spec is None or Verb.LOGS not in spec.kind.verbs:
        raise Invalid(f"logs of {ref.name}", f"{ref.kind} have no logs", "look at a pod's")
    connect = partial(connections.client, ref.scope)
    found: list[Target] = []

    async def find() -> None:
        found.append(await target_of(connect, ref))

    async with aclosing(_patiently(find, pace)) as troubles:
        async for trouble in troubles:
            yield trouble
    only = container_of(ref, request)
    request = msgspec.structs.replace(
        request, container=only, follow=request.follow and request.head is None
    )
    merge = LogMerge(clock, window=window, settle=SETTLE if request.follow else inf)
    tracker = Tracker(connect, found[0], request, merge, pace, clock)
    merge.add("pods", tracker.batches(), control=True)
    merge.seal()  # the tracker itself keeps it open
    batches = merge.batches()
    if request.head is not None:
        batches = first(batches, request.head)
    async with aclosing(batches) as open_batches:
        async for batch in open_batches:
            yield batch


async def _patiently(
    call: Callable[[], Awaitable[None]], pace: Pace
) -> AsyncGenerator[LogBatch, None]:
    """Make a call until it succeeds, and yield what is in its way; raises what is `FINAL`."""
    failures = 0
    while True:
        try:
            await call()
        except FINAL:
            raise
        except BackendError as error:
            failures += 1
            yield LogBatch(problem=error.problem)
            await asyncio.sleep(pace.pause(failures, error))
        else:
            return


class Tracker:
    """Knows the pods and adds a log to the merge for each container that has begun."""

    def __init__(
        self,
        connect: Connect,
        target: Target,
        request: LogRequest,
        merge: LogMerge,
        pace: Pace,
        clock: Clock,
    ) -> None:
        self._connect = connect
        self._target = target
        self._request = request
        self._merge = merge
        self._pace = pace
        self._clock = clock
        self._opening = Opening(self._changed)
        self._single = bool(target.fields)
        self._followed: set[tuple[str, str]] = set()
        self._waiting: dict[tuple[str, str], str] = {}
        self._beyond: dict[tuple[str, str], tuple[Pod, str]] = {}
        self._labels = Labels()
        self._notes: list[str] = []
        self._problem: Problem | None = None
        self._listed = False
        self._gone = False
        self._began = asyncio.get_running_loop().time()
        self._wake = asyncio.Event()

    async def batches(self) -> AsyncIterator[LogBatch]:
        """Yield notes on containers that wait, and `live` when the first pods are known."""
        if not self._request.follow or self._request.previous:
            async with aclosing(_patiently(self._look_once, self._pace)) as troubles:
                async for trouble in troubles:
                    yield trouble
            yield self._batch()
            return
        reflector = Reflector[Pod](
            self._connect, self._target, self, demand=Demand(), pace=self._pace
        )
        task = asyncio.create_task(self._reflect(reflector), name="pods of a log")
        task.add_done_callback(lambda _: self._wake.set())
        try:
            while not self._gone:
                await self._wake.wait()
                self._wake.clear()
                if task.done():
                    task.result()
                yield self._batch()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _reflect(self, reflector: Reflector[Pod]) -> None:
        """Follow the pods; a denial is final only where they were never listed."""
        while True:
            try:
                await reflector.run()
            except Denied:
                if not self._listed:
                    raise
                await asyncio.sleep(self._pace.denial[0])

    def _batch(self) -> LogBatch:
        notes, self._notes = tuple(self._notes), []
        beyond = f"{len(self._beyond)} containers beyond {MOST} not followed" * bool(self._beyond)
        status = " · ".join(filter(None, (self._opening.status, beyond)))
        return LogBatch(notes=notes, problem=self._problem, live=self._listed, status=status)

    def _changed(self) -> None:
        """Tell how many are open; their pasts are still to come, and be put in order."""
        if asyncio.get_running_loop().time() < self._began + SETTLE_MOST:
            self._merge.allow(SETTLE)
        self._wake.set()

    async def _look_once(self) -> None:
        client = await self._connect()
        act = PODS.act("list", self._target.namespace)
        body = await client.get(PODS.path(self._target.namespace), act, **self._target.params())
        pods = Codec(Pod).page(body, act).items
        if not pods:
            raise NotFound(str(act), "no pod is there", "see whether it is scaled to zero")
        for pod in pods:
            self.update(pod)
        if self._request.previous and not self._followed:
            self._notes.append("no container has run before: there is no previous log")
        self._listed = True

    def loaded(self, objects: list[Pod], remaining: int | None) -> None:
        """Follow the pods of a page."""
        for pod in objects:
            self.update(pod)

    async def complete(self, objects: list[Pod] | None) -> None:
        """Follow all that are new; logs of those that are gone end by themselves."""
        for pod in objects or ():
            self.update(pod)
        if not self._listed and not self._followed and not self._waiting:
            self._notes.append("no pod is there yet")
        self._listed, self._problem = True, None
        self._wake.set()

    def update(self, obj: Pod) -> None:
        """Follow the containers of a pod that have begun; say of each once why it has not."""
        for name in wanted(obj, self._request.container, single=self._single):
            key = (obj.metadata.uid, name)
            if key in self._followed:
                continue
            status = status_of(obj, name)
            if status is None or not self._begun(status):
                self._say_waiting(key, obj, name, status)
            elif len(self._followed) >= MOST:
                self._notes += [] if self._beyond else [_too_many()]
                self._beyond[key] = (obj, name)
            else:
                self._follow(key, obj, name)
        if self._notes:
            self._wake.set()

    def remove(self, obj: Pod) -> None:
        """Forget a pod; its logs end by themselves, and with the only pod the whole tail."""
        uid = obj.metadata.uid
        self._followed -= {key for key in self._followed if key[0] == uid}
        self._beyond = {key: value for key, value in self._beyond.items() if key[0] != uid}
        while self._beyond and len(self._followed) < MOST:
            key = next(iter(self._beyond))
            self._follow(key, *self._beyond.pop(key))
        self._labels.forget(obj)
        if self._single:
            self._notes.append(f"pod {clean(obj.metadata.name)} is gone")
            self._gone = True
            self._wake.set()

    def heard(self) -> None:
        """The pods are known again."""
        if self._problem is not None:
            self._problem = None
            self._wake.set()

    def failed(self, problem: Problem) -> None:
        """New pods are not seen at the moment."""
        self._problem = problem
        self._wake.set()

    def skipped(self, problem: Problem | None) -> None:
        """Pods that could not be read are not followed."""
        if problem is not None:
            self._notes.append(problem.message)

    def _begun(self, status: ContainerStatus) -> bool:
        if self._request.previous:
            return status.restart_count > 0 or status.last_state.terminated is not None
        state = status.state
        return bool(state.running or state.terminated or status.last_state.terminated)

    def _say_waiting(
        self, key: tuple[str, str], pod: Pod, name: str, status: ContainerStatus | None
    ) -> None:
        waiting = status.state.waiting if status is not None else None
        reason = clean(waiting.reason) if waiting is not None else ""
        if self._request.previous or reason in STARTING or self._waiting.get(key) == reason:
            self._waiting.setdefault(key, "")
            return
        self._waiting[key] = reason
        message = clean(waiting.message, 300) if waiting is not None else ""
        detail = f"{reason}: {message}" if message else reason
        self._notes.append(f"{self._labels.label(pod)}/{clean(name)} waits: {detail}")

    def _follow(self, key: tuple[str, str], pod: Pod, name: str) -> None:
        self._followed.add(key)
        label = f"{self._labels.label(pod)}/{clean(name)}"
        if label in self._merge.names():  # an earlier pod of that name has not ended quite yet
            label = f"{label}#{pod.metadata.uid[:4]}"
        place = Place(pod.metadata.namespace, pod.metadata.name, name, label)
        log = ContainerLog(
            self._connect, place, self._request, self._pace, self._opening, self._clock
        )
        self._merge.add(label, log.batches())


def _too_many() -> str:
    return f"{MOST} containers are followed; others begin when one of these is gone"
