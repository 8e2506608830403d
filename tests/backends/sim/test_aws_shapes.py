"""Every answer has the shape that botocore's own service models give it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from sim_aws import SESSION, Aws

from backends.sim.aws.operations import OPERATIONS
from backends.sim.server import SimServer

TARGET = "service/shop-prod/web"


def _service(sim: SimServer, name: str = "web") -> Any:
    return sim.world.ecs.service("shop-prod", name)


def _task(sim: SimServer) -> str:
    return str(next(iter(_service(sim).tasks)))


def _registry(sim: SimServer) -> Any:
    return sim.world.cloudmap.registry_of(_service(sim))


def _deployment(sim: SimServer, name: str) -> str:
    service = sim.world.ecs.service("batch-prod", name)
    digits = service.history[0].id.rpartition("/")[2]
    return f"{service.arn.replace(':service/', ':service-deployment/')}/{digits}"


ECS = {"cluster": "shop-prod"}

CASES: list[tuple[str, str, Any]] = [
    ("ecs", "list_clusters", {}),
    ("ecs", "describe_clusters",
     {"clusters": ["shop-prod", "gone"], "include": ["STATISTICS", "TAGS", "SETTINGS"]}),
    ("ecs", "list_services", ECS | {"maxResults": 3}),
    ("ecs", "describe_services",
     ECS | {"services": ["web", "sessions", "inventory", "gone"], "include": ["TAGS"]}),
    ("ecs", "list_tasks", ECS | {"maxResults": 2}),
    ("ecs", "describe_tasks", lambda s: ECS | {"include": ["TAGS"], "tasks": [
        *s.world.ecs.clusters("111122223333", "us-east-1")["shop-prod"].tasks,
        *s.world.ecs.clusters("111122223333", "us-east-1")["shop-prod"].stopped, "f" * 32][:100]}),
    ("ecs", "describe_task_definition",
     {"taskDefinition": "shop-prod-recommendations", "include": ["TAGS"]}),
    ("ecs", "list_task_definitions", {"maxResults": 5}),
    ("ecs", "list_task_definition_families", {"maxResults": 5}),
    ("ecs", "list_container_instances", ECS),
    ("ecs", "describe_container_instances", lambda s: ECS | {"containerInstances": [
        i.arn for i in s.world.ecs.clusters("111122223333", "us-east-1")["shop-prod"].instances
    ]}),
    ("ecs", "describe_capacity_providers", {}),
    ("ecs", "update_service", ECS | {"service": "web", "desiredCount": 3}),
    ("ecs", "stop_task", lambda s: ECS | {"task": _task(s)}),
    ("ecs", "list_service_deployments", {"cluster": "shop-prod", "service": "web"}),
    ("ecs", "describe_service_deployments",
     lambda s: {"serviceDeploymentArns": [_deployment(s, "reports"), _deployment(s, "exports")]}),
    ("logs", "describe_log_groups", {"limit": 3}),
    ("logs", "describe_log_streams", {"logGroupName": "/ecs/shop-prod/web", "limit": 1}),
    ("logs", "filter_log_events", {"logGroupName": "/ecs/shop-prod/web", "limit": 20}),
    ("logs", "get_log_events", lambda s: {
        "logGroupName": "/ecs/shop-prod/web", "limit": 5,
        "logStreamName": f"ecs/web/{_task(s)}"}),
    ("servicediscovery", "list_namespaces", {}),
    ("servicediscovery", "get_namespace", lambda s: {"Id": _registry(s).namespace.id}),
    ("servicediscovery", "list_services", {}),
    ("servicediscovery", "get_service", lambda s: {"Id": _registry(s).id}),
    ("servicediscovery", "list_instances", lambda s: {"ServiceId": _registry(s).id}),
    ("servicediscovery", "get_instance",
     lambda s: {"ServiceId": _registry(s).id, "InstanceId": _task(s)}),
    ("servicediscovery", "get_instances_health_status",
     lambda s: {"ServiceId": _registry(s).id}),
    ("servicediscovery", "discover_instances",
     {"NamespaceName": "shop.local", "ServiceName": "web"}),
    ("servicediscovery", "discover_instances_revision",
     {"NamespaceName": "shop.local", "ServiceName": "web"}),
    ("eks", "list_clusters", {}),
    ("eks", "describe_cluster", {"name": "payments-prod"}),
    ("eks", "list_nodegroups", {"clusterName": "payments-prod"}),
    ("eks", "describe_nodegroup", {"clusterName": "payments-prod", "nodegroupName": "general"}),
    ("ecr", "describe_repositories", {}),
    ("ecr", "list_images", {"repositoryName": "web"}),
    ("ecr", "describe_images", {"repositoryName": "web", "maxResults": 2}),
    ("sts", "get_caller_identity", {}),
    ("sts", "assume_role",
     {"RoleArn": "arn:aws:iam::444455556666:role/operators", "RoleSessionName": "me"}),
    ("application-autoscaling", "describe_scalable_targets", {"ServiceNamespace": "ecs"}),
    ("application-autoscaling", "describe_scaling_policies",
     {"ServiceNamespace": "ecs", "ResourceId": TARGET}),
    ("application-autoscaling", "describe_scaling_activities", {"ServiceNamespace": "ecs"}),
    ("elbv2", "describe_target_groups", {}),
    ("elbv2", "describe_load_balancers", {"Names": ["shop-prod"]}),
    ("elbv2", "describe_target_health",
     lambda s: {"TargetGroupArn": _service(s, "gateway").target_group.arn}),
]  # fmt: skip

JSON_TYPES = {
    "string": str, "integer": int, "long": int, "boolean": bool, "map": dict, "list": list,
    "structure": dict, "timestamp": (int, float), "float": (int, float), "double": (int, float),
}  # fmt: skip


def json_faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield everything in which a JSON value differs from a shape."""
    kind = shape.type_name
    wrong = isinstance(value, bool) and kind != "boolean"
    if wrong or not isinstance(value, JSON_TYPES[kind]):
        yield f"{path}: {value!r} is no {kind}"
    elif kind == "list":
        for index, item in enumerate(value):
            yield from json_faults(shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from json_faults(shape.value, item, f"{path}.{key}")
    elif kind == "structure":
        yield from _structure_faults(shape, value, path)
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def _structure_faults(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
    for key, item in value.items():
        if key not in members:
            yield f"{path}: {key} is not in {shape.name}"
        elif item is not None:
            yield from json_faults(members[key][1], item, f"{path}.{key}")
    for required in shape.required_members:
        if required not in {members[k][0] for k in value if k in members}:
            yield f"{path}: {required} of {shape.name} is missing"


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def xml_faults(shape: Any, element: ElementTree.Element, path: str) -> Iterator[str]:
    """Yield everything in which an element of a query answer differs from a shape."""
    kind = shape.type_name
    if kind == "structure":
        for child in element:
            if _tag(child) not in shape.members:
                yield f"{path}: {_tag(child)} is not in {shape.name}"
            else:
                yield from xml_faults(shape.members[_tag(child)], child, f"{path}.{_tag(child)}")
    elif kind == "list":
        for child in element:
            yield from xml_faults(shape.member, child, f"{path}[]")
    elif kind == "boolean" and element.text not in ("true", "false"):
        yield f"{path}: {element.text!r} is no boolean"
    elif kind in ("integer", "long") and not (element.text or "").lstrip("-").isdigit():
        yield f"{path}: {element.text!r} is no number"
    elif kind == "string" and shape.enum and element.text not in shape.enum:
        yield f"{path}: {element.text!r} is none of {shape.enum}"


def faults(model: Any, body: bytes) -> list[str]:
    """Return everything in which a raw answer differs from its operation's output shape."""
    if model.metadata["protocol"] != "query":
        return list(json_faults(model.output_shape, json.loads(body), "$"))
    result = ElementTree.fromstring(body)[0]
    if _tag(result) != model.output_shape.serialization["resultWrapper"]:
        return [f"the result is in {_tag(result)}"]
    return list(xml_faults(model.output_shape, result, "$"))


@pytest.mark.parametrize(("service", "operation", "params"), CASES, ids=lambda v: str(v)[:30])
async def test_answers_fit_their_model(
    sim: SimServer, aws: Aws, service: str, operation: str, params: Any
) -> None:
    answer = await aws(service, operation, **(params(sim) if callable(params) else params))
    model, body = aws.answers[-1]
    assert faults(model, body) == []
    parsed = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
    assert any(parsed.values()), "the answer is empty: it proves nothing"


async def test_every_operation_has_a_case(aws: Aws) -> None:
    known = set()
    for service, operation, _ in CASES:
        client = aws.client(service)
        known.add(
            (client.meta.service_model.signing_name, client.meta.method_to_api_mapping[operation])
        )
    assert known == set(OPERATIONS)


def test_a_strange_member_is_noticed() -> None:
    model = SESSION.get_service_model("ecs").operation_model("ListClusters")
    assert faults(model, b'{"clusterArns": [1], "odd": 2}') == [
        "$.clusterArns[0]: 1 is no string",
        "$: odd is not in ListClustersResponse",
    ]
