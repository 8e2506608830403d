"""How services, tasks and containers are judged."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_payloads import NOW, cluster, container, deployment, event, service, stopped, task
from hypothesis import given
from hypothesis import strategies as st

from backends.ecs.health import judge_cluster, judge_container, judge_service, judge_task
from backends.model import Health

ROLLING = deployment(rolloutState="IN_PROGRESS", runningCount=1, rolloutStateReason="in progress")
STALE = NOW - 50_000


def old(**changes: Any) -> dict[str, Any]:
    """A deployment that nothing has happened to for long."""
    return deployment(createdAt=STALE, updatedAt=STALE) | changes


@pytest.mark.parametrize(
    ("changes", "health", "why"),
    [
        ({}, Health.OK, ""),
        ({"desiredCount": 0, "runningCount": 0}, Health.IDLE, ""),
        ({"desiredCount": 0, "runningCount": 2}, Health.PROGRESSING, "2 still running"),
        ({"status": "DRAINING"}, Health.PROGRESSING, "being deleted"),
        ({"status": "INACTIVE"}, Health.IDLE, "deleted"),
        ({"deployments": [ROLLING]}, Health.PROGRESSING, "1 of 3 tasks of web:12 running"),
        (
            {"runningCount": 1, "deployments": [ROLLING]},
            Health.PROGRESSING,
            "1 of 3 tasks of web:12 running",
        ),
        ({"runningCount": 2, "pendingCount": 1}, Health.PROGRESSING, "3 of 3"),
        ({"runningCount": 2, "deployments": [old()]}, Health.DEGRADED, "2 of 3 tasks running"),
        ({"runningCount": 0, "deployments": [old()]}, Health.FAILING, "0 of 3 tasks running"),
        (
            {"runningCount": 0, "deployments": [ROLLING | {"failedTasks": 4}]},
            Health.FAILING,
            "4 tasks failed",
        ),
        (
            {"runningCount": 2, "deployments": [ROLLING | {"failedTasks": 1}]},
            Health.DEGRADED,
            "1 task failed",
        ),
        (
            {
                "deployments": [
                    deployment(
                        rolloutState="FAILED",
                        rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.",
                    )
                ]
            },
            Health.FAILING,
            "circuit breaker: tasks failed to start",
        ),
        (
            {
                "runningCount": 0,
                "deployments": [old()],
                "events": [event("was unable to place a task because no instance has room.", 30)],
            },
            Health.FAILING,
            "unable to place a task",
        ),
        (
            {"events": [event("(task x) is unhealthy in (target-group arn:x)", 30)]},
            Health.DEGRADED,
            "is unhealthy in",
        ),
        (
            {"events": [event("(task x) is unhealthy in (target-group arn:x)", 3000)]},
            Health.OK,
            "",
        ),
        (
            {
                "events": [
                    event("has reached a steady state.", 10),
                    event("(task x) is unhealthy in (target-group arn:x)", 30),
                ]
            },
            Health.OK,
            "",
        ),
        ({"deployments": [], "taskSets": [{}]}, Health.OK, ""),
    ],
)
def test_services(changes: dict[str, Any], health: Health, why: str) -> None:
    verdict = judge_service(service(**changes), NOW)
    assert verdict.health is health
    assert why in verdict.reason
    assert bool(verdict.reason) == bool(why)


def test_a_service_that_just_started_tasks_is_on_its_way_and_later_it_is_late() -> None:
    short = service(
        runningCount=1, deployments=[old()], events=[event("has started 2 tasks: (task a).", 5)]
    )
    assert judge_service(short, NOW).health is Health.PROGRESSING
    assert judge_service(short, NOW + 600).health is Health.DEGRADED


def test_tasks_that_failed_lately_count_against_a_service_that_looks_well() -> None:
    verdict = judge_service(service(), NOW, [stopped(), stopped()])
    assert verdict.health is Health.DEGRADED
    assert verdict.reason.startswith("2 tasks failed lately: Essential container")
    assert "OutOfMemoryError" in verdict.reason


def test_a_failed_task_explains_an_event_that_does_not() -> None:
    bad = service(events=[event("is unable to consistently start tasks successfully.", 9)])
    reason = judge_service(bad, NOW, [stopped()]).reason
    assert reason.startswith("is unable to consistently start tasks successfully; last task: ")
    assert "OutOfMemoryError" in reason


def test_a_rollback_is_explained_by_what_came_before_it() -> None:
    back = service(
        events=[
            event("rolling back to deployment ecs-svc/1.", 9),
            event("(deployment ecs-svc/2) deployment failed: tasks failed to start.", 10),
        ]
    )
    assert "deployment failed: tasks failed to start" in judge_service(back, NOW).reason


@pytest.mark.parametrize(
    ("payload", "health", "why"),
    [
        (task(), Health.OK, ""),
        (task(lastStatus="PENDING", createdAt=NOW - 30), Health.PROGRESSING, ""),
        (task(lastStatus="PENDING", createdAt=NOW - 3000), Health.DEGRADED, "still PENDING"),
        (task(desiredStatus="STOPPED", lastStatus="DEACTIVATING"), Health.PROGRESSING, "stopping"),
        (
            task(
                healthStatus="UNHEALTHY",
                containers=[container(), container("envoy", healthStatus="UNHEALTHY")],
            ),
            Health.DEGRADED,
            "the health check of envoy fails",
        ),
        (
            task(containers=[container(), container("init", lastStatus="STOPPED", exitCode=2)]),
            Health.DEGRADED,
            "init ended with exit code 2",
        ),
        (stopped(), Health.FAILING, "OutOfMemoryError"),
        (
            stopped(
                stopCode="ServiceSchedulerInitiated",
                stoppedReason="Scaling activity initiated by (deployment ecs-svc/1)",
            ),
            Health.IDLE,
            "Scaling activity",
        ),
        (
            stopped(
                stopCode="ServiceSchedulerInitiated",
                stoppedReason="Task failed ELB health checks in (target-group arn:x)",
            ),
            Health.FAILING,
            "failed ELB health checks",
        ),
        (stopped(stopCode="UserInitiated", stoppedReason="by me"), Health.IDLE, "by me"),
        (
            stopped(containers=[container(lastStatus="STOPPED", exitCode=0)]),
            Health.IDLE,
            "Essential container",
        ),
        (
            stopped(stopCode="TaskFailedToStart", stoppedReason="CannotPullContainerError: no tag"),
            Health.FAILING,
            "CannotPullContainerError",
        ),
        (
            stopped(stopCode="SpotInterruption", stoppedReason="Your Spot Task was interrupted."),
            Health.DEGRADED,
            "Spot",
        ),
    ],
)
def test_tasks(payload: dict[str, Any], health: Health, why: str) -> None:
    verdict = judge_task(payload, NOW)
    assert verdict.health is health
    assert why in verdict.reason
    assert bool(verdict.reason) == bool(why)


@pytest.mark.parametrize(
    ("payload", "health"),
    [
        (container(), Health.OK),
        (container(healthStatus="UNHEALTHY"), Health.DEGRADED),
        (container(lastStatus="PENDING"), Health.PROGRESSING),
        (container(lastStatus="STOPPED", exitCode=0), Health.IDLE),
        (container(lastStatus="STOPPED", exitCode=143), Health.IDLE),
        (container(lastStatus="STOPPED", exitCode=137, reason="OutOfMemoryError"), Health.FAILING),
        (container(lastStatus="STOPPED", exitCode=1), Health.FAILING),
        (container(lastStatus="STOPPED"), Health.FAILING),
    ],
)
def test_containers(payload: dict[str, Any], health: Health) -> None:
    verdict = judge_container(payload)
    assert verdict.health is health
    assert bool(verdict.reason) == (health in (Health.FAILING, Health.DEGRADED))


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ("ACTIVE", Health.OK),
        ("PROVISIONING", Health.PROGRESSING),
        ("FAILED", Health.FAILING),
        ("INACTIVE", Health.IDLE),
        ("NEW-WORD", Health.UNKNOWN),
    ],
)
def test_clusters(status: str, health: Health) -> None:
    assert judge_cluster(cluster(status=status)).health is health


numbers = st.integers(0, 5)


@given(
    numbers,
    numbers,
    numbers,
    st.sampled_from(["IN_PROGRESS", "COMPLETED", "FAILED", None]),
    numbers,
)
def test_any_service_gets_a_verdict_with_a_reason_unless_it_is_as_asked(
    desired: int, running: int, pending: int, rollout: str | None, failed: int
) -> None:
    payload = service(
        desiredCount=desired,
        runningCount=running,
        pendingCount=pending,
        deployments=[deployment(rolloutState=rollout, failedTasks=failed)],
    )
    verdict = judge_service(payload, NOW)
    if verdict.health in (Health.OK, Health.IDLE):
        assert running >= desired
        assert not verdict.reason
    else:
        assert verdict.reason
    if desired and running < desired:
        assert verdict.health >= Health.PROGRESSING
