"""What a kind is made of, and what mapping its objects needs to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from backends.eks import wire
from backends.eks.errors import Act
from backends.eks.rest import segment
from backends.model import Column, Format, Health, Kind, Ref, Resource, Scope
from backends.text import clean

NAME = Column("name", "Name")
NAMESPACE = Column("namespace", "Namespace")
STATUS = Column("status", "Status", Format.STATUS, 18)
READY = Column("ready", "Ready", Format.RATIO)
AGE = Column("age", "Age", Format.AGE)

SETTLING = 60.0
"""Seconds that a change of a spec may take before missing pods count as trouble."""


CACHED = 50_000
"""Strings, addresses and generations that a feed remembers at the most, of each."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """How an object is, in the words of its kind."""

    health: Health
    status: str
    reason: str = ""
    until: float | None = None
    """When time alone will change this verdict; None: only a change of the object will."""


class View:
    """What the rows of one feed share: the cluster, the time, and strings that recur."""

    def __init__(self, scope: Scope, now: float) -> None:
        self.scope = scope.at(namespace="")
        self.now = now
        """The time that health is judged by; the feed moves it on."""
        self.due: dict[tuple[str, str], tuple[float, Any]] = {}
        """Objects to judge again: (when, object) by (namespace, name)."""
        self.parents: dict[tuple[str, ...], tuple[Ref, ...]] = {}
        """Parents that many pods have in common; kept by `remember`."""
        self.aws = Scope("cloudmap", account=scope.account, region=scope.region)
        self._scopes: dict[str, Scope] = {}
        self._texts: dict[str, str] = {}
        self._refs: dict[tuple[str, str, str], Ref] = {}
        self._generations: dict[str, tuple[int, float]] = {}

    def at(self, namespace: str) -> Scope:
        """Return the cluster's scope narrowed to a namespace."""
        scope = self._scopes.get(namespace)
        if scope is None:
            scope = self._scopes[namespace] = self.scope.at(namespace=clean(namespace))
        return scope

    def text(self, raw: str) -> str:
        """Return a cleaned string; for those that many objects have in common."""
        text = self._texts.get(raw)
        if text is None:
            _bound(self._texts)
            text = self._texts[raw] = clean(raw)
        return text

    def ref(self, kind: str, namespace: str, name: str) -> Ref:
        """Return the address of an object that many others point at."""
        key = (kind, namespace, name)
        ref = self._refs.get(key)
        if ref is None:
            _bound(self._refs)
            ref = self._refs[key] = Ref(self.at(namespace), kind, clean(name))
        return ref

    def remember(self, key: tuple[str, ...], parents: tuple[Ref, ...]) -> tuple[Ref, ...]:
        """Keep the parents of all pods with a key, and return them."""
        _bound(self.parents)
        self.parents[key] = parents
        return parents

    def changed_at(self, meta: wire.Meta) -> float:
        """Return when an object's spec was seen to change; 0.0: it was not, so far."""
        known = self._generations.get(meta.uid)
        if known is not None and known[0] == meta.generation:
            return known[1]
        at = self.now if known is not None else 0.0
        _bound(self._generations)
        self._generations[meta.uid] = (meta.generation, at)
        return at

    def again(self, meta: wire.Meta, obj: Any, at: float | None) -> None:
        """Have `obj` judged again at a time; None: no more."""
        key = (meta.namespace, meta.name)
        if at is not None:
            self.due[key] = (at, obj)
        elif self.due:
            self.due.pop(key, None)

    def overdue(self) -> list[Any]:
        """Take out the objects that are to be judged again by now."""
        keys = [key for key, (at, _) in self.due.items() if at <= self.now]
        return [self.due.pop(key)[1] for key in keys]


def _bound(cache: dict[Any, Any]) -> None:
    """Empty a cache that has seen the comings and goings of many days."""
    if len(cache) >= CACHED:
        cache.clear()


Rows: TypeAlias = Callable[[Any, View], tuple[Resource, ...]]
"""Makes the rows of one object; mostly one."""


class KindSpec(msgspec.Struct, frozen=True):
    """One kind: where its objects are, what is read of them, and how they become rows."""

    kind: Kind
    api: str
    """The root of its API group and version: ``/api/v1``, ``/apis/apps/v1``."""
    plural: str
    """Its name in paths and in RBAC."""
    object_kind: str
    """Its kind on the wire, as owners and events name it: ``Pod``."""
    wire: type[Any]
    rows: Rows
    offered: bool = False
    """Known from the cluster's own discovery only, and shown by the server's Table."""
    watchable: bool = True
    """Whether it can be watched; otherwise it is listed again and again."""

    def path(self, namespace: str = "", name: str = "", sub: str = "") -> str:
        """Return the path of its list, or of one object, or of a subresource of it."""
        parts = [self.api]
        if namespace and self.kind.namespaced:
            parts.append(f"namespaces/{segment(namespace)}")
        parts.append(self.plural)
        if name:
            parts.append(segment(name))
        if sub:
            parts.append(sub)
        return "/".join(parts)

    def act(self, verb: str, namespace: str = "", name: str = "", sub: str = "") -> Act:
        """Return a request on it in the words of RBAC."""
        whole = f"{self.plural}.{self.kind.group}" if self.offered and self.kind.group else ""
        resource = f"{self.plural}/{sub}" if sub else whole or self.plural
        return Act(verb, resource, namespace if self.kind.namespaced else "", name)


OWNER_KINDS = {
    "ReplicaSet": "k8s/replicasets",
    "Deployment": "k8s/deployments",
    "StatefulSet": "k8s/statefulsets",
    "DaemonSet": "k8s/daemonsets",
    "Pod": "k8s/pods",
    "Node": "k8s/nodes",
    "Namespace": "k8s/namespaces",
}
"""Kinds on the wire that owners and events may name, and ours for them."""


def owner(meta: wire.Meta) -> wire.Owner | None:
    """Return the owner that controls an object."""
    return next((o for o in meta.owner_references if o.controller), None)


def owner_refs(meta: wire.Meta, view: View) -> tuple[Ref, ...]:
    """Return the address of the controlling owner, where it is of a kind we have."""
    found = owner(meta)
    kind = OWNER_KINDS.get(found.kind) if found else None
    return (view.ref(kind, meta.namespace, found.name),) if found and kind else ()
