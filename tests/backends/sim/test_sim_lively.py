"""The world is alive when it is first looked at, stays so, and is the same for the same seed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sim_worlds import make_world, pass_time

from backends.sim.world import World


def snapshot(world: World) -> list[Any]:
    """Return everything of the ECS half that a client can see."""
    return [
        (
            service.arn,
            service.desired,
            [(d.id, d.rollout, d.failed) for d in service.deployments],
            [(t.id, t.last_status, t.ip, t.stop_reason, t.started) for t in service.tasks.values()],
            [(t.id, t.stopped, t.stop_reason) for t in service.stopped.values()],
            [(e.id, e.at, e.message) for e in service.events],
        )
        for service in world.ecs.services()
    ]


def test_it_has_a_past() -> None:
    world = make_world(lively=True)
    services = list(world.ecs.services())
    now = world.agenda.now
    oldest = min(t.started or now for s in services for t in s.tasks.values())
    assert now - oldest > 3600, "nothing has run for long"
    reasons = {t.stop_code for s in services for t in s.stopped.values()}
    assert {"EssentialContainerExited", "TaskFailedToStart", "SpotInterruption"} <= reasons
    assert all(s.events for s in services)
    assert any(d.rollout == "IN_PROGRESS" for s in services for d in s.deployments)
    definitions = world.ecs.definitions.families("111122223333", "us-east-1")
    assert all(len(revisions) >= 3 for revisions in definitions.values())


def test_something_changes_soon() -> None:
    world = make_world(lively=True)
    changes, before = 0, snapshot(world)
    for _ in range(6):
        pass_time(world, 5)
        after = snapshot(world)
        changes += after != before
        before = after
    assert changes == 6


def test_it_is_still_alive_after_hours_and_has_not_run_away() -> None:
    world = make_world(lively=True)
    pass_time(world, 4 * 3600)
    before = snapshot(world)
    pass_time(world, 120)
    assert snapshot(world) != before
    for service in world.ecs.services():
        assert len(service.tasks) <= 3 * service.desired + 2
        assert len(service.deployments) <= 4
        if service.scaling is not None:
            assert service.scaling.minimum <= service.desired <= service.scaling.maximum


def test_the_large_world_has_ten_thousand_tasks_and_pays_only_for_what_is_due() -> None:
    world = make_world(lively=False, scale="large")
    assert sum(len(s.tasks) for s in world.ecs.services()) == 10_000
    assert world.agenda.run(world.agenda.now + 600) == 0, "a calm fleet costs nothing"
    service = world.ecs.service("ecs-large-00", "svc-001")
    world.ecs.stop_task(next(iter(service.tasks.values())))
    assert 0 < world.agenda.run(world.agenda.now + 60) < 40, "one task's replacement is a few steps"


@settings(max_examples=6, deadline=None)
@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=12), st.integers(1, 20))
def test_the_same_seed_gives_the_same_world_however_often_one_looks(
    steps: list[float], seed: int
) -> None:
    often, once = make_world(seed=seed, lively=True), make_world(seed=seed, lively=True)
    for step in steps:
        pass_time(often, step)
    for step in steps:
        once.clock.advance(step)  # type: ignore[attr-defined]
    once.advance()
    assert snapshot(often) == snapshot(once)


def test_another_seed_gives_another_world() -> None:
    assert snapshot(make_world(seed=1)) != snapshot(make_world(seed=2))
