"""Objects and lists as bytes, in the form that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from backends.sim.kube_face.accept import Form
from backends.sim.kube_face.status import bad_request
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc

_INCLUDE = ("None", "Metadata", "Object")


class Renderer:
    """Encodes the objects of one kind for one request."""

    def __init__(self, kind: KubeKind, form: Form, now: float, include: str = "Metadata") -> None:
        if form is Form.TABLE and include not in _INCLUDE:
            raise bad_request(
                f'converting (v1.TableOptions): unrecognized includeObject value: "{include}"'
            )
        self.kind = kind
        self.form = form
        self._now = now
        self._include = include
        self._head = orjson.dumps(_type_of(kind))[:-1] + b","

    def one(self, version: Version) -> bytes:
        """Return one object."""
        if self.form is Form.OBJECT:
            return self._head + version.encoded[1:]
        if self.form is Form.METADATA:
            return self._metadata(version)
        return self.table([version], {"resourceVersion": str(version.rv)})

    def many(self, versions: Sequence[Version], metadata: Doc) -> bytes:
        """Return a list."""
        if self.form is Form.TABLE:
            return self.table(versions, metadata)
        if self.form is Form.METADATA:
            head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
            items = b",".join(self._metadata(version) for version in versions)
        else:
            head = {"kind": f"{self.kind.kind}List", "apiVersion": self.kind.api_version}
            items = b",".join([self._item(version) for version in versions])
        return orjson.dumps(head | {"metadata": metadata})[:-1] + b',"items":[' + items + b"]}"

    def table(self, versions: Sequence[Version], metadata: Doc, *, columns: bool = True) -> bytes:
        """Return a Table with a row for each object."""
        rows = b",".join([self._row(version) for version in versions])
        head = orjson.dumps({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": self._columns() if columns else None,
        })  # fmt: skip
        return head[:-1] + b',"rows":[' + rows + b"]}"

    def bookmark(self, rv: int, *, initial_end: bool) -> bytes:
        """Return the object of a bookmark: nothing but a resource version."""
        metadata: Doc = {"resourceVersion": str(rv)}
        if initial_end:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        if self.form is Form.OBJECT:
            return orjson.dumps({**_type_of(self.kind), "metadata": metadata, **self.kind.empty})
        partial = {
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata
        }  # fmt: skip
        if self.form is Form.METADATA:
            return orjson.dumps(partial)
        cells = ["" if c.name == "Name" else None for c in self.kind.columns]
        return orjson.dumps({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": str(rv)}, "columnDefinitions": None,
            "rows": [{"cells": cells, "object": partial}],
        })  # fmt: skip

    def _item(self, version: Version) -> bytes:
        """Return an object within a list; of custom resources each names its kind."""
        return self._head + version.encoded[1:] if self.kind.custom else version.encoded

    def _metadata(self, version: Version) -> bytes:
        return orjson.dumps({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": version.doc["metadata"],
        })  # fmt: skip

    def _row(self, version: Version) -> bytes:
        cells = orjson.dumps(self.kind.row(version.doc, self._now))
        if self._include == "None":
            shown = b"null"
        elif self._include == "Object":
            shown = self._head + version.encoded[1:]
        else:
            shown = self._metadata(version)
        return b'{"cells":' + cells + b',"object":' + shown + b"}"

    def _columns(self) -> list[Doc]:
        return [
            {"name": c.name, "type": c.type, "format": c.format, "description": c.description,
             "priority": c.priority}
            for c in self.kind.columns
        ]  # fmt: skip


def _type_of(kind: KubeKind) -> Doc:
    """Return the head of an object; of custom resources the keys are in the order of letters."""
    head = {"kind": kind.kind, "apiVersion": kind.api_version}
    return dict(sorted(head.items())) if kind.custom else head
