"""Deployments: how one takes the place of another, and when one is given up."""

from __future__ import annotations

import random

from backends.sim.ecs.model import Deployment, Service, TaskDefinition
from backends.sim.ecs.tasks import deployment_id


def breaker_threshold(desired: int) -> int:
    """Return how many failed tasks trip the circuit breaker: half of the desired count, at least
    3 and at most 200; from "How the Amazon ECS deployment circuit breaker detects failures"."""
    return min(200, max(3, -(-desired // 2)))


def replace_primary(
    service: Service, definition: TaskDefinition, now: float, rng: random.Random
) -> Deployment:
    """Put a new PRIMARY deployment before the others, which become ACTIVE."""
    before = service.primary
    before.status, before.updated = "ACTIVE", now
    if before.outcome == "IN_PROGRESS":
        before.outcome, before.finished = "STOPPED", now
    deployment = Deployment(
        id=deployment_id(rng),
        definition=definition,
        created=now,
        updated=now,
        desired=service.desired,
        source=before.id,
    )
    deployment.reason = f"ECS deployment {deployment.id} in progress."
    service.deployments.insert(0, deployment)
    service.history.appendleft(deployment)
    service.steady = False
    return deployment


def last_good(service: Service) -> Deployment | None:
    """Return the deployment to roll back to: the latest one that was completed."""
    return next((d for d in service.history if d.rollout == "COMPLETED"), None)


def finish(service: Service, now: float) -> None:
    """Complete the primary deployment and let go of those that it replaced."""
    primary = service.primary
    primary.rollout, primary.outcome = "COMPLETED", "SUCCESSFUL"
    primary.reason = f"ECS deployment {primary.id} completed."
    primary.updated = primary.finished = now
    for other in service.deployments[1:]:
        other.status = "INACTIVE"
        if primary.rolls_back and other.outcome == "ROLLBACK_IN_PROGRESS":
            other.outcome = "ROLLBACK_SUCCESSFUL"
    service.deployments = [primary]
