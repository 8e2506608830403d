"""Content negotiation: in which form an answer is wanted."""

from __future__ import annotations

from enum import Enum

from backends.sim.kube_face import status


class Form(Enum):
    """The forms in which objects and lists are served."""

    OBJECT = "object"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"
    """One object's metadata; in a list its PartialObjectMetadataList."""


_AS = {
    "": Form.OBJECT,
    "Table": Form.TABLE,
    "PartialObjectMetadata": Form.METADATA,
    "PartialObjectMetadataList": Form.METADATA,
}
_JSON = frozenset({"application/json", "application/*", "*/*"})


def clauses(header: str) -> list[tuple[str, dict[str, str]]]:
    """Return the media types of an Accept header with their parameters, most wanted first."""
    made: list[tuple[float, str, dict[str, str]]] = []
    for clause in header.split(","):
        media, *raw = (part.strip() for part in clause.split(";"))
        parameters = dict(part.partition("=")[::2] for part in raw if part)
        try:
            weight = float(parameters.pop("q", "1"))
        except ValueError:
            weight = 1.0
        made.append((weight, media, parameters))
    made.sort(key=lambda entry: -entry[0])
    return [(media, parameters) for _, media, parameters in made]


def form(header: str) -> Form:
    """Return the first form that an Accept header names and that is served.

    Protobuf is passed over, as every client that prefers it takes JSON too. Raises a 406
    where nothing of it is served.
    """
    for media, parameters in clauses(header or "*/*"):
        if media not in _JSON:
            continue
        wanted = _AS.get(parameters.get("as", ""))
        known = parameters.get("g", "meta.k8s.io") == "meta.k8s.io"
        if wanted is not None and known and parameters.get("v", "v1") in ("v1", "v1beta1"):
            return wanted
    raise status.not_acceptable()
