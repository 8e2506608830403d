"""What ECS's messages mean."""

from __future__ import annotations

import pytest
from ecs_payloads import container, stopped

from backends.ecs.reasons import explain, gist, is_steady, is_trouble, why_stopped

GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."


@pytest.mark.parametrize(
    "message",
    [
        "(service web) is unable to consistently start tasks successfully. " + GUIDE,
        "(service web) was unable to place a task because no container instance met all of its "
        "requirements.",
        "(service web) (instance i-1) (port 80) is unhealthy in (target-group arn:x) due to "
        "(reason Health checks failed)",
        "(service web) (task x) failed container health checks.",
        "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start.",
        "(service web) rolling back to deployment ecs-svc/2.",
        "(service web) operations are being throttled on elb. Will try again later.",
    ],
)
def test_trouble(message: str) -> None:
    assert is_trouble(message)
    assert not is_steady(message)


@pytest.mark.parametrize(
    "message",
    [
        "(service web) has reached a steady state.",
        "(service web) has started 2 tasks: (task a) (task b).",
        "(service web) has stopped 1 running tasks: (task a).",
        "(service web) registered 1 targets in (target-group arn:x)",
        "(service web) deregistered 1 targets in (target-group arn:x)",
        "(service web) has begun draining connections on 1 tasks.",
        "(service web) (deployment ecs-svc/1) deployment completed.",
    ],
)
def test_everyday_life(message: str) -> None:
    assert not is_trouble(message)


def test_gist_leaves_out_what_is_said_elsewhere() -> None:
    assert gist(f"(service web) is unable to start. {GUIDE}") == "is unable to start."


def test_why_a_task_stopped_joins_its_own_reason_with_its_containers() -> None:
    assert why_stopped(stopped()) == (
        "Essential container in task exited; OutOfMemoryError: Container killed due to memory "
        "usage (app exit 137)"
    )


def test_without_any_reason_the_stop_code_has_to_do() -> None:
    assert why_stopped(stopped(stoppedReason="", containers=[])) == "EssentialContainerExited"


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("CannotPullContainerError: pull image manifest: not found", "tag"),
        ("ResourceInitializationError: unable to pull secrets", "execution role"),
        ("CannotStartContainerError: exec: not found", "command"),
        ("Task failed ELB health checks in (target-group arn:x)", "security groups"),
        ("Task failed container health checks", "start period"),
        ("Your Spot Task was interrupted.", "two minutes"),
        ("Scaling activity initiated by (deployment ecs-svc/1)", "scaled in or deployed"),
    ],
)
def test_what_to_do_about_it(reason: str, word: str) -> None:
    lines = explain(stopped(stoppedReason=reason, containers=[]))
    assert len(lines) == 1
    assert word in lines[0]


def test_exit_codes_are_explained() -> None:
    sick = [container("app", exitCode=139), container("proxy", exitCode=0)]
    lines = explain(stopped(containers=sick))
    assert any("app ended with 139" in line and "SIGSEGV" in line for line in lines)
    assert not any("proxy" in line for line in lines)
