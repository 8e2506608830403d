"""Service events and stop reasons as ECS words them.

Taken from "Amazon ECS service event messages" and "Viewing Amazon ECS stopped tasks errors" in
the ECS Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterable

ESSENTIAL_EXITED = "Essential container in task exited"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
SPOT_INTERRUPTED = "Your Spot Task was interrupted."
UNHEALTHY = "Task failed container health checks"
USER_STOPPED = "Task stopped by user"
GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
NO_CAPACITY = (
    "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again "
    "later or in a different availability zone. " + GUIDE
)
UNABLE_TO_START = "is unable to consistently start tasks successfully. " + GUIDE
STEADY = "has reached a steady state."
STOPPED_BY_REQUEST = "Service deployment stopped by a StopServiceDeployment request."
BREAKER_TRIPPED = "ECS deployment circuit breaker: tasks failed to start."


def about(service: str, text: str) -> str:
    """Return a service event's message."""
    return f"(service {service}) {text}"


def tasks(ids: Iterable[str]) -> str:
    """Return task ids as events list them."""
    return " ".join(f"(task {i})" for i in ids)


def cannot_pull(image: str) -> str:
    """Return the stop reason of a task whose image has no such tag."""
    return (
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
        f"failed to resolve ref {image}: {image}: not found"
    )


def cannot_fetch_secret(secret: str) -> str:
    """Return the stop reason of a task whose execution role may not read its secret."""
    return (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
        "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 "
        f"time(s): failed to fetch secret {secret} from secrets manager: AccessDeniedException"
    )


def scaling_activity(deployment: str) -> str:
    """Return the stop reason of a task that a deployment has no more use for."""
    return f"Scaling activity initiated by (deployment {deployment})"


def failed_health_checks(target_group: str) -> str:
    """Return the stop reason of a task whose target was unhealthy for too long."""
    return f"Task failed ELB health checks in (target-group {target_group})"


def rolling_back(deployment: str) -> str:
    """Return why a deployment that the circuit breaker began was begun."""
    return f"ECS deployment circuit breaker: rolling back to deploymentId {deployment}."
