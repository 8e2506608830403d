"""Elastic Load Balancing v2: the target groups of the services, and how their targets are."""

from __future__ import annotations

from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.ecs_tasks import subnet
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import page
from backends.sim.ecs.model import Cluster, Service, TargetGroup, Task

SERVICE = "elasticloadbalancing"
PAGING = ("Marker", "PageSize")

_REASONS = {
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "unhealthy": (
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [502]",
    ),
    "draining": (
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    ),
}


def _groups(call: Call) -> dict[str, tuple[Service, TargetGroup]]:
    clusters = call.world.ecs.clusters(call.account.account_id, call.region).values()
    return {
        service.target_group.arn: (service, service.target_group)
        for cluster in clusters
        for service in cluster.services.values()
        if service.target_group is not None
    }


def _size(call: Call) -> int:
    asked = call.text("PageSize", "400")
    if not asked.isdigit() or not 1 <= int(asked) <= 400:
        raise AwsError("ValidationError", "PageSize must be between 1 and 400")
    return int(asked)


def _paged(call: Call, name: str, bodies: list[dict[str, Any]], key: str) -> dict[str, Any]:
    error = AwsError("ValidationError", "Invalid marker")
    taken, token = page(call, bodies, lambda b: str(b[key]), _size(call), names=PAGING, error=error)
    return {name: taken, **({"NextMarker": token} if token else {})}


@operation(SERVICE, "DescribeTargetGroups")
def describe_target_groups(call: Call) -> dict[str, Any]:
    """Answer target groups: all, or by ARN, name or load balancer."""
    known = _groups(call)
    arns, names = call.texts("TargetGroupArns"), call.texts("Names")
    balancer = call.text("LoadBalancerArn")
    found_names = {group.name for _, group in known.values()}
    if any(a not in known for a in arns) or any(n not in found_names for n in names):
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    bodies = [
        _render_group(service, group)
        for arn, (service, group) in known.items()
        if (not arns or arn in arns)
        and (not names or group.name in names)
        and (not balancer or group.load_balancer == balancer)
    ]
    return _paged(call, "TargetGroups", bodies, "TargetGroupArn")


def _vpc(cluster: Cluster) -> str:
    return f"vpc-{cluster.number:017x}"


def _render_group(service: Service, group: TargetGroup) -> dict[str, Any]:
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "Port": group.port,
        "VpcId": _vpc(service.cluster),
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": group.path,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [group.load_balancer],
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


@operation(SERVICE, "DescribeTargetHealth")
def describe_target_health(call: Call) -> dict[str, Any]:
    """Answer how the targets of a group are, all or those that are named."""
    place = _groups(call).get(call.text("TargetGroupArn"))
    if place is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    service, group = place
    wanted = {target.get("Id") for target in call.params.get("Targets") or []}
    bodies = [
        _render_target(group, task)
        for task in service.tasks.values()
        if task.target and (not wanted or task.ip in wanted)
    ]
    return {"TargetHealthDescriptions": bodies}


def _render_target(group: TargetGroup, task: Task) -> dict[str, Any]:
    health = {"State": task.target}
    if task.target in _REASONS:
        health["Reason"], health["Description"] = _REASONS[task.target]
    return {
        "Target": {"Id": task.ip, "Port": group.port, "AvailabilityZone": task.zone},
        "HealthCheckPort": str(group.port),
        "TargetHealth": health,
    }


@operation(SERVICE, "DescribeLoadBalancers")
def describe_load_balancers(call: Call) -> dict[str, Any]:
    """Answer load balancers: all, or by ARN or name. Each cluster has one."""
    known: dict[str, Service] = {}
    for service, group in _groups(call).values():
        known.setdefault(group.load_balancer, service)
    arns, names = call.texts("LoadBalancerArns"), call.texts("Names")
    by_name = {service.cluster.name for service in known.values()}
    if any(a not in known for a in arns) or any(n not in by_name for n in names):
        raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
    bodies = [
        _render_balancer(arn, service)
        for arn, service in known.items()
        if (not arns or arn in arns) and (not names or service.cluster.name in names)
    ]
    return _paged(call, "LoadBalancers", bodies, "LoadBalancerArn")


def _render_balancer(arn: str, service: Service) -> dict[str, Any]:
    cluster = service.cluster
    zones = sorted({(task.zone, subnet(task)) for task in service.tasks.values()})
    return {
        "LoadBalancerArn": arn,
        "DNSName": f"{cluster.name}-{cluster.number}.{cluster.region}.elb.amazonaws.com",
        "CanonicalHostedZoneId": "Z35SXDOTRQ7X7K",
        "CreatedTime": cluster.created,
        "LoadBalancerName": cluster.name,
        "Scheme": "internet-facing",
        "VpcId": _vpc(cluster),
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": [
            {"ZoneName": zone, "SubnetId": identity, "LoadBalancerAddresses": []}
            for zone, identity in zones
        ],
        "SecurityGroups": [f"sg-{cluster.number:017x}"],
        "IpAddressType": "ipv4",
    }
