"""Cloud Map: namespaces, services, instances and their health."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import limit, page
from backends.sim.cloudmap import Instance, Namespace, Service

T = TypeVar("T")

PAGING = ("NextToken", "MaxResults")


def _page(
    call: Call, items: Iterable[T], key: Callable[[T], str]
) -> tuple[list[T], dict[str, str]]:
    """Return a page of at most 100, and what its answer says of the next one."""
    error = AwsError("InvalidInput", "Invalid pagination token")
    size = limit(call, "MaxResults", 100, 100, "InvalidInput")
    taken, token = page(call, items, key, size, names=PAGING, error=error)
    return taken, {"NextToken": token} if token else {}


def _filtered(call: Call, items: Iterable[T], values: dict[str, Callable[[T], str]]) -> list[T]:
    """Return the items that pass every filter of a call; `values` are the names it can use."""
    kept = list(items)
    for wanted in call.params.get("Filters") or []:
        name, allowed = wanted.get("Name"), wanted.get("Values") or []
        if name not in values:
            raise AwsError("InvalidInput", f"Invalid filter name: {name}")
        value = values[name]
        if wanted.get("Condition") == "BEGINS_WITH":
            kept = [i for i in kept if value(i).startswith(tuple(allowed))]
        else:
            kept = [i for i in kept if value(i) in allowed]
    return kept


def _namespaces(call: Call) -> list[Namespace]:
    here = call.world.cloudmap.namespaces(call.account.account_id, call.region)
    return list(here.values())


def _services(call: Call) -> list[Service]:
    return [s for n in _namespaces(call) for s in n.services.values()]


def _service(call: Call, parameter: str = "ServiceId") -> Service:
    wanted = call.text(parameter).rpartition("/")[2]
    for service in _services(call):
        if service.id == wanted:
            return service
    raise AwsError("ServiceNotFound", f"Service not found: {wanted}")


@operation("servicediscovery", "ListNamespaces")
def list_namespaces(call: Call) -> dict[str, Any]:
    """Answer the namespaces of the caller's account and region."""
    owner: Callable[[Namespace], str] = lambda _: "SELF"  # noqa: E731 - a row of a table
    kept = _filtered(
        call,
        _namespaces(call),
        {
            "TYPE": lambda n: n.type,
            "NAME": lambda n: n.name,
            "HTTP_NAME": lambda n: n.name,
            "RESOURCE_OWNER": owner,
        },
    )
    taken, more = _page(call, kept, lambda n: n.id)
    return {"Namespaces": [_render_namespace(call, n) for n in taken], **more}


@operation("servicediscovery", "GetNamespace")
def get_namespace(call: Call) -> dict[str, Any]:
    """Answer one namespace."""
    wanted = call.text("Id").rpartition("/")[2]
    for namespace in _namespaces(call):
        if namespace.id == wanted:
            body = _render_namespace(call, namespace)
            return {"Namespace": {**body, "CreatorRequestId": f"terraform-{namespace.id}"}}
    raise AwsError("NamespaceNotFound", f"Namespace not found: {wanted}")


@operation("servicediscovery", "ListServices")
def list_services(call: Call) -> dict[str, Any]:
    """Answer the services of the caller's account and region, or of one namespace."""
    owner: Callable[[Service], str] = lambda _: "SELF"  # noqa: E731 - a row of a table
    by = {"NAMESPACE_ID": lambda s: s.namespace.id, "RESOURCE_OWNER": owner}
    taken, more = _page(call, _filtered(call, _services(call), by), lambda s: s.id)
    bodies = [_render_service(call, s) for s in taken]
    for body in bodies:
        del body["NamespaceId"]
    return {"Services": bodies, **more}


@operation("servicediscovery", "GetService")
def get_service(call: Call) -> dict[str, Any]:
    """Answer one service."""
    service = _service(call, "Id")
    return {"Service": {**_render_service(call, service), "CreatorRequestId": service.id}}


@operation("servicediscovery", "ListInstances")
def list_instances(call: Call) -> dict[str, Any]:
    """Answer the instances of a service."""
    account = call.account.account_id
    taken, more = _page(call, call.world.cloudmap.instances(_service(call)), lambda i: i.id)
    instances = [
        {"Id": i.id, "Attributes": i.attributes, "CreatedByAccount": account} for i in taken
    ]
    return {"ResourceOwner": account, "Instances": instances, **more}


@operation("servicediscovery", "GetInstance")
def get_instance(call: Call) -> dict[str, Any]:
    """Answer one instance of a service."""
    instance = _instance(call, _service(call), call.text("InstanceId"))
    account = call.account.account_id
    return {
        "ResourceOwner": account,
        "Instance": {
            "Id": instance.id,
            "CreatorRequestId": instance.id,
            "Attributes": instance.attributes,
            "CreatedByAccount": account,
        },
    }


