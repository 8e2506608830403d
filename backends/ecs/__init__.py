"""ECS over aiobotocore: clusters, services, tasks, containers and service events."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.base import Backend, Sources
    from backends.clock import Clock


def create(sources: Sources, clock: Clock) -> Backend:
    """Return the ECS backend; imports botocore, which takes some 200 ms: call it in a thread."""
    from backends.ecs.backend import EcsBackend

    return EcsBackend(sources, clock)
