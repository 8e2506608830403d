"""What a scale dialog shows: a service's counts, and the autoscaler that also sets them."""

from __future__ import annotations

from backends.aws.access import AwsAccess
from backends.base import BackendError, Invalid
from backends.ecs.rollout import find_service
from backends.ecs.wire import Payload, count, items, part
from backends.model import Autoscaler, Problem, Ref, ScaleInfo

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"


async def scale_info(access: AwsAccess, ref: Ref) -> ScaleInfo:
    """Ask for a service's counts and its Application Auto Scaling target.

    Where the latter can't be asked after, the problem is in the answer and nothing is raised.
    """
    if ref.kind != "ecs/services":
        raise Invalid("ecs:DescribeServices", f"{ref.name} is not scaled", "choose its service")
    service = await find_service(access, ref)
    if service.get("schedulingStrategy") == "DAEMON":
        raise Invalid(
            "ecs:UpdateService",
            f"{ref.name} is a daemon service: it runs one task on every instance",
            "change the number of container instances instead",
        )
    autoscaler: Autoscaler | None = None
    problem: Problem | None = None
    try:
        autoscaler = await _autoscaler(access, ref)
    except BackendError as error:
        problem = error.problem
    return ScaleInfo(
        desired=count(service, "desiredCount"),
        running=count(service, "runningCount"),
        pending=count(service, "pendingCount"),
        autoscaler=autoscaler,
        problem=problem,
    )


async def _autoscaler(access: AwsAccess, ref: Ref) -> Autoscaler | None:
    answer = await access.call(
        ref.scope,
        "application-autoscaling",
        "DescribeScalableTargets",
        ServiceNamespace=NAMESPACE,
        ResourceIds=[f"service/{ref.scope.cluster}/{ref.name}"],
        ScalableDimension=DIMENSION,
    )
    targets = items(answer, "ScalableTargets")
    return to_autoscaler(targets[0]) if targets else None


def to_autoscaler(target: Payload) -> Autoscaler:
    """Make an autoscaler of one target of DescribeScalableTargets."""
    state = part(target, "SuspendedState")
    halves = (("DynamicScalingInSuspended", "in"), ("DynamicScalingOutSuspended", "out"))
    suspended = [word for key, word in halves if state.get(key)]
    if state.get("ScheduledScalingSuspended"):
        suspended.append("on schedule")
    note = f"scaling {' and '.join(suspended)} is suspended" if suspended else ""
    return Autoscaler(
        name="Application Auto Scaling",
        minimum=count(target, "MinCapacity"),
        maximum=count(target, "MaxCapacity"),
        note=note,
    )
