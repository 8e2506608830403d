"""What is remembered of tasks that failed: all of those that count, hardly anything of the rest."""

from __future__ import annotations

from ecs_access import FakeAccess
from ecs_payloads import SCOPE, stopped

from backends.clock import ManualClock
from backends.ecs.failures import VISIBLE, Failures
from backends.ecs.health import RECENT


async def test_tasks_that_no_longer_count_are_known_by_name_only() -> None:
    access, clock = FakeAccess(), ManualClock()
    now = clock.now()
    access.tasks = [
        stopped(f"t{n}", stoppedAt=now - n * RECENT / 10, stopCode="EssentialContainerExited")
        for n in range(20)
    ]
    failures = Failures(access, SCOPE, clock)  # type: ignore[arg-type]
    assert await failures.look(urgent=True)
    kept = [known.payload for known in failures._fetcher._known.values()]
    assert sum("containers" in payload for payload in kept) == 11
    assert all(len(payload) <= 3 for payload in kept if "containers" not in payload)
    asked = len(access.described())
    clock.advance(VISIBLE)
    assert await failures.look(urgent=True)
    assert len(access.described()) == asked, "stopped tasks are asked after once"
    counted = [task for tasks in failures.recent().values() for task in tasks]
    assert 0 < len(counted) <= 11
    assert all("containers" in task for task in counted)
