"""ECS: service deployments, and stopping a task."""

from __future__ import annotations

from collections import Counter
from typing import Any

from backends.sim.aws import ecs_find as find
from backends.sim.aws.call import Call, operation
from backends.sim.aws.ecs_tasks import render_task
from backends.sim.aws.errors import AwsError, invalid
from backends.sim.aws.pages import limit, page
from backends.sim.ecs.definitions import image_digest
from backends.sim.ecs.model import Deployment, Service
from backends.sim.ecs.rollout import breaker_threshold

ERROR = "InvalidParameterException"

_STAGES = {"IN_PROGRESS": "SCALE_UP", "ROLLBACK_IN_PROGRESS": "CLEAN_UP"}
_BREAKER = {
    "IN_PROGRESS": "MONITORING",
    "FAILED": "TRIGGERED",
    "ROLLBACK_IN_PROGRESS": "TRIGGERED",
    "ROLLBACK_SUCCESSFUL": "TRIGGERED",
}


@operation("ecs", "StopTask")
def stop_task(call: Call) -> dict[str, Any]:
    """Stop a task, which its service then replaces."""
    cluster = find.cluster(call)
    task = find.task(cluster, call.text("task"))
    if task is None:
        raise invalid("The referenced task was not found.")
    call.world.ecs.stop_task(task, call.text("reason"))
    return {"task": render_task(cluster, task)}


@operation("ecs", "ListServiceDeployments")
def list_service_deployments(call: Call) -> dict[str, Any]:
    """Answer a service's deployments, the latest first."""
    service = find.service(call, call.text("service"))
    states = call.texts("status")
    history = [d for d in _own(service) if not states or _status(d) in states]
    between = call.params.get("createdAt") or {}
    history = [
        d
        for d in history
        if between.get("after", 0.0) <= d.created <= between.get("before", call.now)
    ]
    place = {d.id: f"{index:03d}" for index, d in enumerate(history)}
    size = limit(call, "maxResults", 20, 100, ERROR)
    taken, token = page(call, history, lambda d: place[d.id], size)
    bodies = [_brief(service, d) for d in taken]
    return {"serviceDeployments": bodies, **({"nextToken": token} if token else {})}


@operation("ecs", "DescribeServiceDeployments")
def describe_service_deployments(call: Call) -> dict[str, Any]:
    """Answer up to 20 deployments by ARN; those that are not there are failures."""
    arns = find.many(call, "serviceDeploymentArns", 20)
    found, failures = [], []
    for arn in arns:
        place = _find(call, arn)
        if place is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_full(*place))
    return {"serviceDeployments": found, "failures": failures}


@operation("ecs", "StopServiceDeployment")
def stop_service_deployment(call: Call) -> dict[str, Any]:
    """End a deployment that is under way, and roll it back unless that is not wanted."""
    arn, how = call.text("serviceDeploymentArn"), call.text("stopType", "ROLLBACK")
    if how not in ("ABORT", "ROLLBACK"):
        raise invalid(f"Invalid stopType {how}.")
    place = _find(call, arn)
    if place is None:
        raise AwsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    service, deployment = place
    if deployment is not service.primary or deployment.outcome != "IN_PROGRESS":
        raise AwsError(
            "ConflictException",
            f"Service deployment with status {_status(deployment)} cannot be stopped.",
        )
    call.world.ecs.stop_deployment(service, back=how == "ROLLBACK")
    return {"serviceDeploymentArn": arn}


@operation("ecs", "DescribeServiceRevisions")
def describe_service_revisions(call: Call) -> dict[str, Any]:
    """Answer up to 20 revisions by ARN; those that are not there are failures."""
    found, failures = [], []
    for arn in find.many(call, "serviceRevisionArns", 20):
        parts = arn.rpartition(":")[2].split("/")
        if len(parts) != 4 or parts[0] != "service-revision":
            raise AwsError(ERROR, "Invalid serviceRevisionArn.")
        cluster = find.cluster_named(call, parts[1])
        service = cluster.services.get(parts[2]) if cluster else None
        past = list(service.history) if service and not find.foreign(call, arn) else []
        made = next((d for d in past if find.short(d.id) == parts[3]), None)
        if service is None or made is None:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_described(service, made))
    return {"serviceRevisions": found, "failures": failures}