def _instance(call: Call, service: Service, wanted: str) -> Instance:
    for instance in call.world.cloudmap.instances(service):
        if instance.id == wanted:
            return instance
    raise AwsError("InstanceNotFound", f"Instance not found: {wanted}")


@operation("servicediscovery", "GetInstancesHealthStatus")
def get_instances_health_status(call: Call) -> dict[str, Any]:
    """Answer the health of a service's instances, or of those that are named."""
    service = _service(call)
    named = call.texts("Instances")
    if named:
        instances = [_instance(call, service, name) for name in named]
    else:
        instances = list(call.world.cloudmap.instances(service))
    taken, more = _page(call, instances, lambda i: i.id)
    return {"Status": {i.id: i.health for i in taken}, **more}


@operation("servicediscovery", "DiscoverInstances")
def discover_instances(call: Call) -> dict[str, Any]:
    """Answer the instances that a client should use: healthy ones, unless asked otherwise."""
    namespace, service = _discovered(call)
    wanted = call.text("HealthStatus", "HEALTHY_OR_ELSE_ALL")
    query = call.params.get("QueryParameters") or {}
    found = [
        i
        for i in call.world.cloudmap.instances(service)
        if all(i.attributes.get(k) == v for k, v in query.items())
    ]
    if wanted in ("HEALTHY", "UNHEALTHY"):
        found = [i for i in found if (i.health == "UNHEALTHY") == (wanted == "UNHEALTHY")]
    elif wanted == "HEALTHY_OR_ELSE_ALL":
        found = [i for i in found if i.health != "UNHEALTHY"] or found
    size = limit(call, "MaxResults", 100, 1000, "InvalidInput")
    return {
        "Instances": [
            {
                "InstanceId": i.id,
                "NamespaceName": namespace.name,
                "ServiceName": service.name,
                "HealthStatus": i.health,
                "Attributes": i.attributes,
            }
            for i in found[:size]
        ],
        "InstancesRevision": int(call.now),
    }


@operation("servicediscovery", "DiscoverInstancesRevision")
def discover_instances_revision(call: Call) -> dict[str, Any]:
    """Answer a number that grows whenever instances of a service may have changed."""
    _discovered(call)
    return {"InstancesRevision": int(call.now)}


def _discovered(call: Call) -> tuple[Namespace, Service]:
    """Return the namespace and the service that a call names."""
    name = call.text("NamespaceName")
    namespace = next((n for n in _namespaces(call) if n.name == name), None)
    if namespace is None:
        raise AwsError("NamespaceNotFound", f"Namespace not found: {name}")
    service = namespace.services.get(call.text("ServiceName"))
    if service is None:
        raise AwsError("ServiceNotFound", f"Service not found: {call.text('ServiceName')}")
    return namespace, service


def _render_namespace(call: Call, namespace: Namespace) -> dict[str, Any]:
    properties: dict[str, Any] = {"HttpProperties": {"HttpName": namespace.name}}
    if namespace.type != "HTTP":
        zone = "Z0" + namespace.id[3:].upper()
        properties["DnsProperties"] = {"HostedZoneId": zone, "SOA": {"TTL": 15}}
    return {
        "Id": namespace.id,
        "Arn": namespace.arn,
        "ResourceOwner": call.account.account_id,
        "Name": namespace.name,
        "Type": namespace.type,
        "Description": "",
        "ServiceCount": len(namespace.services),
        "Properties": properties,
        "CreateDate": namespace.created,
    }


def _render_service(call: Call, service: Service) -> dict[str, Any]:
    http = service.namespace.type == "HTTP"
    body: dict[str, Any] = {
        "Id": service.id,
        "Arn": service.arn,
        "ResourceOwner": call.account.account_id,
        "Name": service.name,
        "NamespaceId": service.namespace.id,
        "Type": "HTTP" if http else "DNS_HTTP",
        "Description": "Managed by ECS Service Connect" if service.connect else "",
        "InstanceCount": sum(1 for _ in call.world.cloudmap.instances(service)),
        "CreateDate": service.created,
        "CreatedByAccount": call.account.account_id,
    }
    if service.records:
        body["DnsConfig"] = {
            "NamespaceId": service.namespace.id,
            "RoutingPolicy": "WEIGHTED" if "CNAME" in service.records else "MULTIVALUE",
            "DnsRecords": [{"Type": record, "TTL": 10} for record in service.records],
        }
    if service.check == "custom":
        body["HealthCheckCustomConfig"] = {"FailureThreshold": 1}
    elif service.check == "http":
        body["HealthCheckConfig"] = {
            "Type": "HTTP",
            "ResourcePath": "/healthz",
            "FailureThreshold": 3,
        }
    return body
