"""All operations together: importing this fills the registry."""

from __future__ import annotations

from backends.sim.aws import (
    autoscaling,
    cloudmap,
    ecr,
    ecs_clusters,
    ecs_definitions,
    ecs_deployments,
    ecs_services,
    ecs_tasks,
    eks,
    elbv2,
    insights,
    logs,
    sqs,
    sts,
)
from backends.sim.aws.call import OPERATIONS

__all__ = [
    "OPERATIONS",
    "autoscaling",
    "cloudmap",
    "ecr",
    "ecs_clusters",
    "ecs_definitions",
    "ecs_deployments",
    "ecs_services",
    "ecs_tasks",
    "eks",
    "elbv2",
    "insights",
    "logs",
    "sqs",
    "sts",
]
