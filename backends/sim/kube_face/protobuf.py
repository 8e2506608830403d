"""The little of Kubernetes' protobuf that clients send although JSON would do: access reviews.

kubectl asks ``auth can-i`` and ``auth whoami`` in protobuf and takes JSON for an answer.
"""

from __future__ import annotations

from typing import Any

from backends.sim.kube_face.status import bad_request
from backends.sim.kube_world.values import Doc

MAGIC = b"k8s\x00"
"""What a protobuf body begins with, before the runtime.Unknown that holds the object."""

_ATTRIBUTES = {
    1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name",
}  # fmt: skip
_PATH = {1: "path", 2: "verb"}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> dict[int, bytes | int]:
    """Return the fields of a message by number: bytes where they have a length, else an int.

    Raises a 400 for what is no message. A field that comes twice counts as it came last.
    """
    found: dict[int, bytes | int] = {}
    at = 0
    try:
        while at < len(data):
            tag, at = _varint(data, at)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                found[number], at = _varint(data, at)
            elif wire == 2:
                size, at = _varint(data, at)
                if at + size > len(data):
                    raise IndexError(at + size)
                found[number], at = data[at : at + size], at + size
            else:
                raise IndexError(wire)
    except IndexError as error:
        raise bad_request("unable to decode: proto: illegal wireType or length") from error
    return found


def _message(found: dict[int, bytes | int], number: int) -> dict[int, bytes | int] | None:
    raw = found.get(number)
    return fields(raw) if isinstance(raw, bytes) else None


def _named(found: dict[int, bytes | int] | None, names: dict[int, str]) -> Doc | None:
    if found is None:
        return None
    made: dict[str, Any] = {}
    for number, name in names.items():
        raw = found.get(number)
        if isinstance(raw, bytes) and raw:
            made[name] = raw.decode("utf-8", "replace")
    return made


def decode_review(body: bytes) -> Doc:
    """Return a SelfSubject review as JSON would say it; raises a 400 for anything else."""
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    unknown = fields(body[len(MAGIC) :])
    types = _named(_message(unknown, 1), {1: "apiVersion", 2: "kind"}) or {}
    review = _message(unknown, 2) or {}
    spec = _message(review, 2) or {}
    made: Doc = {}
    if types.get("kind") == "SelfSubjectRulesReview":
        made = _named(spec, {1: "namespace"}) or {}
    else:
        attributes = _named(_message(spec, 1), _ATTRIBUTES)
        path = _named(_message(spec, 2), _PATH)
        made |= {"resourceAttributes": attributes} if attributes is not None else {}
        made |= {"nonResourceAttributes": path} if path is not None else {}
    return {**types, "spec": made}
