"""The service scheduler: starts and stops tasks until a service is what its deployment asks."""

from __future__ import annotations

import random
from typing import Protocol

from backends.sim.agenda import Agenda
from backends.sim.ecs import words
from backends.sim.ecs.lifecycle import Lifecycle
from backends.sim.ecs.model import Deployment, Event, Service, Task, TaskDefinition
from backends.sim.ecs.rollout import breaker_threshold, finish, last_good, replace_primary
from backends.sim.ecs.tasks import uuid_of

BATCH = 10
"""Tasks that are started for a service at once."""

EARLY = 30.0
"""Seconds: a task that ends by itself before it has run so long counts as failed to start."""

SETTLED = 3.0
"""Seconds that every task must have run before a service is said to be steady."""

LONGEST_HOLD = 60.0
"""Seconds at most between attempts of a service whose tasks keep failing."""


class Witness(Protocol):
    """Somebody who is told of changes as they happen, after they have."""

    def task_changed(self, task: Task) -> None:
        """Hear of a task that has another version now, or is new."""
        ...

    def service_acted(self, service: Service, deployment: Deployment | None, name: str) -> None:
        """Hear of something that befell a service, or one of its deployments, by its name."""
        ...


class Scheduler:
    """Looks at a service a moment after something about it has changed."""

    def __init__(self, agenda: Agenda, rng: random.Random) -> None:
        self._agenda = agenda
        self._rng = rng
        self.lifecycle = Lifecycle(agenda, rng, self._changed)
        self.witnesses: list[Witness] = []
        """Who is told of what EventBridge would be told of."""

    def say(self, service: Service, text: str) -> None:
        """Add an event to a service's history."""
        event = Event(uuid_of(self._rng), self._agenda.now, words.about(service.name, text))
        service.events.appendleft(event)

    def touch(self, service: Service, within: float = 1.2) -> None:
        """Look at a service soon; many changes together are looked at once."""
        if service.due:
            return
        service.due = True
        self._agenda.after(self._rng.uniform(0.3, within), lambda: self._look(service))

    def scale(self, service: Service, desired: int) -> None:
        """Set how many tasks are wanted."""
        service.desired = service.primary.desired = desired
        service.primary.updated = self._agenda.now
        service.steady = False
        self.touch(service)

    def deploy(self, service: Service, definition: TaskDefinition) -> Deployment:
        """Begin to replace every task of a service by one of `definition`."""
        deployment = replace_primary(service, definition, self._agenda.now, self._rng)
        service.hold_until, service.failures = 0.0, 0
        self._announce(service, deployment, "SERVICE_DEPLOYMENT_IN_PROGRESS")
        self.touch(service)
        return deployment

    def hold(self, service: Service, seconds: float) -> None:
        """Start no tasks for a service for some time."""
        service.hold_until = self._agenda.now + seconds
        self._agenda.at(service.hold_until, lambda: self.touch(service))

    def _tell_of(self, task: Task) -> None:
        for witness in self.witnesses:
            witness.task_changed(task)

    def _announce(self, service: Service, deployment: Deployment | None, name: str) -> None:
        for witness in self.witnesses:
            witness.service_acted(service, deployment, name)

    def _changed(self, task: Task) -> None:
        self._tell_of(task)
        service = task.service
        if service is None:
            return
        if task.last_status == "RUNNING" and task.target == "initial":
            assert service.target_group is not None
            self.say(service, f"registered 1 targets in (target-group {service.target_group.arn})")
        if task.last_status == "STOPPED":
            self._count_failure(service, task)
        if not task.active:
            service.steady = False
        self.touch(service)

    def _count_failure(self, service: Service, task: Task) -> None:
        """Count a task that never worked, and wait longer after each one in a row."""
        if task.stop_code not in ("TaskFailedToStart", "EssentialContainerExited"):
            return
        assert task.stopping is not None
        if task.started is not None and task.stopping - task.started > EARLY:
            return
        service.failures += 1
        primary = service.primary
        if task.started_by == primary.id and primary.rollout == "IN_PROGRESS":
            primary.failed += 1
        if service.failures >= 3:
            self.hold(service, min(LONGEST_HOLD, 2.0 ** (service.failures - 1)))
        if service.failures % 10 == 3:
            self.say(service, words.UNABLE_TO_START)

    def _look(self, service: Service) -> None:
        service.due = False
        primary = service.primary
        tripped = primary.failed >= breaker_threshold(service.desired)
        if tripped and service.breaker and primary.rollout == "IN_PROGRESS":
            self._trip(service)
            primary = service.primary
        if primary.rollout != "FAILED":
            self._start(service)
        self._stop(service)
        self._settle(service)

    def _trip(self, service: Service) -> None:
        """Have the circuit breaker end a rollout, and roll back where the service says so."""
        text = f"(deployment {service.primary.id}) deployment failed: tasks failed to start."
        self.say(service, text)
        self.end(service, words.BREAKER_TRIPPED, back=service.rollback)

    def end(self, service: Service, reason: str, *, back: bool) -> None:
        """End the rollout of the primary deployment, and roll `back` where there is what to."""
        bad = service.primary
        bad.rollout, bad.reason, bad.outcome = "FAILED", reason, "FAILED"
        bad.updated = bad.finished = self._agenda.now
        self._announce(service, bad, "SERVICE_DEPLOYMENT_FAILED")
        good = last_good(service)
        if not back or good is None:
            return
        bad.outcome = "ROLLBACK_IN_PROGRESS"
        undone = self.deploy(service, good.definition)
        undone.reason, undone.rolls_back = words.rolling_back(good.id), True
        self.say(service, f"rolling back to deployment {good.id}.")

    def _start(self, service: Service) -> None:
        """Start tasks of the primary deployment, as many as its upper limit has room for."""
        if self._agenda.now < service.hold_until:
            return
        active = [t for t in service.tasks.values() if t.active]
        mine = sum(t.started_by == service.primary.id for t in active)
        ceiling = max(service.desired * service.maximum_percent // 100, 1)
        wanted = min(service.desired - mine, ceiling - len(active), BATCH)
        if service.failures >= 3:
            wanted = min(wanted, 1)
        if wanted <= 0:
            return
        started = [self.lifecycle.launch(service, service.primary) for _ in range(wanted)]
        for task in started:
            self._tell_of(task)
        ids = [task.id for task in started]
        service.steady = False
        self.say(service, f"has started {wanted} tasks: {words.tasks(ids)}.")
        if service.desired - mine > wanted:
            self.touch(service)

    def _stop(self, service: Service) -> None:
        """Stop tasks that are too many: those of old deployments, as the lower limit allows."""
        primary = service.primary
        active = [t for t in service.tasks.values() if t.active]
        mine = [t for t in active if t.started_by == primary.id]
        surplus = mine[service.desired :] if len(mine) > service.desired else []
        if primary.rollout != "FAILED":
            surplus += self._replaced(service, active)
        if not surplus:
            return
        reason = words.scaling_activity(primary.id)
        group = service.target_group
        for task in surplus:
            self.lifecycle.stop(task, "ServiceSchedulerInitiated", reason)
        if group is not None:
            arn = group.arn
            self.say(service, f"deregistered {len(surplus)} targets in (target-group {arn})")
            self.say(service, f"has begun draining connections on {len(surplus)} tasks.")
        listed = words.tasks(t.id for t in surplus)
        self.say(service, f"has stopped {len(surplus)} running tasks: {listed}.")

    def _replaced(self, service: Service, active: list[Task]) -> list[Task]:
        """Return the tasks of old deployments that can go now."""
        old = [t for t in active if t.started_by != service.primary.id]
        floor = -(-service.desired * service.minimum_percent // 100)
        sound = sum(_sound(t) for t in active)
        spare = max(0, sound - floor)
        running = [t for t in old if _sound(t)]
        return [t for t in old if not _sound(t)] + running[:spare]

    def _settle(self, service: Service) -> None:
        """Say that a service is steady once everything that it asks for has run for a moment."""
        primary = service.primary
        if service.steady or primary.rollout == "FAILED":
            return
        tasks = service.tasks.values()
        if len(tasks) != service.desired or not all(
            t.started_by == primary.id and t.active and _sound(t) for t in tasks
        ):
            return
        newest = max((t.started or 0.0 for t in tasks), default=0.0)
        wait = newest + SETTLED - self._agenda.now
        if wait > 0:
            self._agenda.after(wait, lambda: self.touch(service))
            return
        service.steady = True
        service.failures = 0
        if primary.rollout == "IN_PROGRESS":
            finish(service, self._agenda.now)
            self.say(service, f"(deployment {primary.id}) deployment completed.")
            self._announce(service, primary, "SERVICE_DEPLOYMENT_COMPLETED")
        self.say(service, words.STEADY)
        self._announce(service, None, "SERVICE_STEADY_STATE")


def _sound(task: Task) -> bool:
    """Whether a task counts as healthy: it runs, and its target (if it is one) is not sick."""
    return task.last_status == "RUNNING" and task.target in ("", "healthy")
