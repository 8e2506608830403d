"""The life of a task: PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING,
DEPROVISIONING, STOPPED, in steps of seconds."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from backends.sim.agenda import Agenda
from backends.sim.ecs import words
from backends.sim.ecs.model import STOPPED_KEPT, Deployment, Service, Task, TaskDefinition
from backends.sim.ecs.tasks import forget, make_task, set_stopped

CRASH, OOM, TERMINATED = 1, 137, 143
"""Exit codes: an error of its own, killed (SIGKILL), ended as asked (SIGTERM)."""

FATAL = {"crash-loop": (0.8, 2.5), "oom": (20.0, 60.0)}
"""Seconds, from and to, that a task of a revision with such a flaw runs."""


class Lifecycle:
    """Takes tasks from step to step, and tells `changed` of every step that matters."""

    def __init__(self, agenda: Agenda, rng: random.Random, changed: Callable[[Task], None]) -> None:
        self._agenda = agenda
        self._rng = rng
        self._changed = changed

    def launch(self, service: Service, deployment: Deployment) -> Task:
        """Make a task and send it on its way to RUNNING."""
        task = make_task(service.cluster, service, deployment, self._agenda.now, self._rng)
        if task.last_status == "PENDING":
            self._pull(task)
        else:
            self._then(task, (0.8, 2.2), self._pull)
        return task

    def stop(self, task: Task, code: str, reason: str) -> None:
        """End a task in an orderly way: deregistered, terminated, its interface released."""
        if not task.active:
            return
        self._condemn(task, code, reason)
        if task.last_status == "RUNNING" and task.target:
            task.target = "draining"
            task.last_status = "DEACTIVATING"
            self._then(task, (1.0, 2.5), self._terminate)
        elif task.last_status in ("RUNNING", "ACTIVATING"):
            self._terminate(task)
        else:
            self._deprovision(task)
        self._changed(task)

    def fail(self, task: Task, exit_code: int, reason: str = "") -> None:
        """Have a task's essential container exit by itself, which ends the task."""
        if not task.active:
            return
        self._condemn(task, "EssentialContainerExited", words.ESSENTIAL_EXITED)
        app = task.containers[0]
        app.exit_code, app.reason = exit_code, reason
        task.target = "draining" if task.target else ""
        self._exited(task)
        self._changed(task)

    def _then(self, task: Task, between: tuple[float, float], step: Callable[[Task], None]) -> None:
        """Plan a task's next step, unless its life takes another turn before."""
        life = task.life

        def act() -> None:
            if task.life == life:
                step(task)
                task.version += 1
                self._changed(task)

        self._agenda.after(self._rng.uniform(*between), act)

    def _pull(self, task: Task) -> None:
        task.last_status = "PENDING"
        task.connected = task.pull_started = self._agenda.now
        slow = 6 if task.definition.flaw == "slow-start" else 1
        self._then(task, (1.5 * slow, 3.5 * slow), self._pulled)

    def _pulled(self, task: Task) -> None:
        reason = _obstacle(task.definition)
        if reason:
            self._fail_to_start(task, reason)
            return
        task.pull_stopped = self._agenda.now
        service = task.service
        if service is not None and (service.target_group or service.registered or service.connect):
            task.last_status = "ACTIVATING"
            self._then(task, (0.8, 2.0), self._run)
        else:
            self._run(task)

    def _fail_to_start(self, task: Task, reason: str) -> None:
        self._condemn(task, "TaskFailedToStart", reason)
        task.containers[0].reason = reason
        self._deprovision(task)

    def _run(self, task: Task) -> None:
        task.last_status = "RUNNING"
        task.started = self._agenda.now
        for container in task.containers:
            container.last_status = "RUNNING"
        if task.service is not None and task.service.target_group is not None:
            task.target = "initial"
        self._then(task, (2.0, 4.0), self._pass_checks)
        if task.definition.flaw in FATAL:
            self._then(task, FATAL[task.definition.flaw], self._succumb)

    def _pass_checks(self, task: Task) -> None:
        for container in task.containers:
            if container.definition.health_check:
                container.health = "HEALTHY"
        if task.target == "initial":
            task.target = "healthy"

    def _succumb(self, task: Task) -> None:
        if task.definition.flaw == "oom":
            self.fail(task, OOM, words.OUT_OF_MEMORY)
        else:
            self.fail(task, CRASH)

    def _condemn(self, task: Task, code: str, reason: str) -> None:
        task.desired_status = "STOPPED"
        task.stop_code, task.stop_reason = code, reason
        task.stopping = self._agenda.now
        task.life += 1
        task.version += 1

    def _terminate(self, task: Task) -> None:
        task.last_status = "STOPPING"
        self._then(task, (1.0, 3.0), self._exited)

    def _exited(self, task: Task) -> None:
        task.executions_stopped = self._agenda.now
        for container in task.containers:
            container.last_status = "STOPPED"
            container.health = "UNKNOWN"
            if container.exit_code is None:
                container.exit_code = TERMINATED if container.definition.essential else 0
        self._deprovision(task)

    def _deprovision(self, task: Task) -> None:
        task.last_status = "DEPROVISIONING"
        self._then(task, (0.6, 2.0), self._end)

    def _end(self, task: Task) -> None:
        set_stopped(task, self._agenda.now)
        self._agenda.after(STOPPED_KEPT, partial(forget, task))


def _obstacle(definition: TaskDefinition) -> str:
    """Return why tasks of a revision can't be started, or nothing."""
    if definition.flaw == "image-pull":
        return words.cannot_pull(definition.containers[0].image)
    if definition.flaw == "secret":
        place = ":".join(definition.arn.split(":")[3:5])
        name = f"{definition.containers[0].name}-db-password"
        return words.cannot_fetch_secret(f"arn:aws:secretsmanager:{place}:secret:{name}")
    return ""
