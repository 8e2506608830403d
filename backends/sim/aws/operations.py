"""All operations together: importing this fills the registry."""

from __future__ import annotations

from backends.sim.aws import cloudmap, ecs_clusters, ecs_definitions, ecs_services, ecs_tasks, logs
from backends.sim.aws.call import OPERATIONS

__all__ = [
    "OPERATIONS",
    "cloudmap",
    "ecs_clusters",
    "ecs_definitions",
    "ecs_services",
    "ecs_tasks",
    "logs",
]
