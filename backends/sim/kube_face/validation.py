"""What the API server refuses to store, in its words."""

from __future__ import annotations

from typing import Any

from backends.sim.kube_face.status import ApiError, bad_request, invalid
from backends.sim.kube_world import kinds
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.values import Doc, dig

Cause = tuple[str, str, str]
"""Field, reason and message of one thing that is wrong."""

_NEGATIVE = "must be greater than or equal to 0"
_POD_FIELDS = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
    "to 1 if it was previously negative)"
)

_GO_TYPES = ((bool, "bool"), (int, "number"), (float, "number"), (str, "string"), (list, "array"))


def go_type(value: Any) -> str:
    """Return the name that Go's JSON decoder has for a value's type."""
    return next((name for type_, name in _GO_TYPES if isinstance(value, type_)), "object")


def check(kind: KubeKind, old: Doc, new: Doc) -> None:
    """Raise a 400 or 422 where `new` may not take the place of `old`."""
    if kind is kinds.PODS:
        _check_pod(old, new)
    elif "template" in new.get("spec", {}):
        _check_workload(kind, old, new)


def _check_workload(kind: KubeKind, old: Doc, new: Doc) -> None:
    name, spec = new["metadata"]["name"], new["spec"]
    replicas = spec.get("replicas", 1)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: json: '
            f"cannot unmarshal {go_type(replicas)} into Go struct field {kind.kind}Spec.spec"
            ".replicas of type int32"
        )
    causes: list[Cause] = []
    if replicas < 0:
        causes.append(("spec.replicas", "FieldValueInvalid", negative(replicas)))
    labels = dig(spec, "template", "metadata", "labels") or {}
    wanted = dig(spec, "selector", "matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        causes.append((
            "spec.template.metadata.labels", "FieldValueInvalid",
            f"Invalid value: {compact(labels)}: `selector` does not match template `labels`",
        ))  # fmt: skip
    if not dig(spec, "template", "spec", "containers"):
        causes.append(("spec.template.spec.containers", "FieldValueRequired", "Required value"))
    if spec.get("selector") != old["spec"].get("selector"):
        causes.append((
            "spec.selector", "FieldValueInvalid",
            f"Invalid value: {compact(spec.get('selector'))}: field is immutable",
        ))  # fmt: skip
    if causes:
        raise invalid(kind.group, kind.kind, name, *causes)


def negative(value: int) -> str:
    """Return what is said of a number that must not be below zero."""
    return f"Invalid value: {value}: {_NEGATIVE}"


def compact(value: Any) -> str:
    """Return a value as JSON without blanks, as messages quote it."""
    import orjson

    return orjson.dumps(value).decode()


def _check_pod(old: Doc, new: Doc) -> None:
    if _frozen(old["spec"]) != _frozen(new["spec"]):
        name = new["metadata"]["name"]
        raise invalid("", "Pod", name, ("spec", "FieldValueForbidden", _POD_FIELDS))


def _frozen(spec: Doc) -> Doc:
    """Return the part of a pod's spec that never changes."""
    loose = ("tolerations", "activeDeadlineSeconds", "containers", "terminationGracePeriodSeconds")
    rest = {key: value for key, value in spec.items() if key not in loose}
    containers = [{k: v for k, v in c.items() if k != "image"} for c in spec.get("containers", ())]
    return {**rest, "containers": containers}


def too_small(kind: str, group: str, name: str, field: str, value: int) -> ApiError:
    """Return the 422 of a number below zero."""
    return invalid(group, kind, name, (field, "FieldValueInvalid", negative(value)))
