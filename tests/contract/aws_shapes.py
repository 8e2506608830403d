"""Values held against the shapes of botocore's service models: what is sent, and what is answered.

botocore itself checks types and required members of what is sent, and drops what it does not know
of what is answered. Here every constraint counts that a model states.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

SESSION = botocore.session.Session()
"""Shared by all tests: reading a service model takes longer than most of them."""

DOCUMENTED_LENGTHS = {
    ("ecs", "DescribeClusters", "clusters"): (1, 100),
    ("ecs", "DescribeServices", "services"): (1, 10),
    ("ecs", "DescribeServiceDeployments", "serviceDeploymentArns"): (1, 20),
    ("ecs", "DescribeServiceRevisions", "serviceRevisionArns"): (1, 20),
    ("ecs", "DescribeTasks", "tasks"): (1, 100),
}
"""Lengths of lists that only the prose of the ECS API Reference states."""

DOCUMENTED_RANGES = {
    ("ecs", "ListClusters", "maxResults"): (1, 100),
    ("ecs", "ListServiceDeployments", "maxResults"): (1, 100),
    ("ecs", "ListServices", "maxResults"): (1, 100),
    ("ecs", "ListTasks", "maxResults"): (1, 100),
    ("ecs", "UpdateService", "desiredCount"): (0, 5000),
}
"""Bounds of numbers that only its prose states, and the quota of tasks of a service."""

_SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
"""How a pattern in a model, written for Java, says "everything beyond the basic plane"."""


def operation(service: str, name: str) -> OperationModel:
    """Return the model of an operation, by botocore's name of the service."""
    return SESSION.get_service_model(service).operation_model(name)


def signing_name(service: str) -> str:
    """Return the name that signatures and IAM have for a service: ``elasticloadbalancing``."""
    return str(SESSION.get_service_model(service).signing_name)


def request_faults(service: str, name: str, params: dict[str, Any]) -> list[str]:
    """Return everything that is wrong with the parameters of a call."""
    shape = operation(service, name).input_shape
    if shape is None:
        return [f"$: {name} takes nothing"] if params else []
    said = ParamValidator().validate(params, shape)
    if said.has_errors():
        return [said.generate_report()]
    return [*_constraint_faults(shape, params, "$"), *_documented_faults(service, name, params)]


def _documented_faults(service: str, name: str, params: dict[str, Any]) -> Iterator[str]:
    for key, value in params.items():
        low, high = DOCUMENTED_LENGTHS.get((service, name, key), (0, None))
        if high is not None and not low <= len(value) <= high:
            yield f"$.{key}: {len(value)} items, not {low} to {high}"
        low, high = DOCUMENTED_RANGES.get((service, name, key), (0, None))
        if high is not None and not low <= value <= high:
            yield f"$.{key}: {value} is not {low} to {high}"


