"""Application Auto Scaling, for the desired counts of ECS services."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import page
from backends.sim.ecs.model import Scaling, ScalingActivity, Service

DIMENSION = "ecs:service:DesiredCount"
PAGING = ("NextToken", "MaxResults")
MOST = 50
"""Items of a page at most; larger wishes are cut to it, as its API reference says."""


def _targets(call: Call) -> dict[str, tuple[Service, Scaling]]:
    """Return the scaled services of the caller's account and region, by resource id."""
    space = call.text("ServiceNamespace")
    if not space:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value null at 'serviceNamespace' failed to satisfy "
            "constraint: Member must not be null",
        )
    if space != "ecs" or call.text("ScalableDimension", DIMENSION) != DIMENSION:
        return {}
    clusters = call.world.ecs.clusters(call.account.account_id, call.region).values()
    return {
        f"service/{cluster.name}/{service.name}": (service, service.scaling)
        for cluster in clusters
        for service in cluster.services.values()
        if service.scaling is not None
    }


def _answer(
    call: Call, name: str, bodies: list[dict[str, Any]], key: Callable[[dict[str, Any]], str]
) -> dict[str, Any]:
    size = min(MOST, max(1, call.number("MaxResults") or MOST))
    error = AwsError("InvalidNextTokenException", "The next token supplied was invalid")
    taken, token = page(call, bodies, key, size, names=PAGING, error=error)
    return {name: taken, **({"NextToken": token} if token else {})}


def _common(resource: str) -> dict[str, str]:
    return {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": DIMENSION}


def _id(resource: str) -> str:
    return f"{zlib.crc32(resource.encode()):08x}"


@operation("application-autoscaling", "DescribeScalableTargets")
def describe_scalable_targets(call: Call) -> dict[str, Any]:
    """Answer the bounds between which services are scaled."""
    wanted = call.texts("ResourceIds")
    account = call.account.account_id
    role = (
        f"arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    bodies = [
        {
            **_common(resource),
            "MinCapacity": scaling.minimum,
            "MaxCapacity": scaling.maximum,
            "RoleARN": role,
            "CreationTime": scaling.created,
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
            "ScalableTargetARN": call.arn(f"scalable-target/{_id(resource)}"),
        }
        for resource, (_, scaling) in _targets(call).items()
        if not wanted or resource in wanted
    ]
    return _answer(call, "ScalableTargets", bodies, lambda b: str(b["ResourceId"]))


@operation("application-autoscaling", "DescribeScalingPolicies")
def describe_scaling_policies(call: Call) -> dict[str, Any]:
    """Answer the policies by which services are scaled: one each, on the CPU's use."""
    wanted = call.text("ResourceId")
    bodies = []
    for resource, (_, scaling) in _targets(call).items():
        if wanted and resource != wanted:
            continue
        alarms = [f"TargetTracking-{resource}-{alarm}" for alarm in ("AlarmHigh", "AlarmLow")]
        place = f"{call.region}:{call.account.account_id}"
        name = f"scalingPolicy:{_id(resource)}:resource/ecs/{resource}:policyName/cpu-target"
        bodies.append(
            {
                "PolicyARN": f"arn:aws:autoscaling:{place}:{name}",
                "PolicyName": "cpu-target",
                **_common(resource),
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 60.0,
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
                    },
                    "ScaleOutCooldown": 60,
                    "ScaleInCooldown": 300,
                },
                "Alarms": [
                    {"AlarmName": a, "AlarmARN": f"arn:aws:cloudwatch:{place}:alarm:{a}"}
                    for a in alarms
                ],
                "CreationTime": scaling.created,
            }
        )
    return _answer(call, "ScalingPolicies", bodies, lambda b: str(b["ResourceId"]))


@operation("application-autoscaling", "DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> dict[str, Any]:
    """Answer what the autoscaler did, the latest first."""
    wanted = call.text("ResourceId")
    bodies = [
        _render_activity(call, resource, activity)
        for resource, (_, scaling) in _targets(call).items()
        if not wanted or resource == wanted
        for activity in scaling.activities
    ]
    return _answer(
        call,
        "ScalingActivities",
        bodies,
        lambda b: f"{9e10 - b['StartTime']:020.6f}{b['ActivityId']}",
    )


def _render_activity(call: Call, resource: str, activity: ScalingActivity) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ActivityId": activity.id,
        **_common(resource),
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.at,
        "StatusCode": "InProgress",
    }
    if activity.ended <= call.now:
        count = activity.description.rpartition(" ")[2].rstrip(".")
        done = f"Successfully set desired count to {count}. Change successfully fulfilled by ecs."
        body |= {"EndTime": activity.ended, "StatusCode": "Successful", "StatusMessage": done}
    return body
