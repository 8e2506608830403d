"""Operations as requests: pure, so that a test sees exactly what would be sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from backends.base import Invalid
from backends.ecs.wire import tail
from backends.model import Operation, Ref, Rollback, Scale

MAX_DESIRED = 5000
"""Tasks that a service may have; from "Amazon ECS service quotas"."""


class Request(NamedTuple):
    """One API call that changes something."""

    operation: str
    params: dict[str, Any]
    summary: str
    """What to say once it was accepted."""


def request_for(operation: Operation) -> Request:
    """Return the call that carries out an operation; raises `Invalid` if there is none."""
    ref = operation.ref
    if ref.kind != "ecs/services":
        raise Invalid(
            "ecs:UpdateService",
            f"a {ref.kind.partition('/')[2].rstrip('s')} is not changed by itself",
            "choose the service that it belongs to",
        )
    params: dict[str, Any] = {"cluster": ref.scope.cluster, "service": service_id(ref)}
    if isinstance(operation, Scale):
        if not 0 <= operation.desired <= MAX_DESIRED:
            raise Invalid(
                "ecs:UpdateService",
                f"{operation.desired} is not a desired count",
                f"give a whole number from 0 to {MAX_DESIRED}",
            )
        params["desiredCount"] = operation.desired
        summary = f"{operation.current} -> {operation.desired} requested"
        return Request("UpdateService", params, summary)
    if isinstance(operation, Rollback):
        return _rollback(operation, params)
    params["forceNewDeployment"] = True
    return Request("UpdateService", params, "new deployment requested")


def _rollback(operation: Rollback, params: dict[str, Any]) -> Request:
    current, to = tail(operation.current), tail(operation.to)
    if operation.deployment:
        stop = {"serviceDeploymentArn": operation.deployment, "stopType": "ROLLBACK"}
        return Request("StopServiceDeployment", stop, f"{current} is stopped, back to {to}")
    if not operation.to:
        raise Invalid("ecs:UpdateService", "there is nothing to go back to", "refresh")
    params["taskDefinition"] = operation.to
    return Request("UpdateService", params, f"{current} -> {to} requested")


def service_id(ref: Ref) -> str:
    """Return how the API is told of a service: by its name, within its cluster."""
    return ref.name
