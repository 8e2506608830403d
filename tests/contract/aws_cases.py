"""A call of every operation that the simulator has, and every way in which each can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aws_questions import QUESTIONS, REFUSED_QUESTIONS

from backends.sim.server import SimServer

Params = Mapping[str, Any] | Callable[[SimServer], Mapping[str, Any]]
"""Parameters, or how to make them of what is in a world."""

TARGET = "service/shop-prod/web"
GROUP = {"logGroupName": "/ecs/shop-prod/web"}
ECS = {"cluster": "shop-prod"}
ROLE = {"RoleArn": "arn:aws:iam::111122223333:role/ops", "RoleSessionName": "me"}
NAMED = {"NamespaceName": "shop.local", "ServiceName": "web"}


def _service(sim: SimServer, name: str = "web") -> Any:
    return sim.world.ecs.service("shop-prod", name)


def _task(sim: SimServer) -> str:
    return str(next(iter(_service(sim).tasks)))


def _tasks(sim: SimServer) -> list[str]:
    """Return the ids of tasks in every state, the stopped ones last, and of one that is not."""
    cluster = _service(sim).cluster
    return [*[*cluster.tasks, *cluster.stopped][-99:], "f" * 32]


def _queue(sim: SimServer) -> str:
    """Return the URL of a queue in which there always is a message."""
    queues = sim.world.queues
    queue = queues.find("111122223333", "us-east-1", "q") or queues.make(
        "111122223333", "us-east-1", "q"
    )
    queue.put("{}")
    return "https://sqs.us-east-1.amazonaws.com/111122223333/q"


def _delete(sim: SimServer, *handles: str) -> dict[str, Any]:
    ids = [{"Id": str(number), "ReceiptHandle": h} for number, h in enumerate(handles)]
    return {"QueueUrl": _queue(sim), "Entries": ids}


def _registry(sim: SimServer, name: str = "web") -> Any:
    return sim.world.cloudmap.registry_of(_service(sim, name))


def _instance(sim: SimServer) -> str:
    return next(sim.world.cloudmap.instances(_registry(sim))).id


def _deployments(sim: SimServer) -> list[str]:
    """Return the ARNs of the latest deployment of every service of a cluster."""
    cluster = sim.world.ecs.service("batch-prod", "exports").cluster
    return [
        f"{s.arn.replace(':service/', ':service-deployment/')}/{d.id.rpartition('/')[2]}"
        for s in cluster.services.values()
        for d in list(s.history)[:4]
        if not d.rolls_back
    ][:20]


def _rolling(sim: SimServer) -> str:
    """Begin a deployment, and return its ARN."""
    service = _service(sim, "cart")
    sim.world.ecs.update(service, force=True)
    number = service.primary.id.rpartition("/")[2]
    return f"{service.arn.replace(':service/', ':service-deployment/')}/{number}"


def _ended(sim: SimServer) -> str:
    """Return the ARN of a deployment that is over."""
    arn = _rolling(sim)
    sim.world.ecs.stop_deployment(_service(sim, "cart"), back=True)
    return arn


CASES: list[tuple[str, str, Params]] = [
    ("ecs", "ListClusters", {}),
    ("ecs", "DescribeClusters",
     {"clusters": ["shop-prod", "gone"], "include": ["STATISTICS", "TAGS", "SETTINGS"]}),
    ("ecs", "ListServices", ECS | {"maxResults": 3}),
    ("ecs", "DescribeServices",
     ECS | {"services": ["web", "sessions", "inventory", "gone"], "include": ["TAGS"]}),
    ("ecs", "DescribeServices",
     ECS | {"services": ["checkout", "cart", "catalog", "gateway", "recommendations"]}),
    ("ecs", "ListTasks", ECS | {"maxResults": 2}),
    ("ecs", "ListTasks", ECS | {"serviceName": "web", "desiredStatus": "RUNNING"}),
    ("ecs", "DescribeTasks", lambda s: ECS | {"include": ["TAGS"], "tasks": _tasks(s)}),
    ("ecs", "DescribeTaskDefinition",
     {"taskDefinition": "shop-prod-recommendations", "include": ["TAGS"]}),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "shop-prod-sessions"}),
    ("ecs", "ListTaskDefinitions", {"maxResults": 5}),
    ("ecs", "ListTaskDefinitionFamilies", {"maxResults": 5}),
    ("ecs", "ListContainerInstances", ECS),
    ("ecs", "DescribeContainerInstances", lambda s: ECS | {
        "containerInstances": [*(i.arn for i in _service(s).cluster.instances), "f" * 32]}),
    ("ecs", "DescribeCapacityProviders", {}),
    ("ecs", "DescribeCapacityProviders", {"capacityProviders": ["FARGATE", "mine"]}),
    ("ecs", "UpdateService", ECS | {"service": "web", "desiredCount": 3}),
    ("ecs", "UpdateService", ECS | {"service": "web", "forceNewDeployment": True}),
    ("ecs", "StopTask", lambda s: ECS | {"task": _task(s)}),
    ("ecs", "ListServiceDeployments", ECS | {"service": "web"}),
    ("ecs", "DescribeServiceDeployments", lambda s: {"serviceDeploymentArns": _deployments(s)}),
    ("ecs", "DescribeServiceRevisions", lambda s: {"serviceRevisionArns": [
        arn.replace(":service-deployment/", ":service-revision/") for arn in _deployments(s)]}),
    ("ecs", "StopServiceDeployment",
     lambda s: {"serviceDeploymentArn": _rolling(s), "stopType": "ROLLBACK"}),
    ("logs", "DescribeLogGroups", {"limit": 3}),
    ("logs", "DescribeLogStreams", GROUP | {"limit": 1}),
    ("logs", "FilterLogEvents", GROUP | {"limit": 20}),
    ("logs", "GetLogEvents",
     lambda s: GROUP | {"limit": 5, "logStreamName": f"ecs/web/{_task(s)}"}),
    *QUESTIONS,
    ("servicediscovery", "ListNamespaces", {}),
    ("servicediscovery", "GetNamespace", lambda s: {"Id": _registry(s).namespace.id}),
    ("servicediscovery", "GetNamespace", lambda s: {"Id": _registry(s, "gateway").namespace.id}),
    ("servicediscovery", "ListServices", {}),
    ("servicediscovery", "GetService", lambda s: {"Id": _registry(s).id}),
    ("servicediscovery", "GetService", lambda s: {"Id": _registry(s, "gateway").id}),
    ("servicediscovery", "ListInstances", lambda s: {"ServiceId": _registry(s).id}),
    ("servicediscovery", "GetInstance",
     lambda s: {"ServiceId": _registry(s).id, "InstanceId": _instance(s)}),
    ("servicediscovery", "GetInstancesHealthStatus", lambda s: {"ServiceId": _registry(s).id}),
    ("servicediscovery", "DiscoverInstances", NAMED),
    ("servicediscovery", "DiscoverInstancesRevision", NAMED),
    ("eks", "ListClusters", {}),
    ("eks", "DescribeCluster", {"name": "payments-prod"}),
    ("eks", "ListNodegroups", {"clusterName": "payments-prod"}),
    ("eks", "DescribeNodegroup", {"clusterName": "payments-prod", "nodegroupName": "general"}),
    ("ecr", "DescribeRepositories", {}),
    ("ecr", "ListImages", {"repositoryName": "web"}),
    ("ecr", "DescribeImages", {"repositoryName": "web", "maxResults": 2}),
    ("sts", "GetCallerIdentity", {}),
    ("sts", "AssumeRole", ROLE),
    ("application-autoscaling", "DescribeScalableTargets", {"ServiceNamespace": "ecs"}),
    ("application-autoscaling", "DescribeScalingPolicies",
     {"ServiceNamespace": "ecs", "ResourceId": TARGET}),
    ("application-autoscaling", "DescribeScalingActivities", {"ServiceNamespace": "ecs"}),
    ("elbv2", "DescribeTargetGroups", {}),
    ("elbv2", "DescribeLoadBalancers", {"Names": ["shop-prod"]}),
    ("elbv2", "DescribeTargetHealth",
     lambda s: {"TargetGroupArn": _service(s, "gateway").target_group.arn}),
    ("sqs", "ReceiveMessage",
     lambda s: {"QueueUrl": _queue(s), "MessageSystemAttributeNames": ["SentTimestamp"]}),
    ("sqs", "DeleteMessageBatch", lambda s: _delete(s, "a#1", "no handle")),
]  # fmt: skip
"""(botocore's name of the service, operation, parameters) of calls that succeed."""

GONE = {"cluster": "gone"}
PAGES = ("ListServices", "ListTasks", "ListContainerInstances")

REFUSALS: list[tuple[str, str, Params, str]] = [
    *[("ecs", name, GONE, "ClusterNotFoundException") for name in PAGES],
    *[("ecs", name, ECS | {"maxResults": 0}, "InvalidParameterException") for name in PAGES],
    *[("ecs", name, ECS | {"nextToken": "x"}, "InvalidParameterException") for name in PAGES],
    ("ecs", "ListClusters", {"maxResults": 101}, "InvalidParameterException"),
    ("ecs", "ListClusters", {"maxResults": "ten"}, "SerializationException"),
    ("ecs", "DescribeClusters", {"clusters": ["c"] * 101}, "InvalidParameterException"),
    ("ecs", "DescribeServices", ECS | {"services": ["s"] * 11}, "InvalidParameterException"),
    ("ecs", "DescribeServices", ECS | {"services": []}, "InvalidParameterException"),
    ("ecs", "DescribeServices", ECS | {"services": [1]}, "SerializationException"),
    ("ecs", "DescribeServices", GONE | {"services": ["web"]}, "ClusterNotFoundException"),
    ("ecs", "DescribeTasks", ECS | {"tasks": ["t"] * 101}, "InvalidParameterException"),
    ("ecs", "DescribeTasks", GONE | {"tasks": ["t"]}, "ClusterNotFoundException"),
    ("ecs", "ListTasks", ECS | {"serviceName": "gone"}, "ServiceNotFoundException"),
    ("ecs", "ListTasks", ECS | {"desiredStatus": "DREAMING"}, "InvalidParameterException"),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "gone"}, "ClientException"),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": ""}, "InvalidParameterException"),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "shop-prod-web:x"},
     "InvalidParameterException"),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "shop-prod-web:99999"},
     "ClientException"),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": 1}, "SerializationException"),
    ("ecs", "ListTaskDefinitions", {"maxResults": 0}, "InvalidParameterException"),
    ("ecs", "ListTaskDefinitionFamilies", {"maxResults": 0}, "InvalidParameterException"),
    ("ecs", "DescribeContainerInstances", ECS | {"containerInstances": []},
     "InvalidParameterException"),
    ("ecs", "UpdateService", ECS | {"service": "gone"}, "ServiceNotFoundException"),
    ("ecs", "UpdateService", GONE | {"service": "web"}, "ClusterNotFoundException"),
    ("ecs", "UpdateService", ECS | {"service": "web", "desiredCount": -1},
     "InvalidParameterException"),
    ("ecs", "UpdateService", ECS | {"service": "web", "taskDefinition": "gone"},
     "ClientException"),
    ("ecs", "StopTask", ECS | {"task": "f" * 32}, "InvalidParameterException"),
    ("ecs", "ListServiceDeployments", ECS | {"service": "gone"}, "ServiceNotFoundException"),
    ("ecs", "DescribeServiceDeployments", {"serviceDeploymentArns": ["x"]},
     "InvalidParameterException"),
    ("ecs", "DescribeServiceRevisions", {"serviceRevisionArns": ["x"]},
     "InvalidParameterException"),
    ("ecs", "StopServiceDeployment", lambda s: {"serviceDeploymentArn": _deployments(s)[0][:-1]},
     "ServiceDeploymentNotFoundException"),
    ("ecs", "StopServiceDeployment", lambda s: {"serviceDeploymentArn": _ended(s)},
     "ConflictException"),
    ("ecs", "StopServiceDeployment",
     lambda s: {"serviceDeploymentArn": _rolling(s), "stopType": "SOON"},
     "InvalidParameterException"),
    ("ecs", "CreateCluster", {"clusterName": "new"}, "UnknownOperationException"),
    ("logs", "DescribeLogGroups", {"limit": 51}, "InvalidParameterException"),
    ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/ecs", "logGroupNamePattern": "web"},
     "InvalidParameterException"),
    ("logs", "DescribeLogStreams", {"logGroupName": "/gone"}, "ResourceNotFoundException"),
    ("logs", "DescribeLogStreams",
     GROUP | {"orderBy": "LastEventTime", "logStreamNamePrefix": "x"},
     "InvalidParameterException"),
    ("logs", "FilterLogEvents", {"logGroupName": "/gone"}, "ResourceNotFoundException"),
    ("logs", "FilterLogEvents", GROUP | {"logStreamNames": ["gone"]}, "ResourceNotFoundException"),
    ("logs", "FilterLogEvents", GROUP | {"logStreamNames": ["s"] * 101},
     "InvalidParameterException"),
    ("logs", "FilterLogEvents", GROUP | {"logStreamNames": ["s"], "logStreamNamePrefix": "s"},
     "InvalidParameterException"),
    ("logs", "FilterLogEvents", GROUP | {"startTime": 2, "endTime": 1},
     "InvalidParameterException"),
    ("logs", "FilterLogEvents", GROUP | {"nextToken": "x"}, "InvalidParameterException"),
    ("logs", "FilterLogEvents", GROUP | {"filterPattern": "[a, b]"}, "InvalidParameterException"),
    ("logs", "GetLogEvents", GROUP | {"logStreamName": "gone"}, "ResourceNotFoundException"),
    ("logs", "GetLogEvents",
     lambda s: GROUP | {"logStreamName": f"ecs/web/{_task(s)}", "nextToken": "x"},
     "InvalidParameterException"),
    *REFUSED_QUESTIONS,
    ("servicediscovery", "ListNamespaces", {"MaxResults": 101}, "InvalidInput"),
    ("servicediscovery", "ListNamespaces", {"NextToken": "x"}, "InvalidInput"),
    ("servicediscovery", "ListNamespaces", {"Filters": [{"Name": "AGE", "Values": ["1"]}]},
     "InvalidInput"),
    ("servicediscovery", "ListServices", {"Filters": [{"Name": "AGE", "Values": ["1"]}]},
     "InvalidInput"),
    ("servicediscovery", "GetNamespace", {"Id": "ns-gone"}, "NamespaceNotFound"),
    ("servicediscovery", "GetService", {"Id": "srv-gone"}, "ServiceNotFound"),
    ("servicediscovery", "ListInstances", {"ServiceId": "srv-gone"}, "ServiceNotFound"),
    ("servicediscovery", "GetInstance", {"ServiceId": "srv-gone", "InstanceId": "i"},
     "ServiceNotFound"),
    ("servicediscovery", "GetInstance",
     lambda s: {"ServiceId": _registry(s).id, "InstanceId": "gone"}, "InstanceNotFound"),
    ("servicediscovery", "GetInstancesHealthStatus",
     lambda s: {"ServiceId": _registry(s).id, "Instances": ["gone"]}, "InstanceNotFound"),
    ("servicediscovery", "DiscoverInstances", NAMED | {"NamespaceName": "gone"},
     "NamespaceNotFound"),
    ("servicediscovery", "DiscoverInstancesRevision", NAMED | {"ServiceName": "gone"},
     "ServiceNotFound"),
    ("eks", "ListClusters", {"maxResults": 101}, "InvalidParameterException"),
    ("eks", "ListClusters", {"nextToken": "x"}, "InvalidParameterException"),
    ("eks", "DescribeCluster", {"name": "gone"}, "ResourceNotFoundException"),
    ("eks", "ListNodegroups", {"clusterName": "gone"}, "ResourceNotFoundException"),
    ("eks", "DescribeNodegroup", {"clusterName": "payments-prod", "nodegroupName": "gone"},
     "ResourceNotFoundException"),
    ("eks", "ListAddons", {"clusterName": "payments-prod"}, "UnknownOperationException"),
    ("ecr", "DescribeRepositories", {"repositoryNames": ["gone"]}, "RepositoryNotFoundException"),
    ("ecr", "ListImages", {"repositoryName": "gone"}, "RepositoryNotFoundException"),
    ("ecr", "ListImages", {"repositoryName": "web", "filter": {"tagStatus": "OLD"}},
     "InvalidParameterException"),
    ("ecr", "DescribeImages", {"repositoryName": "web", "imageIds": [{"imageTag": "gone"}]},
     "ImageNotFoundException"),
    ("application-autoscaling", "DescribeScalableTargets", {}, "ValidationException"),
    ("application-autoscaling", "DescribeScalableTargets",
     {"ServiceNamespace": "ecs", "NextToken": "x"}, "InvalidNextTokenException"),
    ("sts", "AssumeRole", ROLE | {"RoleSessionName": "?"}, "ValidationError"),
    ("sts", "AssumeRole", ROLE | {"DurationSeconds": 1}, "ValidationError"),
    ("sts", "AssumeRole", ROLE | {"RoleArn": "arn:aws:iam::999999999999:role/ops"},
     "AccessDenied"),
    ("elbv2", "DescribeTargetGroups", {"Names": ["gone"]}, "TargetGroupNotFound"),
    ("elbv2", "DescribeTargetGroups", {"PageSize": 0}, "ValidationError"),
    ("elbv2", "DescribeTargetGroups", {"Marker": "x"}, "ValidationError"),
    ("elbv2", "DescribeTargetHealth", {"TargetGroupArn": "gone"}, "TargetGroupNotFound"),
    ("elbv2", "DescribeLoadBalancers", {"Names": ["gone"]}, "LoadBalancerNotFound"),
    ("sqs", "ReceiveMessage", {"QueueUrl": "https://sqs/1/gone"}, "QueueDoesNotExist"),
    ("sqs", "ReceiveMessage", lambda s: {"QueueUrl": _queue(s), "MaxNumberOfMessages": 11},
     "InvalidParameterValue"),
    ("sqs", "DeleteMessageBatch", lambda s: _delete(s), "EmptyBatchRequest"),
    ("sqs", "DeleteMessageBatch", lambda s: _delete(s, *"abcdefghijk"),
     "TooManyEntriesInBatchRequest"),
    ("sqs", "DeleteMessageBatch",
     lambda s: {"QueueUrl": _queue(s), "Entries": [{"Id": "1", "ReceiptHandle": "a#1"}] * 2},
     "BatchEntryIdsNotDistinct"),
]  # fmt: skip
"""(service, operation, parameters, code) of calls that fail."""
