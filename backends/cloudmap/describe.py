"""Descriptions of Cloud Map resources: everything the API tells, in sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from backends.base import Invalid
from backends.cloudmap.catalog import Catalog
from backends.cloudmap.rows import TYPES, check, records
from backends.cloudmap.wire import Payload, attributes, count, items, moment, part, text
from backends.model import Description, Resource, Section

SHOWN = 100
"""Instances in a service's description at the most."""


async def describe(catalog: Catalog, resource: Resource, now: float) -> Description:
    """Fetch and describe a namespace, a service or an instance; raises `NotFound`."""
    ref, raw = resource.ref, resource.raw
    if ref.kind == "cloudmap/namespaces":
        answer = await catalog.call(ref.scope, "GetNamespace", Id=text(raw, "Id"))
        document = dict(part(answer, "Namespace"))
        sections = _namespace(document)
    elif ref.kind == "cloudmap/services":
        answer = await catalog.call(ref.scope, "GetService", Id=text(raw, "Id"))
        document = dict(part(answer, "Service"))
        sections = await _service(catalog, resource, document)
    elif ref.kind == "cloudmap/instances":
        sections, document = await _instance(catalog, resource)
    else:
        raise Invalid("describe", f"{ref.kind} is no kind of Cloud Map", "choose another resource")
    return Description(ref, sections, document, now)


def _namespace(payload: Payload) -> tuple[Section, ...]:
    properties = part(payload, "Properties")
    dns, http = part(properties, "DnsProperties"), part(properties, "HttpProperties")
    return _present(
        _pairs(
            "Summary",
            ("Namespace", text(payload, "Name")),
            ("Type", TYPES.get(text(payload, "Type"), text(payload, "Type"))),
            ("Services", str(count(payload, "ServiceCount"))),
            ("Description", text(payload, "Description")),
            ("HTTP name", text(http, "HttpName")),
            ("Hosted zone", text(dns, "HostedZoneId")),
            ("SOA TTL", _seconds(part(dns, "SOA"))),
            ("Id", text(payload, "Id")),
            ("ARN", text(payload, "Arn")),
            ("Owner", text(payload, "ResourceOwner")),
            ("Created", _when(moment(payload, "CreateDate"))),
        )
    )


async def _service(catalog: Catalog, resource: Resource, payload: Payload) -> tuple[Section, ...]:
    scope = resource.ref.scope
    answer = await catalog.call(scope, "ListInstances", ServiceId=text(payload, "Id"))
    healths: Mapping[str, str] = {}
    if check(payload) != "none":
        healths = await catalog.healths(scope, payload, urgent=True)
    dns, route53 = part(payload, "DnsConfig"), part(payload, "HealthCheckConfig")
    return _present(
        _pairs(
            "Summary",
            ("Service", text(payload, "Name")),
            ("Namespace", scope.namespace),
            ("Instances", str(count(payload, "InstanceCount"))),
            ("Description", text(payload, "Description")),
            ("Id", text(payload, "Id")),
            ("ARN", text(payload, "Arn")),
            ("Created", _when(moment(payload, "CreateDate"))),
        ),
        _pairs(
            "DNS",
            ("Records", records(payload)),
            ("Routing policy", text(dns, "RoutingPolicy")),
        ),
        _pairs(
            "Health check",
            ("Checked by", check(payload)),
            ("Path", text(route53, "ResourcePath")),
            ("Failure threshold", _threshold(payload)),
        ),
        _table(
            "Instances",
            ("Instance", "Health", "Address", "Port"),
            (_line(instance, healths) for instance in items(answer, "Instances")[:SHOWN]),
        ),
    )


def _line(instance: Payload, healths: Mapping[str, str]) -> tuple[str, ...]:
    identity, found = text(instance, "Id"), attributes(instance)
    address = found.get("AWS_INSTANCE_IPV4") or found.get("AWS_INSTANCE_CNAME", "")
    return identity, healths.get(identity, "–"), address, found.get("AWS_INSTANCE_PORT", "")


async def _instance(
    catalog: Catalog, resource: Resource
) -> tuple[tuple[Section, ...], dict[str, Any]]:
    scope, service = resource.ref.scope, part(resource.raw, "service")
    named: dict[str, Any] = {"ServiceId": text(service, "Id")}
    identity = text(part(resource.raw, "instance"), "Id")
    answer = await catalog.call(scope, "GetInstance", InstanceId=identity, **named)
    document: dict[str, Any] = dict(part(answer, "Instance"))
    health = ""
    if check(service) != "none":
        status = await catalog.call(
            scope, "GetInstancesHealthStatus", Instances=[identity], **named
        )
        health = text(part(status, "Status"), identity)
        document["HealthStatus"] = health
    found = attributes(document)
    return _present(
        _pairs(
            "Summary",
            ("Instance", identity),
            ("Service", text(service, "Name")),
            ("Namespace", scope.namespace),
            ("Health", health or f"not checked ({resource.status.lower()})"),
            ("Checked by", check(service)),
            ("Registered by", text(document, "CreatedByAccount")),
        ),
        _pairs(
            "Resolves to",
            ("IPv4", found.get("AWS_INSTANCE_IPV4", "")),
            ("IPv6", found.get("AWS_INSTANCE_IPV6", "")),
            ("Port", found.get("AWS_INSTANCE_PORT", "")),
            ("CNAME", found.get("AWS_INSTANCE_CNAME", "")),
            ("Alias", found.get("AWS_ALIAS_DNS_NAME", "")),
        ),
        _pairs("Attributes", *sorted(found.items())),
    ), document


def _threshold(service: Payload) -> str:
    config = part(service, "HealthCheckConfig") or part(service, "HealthCheckCustomConfig")
    return str(count(config, "FailureThreshold") or "")


def _seconds(soa: Payload) -> str:
    return f"{count(soa, 'TTL')}s" if soa else ""


def _when(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _present(*sections: Section | None) -> tuple[Section, ...]:
    return tuple(section for section in sections if section is not None)


def _pairs(title: str, *found: tuple[str, str]) -> Section | None:
    filled = tuple((key, value) for key, value in found if value)
    return Section(title, pairs=filled) if filled else None


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Section | None:
    filled = tuple(rows)
    return Section(title, head=head, rows=filled) if filled else None