def _constraint_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind, facts = shape.type_name, shape.metadata
    size = value if kind in ("integer", "long", "float", "double") else None
    if kind in ("string", "list", "map"):
        size = len(value)
    if size is not None and not facts.get("min", size) <= size <= facts.get("max", size):
        bounds = f"{facts.get('min', '')} to {facts.get('max', '')}"
        yield f"{path}: {size} is not {bounds}"
    if kind == "string":
        yield from _text_faults(shape, value, path)
    elif kind == "list":
        for index, item in enumerate(value):
            yield from _constraint_faults(shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from _constraint_faults(shape.key, key, f"{path}.{key}")
            yield from _constraint_faults(shape.value, item, f"{path}.{key}")
    elif kind == "structure":
        for key, item in value.items():
            yield from _constraint_faults(shape.members[key], item, f"{path}.{key}")


def _text_faults(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern:
        pattern = pattern.replace(_SURROGATES, "\U00010000-\U0010ffff")
        if re.fullmatch(pattern, value) is None:
            yield f"{path}: {value!r} does not match {pattern}"


JSON_TYPES = {
    "string": str, "integer": int, "long": int, "boolean": bool, "map": dict, "list": list,
    "structure": dict, "float": (int, float), "double": (int, float),
}  # fmt: skip

NULLS = {("eks", "nextToken")}
"""Members that AWS answers with null where there is nothing; elsewhere it leaves them out."""


def answer_faults(service: str, name: str, body: bytes) -> list[str]:
    """Return everything in which a raw answer differs from its operation's output shape."""
    model = operation(service, name)
    if model.service_model.metadata["protocol"] == "query":
        result = ElementTree.fromstring(body)[0]
        if _tag(result) != model.output_shape.serialization["resultWrapper"]:
            return [f"the result is in {_tag(result)}"]
        return list(_xml_faults(model.output_shape, result, "$"))
    document = json.loads(body)
    if not isinstance(document, dict):
        return [f"$: {document!r} is no structure"]
    for where, key in NULLS:
        if where == service and key in document and document[key] is None:
            del document[key]
    return list(_json_faults(model.output_shape, document, "$"))


def _json_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "timestamp":
        yield from _json_time_faults(shape, value, path)
    elif not isinstance(value, JSON_TYPES[kind]) or (
        isinstance(value, bool) != (kind == "boolean")
    ):
        yield f"{path}: {value!r} is no {kind}"
    elif kind == "list":
        for index, item in enumerate(value):
            yield from _json_faults(shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from _json_faults(shape.key, key, f"{path}.{key}")
            yield from _json_faults(shape.value, item, f"{path}.{key}")
    elif kind == "structure":
        yield from _structure_faults(shape, value, path)
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def _json_time_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a time: JSON services write seconds since the epoch, but where a
    shape asks for something else."""
    form = shape.serialization.get("timestampFormat", "unixTimestamp")
    if form != "unixTimestamp":
        if not isinstance(value, str):
            yield f"{path}: {value!r} is no {form}"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{path}: {value!r} is no timestamp"
    elif not 1e9 < value < 4e9:
        yield f"{path}: {value!r} is no time of this age in seconds"


def _structure_faults(shape: Shape, value: dict[str, Any], path: str) -> Iterator[str]:
    members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
    for key, item in value.items():
        if key not in members:
            yield f"{path}: {key} is not in {shape.name}"
        else:
            yield from _json_faults(members[key][1], item, f"{path}.{key}")
    present = {members[key][0] for key in value if key in members}
    for required in shape.required_members:
        if required not in present:
            yield f"{path}: {required} of {shape.name} is missing"


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


_TEXT = {
    "boolean": re.compile(r"true|false"),
    "integer": re.compile(r"-?\d+"),
    "long": re.compile(r"-?\d+"),
    "float": re.compile(r"-?\d+(\.\d+)?"),
    "double": re.compile(r"-?\d+(\.\d+)?"),
    "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
}
"""How the query protocol writes what is not text."""


def _xml_faults(shape: Shape, element: ElementTree.Element, path: str) -> Iterator[str]:
    """Yield everything in which an element of a query answer differs from a shape."""
    kind, text = shape.type_name, element.text or ""
    if kind == "structure":
        tags = [_tag(child) for child in element]
        for child in element:
            if _tag(child) not in shape.members:
                yield f"{path}: {_tag(child)} is not in {shape.name}"
            else:
                yield from _xml_faults(shape.members[_tag(child)], child, f"{path}.{_tag(child)}")
        for missing in {*shape.required_members} - {*tags}:
            yield f"{path}: {missing} of {shape.name} is missing"
    elif kind == "list":
        for child in element:
            if _tag(child) != shape.member.serialization.get("name", "member"):
                yield f"{path}: {_tag(child)} in a list"
            yield from _xml_faults(shape.member, child, f"{path}[]")
    elif kind in _TEXT and not _TEXT[kind].fullmatch(text):
        yield f"{path}: {text!r} is no {kind}"
    elif kind == "string" and shape.enum and text not in shape.enum:
        yield f"{path}: {text!r} is none of {shape.enum}"


COMMON_ERRORS = frozenset({
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "InternalFailure", "InvalidClientTokenId", "InvalidParameterValue",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "NotAuthorized", "RequestExpired",
    "SerializationException", "ServiceUnavailable", "Throttling", "ThrottlingException",
    "UnknownOperationException", "UnrecognizedClientException", "ValidationError",
    "ValidationException",
})  # fmt: skip
"""Errors that every service may answer with and that no model names: "Common Error Types" in the
API references, and what AWS's decoders say of what they can't read."""


SILENT = frozenset({"UnknownOperationException"})
"""Errors that AWS sends without a message."""


def error_faults(
    service: str, name: str, status: int, headers: dict[str, str], body: bytes
) -> list[str]:
    """Return everything in which a raw error differs from those that its operation has."""
    model = operation(service, name)
    query = model.service_model.metadata["protocol"] == "query"
    code, members = _xml_error(body) if query else _json_error(headers, body)
    shapes = {shape.metadata.get("error", {}).get("code", shape.name): shape
              for shape in model.error_shapes}  # fmt: skip
    shape = shapes.get(code)
    if shape is None:
        faults = [] if code in COMMON_ERRORS else [f"{code} is no error of {name}"]
        known = {"message"}
    else:
        wanted = shape.metadata.get("error", {}).get("httpStatusCode", 400)
        faults = [] if status == wanted else [f"{code} comes with HTTP {status}, not {wanted}"]
        known = {m.serialization.get("name", n).lower() for n, m in shape.members.items()}
    faults += [
        f"{key} is not in {code}" for key in members if key.lower() not in known | {"message"}
    ]
    if code not in SILENT and not any(
        str(members[key]) for key in members if key.lower() == "message"
    ):
        faults.append(f"{code} says nothing")
    return faults


def _json_error(headers: dict[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    members = json.loads(body)
    code = str(members.pop("__type", "") or headers.get("x-amzn-errortype", ""))
    return code.rpartition("#")[2].partition(":")[0], members


def _xml_error(body: bytes) -> tuple[str, dict[str, Any]]:
    found = {_tag(child): child.text for child in ElementTree.fromstring(body)[0]}
    found.pop("Type", None)
    return str(found.pop("Code", "")), found
