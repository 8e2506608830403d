"""What a load balancer thinks of a service's tasks: target groups and the health of targets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backends.aws.access import AwsAccess
from backends.base import BackendError, sentence
from backends.ecs.kinds.tasks import ips, service_of
from backends.ecs.rollout import find_service
from backends.ecs.wire import Payload, count, items, part, strings, tail, text
from backends.model import Ref, Scope, Section

GROUPS = 20
"""Target groups that are looked at: more than a service can have (Amazon ECS service quotas)."""

_MEANINGS = {
    "Elb.RegistrationInProgress": "being registered with the load balancer",
    "Elb.InitialHealthChecking": "not checked often enough yet to be called healthy",
    "Target.ResponseCodeMismatch": "health checks got an unexpected status code",
    "Target.Timeout": "health checks timed out: check the port, the path and security groups",
    "Target.FailedHealthChecks": "the connection failed, or the answer was malformed",
    "Target.NotRegistered": "not registered with this target group",
    "Target.NotInUse": "no load balancer uses this group, or not in this zone",
    "Target.DeregistrationInProgress": "being deregistered: its connections drain",
    "Target.InvalidState": "stopped or terminated",
    "Target.IpUnusable": "the address is reserved for a load balancer",
    "Target.HealthCheckDisabled": "health checks are switched off for this group",
    "Elb.InternalError": "the load balancer had an internal error",
}
"""The reason codes of targets; Elastic Load Balancing API reference, ``TargetHealth``."""

_HEAD = ("Target", "Port", "Zone", "State", "Why")


def group_arns(service: Payload) -> tuple[str, ...]:
    """Return the ARNs of a service's target groups, the alternate ones of blue/green included."""
    found: dict[str, None] = {}
    for balancer in items(service, "loadBalancers"):
        advanced = part(balancer, "advancedConfiguration")
        found[text(balancer, "targetGroupArn")] = None
        found[text(advanced, "alternateTargetGroupArn")] = None
    found.pop("", None)
    return tuple(found)[:GROUPS]


def group_name(arn: str) -> str:
    """Return the name in a target group's ARN."""
    return tail(arn.rpartition("/")[0])


async def service_targets(access: AwsAccess, scope: Scope, service: Payload) -> tuple[Section, ...]:
    """Describe every target group of a service, each with all its targets.

    What may not be asked after, or does not answer, is said in place of that section.
    """
    return await _sections(access, scope, group_arns(service), lambda target: True)


async def task_targets(access: AwsAccess, scope: Scope, task: Payload) -> tuple[Section, ...]:
    """Describe how a task itself is in the target groups of its service."""
    name, addresses = service_of(task), ips(task)
    if not name or not addresses or task.get("lastStatus") == "STOPPED":
        return ()
    try:
        service = await find_service(access, Ref(scope, "ecs/services", name))
    except BackendError as error:
        return (Section("Targets", lines=(sentence(error.problem),)),)
    return await _sections(access, scope, group_arns(service), lambda t: text(t, "Id") in addresses)


async def _sections(
    access: AwsAccess, scope: Scope, arns: tuple[str, ...], wanted: Callable[[Payload], bool]
) -> tuple[Section, ...]:
    if not arns:
        return ()
    groups, healths = await asyncio.gather(
        _groups(access, scope, arns),
        asyncio.gather(*(_health(access, scope, arn) for arn in arns)),
    )
    return tuple(
        _section(arn, groups, health, wanted) for arn, health in zip(arns, healths, strict=True)
    )


async def _groups(
    access: AwsAccess, scope: Scope, arns: tuple[str, ...]
) -> dict[str, Payload] | BackendError:
    try:
        answer = await access.call(
            scope, "elbv2", "DescribeTargetGroups", TargetGroupArns=list(arns)
        )
    except BackendError as error:
        return error
    return {text(group, "TargetGroupArn"): group for group in items(answer, "TargetGroups")}


async def _health(access: AwsAccess, scope: Scope, arn: str) -> list[Payload] | BackendError:
    try:
        answer = await access.call(scope, "elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
    except BackendError as error:
        return error
    return list(items(answer, "TargetHealthDescriptions"))


def _section(
    arn: str,
    groups: dict[str, Payload] | BackendError,
    health: list[Payload] | BackendError,
    wanted: Callable[[Payload], bool],
) -> Section:
    failures = [found for found in (groups, health) if isinstance(found, BackendError)]
    lines = [sentence(error.problem) for error in failures]
    group = {} if isinstance(groups, BackendError) else groups.get(arn, {})
    known = [] if isinstance(health, BackendError) else health
    rows = tuple(_row(target) for target in known if wanted(part(target, "Target")))
    if not rows and not isinstance(health, BackendError):
        lines.append(_nothing(group, known))
    return Section(
        f"Target group {group_name(arn)}",
        pairs=tuple(pair for pair in _facts(group, known) if pair[1]),
        head=_HEAD if rows else (),
        rows=rows,
        lines=tuple(lines),
    )


def _nothing(group: Payload, known: list[Payload]) -> str:
    """Say why there is no row."""
    if not known:
        return "No target is registered."
    if group.get("TargetType") == "instance":
        return "Its targets are container instances: the service's description lists them."
    return "This task is not among its targets."


def _facts(group: Payload, known: list[Payload]) -> tuple[tuple[str, str], ...]:
    states: dict[str, int] = {}
    for target in known:
        state = text(part(target, "TargetHealth"), "State")
        states[state] = states.get(state, 0) + 1
    port = count(group, "Port")
    return (
        ("Targets", ", ".join(f"{number} {state}" for state, number in sorted(states.items()))),
        ("Receives", f"{text(group, 'Protocol')} on {port}" if port else ""),
        ("Health check", _check(group) if group else ""),
        ("Load balancers", ", ".join(_balancer(a) for a in strings(group, "LoadBalancerArns"))),
    )


def _check(group: Payload) -> str:
    if group.get("HealthCheckEnabled") is False:
        return "off"
    port, codes = text(group, "HealthCheckPort"), text(part(group, "Matcher"), "HttpCode")
    what = f"{text(group, 'HealthCheckProtocol')} {text(group, 'HealthCheckPath')}".strip()
    return ", ".join(
        (
            what + ("" if port in ("", "traffic-port") else f" on port {port}"),
            *((f"expects {codes}",) if codes else ()),
            f"every {count(group, 'HealthCheckIntervalSeconds')} s",
            f"{count(group, 'HealthCheckTimeoutSeconds')} s to answer",
            f"unhealthy after {count(group, 'UnhealthyThresholdCount')} failures",
            f"healthy after {count(group, 'HealthyThresholdCount')} successes",
        )
    )


def _balancer(arn: str) -> str:
    """Return the name in a load balancer's ARN: ``.../app/<name>/<id>``."""
    return tail(arn.rpartition("/")[0]) or arn


def _row(description: Payload) -> tuple[str, ...]:
    target, health = part(description, "Target"), part(description, "TargetHealth")
    code, said = text(health, "Reason"), text(health, "Description")
    why = said or _MEANINGS.get(code, "")
    return (
        text(target, "Id"),
        str(count(target, "Port") or ""),
        text(target, "AvailabilityZone"),
        text(health, "State"),
        f"{why} ({code})" if why and code else why or code,
    )
