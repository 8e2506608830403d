"""Rollouts: from the change to its end, good or bad."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ecs_access import FakeAccess
from ecs_payloads import NOW, PLACE, SCOPE, deployment, event, service

from backends.aws.access import AwsAccess
from backends.base import Denied, Invalid, NotFound, Unreachable
from backends.ecs.rollout import EVENTS, INTERVAL, follow, to_rollout
from backends.model import Ref, Rollout, RolloutState
from tests.backends.logs.virtual_loop import LoopClock, run

WEB = Ref(SCOPE, "ecs/services", "web")
NEW = deployment(
    id="ecs-svc/2",
    taskDefinition=f"{PLACE}:task-definition/web:13",
    rolloutState="IN_PROGRESS",
    runningCount=1,
    pendingCount=2,
    createdAt=NOW - 5,
    updatedAt=NOW - 5,
)
OLD = deployment(id="ecs-svc/1", status="ACTIVE")


def rollout(wanted: str = "", **changes: Any) -> Rollout:
    return to_rollout(WEB, service(**changes), NOW - 100, NOW, wanted)


def test_under_way() -> None:
    seen = rollout(deployments=[NEW, OLD], runningCount=4, pendingCount=2)
    assert seen.state is RolloutState.RUNNING
    assert seen.summary == "1 of 3 new tasks running, 2 starting, 3 old still running"
    assert [(r.name, r.role, r.running, r.desired) for r in seen.revisions] == [
        ("web:13", "new", 1, 3),
        ("web:12", "old", 3, 3),
    ]


def test_settled() -> None:
    seen = rollout()
    assert seen.state is RolloutState.SETTLED
    assert seen.summary == "3 of 3 tasks of web:12 running"


def test_a_scale_is_under_way_until_the_counts_have_come_to_rest() -> None:
    seen = rollout(
        desiredCount=5, deployments=[deployment(desiredCount=5, pendingCount=2)], pendingCount=2
    )
    assert seen.state is RolloutState.RUNNING
    assert seen.summary == "3 of 5 tasks running, 2 starting"
    assert (
        rollout(desiredCount=0, deployments=[deployment(desiredCount=0)]).state
        is RolloutState.RUNNING
    )


def test_completed_but_old_tasks_are_still_leaving() -> None:
    done = NEW | {"rolloutState": "COMPLETED", "runningCount": 3, "pendingCount": 0}
    assert rollout(deployments=[done, OLD]).state is RolloutState.RUNNING


def test_failed() -> None:
    bad = NEW | {
        "rolloutState": "FAILED",
        "rolloutStateReason": "tasks failed to start.",
        "failedTasks": 3,
    }
    seen = rollout(deployments=[bad, OLD])
    assert seen.state is RolloutState.FAILED
    assert seen.summary == "tasks failed to start."
    assert seen.revisions[0].failed == 3


def test_failures_are_counted() -> None:
    assert "2 failed" in rollout(deployments=[NEW | {"failedTasks": 2}, OLD]).summary


BROKEN = NEW | {"status": "ACTIVE", "rolloutState": "FAILED"}
BACK = deployment(id="ecs-svc/3", rolloutState="IN_PROGRESS", runningCount=2)


def test_rolling_back_is_said_while_it_happens() -> None:
    seen = rollout(deployments=[BACK, BROKEN], runningCount=2)
    assert seen.state is RolloutState.RUNNING
    assert seen.summary == "web:13 failed, rolling back to web:12: 2 of 3 tasks running"


def test_a_rollout_that_was_rolled_back_has_failed() -> None:
    events = [
        event("has reached a steady state.", 2),
        event("rolling back to deployment ecs-svc/3.", 30),
    ]
    done = BACK | {"rolloutState": "COMPLETED", "runningCount": 3}
    seen = rollout("ecs-svc/2", deployments=[done], events=events)
    assert seen.state is RolloutState.FAILED
    assert seen.summary.startswith("it failed and was rolled back")


def test_a_newer_rollout_that_took_its_place_has_not() -> None:
    done = BACK | {"rolloutState": "COMPLETED", "runningCount": 3}
    assert rollout("ecs-svc/2", deployments=[done]).state is RolloutState.SETTLED


def test_under_an_external_controller_the_counts_decide() -> None:
    assert rollout(deployments=[]).state is RolloutState.SETTLED
    assert rollout(deployments=[], runningCount=1).state is RolloutState.RUNNING


def test_events_since_the_beginning_newest_first() -> None:
    events = [event(f"has started 1 tasks: (task {n}).", ago=n, number=n) for n in range(50)]
    seen = rollout(events=[*events, event("is unable to place a task.", 99), event("old", 101)])
    assert len(seen.events) == EVENTS
    assert seen.events[0].at == NOW
    assert not seen.events[0].warning
    few = rollout(events=[event("was unable to place a task.", 99), event("old", 101)])
    assert [(e.text, e.warning) for e in few.events] == [("was unable to place a task.", True)]


class Script(FakeAccess):
    """Answers each look with the next service, or raises it."""

    def __init__(self, *looks: Any) -> None:
        super().__init__()
        self.looks = list(looks)

    async def call(self, *where: Any, **params: Any) -> dict[str, Any]:
        self.calls.append((where[2], params))
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return {"services": [look] if look else []}


def follow_all(*looks: Any) -> tuple[list[Rollout], float]:
    async def scenario() -> tuple[list[Rollout], float]:
        clock = LoopClock(NOW)
        access = cast(AwsAccess, Script(*looks))
        seen = [rollout async for rollout in follow(access, WEB, clock)]
        return seen, clock.monotonic()

    found: tuple[list[Rollout], float] = run(scenario())
    return found


def test_it_is_followed_every_two_seconds_until_it_has_settled() -> None:
    half = service(deployments=[NEW, OLD])
    seen, took = follow_all(half, half, service())
    assert [r.state for r in seen] == [RolloutState.RUNNING] * 2 + [RolloutState.SETTLED]
    assert took == 2 * INTERVAL == 4.0


def test_it_ends_when_it_has_failed() -> None:
    seen, _ = follow_all(service(deployments=[NEW | {"rolloutState": "FAILED"}]))
    assert [r.state for r in seen] == [RolloutState.FAILED]


def test_a_look_that_fails_is_told_and_repeated() -> None:
    trouble = Unreachable("ecs:DescribeServices", "no answer", "check the network")
    seen, _ = follow_all(trouble, service())
    assert "check the network" in seen[0].summary
    assert seen[1].state is RolloutState.SETTLED


@pytest.mark.parametrize(
    ("look", "kind"), [(Denied("ecs:DescribeServices", "no", "allow it"), Denied), (None, NotFound)]
)
def test_what_will_not_pass_ends_it(look: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        follow_all(look)


def test_only_services_have_one() -> None:
    async def scenario() -> None:
        task = Ref(SCOPE, "ecs/tasks", "a")
        async for _ in follow(cast(AwsAccess, FakeAccess()), task, LoopClock()):
            pass

    with pytest.raises(Invalid):
        run(scenario())
