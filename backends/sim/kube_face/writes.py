"""Changing objects: patch, update, scale and delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.sim.kube_face import patches, status, validation
from backends.sim.kube_face.status import bad_request
from backends.sim.kube_world import documents, kinds
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.kube_world.fields import fields_of, managed, recorded
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.store import Version, controller_of
from backends.sim.kube_world.values import Doc, dig

_BODY_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_POLICIES = ("Background", "Foreground", "Orphan")
_KEPT = (
    "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
    "generateName", "namespace",
)  # fmt: skip
"""Parts of metadata that only the API server itself sets."""


def read_json(body: bytes, kind: str) -> Any:
    """Return a decoded body; raises the 400 of one that is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        text = body.decode("utf-8", "replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get "
            f"version/kind; json parse error: {_go_complaint(text)} ({text})"
        ) from error


def _go_complaint(text: str) -> str:
    """Return Go's words for what is wrong with JSON, for the commonest slips."""
    stripped = text.lstrip()
    if not stripped:
        return "unexpected end of JSON input"
    if stripped[0] == "{" and len(stripped) > 1:
        return f"invalid character '{stripped[1]}' looking for beginning of object key string"
    return f"invalid character '{stripped[0]}' looking for beginning of value"


class Writer:
    """Carries out the changes to one cluster that requests ask for."""

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster
        self._state = cluster.state

    def find(self, kind: KubeKind, namespace: str, name: str) -> Version:
        """Return an object; raises the 404 where it is not there."""
        version = self._state.get(kind, namespace, name)
        if version is None:
            raise status.not_found(kind, name)
        return version

    # -- patch and update -------------------------------------------------------------------

    def patch(
        self, kind: KubeKind, version: Version, content_type: str, body: bytes,
        query: Mapping[str, str], manager: str,
    ) -> Version:  # fmt: skip
        """Patch an object and return it as it is now."""
        if kind.custom and content_type.partition(";")[0].strip() == patches.STRATEGIC_PATCH:
            raise status.unsupported_patch()
        full = {"kind": kind.kind, "apiVersion": kind.api_version, **version.doc}
        patched = patches.apply(content_type, full, read_json(body, kind.kind))
        uid = dig(patched, "metadata", "uid")
        if uid and uid != version.uid:
            raise status.immutable_uid(kind, version, uid)
        return self._replace(kind, version, patched, query, manager)

    def update(
        self, kind: KubeKind, version: Version, body: Any, query: Mapping[str, str], manager: str
    ) -> Version:
        """Replace an object by the one in the body and return it as it is now."""
        self._check_body(kind, version, body)
        return self._replace(kind, version, body, query, manager)

    def _check_body(self, kind: KubeKind, version: Version, body: Any) -> None:
        if not isinstance(body, dict) or body.get("kind", kind.kind) != kind.kind:
            other = body.get("kind") if isinstance(body, dict) else "list"
            raise bad_request(
                f'{other} in version "{kind.version}" cannot be handled as a {kind.kind}: '
                f"converting (v1.{other}) to (core.{kind.kind}): unknown conversion"
            )
        if dig(body, "metadata", "namespace") not in (None, "", version.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )

    def _replace(
        self, kind: KubeKind, version: Version, wanted: Doc, query: Mapping[str, str], manager: str
    ) -> Version:
        metadata = wanted.get("metadata") or {}
        name = metadata.get("name", version.name)
        if name != version.name:
            raise bad_request(
                f"the name of the object ({name}) does not match the name on the URL "
                f"({version.name})"
            )
        self.expect(kind, version, metadata.get("uid"), metadata.get("resourceVersion"))
        old = version.doc
        new = {key: value for key, value in wanted.items() if key not in ("kind", "apiVersion")}
        new["metadata"] = self._metadata(old["metadata"], metadata, version)
        if "status" in old:
            new["status"] = old["status"]
        validation.check(kind, old, new)
        if kind.generation and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        if new == {**old, "metadata": {**old["metadata"]}}:
            return version
        new["metadata"] = self._signed(kind, old, new, manager)
        return self._store(kind, version, new, query)

    def _metadata(self, old: Doc, wanted: Doc, version: Version) -> Doc:
        made = {key: value for key, value in wanted.items() if value not in (None, {}, [])}
        for key in _KEPT:
            made.pop(key, None)
        kept = {key: old[key] for key in _KEPT if key in old}
        made |= kept | {"name": version.name, "resourceVersion": str(version.rv)}
        if "managedFields" in old:
            made["managedFields"] = old["managedFields"]
        order = {key: place for place, key in enumerate(old)}
        return dict(sorted(made.items(), key=lambda item: order.get(item[0], len(order))))

    def _signed(self, kind: KubeKind, old: Doc, new: Doc, manager: str) -> Doc:
        """Return metadata that says who has changed what."""
        changed: Doc = {}
        for part in ("spec", "metadata"):
            before, after = old.get(part) or {}, new.get(part) or {}
            fields = {k: v for k, v in after.items() if v != before.get(k) and k != "generation"}
            if fields:
                changed[f"f:{part}"] = fields_of(fields)
        entry = managed(manager, kind.api_version, self._state.now, changed)
        metadata: Doc = new["metadata"]
        return recorded(metadata, entry) if changed else metadata

    def _store(
        self, kind: KubeKind, version: Version, new: Doc, query: Mapping[str, str]
    ) -> Version:
        if dry(query):
            return Version(
                version.namespace, version.name, version.uid, controller_of(new), version.rv, new
            )
        self._state.put(kind, new)
        stored = self._state.get(kind, version.namespace, version.name)
        assert stored is not None
        if kind is kinds.PODS:
            self._cluster.lifecycle.released(stored.doc)
        return stored

    def expect(self, kind: KubeKind, version: Version, uid: Any, rv: Any) -> None:
        """Raise a 409 where a write was meant for another incarnation or another version."""
        if uid and uid != version.uid:
            raise status.wrong_uid(kind, version, uid)
        if rv and str(rv) != str(version.rv):
            raise status.modified(kind, version.name)

    # -- scale ------------------------------------------------------------------------------

    def scale(self, version: Version) -> Doc:
        """Return the Scale of a workload."""
        doc = version.doc
        metadata = {
            "name": version.name, "namespace": version.namespace, "uid": version.uid,
            "resourceVersion": str(version.rv),
            "creationTimestamp": doc["metadata"]["creationTimestamp"],
        }  # fmt: skip
        labels = doc["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={labels[key]}" for key in sorted(labels))
        return {
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": {"replicas": doc["spec"].get("replicas", 1)},
            "status": {"replicas": doc["status"].get("replicas", 0), "selector": selector},
        }  # fmt: skip

    def rescale(
        self, kind: KubeKind, version: Version, wanted: Doc, query: Mapping[str, str], manager: str
    ) -> Doc:
        """Set the replicas of a workload to those of a Scale and return its Scale."""
        metadata = wanted.get("metadata") or {}
        uid = metadata.get("uid")
        if uid and uid != version.uid:
            raise status.wrong_uid_of_scale(kind, version, uid)
        self.expect(kind, version, uid, _given(wanted, version))
        replicas = dig(wanted, "spec", "replicas") or 0
        if isinstance(replicas, bool) or not isinstance(replicas, int):
            raise bad_request(
                'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal '
                f"{validation.go_type(replicas)} into Go struct field ScaleSpec.spec.replicas of "
                "type int32"
            )
        if replicas < 0:
            raise validation.too_small(
                "Scale", "autoscaling", version.name, "spec.replicas", replicas
            )
        if replicas == version.doc["spec"].get("replicas", 1):
            return self.scale(version)
        new = documents.resized(kind, version.doc, replicas, manager, self._state.now)
        return self.scale(self._store(kind, version, new, query))

    def patch_scale(
        self, kind: KubeKind, version: Version, content_type: str, body: bytes,
        query: Mapping[str, str], manager: str,
    ) -> Doc:  # fmt: skip
        """Patch the Scale of a workload and return it."""
        wanted = patches.apply(content_type, self.scale(version), read_json(body, "Scale"))
        return self.rescale(kind, version, wanted, query, manager)

    # -- delete -----------------------------------------------------------------------------

    def delete(
        self, kind: KubeKind, version: Version, options: Doc, query: Mapping[str, str]
    ) -> Version | Doc:
        """Delete an object: returns it where it stays for a while, else a Status of success."""
        wanted = options.get("preconditions") or {}
        for key, found in (("uid", version.uid), ("resourceVersion", str(version.rv))):
            if wanted.get(key) not in (None, found):
                raise status.precondition(kind, version.name, key, wanted[key], found)
        policy = query.get("propagationPolicy") or options.get("propagationPolicy") or "Background"
        if policy not in _POLICIES:
            raise status.invalid("meta.k8s.io", "DeleteOptions", "", (
                "propagationPolicy", "FieldValueNotSupported",
                f'Unsupported value: "{policy}": supported values: "Foreground", "Background", '
                '"Orphan", "nil"',
            ))  # fmt: skip
        if not dry(query) and not options.get("dryRun"):
            if kind is kinds.PODS:
                self._cluster.lifecycle.delete_pod(version.doc, _grace(options, query))
                return self._state.get(kind, version.namespace, version.name) or version
            self._cluster.lifecycle.delete(kind, version.doc, policy)
            left = self._state.get(kind, version.namespace, version.name)
            if left is not None:
                return left
        details: Doc = {"name": version.name}
        if kind.group:
            details["group"] = kind.group
        return {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details | {"kind": kind.plural, "uid": version.uid},
        }  # fmt: skip


def dry(query: Mapping[str, str]) -> bool:
    """Return whether nothing is to be stored; raises the 422 of a word that is not known."""
    wanted = query.get("dryRun", "")
    if wanted not in ("", "All"):
        raise status.invalid("meta.k8s.io", "PatchOptions", "", (
            "dryRun", "FieldValueNotSupported",
            f'Unsupported value: ["{wanted}"]: supported values: "All"',
        ))  # fmt: skip
    return bool(wanted)


def _given(wanted: Doc, version: Version) -> Any:
    return (wanted.get("metadata") or {}).get("resourceVersion") or str(version.rv)


def _grace(options: Doc, query: Mapping[str, str]) -> int | None:
    value = query.get("gracePeriodSeconds", options.get("gracePeriodSeconds"))
    return None if value is None else int(value)


def check_body_type(content_type: str) -> None:
    """Raise the 415 of a body in a form that is not taken."""
    if content_type.partition(";")[0].strip() not in ("", *_BODY_TYPES):
        raise status.unsupported_body()