def _described(service: Service, deployment: Deployment) -> dict[str, Any]:
    definition = deployment.definition
    return {
        "serviceRevisionArn": _arn(service, "service-revision", deployment.id),
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "taskDefinition": definition.arn,
        "launchType": "EC2" if service.launch == "EC2" else "FARGATE",
        "containerImages": [
            {"containerName": one.name, "image": one.image, "imageDigest": image_digest(one.image)}
            for one in definition.containers
        ],
        "createdAt": deployment.created,
    }


def _own(service: Service) -> list[Deployment]:
    """Return the deployments that somebody asked for: a rollback is a part of the one it undoes."""
    return [d for d in service.history if not d.rolls_back]


def _find(call: Call, arn: str) -> tuple[Service, Deployment] | None:
    parts = arn.rpartition(":")[2].split("/")
    if len(parts) != 4 or parts[0] != "service-deployment":
        raise AwsError(ERROR, "Invalid serviceDeploymentArn.")
    cluster = find.cluster_named(call, parts[1])
    service = cluster.services.get(parts[2]) if cluster and not find.foreign(call, arn) else None
    for deployment in _own(service) if service else ():
        if service is not None and find.short(deployment.id) == parts[3]:
            return service, deployment
    return None


def _arn(service: Service, kind: str, deployment: str) -> str:
    """Return the ARN of a ``service-deployment`` or ``service-revision``."""
    cluster = service.cluster
    path = f"{kind}/{cluster.name}/{service.name}/{find.short(deployment)}"
    return f"arn:aws:ecs:{cluster.place}:{path}"


def _status(deployment: Deployment) -> str:
    """Return the status of a service deployment: one that failed without rollback is stopped."""
    return "STOPPED" if deployment.outcome == "FAILED" else deployment.outcome


def _brief(service: Service, deployment: Deployment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "serviceDeploymentArn": _arn(service, "service-deployment", deployment.id),
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "createdAt": deployment.created,
        "startedAt": deployment.created + 0.2,
        "targetServiceRevisionArn": _arn(service, "service-revision", deployment.id),
        "status": _status(deployment),
    }
    if deployment.finished is not None:
        body["finishedAt"] = deployment.finished
    if deployment.rollout == "FAILED":
        body["statusReason"] = deployment.reason
    return body


def _revision(service: Service, deployment: str, requested: int) -> dict[str, Any]:
    tasks = [t for t in service.tasks.values() if t.active and t.started_by == deployment]
    counts = Counter(t.last_status == "RUNNING" for t in tasks)
    return {
        "arn": _arn(service, "service-revision", deployment),
        "requestedTaskCount": requested,
        "runningTaskCount": counts[True],
        "pendingTaskCount": counts[False],
    }


def _full(service: Service, deployment: Deployment) -> dict[str, Any]:
    status = _status(deployment)
    body = _brief(service, deployment)
    del body["targetServiceRevisionArn"]
    current = deployment is service.primary
    requested = deployment.desired if current else 0
    body |= {
        "updatedAt": deployment.updated,
        "sourceServiceRevisions": [],
        "targetServiceRevision": _revision(service, deployment.id, requested),
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": service.breaker, "rollback": service.rollback},
            "maximumPercent": service.maximum_percent,
            "minimumHealthyPercent": service.minimum_percent,
            "strategy": "ROLLING",
        },
        "deploymentCircuitBreaker": {
            "status": _BREAKER.get(deployment.outcome, "MONITORING_COMPLETE"),
            "failureCount": deployment.failed,
            "threshold": breaker_threshold(service.desired),
        },
    }
    if status in _STAGES:
        body["lifecycleStage"] = _STAGES[status]
    if deployment.source:
        body["sourceServiceRevisions"] = [_revision(service, deployment.source, 0)]
    if status == "STOPPED":
        body["stoppedAt"] = deployment.finished
    if status.startswith("ROLLBACK") and deployment.source:
        body["rollback"] = {
            "reason": deployment.reason,
            "startedAt": deployment.updated,
            "serviceRevisionArn": _arn(service, "service-revision", deployment.source),
        }
    return body
