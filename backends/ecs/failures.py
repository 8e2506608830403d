"""Tasks that failed lately, by service: what DescribeServices does not tell.

A service whose tasks are killed again and again is replaced its tasks so soon that its counts
look right at most moments. One list call a cluster, and a describe call for what stopped since,
tell more; stopped tasks don't change, so they are asked after once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.aws.access import AwsAccess
from backends.base import BackendError
from backends.clock import Clock
from backends.ecs.fetch import Fetcher
from backends.ecs.health import RECENT, judge_task
from backends.ecs.kinds.tasks import service_of
from backends.ecs.listing import STOPPED_TASKS
from backends.ecs.wire import Payload, moment
from backends.model import Health, Scope

VISIBLE = 10.0
"""Seconds between looks while the services are on screen."""

BACKGROUND = 60.0
"""Seconds between looks while they are not."""


class Failures:
    """Looks after the failed tasks of one cluster."""

    def __init__(self, access: AwsAccess, scope: Scope, clock: Clock) -> None:
        self._fetcher = Fetcher(access, STOPPED_TASKS, scope, clock)
        self._clock = clock
        self._looked = float("-inf")
        self._tasks: Sequence[Payload] = ()

    async def look(self, *, urgent: bool) -> bool:
        """Ask ECS again if it is time to, and return whether that brought anything.

        Where it fails, what was known stands: it is an extra, and the services' own feed says
        what is wrong.
        """
        now = self._clock.monotonic()
        if now - self._looked < (VISIBLE if urgent else BACKGROUND):
            return False
        self._looked = now
        try:
            stopped = await self._fetcher.load(urgent=urgent)
        except BackendError:
            return False
        wall = self._clock.now()
        # ECS lists them for an hour; in a fleet that crashes these are thousands.
        self._fetcher.trim(lambda task: (moment(task, "stoppedAt") or wall) >= wall - RECENT)
        self._tasks = [
            task for task in stopped.values() if judge_task(task, wall).health is Health.FAILING
        ]
        return True

    def learn(self, task: Payload) -> bool:
        """Take in a task as an event tells of it; return whether it is one that failed."""
        if judge_task(task, self._clock.now()).health is not Health.FAILING:
            return False
        arn = task.get("taskArn")
        self._tasks = [*(known for known in self._tasks if known.get("taskArn") != arn), task]
        return True

    def recent(self) -> Mapping[str, Sequence[Payload]]:
        """Return the tasks that failed within `health.RECENT`, by service, the latest first."""
        since = self._clock.now() - RECENT
        found: dict[str, list[tuple[float, Payload]]] = {}
        for task in self._tasks:
            stopped, service = moment(task, "stoppedAt"), service_of(task)
            if service and stopped is not None and stopped >= since:
                found.setdefault(service, []).append((stopped, task))
        return {
            service: [task for _, task in sorted(tasks, key=lambda pair: -pair[0])]
            for service, tasks in found.items()
        }
