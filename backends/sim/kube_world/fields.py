"""metadata.managedFields: who wrote which part of an object, as the API server records it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.sim.kube_world.values import Doc, stamp

_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "conditions": ("type",),
    "ports": ("containerPort", "port", "protocol"),
    "env": ("name",),
    "podIPs": ("ip",),
    "ownerReferences": ("uid",),
    "addresses": ("type",),
}
"""Lists whose items are owned one by one, and the keys that tell them apart."""

_ATOMIC = frozenset({"selector", "hostIPs", "containerStatuses", "tolerations", "args", "metrics"})
"""Values that are owned as a whole."""

_WHOLE_TOO = frozenset({
    "labels", "annotations", "resources", "limits", "requests", "readinessProbe", "livenessProbe",
    "httpGet", "rollingUpdate", "ports", "env", "conditions", "podIPs", "ownerReferences",
    "capacity", "allocatable", "addresses", "persistentVolumeClaimRetentionPolicy",
})  # fmt: skip
"""Maps, lists and optional structs: they can be owned apart from what is in them (``.``)."""


def fields_of(value: Any, name: str = "") -> Doc:
    """Return the FieldsV1 of a part of an object, named by the key that holds it."""
    made: Doc = {".": {}} if name in _WHOLE_TOO else {}
    if name in _ATOMIC:
        return {}
    if isinstance(value, dict):
        for key, below in value.items():
            made[f"f:{key}"] = fields_of(below, key)
    elif isinstance(value, list) and name in _KEYS:
        for item in value:
            keys = ",".join(f'"{k}":{_json(item[k])}' for k in _KEYS[name] if k in item)
            made[f"k:{{{keys}}}"] = {".": {}, **fields_of(item)}
    elif not value and name not in _WHOLE_TOO:
        return {}
    return made


def _json(value: Any) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def managed(manager: str, api_version: str, at: float, fields: Doc, subresource: str = "") -> Doc:
    """Return one entry of managedFields for an update at epoch second `at`."""
    entry = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": stamp(at),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {**entry, "subresource": subresource} if subresource else entry


def recorded(metadata: Doc, entry: Doc) -> Doc:
    """Return metadata whose managedFields hold `entry` in place of its manager's last one."""
    mine = (entry["manager"], entry.get("subresource"))
    others = [
        e for e in metadata.get("managedFields", ()) if (e["manager"], e.get("subresource")) != mine
    ]
    return {**metadata, "managedFields": [*others, entry]}
