"""What Cloud Map answers, as rows; pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backends.cloudmap.links import behind, links_of
from backends.cloudmap.wire import Payload, attributes, count, items, moment, part, text
from backends.model import Health, Link, Ref, Resource, Scope

TYPES = {"HTTP": "HTTP", "DNS_PRIVATE": "private DNS", "DNS_PUBLIC": "public DNS"}
"""Namespace types in words; from NamespaceType in the Cloud Map API reference."""

HEALTHS = {
    "HEALTHY": Health.OK,
    "UNHEALTHY": Health.FAILING,
    "UNKNOWN": Health.UNKNOWN,
}
"""From HealthStatus in the Cloud Map API reference."""

REGISTERED = "REGISTERED"
"""The status of an instance whose health nobody checks: it is found as long as it is there."""


class Tally(msgspec.Struct, frozen=True):
    """What is known of the instances of a service without listing them."""

    healths: Mapping[str, int] = {}
    """How many instances there are of each health status; empty where it was not asked."""
    ecs: tuple[str, str] = ("", "")
    """The ECS cluster and service that registered them, if they did."""


def namespace_row(scope: Scope, name: str, payload: Payload) -> Resource:
    """Make a namespace of ListNamespaces; `name` is unique in its scope."""
    services = count(payload, "ServiceCount")
    created = moment(payload, "CreateDate")
    kind = text(payload, "Type")
    return Resource(
        ref=Ref(scope, "cloudmap/namespaces", name),
        health=Health.OK if services else Health.IDLE,
        status=TYPES.get(kind, kind),
        cells=(
            name,
            TYPES.get(kind, kind),
            services,
            text(payload, "Description") or None,
            text(payload, "Id"),
            created,
        ),
        uid=text(payload, "Arn"),
        created=created,
        addresses=(text(payload, "Arn"),),
        raw=payload,
    )


def service_row(scope: Scope, name: str, payload: Payload, tally: Tally) -> Resource:
    """Make a service of ListServices; `scope` has its namespace."""
    known = sum(tally.healths.values())
    healthy = tally.healths.get("HEALTHY", 0)
    health, status, reason = _service_health(payload, tally)
    created = moment(payload, "CreateDate")
    cluster, service = tally.ecs
    link = Link("ECS service", ("ecs/services",), _ecs(scope, cluster), name=service)
    return Resource(
        ref=Ref(scope, "cloudmap/services", name),
        health=health,
        status=status,
        reason=reason,
        cells=(
            name,
            status,
            f"{healthy}/{known}" if known else None,
            count(payload, "InstanceCount"),
            records(payload) or None,
            check(payload),
            f"{cluster}/{service}" if service else None,
            text(payload, "Description") or None,
            text(payload, "Id"),
            created,
        ),
        ready=healthy if known else None,
        desired=known or None,
        uid=text(payload, "Arn"),
        created=created,
        parents=(Ref(scope.at(namespace=""), "cloudmap/namespaces", scope.namespace),),
        links=(link,) if service else (),
        addresses=(text(payload, "Arn"),),
        raw=payload,
    )


def _ecs(scope: Scope, cluster: str) -> Scope:
    return Scope("ecs", account=scope.account, region=scope.region, cluster=cluster)


def _service_health(service: Payload, tally: Tally) -> tuple[Health, str, str]:
    """Return how a service is, in a word, and why."""
    if not count(service, "InstanceCount"):
        return Health.IDLE, "EMPTY", ""
    if check(service) == "none":
        return Health.OK, REGISTERED, ""
    total = sum(tally.healths.values())
    bad = tally.healths.get("UNHEALTHY", 0)
    if bad and bad == total:
        return Health.FAILING, "UNHEALTHY", "no instance is healthy"
    if bad:
        return Health.DEGRADED, "UNHEALTHY", f"{bad} of {total} instances are unhealthy"
    if tally.healths.get("HEALTHY", 0):
        return Health.OK, "HEALTHY", ""
    return Health.UNKNOWN, "UNKNOWN", ""


def records(service: Payload) -> str:
    """Return a service's DNS records with their times to live: ``A 60s, SRV 10s``."""
    found = items(part(service, "DnsConfig"), "DnsRecords")
    return ", ".join(f"{text(record, 'Type')} {count(record, 'TTL')}s" for record in found)


def check(service: Payload) -> str:
    """Return who checks the health of a service's instances: ``custom``, ``Route 53 HTTP``."""
    if isinstance(service.get("HealthCheckCustomConfig"), dict):  # which may well be empty
        return "custom"
    config = part(service, "HealthCheckConfig")
    return f"Route 53 {text(config, 'Type')}".strip() if config else "none"


def instance_row(
    scope: Scope,
    service: Payload,
    name: str,
    payload: Payload,
    health: str | None,
    *,
    doubt: str = "",
) -> Resource:
    """Make an instance of ListInstances.

    `name` is that of its service, `scope` has the namespace; `health` is what
    GetInstancesHealthStatus says of it, None where it was not asked or does not know the
    instance; `doubt` says why it could not be asked.
    """
    identity, found = text(payload, "Id"), attributes(payload)
    status = _status(service, found, health)
    addresses = addresses_of(found)
    namespace = Ref(scope.at(namespace=""), "cloudmap/namespaces", scope.namespace)
    port = found.get("AWS_INSTANCE_PORT", "")
    return Resource(
        ref=Ref(scope, "cloudmap/instances", f"{name}/{identity}"),
        health=Health.OK if status == REGISTERED else HEALTHS.get(status, Health.UNKNOWN),
        status=status,
        reason="its health check fails" if status == "UNHEALTHY" else doubt,
        cells=(
            identity,
            status,
            next(iter(addresses), None),
            int(port) if port.isascii() and port.isdecimal() else None,
            found.get("AVAILABILITY_ZONE"),
            behind(found) or None,
            name,
            found.get("AWS_INSTANCE_IPV6"),
            ", ".join(f"{key}={value}" for key, value in sorted(found.items())) or None,
        ),
        uid=f"{text(service, 'Id')}/{identity}",
        parents=(Ref(scope, "cloudmap/services", name), namespace),
        links=links_of(scope, payload, found, identity),
        addresses=addresses,
        raw={"service": service, "instance": payload},
    )


def _status(service: Payload, found: Mapping[str, str], health: str | None) -> str:
    """Return an instance's health in Cloud Map's words; not yet known, it is as it began."""
    if check(service) == "none":
        return REGISTERED
    known = health or found.get("AWS_INIT_HEALTH_STATUS", "")
    return known if known in HEALTHS else "UNKNOWN"


def addresses_of(found: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an instance resolves to, IPv4 first: addresses, or a name."""
    keys = ("AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6", "AWS_INSTANCE_CNAME", "AWS_ALIAS_DNS_NAME")
    return tuple(found[key] for key in keys if found.get(key))
