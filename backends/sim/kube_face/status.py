"""Errors as the API server answers them: Status objects with its own words."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc


class ApiError(Exception):
    """A refusal; `status` is the whole Status object, or None for a plain-text answer."""

    def __init__(
        self, code: int, message: str, reason: str = "", details: Doc | None = None,
        metadata: Doc | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code = code
        self.retry_after: int | None = (details or {}).get("retryAfterSeconds")
        body: Doc = {
            "kind": "Status", "apiVersion": "v1", "metadata": metadata or {}, "status": "Failure",
            "message": message,
        }  # fmt: skip
        if reason:
            body["reason"] = reason
        if details is not None:
            body["details"] = details
        self.status: Doc = body | {"code": code}

    def response(self) -> web.Response:
        """Return the error as an HTTP answer."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        if self.code == 403:
            headers["X-Content-Type-Options"] = "nosniff"
        return answer(self.status, self.code, headers)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer; the body may be encoded already. Ends in a newline, as Go's does."""
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    return web.Response(
        body=encoded + b"\n", status=status, content_type="application/json",
        headers={"Cache-Control": "no-cache, private", **(headers or {})},
    )  # fmt: skip


def page_not_found() -> web.Response:
    """Return what a path that belongs to no API answers: plain text, no Status."""
    return web.Response(
        text="404 page not found\n", status=404, headers={"X-Content-Type-Options": "nosniff"}
    )


def _details(kind: KubeKind, name: str) -> Doc:
    details: Doc = {"name": name} if name else {}
    if kind.group:
        details["group"] = kind.group
    return details | {"kind": kind.plural}


def bad_request(message: str) -> ApiError:
    """Return a 400."""
    return ApiError(400, message, "BadRequest")


def unauthorized() -> ApiError:
    """Return a 401."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def not_found(kind: KubeKind, name: str) -> ApiError:
    """Return the 404 of an object that is not there."""
    message = f'{kind.qualified} "{name}" not found'
    return ApiError(404, message, "NotFound", _details(kind, name))


def no_such_resource() -> ApiError:
    """Return the 404 of a kind or subresource that a known group does not have."""
    return ApiError(404, "the server could not find the requested resource", "NotFound", {})


def method_not_allowed() -> ApiError:
    """Return a 405."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, message, "MethodNotAllowed", {})


def not_acceptable() -> ApiError:
    """Return a 406."""
    return ApiError(
        406, "406: Not Acceptable\n\nAvailable representations: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch", "NotAcceptable", {},
    )  # fmt: skip


def unsupported_patch() -> ApiError:
    """Return the 415 of a patch in a form that nobody takes."""
    return ApiError(415, "415: Unsupported Media Type", "UnsupportedMediaType", {})


def unsupported_body() -> ApiError:
    """Return the 415 of a body that is neither JSON, YAML nor protobuf."""
    return ApiError(
        415, "the body of the request was in an unknown format - accepted media types include: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf",
        "UnsupportedMediaType",
    )  # fmt: skip


def modified(kind: KubeKind, name: str) -> ApiError:
    """Return the 409 of a write that is based on an old resource version."""
    return ApiError(
        409, f'Operation cannot be fulfilled on {kind.qualified} "{name}": the object has been '
        "modified; please apply your changes to the latest version and try again", "Conflict",
        _details(kind, name),
    )  # fmt: skip


def immutable_uid(kind: KubeKind, version: Version, wanted: str) -> ApiError:
    """Return the 422 of a patch of an object that was meant for another incarnation."""
    message = f'Invalid value: "{wanted}": field is immutable'
    cause = ("metadata.uid", "FieldValueInvalid", message)
    return invalid(kind.group, kind.kind, version.name, cause)


def wrong_uid(kind: KubeKind, version: Version, wanted: str) -> ApiError:
    """Return the 409 of another write that was meant for another incarnation."""
    return ApiError(
        409, f'Operation cannot be fulfilled on {kind.qualified} "{version.name}": StorageError: '
        f"invalid object, Code: 4, Key: /registry/{kind.plural}/{version.key}, ResourceVersion: 0, "
        f"AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object "
        f"meta: {version.uid}", "Conflict", _details(kind, version.name),
    )  # fmt: skip


def wrong_uid_of_scale(kind: KubeKind, version: Version, wanted: str) -> ApiError:
    """Return the 409 of a Scale that was meant for another incarnation."""
    name = f"{kind.plural}/scale"
    details: Doc = {"name": version.name, "group": kind.group, "kind": name}
    return ApiError(
        409, f'Operation cannot be fulfilled on {name}.{kind.group} "{version.name}": '
        f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {version.uid}",
        "Conflict", details,
    )  # fmt: skip


def precondition(kind: KubeKind, name: str, field: str, wanted: str, found: str) -> ApiError:
    """Return the 409 of a delete that was meant for another incarnation or version."""
    label, fate = (
        ("UID", "deleted and then recreated") if field == "uid"
        else ("ResourceVersion", "modified")
    )  # fmt: skip
    about = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    details: Doc = {"name": name} | ({"group": kind.group} if kind.group else {})
    return ApiError(
        409, f'Operation cannot be fulfilled on {about} "{name}": the {label} in the precondition '
        f"({wanted}) does not match the {label} in record ({found}). The object might have been "
        f"{fate}", "Conflict", details | {"kind": kind.kind},
    )  # fmt: skip


def expired(message: str, metadata: Doc | None = None) -> ApiError:
    """Return a 410."""
    return ApiError(410, message, "Expired", metadata=metadata)


def invalid(group: str, kind: str, name: str, *causes: tuple[str, str, str]) -> ApiError:
    """Return a 422; each cause is (field, reason, message)."""
    parts = [f"{field}: {message}" for field, _, message in causes]
    said = parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]"
    details: Doc = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [
        {"reason": reason, "message": message, "field": field} for field, reason, message in causes
    ]
    where = f"{kind}.{group}" if group else kind
    return ApiError(422, f'{where} "{name}" is invalid: {said}', "Invalid", details)
