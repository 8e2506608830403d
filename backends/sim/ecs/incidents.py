"""What befalls services: incidents once on request or again and again, releases, autoscaling."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from backends.sim.agenda import Agenda
from backends.sim.ecs import words
from backends.sim.ecs.definitions import next_image, renew
from backends.sim.ecs.lifecycle import CRASH, OOM
from backends.sim.ecs.model import ScalingActivity, Service, Task
from backends.sim.ecs.registry import Definitions
from backends.sim.ecs.scheduler import Scheduler
from backends.sim.ecs.tasks import uuid_of

PERIODS = {
    "oom": (20.0, 45.0),
    "crash-loop": (60.0, 120.0),
    "image-pull": (90.0, 140.0),
    "secret": (90.0, 140.0),
    "container-health": (35.0, 60.0),
    "spot": (25.0, 60.0),
    "target-health": (35.0, 60.0),
    "slow-start": (90.0, 150.0),
}
"""Seconds, from and to, between two times that an incident befalls the same service."""

SICK_FOR = (12.0, 20.0)
"""Seconds that a target is unhealthy until the scheduler replaces its task."""


class Incidents:
    """Knows how each incident befalls a service."""

    def __init__(
        self,
        agenda: Agenda,
        rng: random.Random,
        scheduler: Scheduler,
        definitions: Definitions,
    ) -> None:
        self._agenda = agenda
        self._rng = rng
        self._scheduler = scheduler
        self._definitions = definitions
        self._known: dict[str, Callable[[Service], None]] = {
            "oom": self._oom,
            "crash-loop": self._crash_loop,
            "image-pull": partial(self._bad_release, "image-pull"),
            "secret": partial(self._bad_release, "secret"),
            "spot": self._spot,
            "target-health": self._target_health,
            "container-health": self._container_health,
            "slow-start": partial(self._bad_release, "slow-start"),
            "release": self.release,
        }

    def befall(self, service: Service, name: str) -> None:
        """Have an incident befall a service now; ValueError for a name that is not known."""
        if name not in self._known:
            raise ValueError(f"no incident {name!r}; there are {', '.join(self._known)}")
        self._known[name](service)

    def repeat(self, service: Service, name: str, first: float) -> None:
        """Have an incident befall a service `first` seconds from now and then for ever."""

        def again() -> None:
            self.befall(service, name)
            self._agenda.after(self._rng.uniform(*PERIODS[name]), again)

        self._agenda.after(first, again)

    def begin(self, service: Service, name: str, when: float) -> None:
        """Have an incident befall a service once, at epoch second `when`."""
        self._agenda.at(when, lambda: self.befall(service, name))

    def release(self, service: Service) -> None:
        """Deploy a new version of a service that works."""
        self._deploy(service, "")

    def autoscale(self, service: Service) -> None:
        """Have the service's autoscaler, if it has one, change the desired count a little."""
        scaling = service.scaling
        if scaling is None:
            return
        step = self._rng.choice((-1, 1)) * max(1, service.desired // 5)
        wanted = min(scaling.maximum, max(scaling.minimum, service.desired + step))
        if wanted == service.desired:
            return
        alarm = "AlarmHigh" if wanted > service.desired else "AlarmLow"
        target = f"service/{service.cluster.name}/{service.name}"
        now = self._agenda.now
        scaling.activities.appendleft(
            ScalingActivity(
                id=uuid_of(self._rng),
                at=now,
                ended=now + 30,
                description=f"Setting desired count to {wanted}.",
                cause=(
                    f"monitor alarm TargetTracking-{target}-{alarm}-{uuid_of(self._rng)} in state "
                    "ALARM triggered policy cpu-target"
                ),
            )
        )
        self._scheduler.scale(service, wanted)

    def _running(self, service: Service) -> list[Task]:
        return [t for t in service.tasks.values() if t.last_status == "RUNNING" and t.active]

    def _pick(self, service: Service) -> Task | None:
        running = self._running(service)
        return self._rng.choice(running) if running else None

    def _deploy(self, service: Service, flaw: str) -> None:
        """Deploy the next revision, with a tag that was never pushed where it is to fail so."""
        current = service.primary.definition
        image = current.containers[0].image
        if flaw == "image-pull":
            image = next_image(image, steps=1) + "-rc1"
        elif not flaw:
            image = next_image(image, steps=1)
        newest = self._definitions.newest(current)
        definition = renew(newest, image, self._agenda.now, flaw)
        self._definitions.register(definition)
        self._scheduler.deploy(service, definition)

    def _oom(self, service: Service) -> None:
        task = self._pick(service)
        if task is not None:
            self._scheduler.lifecycle.fail(task, OOM, words.OUT_OF_MEMORY)

    def _crash_loop(self, service: Service) -> None:
        service.primary.definition.flaw = "crash-loop"
        for task in self._running(service):
            crash = partial(self._scheduler.lifecycle.fail, task, CRASH)
            self._agenda.after(self._rng.uniform(0.5, 20.0), crash)

    def _bad_release(self, flaw: str, service: Service) -> None:
        if service.primary.rollout == "COMPLETED":
            self._deploy(service, flaw)

    def _spot(self, service: Service) -> None:
        task = self._pick(service)
        if task is None:
            return
        self._scheduler.lifecycle.stop(task, "SpotInterruption", words.SPOT_INTERRUPTED)
        if self._rng.random() < 0.5:
            self._scheduler.say(service, words.NO_CAPACITY)
            self._scheduler.hold(service, self._rng.uniform(8, 15))

    def _target_health(self, service: Service) -> None:
        task, group = self._pick(service), service.target_group
        if task is None or group is None:
            return
        task.target = "unhealthy"
        task.version += 1
        place = f"(task {task.id}) (port {group.port}) is unhealthy in (target-group {group.arn})"
        why = "due to (reason Health checks failed with these codes: [502])."
        self._scheduler.say(service, f"{place} {why}")
        reason = words.failed_health_checks(group.arn)

        def replace() -> None:
            if task.target == "unhealthy":
                self._scheduler.lifecycle.stop(task, "ServiceSchedulerInitiated", reason)

        self._agenda.after(self._rng.uniform(*SICK_FOR), replace)

    def _container_health(self, service: Service) -> None:
        task = self._pick(service)
        if task is None:
            return
        app = task.containers[0]
        app.health = "UNHEALTHY"
        task.version += 1

        def replace() -> None:
            if task.active and app.health == "UNHEALTHY":
                self._scheduler.say(service, f"(task {task.id}) failed container health checks.")
                reason = words.UNHEALTHY
                self._scheduler.lifecycle.stop(task, "ServiceSchedulerInitiated", reason)

        self._agenda.after(self._rng.uniform(*SICK_FOR), replace)
