"""The wire protocols of AWS: what a request asks for, and how an answer or error is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import msgspec
import orjson
from aiohttp import web

from backends.sim.aws.errors import AwsError

TARGETS = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "Logs_20140328": "logs",
    "Route53AutoNaming_v20170314": "servicediscovery",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "AnyScaleFrontendService": "application-autoscaling",
    "AmazonSQS": "sqs",
}
"""The JSON services by the first half of their X-Amz-Target."""

QUERY_NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "elasticloadbalancing": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
}
"""The query services with the XML namespace of their answers."""

_CLUSTER = r"/clusters/(?P<clusterName>[^/]+)"
REST_PATHS = (
    ("eks", "GET", re.compile(r"/clusters"), "ListClusters"),
    ("eks", "GET", re.compile(r"/clusters/(?P<name>[^/]+)"), "DescribeCluster"),
    ("eks", "GET", re.compile(_CLUSTER + r"/node-groups"), "ListNodegroups"),
    (
        "eks",
        "GET",
        re.compile(_CLUSTER + r"/node-groups/(?P<nodegroupName>[^/]+)"),
        "DescribeNodegroup",
    ),
)
"""The REST-JSON operations: service, method, path, action."""

_CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/]+)/(?P<date>\d+)/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)


class Signed(msgspec.Struct, frozen=True):
    """What a request's credential scope says of its sender."""

    access_key: str
    region: str
    service: str


class Request(msgspec.Struct, frozen=True):
    """What a request asks for."""

    protocol: str
    """``json``, ``rest-json`` or ``query``."""
    service: str
    action: str
    params: Mapping[str, Any]


def signature(request: web.Request) -> Signed | None:
    """Return a request's credential scope, or None where it is not signed."""
    header = request.headers.get("Authorization", "")
    found = _CREDENTIAL.search(header)
    if found is None and "X-Amz-Credential" in request.query:
        found = _CREDENTIAL.search("Credential=" + request.query["X-Amz-Credential"])
    if found is None:
        return None
    return Signed(unquote(found["key"]), found["region"], found["service"])


def protocol_of(request: web.Request, signed: Signed | None) -> str:
    """Tell which protocol a request speaks, before its body is read."""
    if "X-Amz-Target" in request.headers:
        return "json"
    if signed is not None and signed.service in QUERY_NAMESPACES:
        return "query"
    return "rest-json"


def decode(request: web.Request, signed: Signed, body: bytes) -> Request:
    """Return what a signed request asks for; AWS's error where nobody understands it."""
    protocol = protocol_of(request, signed)
    if protocol == "json":
        return _decode_json(request.headers["X-Amz-Target"], body)
    if protocol == "query":
        return _decode_query(signed.service, request.query_string, body)
    return _decode_rest(request, signed, body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        params = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        params = None
    if not isinstance(params, dict):
        raise AwsError(
            "SerializationException", "Start of structure or map found where not expected."
        )
    return params


def _decode_json(target: str, body: bytes) -> Request:
    prefix, _, action = target.rpartition(".")
    service = TARGETS.get(prefix)
    if service is None or not action:
        raise AwsError("UnknownOperationException", "")
    return Request("json", service, action, _object(body))


def _decode_rest(request: web.Request, signed: Signed, body: bytes) -> Request:
    path = request.rel_url.raw_path.rstrip("/") or "/"
    for service, method, pattern, action in REST_PATHS:
        found = pattern.fullmatch(path)
        if service == signed.service and method == request.method and found:
            params: dict[str, Any] = {
                name: int(value) if name == "maxResults" and value.isdigit() else value
                for name, value in request.query.items()
            }
            params |= {name: unquote(value) for name, value in found.groupdict().items()}
            return Request("rest-json", service, action, params | _object(body))
    raise AwsError("UnknownOperationException", "", 404)


def _decode_query(service: str, query: str, body: bytes) -> Request:
    form = dict(parse_qsl(query, keep_blank_values=True))
    form |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    action = form.pop("Action", "")
    form.pop("Version", None)
    tree: dict[str, Any] = {}
    for name, value in form.items():
        node = tree
        *path, last = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    params = {name: _lists(value) for name, value in tree.items()}
    return Request("query", service, action, params)


def _lists(value: Any) -> Any:
    """Turn ``{"member": {"1": a, "2": b}}`` into ``[a, b]``, however deep it lies."""
    if not isinstance(value, dict):
        return value
    if list(value) == ["member"] and isinstance(value["member"], dict):
        items = sorted(value["member"].items(), key=lambda item: item[0].zfill(9))
        return [_lists(item) for _, item in items]
    return {name: _lists(item) for name, item in value.items()}


def answer(request: Request, output: dict[str, Any], request_id: str) -> web.Response:
    """Write an operation's output in the request's protocol."""
    headers = {"x-amzn-RequestId": request_id}
    if request.protocol == "query":
        namespace = QUERY_NAMESPACES[request.service]
        text = (
            f'<{request.action}Response xmlns="{namespace}"><{request.action}Result>'
            f"{_xml(output)}</{request.action}Result><ResponseMetadata><RequestId>{request_id}"
            f"</RequestId></ResponseMetadata></{request.action}Response>"
        )
        return web.Response(text=text, content_type="text/xml", headers=headers)
    kind = "application/json" if request.protocol == "rest-json" else "application/x-amz-json-1.1"
    return web.Response(body=orjson.dumps(output), content_type=kind, headers=headers)


def refusal(protocol: str, service: str, error: AwsError, request_id: str) -> web.Response:
    """Write an error in a protocol."""
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    if protocol == "query":
        sender = "Sender" if error.status < 500 else "Receiver"
        namespace = QUERY_NAMESPACES.get(service, QUERY_NAMESPACES["sts"])
        text = (
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{sender}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return web.Response(
            text=text, status=error.status, content_type="text/xml", headers=headers
        )
    body: dict[str, Any] = {"message": error.message}
    kind = "application/json"
    if protocol == "json":
        body = {"__type": error.code, **body}
        kind = "application/x-amz-json-1.1"
    return web.Response(
        body=orjson.dumps(body), status=error.status, content_type=kind, headers=headers
    )


def _xml(value: Any, name: str = "") -> str:
    """Write a value as the query protocol does: lists in ``<member>``, times as ISO 8601."""
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(item, key)}</{key}>" for key, item in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and name.endswith(("Time", "Expiration")):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    return escape(str(value))
