"""AWS's request rates: token buckets by account, region and class of actions."""

from __future__ import annotations

from backends.clock import Clock
from backends.sim.aws.errors import AwsError

ECS_RATES: dict[str, tuple[float, float]] = {
    "clusters": (50, 20),
    "task-definitions": (50, 20),
    "tasks": (100, 20),
    "services": (100, 20),
    "deployments": (50, 20),
    "run": (100, 40),
    "service-changes": (50, 5),
}
"""(burst, calls a second) of ECS's action classes, from "Request throttling for the Amazon ECS
API" in its API reference."""

ECS_CLASSES = {
    "ListClusters": "clusters",
    "DescribeClusters": "clusters",
    "DescribeCapacityProviders": "clusters",
    "DescribeTaskDefinition": "task-definitions",
    "ListTaskDefinitions": "task-definitions",
    "ListTaskDefinitionFamilies": "task-definitions",
    "ListTasks": "tasks",
    "DescribeTasks": "tasks",
    "ListContainerInstances": "tasks",
    "DescribeContainerInstances": "tasks",
    "ListServices": "services",
    "DescribeServices": "services",
    "ListServiceDeployments": "deployments",
    "DescribeServiceDeployments": "deployments",
    "StopTask": "run",
    "UpdateService": "service-changes",
}
"""Which class each ECS action is counted in."""

FILTER_LOG_EVENTS = {"us-east-1": 25.0, "eu-central-1": 5.0}
"""FilterLogEvents calls a second where they differ from the default of 10; from "CloudWatch
Logs quotas"."""

OTHER_RATES: dict[str, tuple[float, float]] = {
    "logs": (10, 10),
    "servicediscovery": (100, 50),
    "eks": (100, 50),
    "ecr": (200, 100),
    "sts": (600, 600),
    "sqs": (3000, 3000),
    "application-autoscaling": (50, 20),
    "elasticloadbalancing": (40, 10),
}
"""(burst, calls a second) of each action of the other services, each action on its own."""


class Throttle:
    """The buckets of every account and region; one is full when it is first drawn from."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def spend(self, account: str, region: str, service: str, action: str) -> None:
        """Take a call's token; raises ThrottlingException where the bucket is empty."""
        name, burst, rate = _bucket(region, service, action)
        key = (account, region, name)
        now = self._clock.monotonic()
        tokens, since = self._buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - since) * rate)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            code = "Throttling" if service == "elasticloadbalancing" else "ThrottlingException"
            raise AwsError(code, "Rate exceeded")
        self._buckets[key] = (tokens - 1, now)


def _bucket(region: str, service: str, action: str) -> tuple[str, float, float]:
    """Return the name of a call's bucket with its burst and its calls a second."""
    if service == "ecs":
        group = ECS_CLASSES.get(action, "clusters")
        return f"ecs:{group}", *ECS_RATES[group]
    if action == "FilterLogEvents":
        rate = FILTER_LOG_EVENTS.get(region, 10.0)
        return "logs:FilterLogEvents", rate, rate
    return f"{service}:{action}", *OTHER_RATES.get(service, (100, 50))
