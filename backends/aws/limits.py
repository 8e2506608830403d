"""AWS's published request rates, by account and region.

Sources: "Request throttling for the Amazon ECS API", "CloudWatch Logs quotas", "AWS Cloud Map API
request throttling quota" and "Request throttling for the Elastic Load Balancing API" in the
services' own documentation.
"""

from __future__ import annotations

from backends.budget import Limit

_ECS = {
    Limit("ecs:cluster-reads", 50, 20): ("DescribeClusters", "ListClusters"),
    Limit("ecs:task-definitions", 50, 20): (
        "DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies",
    ),
    Limit("ecs:tasks", 100, 20): (
        "DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances",
    ),
    Limit("ecs:services", 100, 20): ("DescribeServices", "ListServices"),
    Limit("ecs:deployments", 50, 20): ("DescribeServiceDeployments", "ListServiceDeployments"),
    Limit("ecs:revisions", 50, 20): ("DescribeServiceRevisions",),
    Limit("ecs:task-changes", 100, 40): ("RunTask", "StartTask", "StopTask", "ExecuteCommand"),
    Limit("ecs:service-changes", 50, 5): (
        "CreateService", "UpdateService", "DeleteService", "StopServiceDeployment",
        "ContinueServiceDeployment",
    ),
    Limit("ecs:services-by-namespace", 10, 1): ("ListServicesByNamespace",),
}  # fmt: skip

_LOGS = {
    Limit("logs:get", 10, 10): ("GetLogEvents",),
    Limit("logs:groups", 10, 10): ("DescribeLogGroups",),
    Limit("logs:streams", 25, 25): ("DescribeLogStreams",),
    Limit("logs:live-tail", 3, 3): ("StartLiveTail",),
    Limit("logs:start-query", 10, 10): ("StartQuery",),
    Limit("logs:query-results", 10, 10): ("GetQueryResults",),
    Limit("logs:queries", 5, 5): ("StopQuery", "GetLogRecord"),
}
"""StopQuery and GetLogRecord have no published rate: the least of the service's others is taken."""

_CLOUD_MAP = {
    Limit("servicediscovery:discover", 2000, 1000): ("DiscoverInstances",),
    Limit("servicediscovery:revisions", 3000, 3000): ("DiscoverInstancesRevision",),
}

_ELB = {
    Limit("elbv2:reads", 40, 10): ("DescribeTargetGroups", "DescribeTargetHealth"),
}
"""The bucket's size is published ("Request throttling for the Elastic Load Balancing API"); how
fast it refills is assumed, and throttled answers correct it."""

_SQS = {
    Limit("sqs:queue", 300, 300): ("ReceiveMessage", "DeleteMessageBatch"),
}
"""A standard queue takes "a very high, nearly unlimited number of API calls per second" ("Amazon
SQS standard queue quotas"); this is ten times what the events of 10,000 busy tasks ask for."""

_KNOWN = {
    (limit.name.partition(":")[0], operation): limit
    for table in (_ECS, _LOGS, _CLOUD_MAP, _ELB, _SQS)
    for limit, operations in table.items()
    for operation in operations
}

_FILTER_RATES = {
    "us-east-1": 25.0, "ap-northeast-3": 5.0, "ap-southeast-3": 5.0, "ca-west-1": 5.0,
    "eu-central-1": 5.0, "il-central-1": 5.0,
}  # fmt: skip
"""FilterLogEvents calls a second where they differ from the usual 10."""

_UNPUBLISHED = {"sts": 50.0, "servicediscovery": 10.0, "eks": 10.0, "application-autoscaling": 10.0}
"""Calls a second assumed where AWS publishes no rate; throttled answers correct it."""


def limit_for(service: str, operation: str, region: str) -> Limit:
    """Return the throttling bucket that a call counts against, at AWS's full rate.

    `service` is botocore's name for it (``ecs``), `operation` in CamelCase (``ListTasks``).
    """
    if (service, operation) == ("logs", "FilterLogEvents"):
        rate = _FILTER_RATES.get(region, 10.0)
        return Limit("logs:filter", rate, rate)
    known = _KNOWN.get((service, operation))
    if known is not None:
        return known
    rate = _UNPUBLISHED.get(service, 10.0)
    return Limit(f"{service}:other", rate, rate)
