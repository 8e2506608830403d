"""What is read of Kubernetes objects: just the fields in use, decoded straight from bytes.

Field names and meanings are those of the Kubernetes API reference. Structs are not tracked by
the cyclic garbage collector (`gc=False`): ten thousand pods would keep it busy, and nothing in
them can form a cycle. Structs that only one kind uses are beside its mapping, in `kinds`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of everything decoded: camelCase on the wire, unknown fields skipped."""


class Owner(Wire, frozen=True, gc=False):
    """An entry of ownerReferences."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Meta(Wire, frozen=True, gc=False):
    """ObjectMeta."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    owner_references: tuple[Owner, ...] = ()


class LabelledMeta(Meta, frozen=True, gc=False):
    """ObjectMeta of kinds that are few enough to keep their labels and annotations."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Object(Wire, frozen=True, gc=False):
    """What every object has."""

    metadata: Meta = Meta()


class Condition(Wire, frozen=True, gc=False):
    """An entry of status.conditions."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class Port(Wire, frozen=True, gc=False):
    """A container's port."""

    container_port: int = 0
    protocol: str = "TCP"


class Container(Wire, frozen=True, gc=False):
    """A container as asked for."""

    name: str = ""
    image: str = ""
    restart_policy: str = ""
    """``Always`` makes an init container a sidecar."""


class PodSpec(Wire, frozen=True, gc=False):
    """The spec of a pod, and of a pod template."""

    containers: tuple[Container, ...] | None = None
    """Null in a bookmark."""
    init_containers: tuple[Container, ...] = ()
    node_name: str = ""
    host_network: bool = False


class Template(Wire, frozen=True, gc=False):
    """A pod template."""

    spec: PodSpec = PodSpec()


class Requirement(Wire, frozen=True, gc=False):
    """An entry of a selector's matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] | None = None


class Selector(Wire, frozen=True, gc=False):
    """A LabelSelector."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: tuple[Requirement, ...] = ()

    def query(self) -> str:
        """Return it as the labelSelector parameter of a request."""
        parts = [f"{key}={value}" for key, value in self.match_labels.items()]
        for wish in self.match_expressions:
            values = ",".join(wish.values or ())
            match wish.operator:
                case "In":
                    parts.append(f"{wish.key} in ({values})")
                case "NotIn":
                    parts.append(f"{wish.key} notin ({values})")
                case "Exists":
                    parts.append(wish.key)
                case "DoesNotExist":
                    parts.append(f"!{wish.key}")
                case _:
                    raise ValueError(f"unknown operator {wish.operator!r} in a selector")
        return ",".join(parts)


class ListMeta(Wire, frozen=True, gc=False):
    """ListMeta; `token` is its ``continue``."""

    resource_version: str = ""
    token: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class Event(Wire, frozen=True, gc=False):
    """One line of a watch; the object is decoded once its type is known."""

    type: str
    object: msgspec.Raw


def page_type(item: Any) -> Any:
    """Return the Struct of a list of `item`, for a decoder."""
    return msgspec.defstruct(
        f"{item.__name__}Page" if isinstance(item, type) else "Page",
        [("items", list[item] | None, None), ("metadata", ListMeta, ListMeta())],
        frozen=True,
        gc=False,
    )


def epoch(moment: datetime | None) -> float | None:
    """Return a timestamp as seconds since the epoch."""
    return moment.timestamp() if moment is not None else None
