"""The three ways to patch an object: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.sim.kube_face.status import ApiError, bad_request, unsupported_patch
from backends.sim.kube_world.values import Doc

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

_MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "conditions": "type",
    "ownerReferences": "uid",
    "taints": "key",
}
"""The keys by which the strategic form merges lists (patchMergeKey in the API's types)."""


def apply(content_type: str, document: Doc, patch: Any) -> Doc:
    """Return the patched document; raises the API server's 400, 415 or 422."""
    appliers: Mapping[str, Callable[[Doc, Any], Doc]] = {
        JSON_PATCH: json_patch,
        MERGE_PATCH: merge_patch,
        STRATEGIC_PATCH: strategic_patch,
    }
    applier = appliers.get(content_type.partition(";")[0].strip())
    if applier is None:
        raise unsupported_patch()
    return applier(document, patch)


def merge_patch(document: Doc, patch: Any) -> Doc:
    """Return a document patched after RFC 7386: null removes, lists are replaced whole."""
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: expected an object")
    return _merge(document, patch)


def _merge(document: Any, patch: Doc) -> Doc:
    made: Doc = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            made[key] = _merge(made.get(key), value)
        else:
            made[key] = value
    return made


def strategic_patch(document: Doc, patch: Any) -> Doc:
    """Return a document patched as Kubernetes merges its own types: lists by their merge key."""
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: expected an object")
    return _strategic(document, patch)


def _strategic(document: Any, patch: Doc) -> Doc:
    directive = patch.get("$patch")
    plain = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "replace":
        return _merge({}, plain)
    made: Doc = dict(document) if isinstance(document, dict) else {}
    kept = patch.get("$retainKeys")
    if isinstance(kept, list):
        made = {key: value for key, value in made.items() if key in kept}
    for key, value in plain.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            if value.get("$patch") == "delete":
                made.pop(key, None)
            else:
                made[key] = _strategic(made.get(key), value)
        elif isinstance(value, list) and _mergeable(key, value):
            made[key] = _merge_list(made.get(key) or [], value, _MERGE_KEYS[key])
        else:
            made[key] = value
    return made


def _mergeable(key: str, value: list[Any]) -> bool:
    return key in _MERGE_KEYS and all(isinstance(item, dict) for item in value)


def _merge_list(old: list[Doc], patch: list[Doc], key: str) -> list[Doc]:
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    made = list(old)
    for item in patch:
        place = next((i for i, o in enumerate(made) if o.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del made[place]
        elif place is None:
            made.append(_strategic({}, item))
        else:
            made[place] = _strategic(made[place], item)
    return made


def json_patch(document: Doc, patch: Any) -> Doc:
    """Return a document patched after RFC 6902; raises a 422 where an operation fails."""
    if not isinstance(patch, list) or not all(isinstance(step, dict) for step in patch):
        raise bad_request("error decoding patch: expected a list of operations")
    made: Any = document
    for step in patch:
        try:
            made = _step(made, step)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ApiError(
                422, "the server rejected our request due to an error in our request", "Invalid", {}
            ) from error
    if not isinstance(made, dict):
        raise bad_request("error decoding patch: the result is not an object")
    return made


def _step(document: Any, step: Doc) -> Any:
    operation, path = step["op"], _pointer(step["path"])
    if operation == "test":
        if _find(document, path) != step["value"]:
            raise ValueError("test failed")
        return document
    if operation == "remove":
        return _write(document, path, None, operation)
    if operation in ("add", "replace"):
        return _write(document, path, step["value"], operation)
    if operation in ("move", "copy"):
        source = _pointer(step["from"])
        value = _find(document, source)
        if operation == "move":
            document = _write(document, source, None, "remove")
        return _write(document, path, value, "add")
    raise ValueError(operation)


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _find(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[_index(part)] if isinstance(document, list) else document[part]
    return document


def _index(part: str) -> int:
    if not part.isdigit():
        raise ValueError(part)
    return int(part)


def _write(document: Any, path: list[str], value: Any, operation: str) -> Any:
    """Return a copy of a document with one place in it changed."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(document, list):
        return _write_item(document, part, rest, value, operation)
    if not isinstance(document, dict):
        raise TypeError(part)
    made = dict(document)
    if rest:
        made[part] = _write(document[part], rest, value, operation)
    elif operation == "remove":
        del made[part]
    elif operation == "replace" and part not in document:
        raise KeyError(part)
    else:
        made[part] = value
    return made


def _write_item(items: list[Any], part: str, rest: list[str], value: Any, operation: str) -> Any:
    made = list(items)
    if part == "-" and not rest and operation == "add":
        made.append(value)
        return made
    index = _index(part)
    if rest:
        made[index] = _write(items[index], rest, value, operation)
    elif operation == "remove":
        del made[index]
    elif operation == "replace":
        made[index] = value
    elif index > len(made):
        raise IndexError(part)
    else:
        made.insert(index, value)
    return made
