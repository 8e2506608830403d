"""Services become what is asked of them: scaled, rolled out, rolled back, repaired."""

from __future__ import annotations

from collections import Counter

import pytest
from sim_worlds import make_world, pass_time, running, until

from backends.sim.ecs.definitions import renew
from backends.sim.ecs.model import Service, Task
from backends.sim.world import World

LIFE = [
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING",
    "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
]  # fmt: skip


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def web(world: World) -> Service:
    return world.ecs.service("shop-prod", "web")


def messages(service: Service) -> list[str]:
    return [event.message for event in service.events]


def deploy_bad(world: World, service: Service, flaw: str) -> None:
    old = service.primary.definition
    bad = renew(old, old.containers[0].image + "-rc1", world.agenda.now, flaw)
    world.ecs.definitions.register(bad)
    world.ecs.update(service, definition=bad)


def test_scaling_up_ends_in_a_steady_state(world: World, web: Service) -> None:
    before = web.primary.id
    world.ecs.update(web, desired=web.desired + 3)
    took = until(world, lambda: web.steady)
    assert 5 <= took <= 30
    assert running(web) == web.desired
    assert web.primary.id == before, "scaling is no deployment"
    assert messages(web)[0] == "(service web) has reached a steady state."
    assert any(f"has started 3 tasks: (task {list(web.tasks)[-3]})" in m for m in messages(web))


def test_scaling_to_nothing_stops_every_task(world: World, web: Service) -> None:
    tasks = list(web.tasks.values())
    world.ecs.update(web, desired=0)
    until(world, lambda: web.steady)
    assert not web.tasks
    for task in tasks:
        assert (task.last_status, task.stop_code) == ("STOPPED", "ServiceSchedulerInitiated")
        assert task.stop_reason == f"Scaling activity initiated by (deployment {web.primary.id})"
        assert task.containers[0].exit_code == 143
        assert task.created < task.started < task.stopping  # type: ignore[operator]
        assert task.stopping < task.executions_stopped < task.stopped  # type: ignore[operator]


def test_a_task_lives_through_every_state_in_order(world: World, web: Service) -> None:
    seen: dict[Task, list[str]] = {}

    def look() -> None:
        for task in (*web.tasks.values(), *web.stopped.values()):
            states = seen.setdefault(task, [])
            if task.last_status not in states[-1:]:
                states.append(task.last_status)

    world.ecs.update(web, desired=8)
    for _ in range(300):
        look()
        pass_time(world, 0.1)
    world.ecs.update(web, desired=0)
    for _ in range(300):
        look()
        pass_time(world, 0.1)
    lives = [states for task, states in seen.items() if states[0] == "PROVISIONING"]
    assert lives
    for states in lives:
        assert states == sorted(states, key=LIFE.index)
    assert {state for states in lives for state in states} == set(LIFE)


def test_a_rollout_keeps_within_its_limits(world: World, web: Service) -> None:
    world.ecs.update(web, desired=5)
    until(world, lambda: web.steady)
    web.minimum_percent, web.maximum_percent = 60, 120
    world.ecs.update(web, force=True)

    def look() -> None:
        active = sum(t.active for t in web.tasks.values())
        assert running(web) >= 3, "below the minimum healthy percent"
        assert active <= 6, "above the maximum percent"

    took = until(world, lambda: web.steady, look)
    assert took >= 10, "it had to take several turns"
    assert {t.started_by for t in web.tasks.values()} == {web.primary.id}


def test_a_rollout_shows_old_and_new_until_it_is_complete(world: World, web: Service) -> None:
    old = web.primary
    world.ecs.update(web, force=True)
    new = web.primary
    assert (new.status, new.rollout, old.status) == ("PRIMARY", "IN_PROGRESS", "ACTIVE")
    assert web.deployments == [new, old]
    until(world, lambda: new.rollout == "COMPLETED")
    assert web.deployments == [new]
    assert f"(service web) (deployment {new.id}) deployment completed." in messages(web)
    assert f"ECS deployment {new.id} completed." == new.reason
    group = web.target_group
    assert group is not None
    assert any(m.startswith("(service web) deregistered") and group.arn in m for m in messages(web))


def test_the_circuit_breaker_rolls_back_a_release_that_cannot_be_pulled(
    world: World, web: Service
) -> None:
    good = web.primary
    deploy_bad(world, web, "image-pull")
    bad = web.primary
    least = 10**6

    def look() -> None:
        nonlocal least
        least = min(least, running(web))

    until(world, lambda: bad.rollout == "FAILED", look)
    assert bad.reason == "ECS deployment circuit breaker: tasks failed to start."
    assert bad.failed >= 3
    assert web.primary.rolls_back
    assert web.primary.reason.endswith(f"rolling back to deploymentId {good.id}.")
    until(world, lambda: web.steady, look)
    assert least >= web.desired, "the old version served throughout"
    assert web.primary.definition is good.definition
    assert bad.outcome == "ROLLBACK_SUCCESSFUL"
    failed = [t for t in web.stopped.values() if t.stop_code == "TaskFailedToStart"]
    assert failed
    assert all(t.stop_reason.startswith("CannotPullContainerError: ") for t in failed)
    assert all(t.started is None and t.containers[0].exit_code is None for t in failed)


