"""A rollout as it goes: revisions, failures and events, until it settles."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from backends.base import Demand, Denied, Invalid
from backends.clock import Clock
from backends.eks.connections import Connections
from backends.eks.kinds import SPECS, KindSpec
from backends.eks.kinds.events import EVENTS, Event, seen, to_fleet_event
from backends.eks.kinds.pods import PODS
from backends.eks.kinds.podstatus import Pod
from backends.eks.kinds.workloads import REPLICA_SETS
from backends.eks.kinds.workloadstatus import DaemonSet, Workload
from backends.eks.pace import Pace
from backends.eks.progress import Progress, progress_of, revisions_of, trouble_of
from backends.eks.reflector import Reflector, Target
from backends.eks.sink import Connect
from backends.model import FleetEvent, Problem, Ref, Rollout, RolloutState

T = TypeVar("T")

INTERVAL = 0.2
"""Seconds between two states at the least."""

PATIENCE = 3.0
"""Seconds that the first state waits for pods and events, so that it is not half a picture."""

MOST_EVENTS = 20
"""Events shown; the length that `Rollout.events` promises."""


class Known(Generic[T]):
    """A sink that just keeps the objects, and says when there is something new."""

    def __init__(self, changed: asyncio.Event) -> None:
        self.objects: dict[str, T] = {}
        self.listed = asyncio.Event()
        self.problem: Problem | None = None
        self._changed = changed

    def loaded(self, objects: list[Any], remaining: int | None) -> None:
        """Keep a page."""
        self.objects.update((obj.metadata.name, obj) for obj in objects)

    async def complete(self, objects: list[Any] | None) -> None:
        """Keep just these."""
        if objects is not None:
            self.objects = {obj.metadata.name: obj for obj in objects}
        self.listed.set()
        self._changed.set()

    def update(self, obj: Any) -> None:
        """Keep an object."""
        self.objects[obj.metadata.name] = obj
        self._changed.set()

    def remove(self, obj: Any) -> None:
        """Drop an object."""
        self.objects.pop(obj.metadata.name, None)
        self._changed.set()

    def heard(self) -> None:
        """All is well again."""
        if self.problem is not None:
            self.problem = None
            self._changed.set()

    def failed(self, problem: Problem) -> None:
        """Remember why nothing new comes."""
        self.problem = problem
        self._changed.set()

    def skipped(self, problem: Problem | None) -> None:
        """Objects that can't be read are left out."""


async def follow(
    connections: Connections, ref: Ref, clock: Clock, pace: Pace
) -> AsyncGenerator[Rollout, None]:
    """Yield the state of a workload's rollout as it changes; ends settled or failed.

    Raises `BackendError` if the workload cannot be read to begin with.
    """
    spec = SPECS.get(ref.kind)
    if spec is None or not issubclass(spec.wire, Workload | DaemonSet):
        raise Invalid(f"follow {ref.name}", f"{ref.kind} do not roll out", "open a workload")
    connect = partial(connections.client, ref.scope)
    client, namespace = await connect(), ref.scope.namespace
    body = await client.get(spec.path(namespace, ref.name), spec.act("get", namespace, ref.name))
    obj = msgspec.json.decode(body, type=spec.wire)
    watcher = _Watcher(connect, spec, ref, obj, pace)
    try:
        async for state in watcher.states(clock):
            yield state
    finally:
        await watcher.close()


class _Watcher:
    """The watches that a rollout is seen through."""

    def __init__(self, connect: Connect, spec: KindSpec, ref: Ref, obj: Any, pace: Pace) -> None:
        self._ref = ref
        self._spec = spec
        self._changed = asyncio.Event()
        self._uids: set[str] = set()
        selector, space = obj.spec.selector.query(), ref.scope.namespace
        self._self: Known[Any] = Known(self._changed)
        self._sets: Known[Workload] = Known(self._changed)
        self._pods: Known[Pod] = Known(self._changed)
        self._events: Known[Event] = Known(self._changed)
        parts: list[tuple[Known[Any], Target]] = [
            (self._self, Target(spec, space, fields=f"metadata.name={ref.name}")),
            (self._pods, Target(PODS, space, labels=selector)),
            (self._events, Target(EVENTS, space)),
        ]
        if ref.kind == "k8s/deployments":
            parts.append((self._sets, Target(REPLICA_SETS, space, labels=selector)))
        else:
            self._sets.listed.set()
        demand = Demand()
        self._tasks = [
            asyncio.create_task(
                self._keep(Reflector[Any](connect, target, known, demand=demand, pace=pace), known)
            )
            for known, target in parts
        ]

    async def _keep(self, reflector: Reflector[Any], known: Known[Any]) -> None:
        """Run one watch; what may not be seen is left out of the picture."""
        try:
            await reflector.run()
        except Denied:
            known.listed.set()
            self._changed.set()

    async def states(self, clock: Clock) -> AsyncGenerator[Rollout, None]:
        """Yield each state that differs from the one before."""
        await self._self.listed.wait()
        with contextlib.suppress(TimeoutError):  # the rest may come late, or never
            async with asyncio.timeout(PATIENCE):
                for known in (self._sets, self._pods, self._events):
                    await known.listed.wait()
        told: Rollout | None = None
        while True:
            self._changed.clear()
            state = self._state(clock.now())
            if told is None or msgspec.structs.replace(state, at=told.at) != told:
                yield state
                told = state
            if state.state is not RolloutState.RUNNING:
                return
            await self._changed.wait()
            await asyncio.sleep(INTERVAL)

    def _state(self, now: float) -> Rollout:
        obj = self._self.objects.get(self._ref.name)
        problem = self._self.problem
        if obj is None:
            gone = Progress(RolloutState.FAILED, "it is gone")
            if problem is not None:
                gone = Progress(RolloutState.RUNNING, f"not seen: {problem.message}")
            return Rollout(self._ref, gone.state, gone.summary, (), self._history(), now)
        pods = list(self._pods.objects.values())
        sets = [
            s for s in self._sets.objects.values()
            if any(o.uid == obj.metadata.uid for o in s.metadata.owner_references)
        ]  # fmt: skip
        mine = self._own(pods, obj, sets)
        self._uids.update(member.metadata.uid for member in (obj, *sets, *mine))
        progress = progress_of(self._spec, obj)
        summary = progress.summary
        if progress.state is not RolloutState.SETTLED:
            trouble = trouble_of(self._spec, obj, sets, mine)
            summary += f"; {trouble}" if trouble else ""
        if problem is not None:
            summary = f"{summary} (not seen anew: {problem.message})"
        return Rollout(
            ref=self._ref,
            state=progress.state,
            summary=summary,
            revisions=revisions_of(self._spec, obj, sets, mine),
            events=self._history(),
            at=now,
        )

    def _own(self, pods: list[Pod], obj: Any, sets: list[Workload]) -> list[Pod]:
        owners = {obj.metadata.uid, *(s.metadata.uid for s in sets)}
        return [p for p in pods if any(o.uid in owners for o in p.metadata.owner_references)]

    def _history(self) -> tuple[FleetEvent, ...]:
        found = [e for e in self._events.objects.values() if e.involved_object.uid in self._uids]
        found.sort(key=lambda event: seen(event) or 0.0, reverse=True)
        return tuple(to_fleet_event(event) for event in found[:MOST_EVENTS])

    async def close(self) -> None:
        """End the watches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
