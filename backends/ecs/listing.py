"""How ECS is asked for all of something: list calls for ARNs, describe calls in full pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from backends.ecs.wire import Payload


def _never(_payload: Payload) -> bool:
    return False


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of list and describe actions."""

    list_action: str
    """Such as ``ListTasks``."""
    arns: str
    """The field of its answer that holds ARNs."""
    describe_action: str
    """Such as ``DescribeTasks``."""
    key: str
    """The field that holds what to describe in a request, and what was described in its answer."""
    arn: str
    """The field of one described thing that holds its ARN."""
    page: int
    """How many things one describe call takes; from the ECS API reference."""
    variants: tuple[Mapping[str, Any], ...] = ({},)
    """Parameters of the list calls that together list everything."""
    by_service: str = ""
    """The list parameter that narrows it to one service, if there is one."""
    final: Callable[[Payload], bool] = _never
    """Whether a thing will not change any more, so that it need not be described again."""
    steady: Callable[[Payload], bool] = _never
    """Whether a thing seldom changes by itself, so that in the background it is described less."""

    packed: bool = False
    """Whether there are so many of its things that their payloads are kept `Packed`."""


LIST_PAGE = 100
"""ARNs on one page of a list call, where it is asked for: the most that ECS gives."""

CLUSTERS = Listing(
    list_action="ListClusters",
    arns="clusterArns",
    describe_action="DescribeClusters",
    key="clusters",
    arn="clusterArn",
    page=100,
)
"""All clusters of a scope."""

SERVICES = Listing(
    list_action="ListServices",
    arns="serviceArns",
    describe_action="DescribeServices",
    key="services",
    arn="serviceArn",
    page=10,
)
"""All services of a cluster."""

TASKS = Listing(
    list_action="ListTasks",
    arns="taskArns",
    describe_action="DescribeTasks",
    key="tasks",
    arn="taskArn",
    page=100,
    variants=({"desiredStatus": "RUNNING"}, {"desiredStatus": "STOPPED"}),
    by_service="serviceName",
    packed=True,
    final=lambda task: task.get("lastStatus") == "STOPPED",
    steady=lambda task: (
        task.get("lastStatus") == "RUNNING" and task.get("desiredStatus") == "RUNNING"
    ),
)
"""All tasks of a cluster or of one service, those that stopped within the hour included."""

STOPPED_TASKS = msgspec.structs.replace(
    TASKS, variants=({"desiredStatus": "STOPPED"},), packed=False
)
"""Only those tasks of a cluster that stopped within the hour, or are about to."""