def test_without_rollback_the_failed_release_stays_and_starts_nothing(
    world: World, web: Service
) -> None:
    web.rollback = False
    deploy_bad(world, web, "image-pull")
    until(world, lambda: web.primary.rollout == "FAILED")
    pass_time(world, 60)
    assert not any(t.started_by == web.primary.id for t in web.tasks.values())
    assert running(web) == web.desired
    assert not web.steady


def test_without_a_breaker_failures_come_ever_more_slowly(world: World, web: Service) -> None:
    web.breaker = False
    deploy_bad(world, web, "crash-loop")
    pass_time(world, 60)
    early = web.primary.failed
    assert any("is unable to consistently start tasks successfully" in m for m in messages(web))
    pass_time(world, 60)
    later = web.primary.failed - early
    assert 0 < later < early
    assert web.primary.rollout == "IN_PROGRESS"


def test_a_new_release_ends_the_one_under_way(world: World, web: Service) -> None:
    world.ecs.update(web, force=True)
    first = web.primary
    pass_time(world, 3)
    world.ecs.update(web, force=True)
    assert first.outcome == "STOPPED"
    until(world, lambda: web.steady)
    assert {t.started_by for t in web.tasks.values()} == {web.primary.id}


def test_a_stopped_task_is_replaced(world: World, web: Service) -> None:
    victim = next(iter(web.tasks.values()))
    world.ecs.stop_task(victim, "testing")
    until(world, lambda: web.steady)
    assert (victim.stop_code, victim.stop_reason) == ("UserInitiated", "testing")
    assert running(web) == web.desired
    assert victim.id not in web.tasks


@pytest.mark.parametrize(
    ("incident", "service", "code", "exit_code", "reason"),
    [
        ("oom", "web", "EssentialContainerExited", 137, "Essential container in task exited"),
        ("crash-loop", "web", "EssentialContainerExited", 1, "Essential container in task exited"),
        ("spot", "web", "SpotInterruption", 143, "Your Spot Task was interrupted."),
        ("target-health", "web", "ServiceSchedulerInitiated", 143, "Task failed ELB health checks"),
        ("image-pull", "web", "TaskFailedToStart", None, "CannotPullContainerError"),
        ("secret", "web", "TaskFailedToStart", None, "ResourceInitializationError"),
        (
            "container-health",
            "web",
            "ServiceSchedulerInitiated",
            143,
            "Task failed container health checks",
        ),
    ],
)
def test_an_incident_leaves_its_marks(
    world: World, incident: str, service: str, code: str, exit_code: int | None, reason: str
) -> None:
    hit = world.ecs.service("shop-prod", service)
    world.incident(incident, "shop-prod", service)
    until(world, lambda: any(t.stop_code == code for t in hit.stopped.values()))
    task = next(t for t in hit.stopped.values() if t.stop_code == code)
    assert task.stop_reason.startswith(reason)
    assert task.containers[0].exit_code == exit_code
    if incident == "oom":
        assert task.containers[0].reason.startswith("OutOfMemoryError")


def test_an_unhealthy_target_is_reported_before_it_is_replaced(world: World, web: Service) -> None:
    world.incident("target-health", "shop-prod", "web")
    sick = next(t for t in web.tasks.values() if t.target == "unhealthy")
    expected = f"(service web) (task {sick.id}) (port 8080) is unhealthy in (target-group "
    assert messages(web)[0].startswith(expected)
    assert messages(web)[0].endswith("(reason Health checks failed with these codes: [502]).")
    assert sick.last_status == "RUNNING"
    until(world, lambda: web.steady and sick.id in web.stopped)


def test_unknown_incidents_and_places_are_refused(world: World) -> None:
    for arguments in (("flood", "shop-prod", "web"), ("oom", "shop-prod", "x"), ("oom", "x", "y")):
        with pytest.raises(ValueError, match=r"no (incident|service|cluster)"):
            world.incident(*arguments)


def test_stopped_tasks_are_forgotten_after_an_hour(world: World, web: Service) -> None:
    victim = next(iter(web.tasks.values()))
    world.ecs.stop_task(victim)
    until(world, lambda: victim.id in web.cluster.stopped)
    pass_time(world, 3500)
    assert victim.id in web.cluster.stopped
    pass_time(world, 200)
    assert victim.id not in web.cluster.stopped
    assert victim.id not in web.stopped


def test_events_are_capped_at_a_hundred(world: World, web: Service) -> None:
    for _ in range(30):
        world.ecs.update(web, force=True)
        pass_time(world, 30)
    assert len(web.events) == 100
    times = [event.at for event in web.events]
    assert times == sorted(times, reverse=True)


def test_a_calm_world_stays_as_it_is(world: World) -> None:
    def look() -> list[object]:
        return [(s.name, s.steady, tuple(s.tasks), len(s.events)) for s in world.ecs.services()]

    before = look()
    pass_time(world, 3600)
    assert look() == before


def test_addresses_in_use_are_unique(world: World) -> None:
    tasks = [t for s in world.ecs.services() for t in s.tasks.values()]
    ips = Counter(t.ip for t in tasks if t.definition.network_mode == "awsvpc")
    assert len(ips) > 20
    assert set(ips.values()) == {1}
