"""What ECS's messages mean: which events tell of trouble, and why a task stopped.

The wordings are those of "Amazon ECS service event messages" and "Viewing Amazon ECS stopped
tasks errors" in the ECS Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backends.ecs.wire import Payload, items, text

_TROUBLE = re.compile(
    r"unable to|is unhealthy in|failed|rolling back|rolled back|throttled|circuit breaker"
    r"|insufficient|interrupted|was stopped because|error",
    re.IGNORECASE,
)
_STEADY = "has reached a steady state"
_ABOUT = re.compile(r"^\(service [^)]*\)\s*")
_GUIDE = re.compile(r"\s*For more information, see the Troubleshooting section.*$")

_CAUSES: tuple[tuple[str, str], ...] = (
    (
        "CannotPullContainerError",
        "the image could not be pulled: check its tag, the execution role's ecr:GetDownloadUrl"
        "ForLayer, the route or VPC endpoints to the registry, its rate limit and the disk",
    ),
    (
        "ResourceInitializationError",
        "the task could not be set up: check the execution role, the secrets and parameters that"
        " it names, the NAT gateway or VPC endpoints, the log group and the EFS mounts",
    ),
    (
        "OutOfMemoryError",
        "a container used more memory than its limit: raise the limit or find the leak",
    ),
    (
        "CannotStartContainerError",
        "the container could not be started: check its command, entry point, user and mounts",
    ),
    (
        "CannotInspectContainerError",
        "the agent lost the container: look at the container instance's Docker daemon",
    ),
    (
        "failed ELB health checks",
        "the load balancer found it unhealthy: check the health check's path and port, the"
        " security groups, and whether the grace period covers the start",
    ),
    (
        "failed container health checks",
        "its own health check failed: check the command, its timeout and the start period",
    ),
    ("Scaling activity initiated by", "the service no longer needed it: it scaled in or deployed"),
    ("Task stopped by user", "somebody, or a program, called StopTask"),
    ("Spot", "Spot capacity was taken back with two minutes' notice"),
    ("Essential container in task exited", "a container that the task depends on ended"),
)

_STOP_CODES = {
    "TaskFailedToStart": "it never came to run",
    "EssentialContainerExited": "a container that the task depends on ended",
    "UserInitiated": "somebody, or a program, called StopTask",
    "ServiceSchedulerInitiated": "the service scheduler replaced it or scaled in",
    "SpotInterruption": "Spot capacity was taken back with two minutes' notice",
    "TerminationNotice": "its capacity was about to be terminated",
    "InfrastructureHealth": "the host that it ran on was unhealthy",
}

EXIT_CODES = {
    1: "the program reported an error",
    125: "Docker could not run the container",
    126: "the command could not be executed",
    127: "the command was not found",
    134: "the program aborted (SIGABRT)",
    137: "killed (SIGKILL): out of memory, or too slow to stop",
    139: "the program crashed (SIGSEGV)",
    143: "stopped as asked (SIGTERM)",
}
"""What the usual exit codes of a container mean; above 128 they are 128 plus a signal."""


def is_trouble(message: str) -> bool:
    """Whether a service event tells of something that went wrong."""
    return _TROUBLE.search(message) is not None


def is_steady(message: str) -> bool:
    """Whether a service event says that all is as it was asked to be."""
    return _STEADY in message


def gist(message: str) -> str:
    """Return a service event without the service's name and the pointer to the guide."""
    return _GUIDE.sub("", _ABOUT.sub("", message)).strip()


def exits(task: Payload) -> Iterator[tuple[str, int]]:
    """Yield the name and exit code of each container of a task that has ended."""
    for container in items(task, "containers"):
        code = container.get("exitCode")
        if isinstance(code, int):
            yield text(container, "name"), code


def why_stopped(task: Payload) -> str:
    """Return why a task stopped, in one line: ECS's reason, the containers' and exit codes."""
    reasons = [text(task, "stoppedReason")]
    for container in items(task, "containers"):
        reason = text(container, "reason")
        if reason and reason not in reasons[0]:
            reasons.append(reason)
    said = "; ".join(reason for reason in reasons if reason)
    codes = ", ".join(f"{name} exit {code}" for name, code in exits(task) if code)
    return f"{said} ({codes})" if said and codes else said or codes or text(task, "stopCode")


def stop_gist(task: Payload) -> str:
    """Return why a task stopped as a table has room for: what a container says, if one does, goes
    before ECS's "Essential container in task exited"."""
    said = text(task, "stoppedReason")
    if not said or said.startswith(_ESSENTIAL):
        for container in items(task, "containers"):
            if reason := text(container, "reason"):
                return reason
    return said or text(task, "stopCode")


_ESSENTIAL = "Essential container in task exited"
"""ECS's reason for a task whose essential container ended; which one and why it does not say."""


def explain(task: Payload) -> tuple[str, ...]:
    """Return what a stopped task's codes and reasons mean, a sentence a line."""
    said = why_stopped(task)
    lines = [meaning for mark, meaning in _CAUSES if mark in said][:1]
    if not lines and (known := _STOP_CODES.get(text(task, "stopCode"))):
        lines.append(known)
    for name, code in exits(task):
        if code and (meaning := EXIT_CODES.get(code)):
            lines.append(f"{name} ended with {code}: {meaning}")
    return tuple(lines)


def expected(task: Payload) -> bool:
    """Whether a task stopped because it was meant to: scaled in, replaced, stopped, or done."""
    code, reason = text(task, "stopCode"), text(task, "stoppedReason")
    if code == "UserInitiated":
        return True
    if code == "ServiceSchedulerInitiated":
        return "health checks" not in reason
    if code == "EssentialContainerExited":
        return all(exit_code == 0 for _, exit_code in exits(task))
    return False
