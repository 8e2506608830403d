"""Objects by kind with their resource versions, and the bounded past that watches live on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

import orjson

from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.values import Doc, dig

EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]
"""What a watch says of an object."""

CAPACITY = 4096
"""Changes of one kind that are kept for watches and old pages; older ones answer 410."""


class Version:
    """One object as it was at one resource version; its document is never changed.

    A version made by `lazy` is encoded when somebody asks for it and keeps only those bytes, so
    that a world of ten thousand pods is laid out quickly and stays small.
    """

    __slots__ = (
        "_doc", "_encoded", "_facts", "_make", "key", "labels", "name", "namespace", "owner", "rv",
        "uid",
    )  # fmt: skip

    def __init__(
        self, namespace: str, name: str, uid: str, owner: str, rv: int, doc: Doc | None = None
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.key = f"{namespace}/{name}" if namespace else name
        """Sorts as the API server's storage does."""
        self.uid = uid
        self.owner = owner
        """The uid of the controller that it belongs to; empty: none."""
        self.rv = rv
        self.labels: Doc = doc["metadata"].get("labels") or {} if doc else {}
        self._doc = doc
        self._make: Callable[[int], bytes] | None = None
        self._encoded: bytes | None = None
        self._facts: tuple[bool, bool] | None = None

    @classmethod
    def lazy(
        cls, namespace: str, name: str, uid: str, owner: str, rv: int, labels: Doc,
        make: Callable[[int], bytes], *, ready: bool,
    ) -> Version:  # fmt: skip
        """Return a version that `make(rv)` encodes when it is first asked for."""
        version = cls(namespace, name, uid, owner, rv)
        version.labels = labels
        version._make = make
        version._facts = (False, ready)
        return version

    @property
    def doc(self) -> Doc:
        """The object, without `kind` and `apiVersion`."""
        if self._doc is not None:
            return self._doc
        made: Doc = orjson.loads(self.encoded)
        return made

    def unfold(self) -> Doc:
        """Return the object, and keep it: somebody is about to change it, and many will look."""
        self._doc = self.doc
        return self._doc

    @property
    def deleting(self) -> bool:
        """Whether the object has been told to go."""
        return self._known()[0]

    @property
    def ready(self) -> bool:
        """Whether its condition Ready is true, as a pod's or a node's may be."""
        return self._known()[1]

    def _known(self) -> tuple[bool, bool]:
        if self._facts is None:
            doc = self.doc
            self._facts = (is_deleting(doc), is_ready(doc))
        return self._facts

    @property
    def encoded(self) -> bytes:
        """The object as JSON, without `kind` and `apiVersion`; encoded once."""
        if self._encoded is None:
            made = orjson.dumps(self._doc) if self._make is None else self._make(self.rv)
            self._encoded = made
        return self._encoded


class Change(NamedTuple):
    """One step in the history of a kind."""

    rv: int
    type: EventType
    version: Version
    previous: Version | None


class Expired(Exception):  # noqa: N818 - it is an answer, not an accident
    """A resource version lies further back than what is kept."""


def controller_of(doc: Doc) -> str:
    """Return the uid of an object's controlling owner, or an empty string."""
    for reference in doc["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return str(reference["uid"])
    return ""


class Clockwork:
    """The counter of resource versions that all kinds of a cluster share."""

    def __init__(self, start: int = 1000) -> None:
        self._count = count(start)
        self.current = next(self._count)

    def tick(self) -> int:
        """Return the next resource version."""
        self.current = next(self._count)
        return self.current


class Collection:
    """All objects of one kind, in the order of their keys, and the latest changes to them."""

    def __init__(self, kind: KubeKind, versions: Clockwork) -> None:
        self.kind = kind
        self._versions = versions
        self._items: dict[str, Version] = {}
        self._keys: list[str] = []
        self._owned: dict[str, dict[str, Version]] = {}
        self._history: list[Change] = []
        self._floor = versions.current
        self.capacity = CAPACITY

    def load(self, versions: list[Version]) -> None:
        """Take objects in without history, as a server finds them when it starts."""
        for version in versions:
            self._items[version.key] = version
            self._owned.setdefault(version.owner, {})[version.key] = version
        self._keys = sorted(self._items)

    def get(self, namespace: str, name: str) -> Version | None:
        """Return the object of that name, or None; `namespace` is empty for cluster-wide kinds."""
        return self._items.get(f"{namespace}/{name}" if namespace else name)

    def put(self, doc: Doc) -> Change | None:
        """Store an object under the next resource version.

        Returns what changed, or None where it is the same as before and its version stays.
        """
        metadata = doc["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        previous = self.get(namespace, name)
        if previous is not None:
            doc = {**doc, "metadata": {**metadata, "resourceVersion": str(previous.rv)}}
            if doc == previous.doc:
                return None
        rv = self._versions.tick()
        stored = {**doc, "metadata": {**doc["metadata"], "resourceVersion": str(rv)}}
        version = Version(namespace, name, metadata["uid"], controller_of(doc), rv, stored)
        if previous is None:
            insort(self._keys, version.key)
        elif previous.owner != version.owner:
            self._disown(previous)
        self._items[version.key] = version
        self._owned.setdefault(version.owner, {})[version.key] = version
        return self._remember("ADDED" if previous is None else "MODIFIED", version, previous)

    def remove(self, namespace: str, name: str) -> Change | None:
        """Take an object away; None where it is not there."""
        previous = self.get(namespace, name)
        if previous is None:
            return None
        rv = self._versions.tick()
        doc = previous.doc
        last = {**doc, "metadata": {**doc["metadata"], "resourceVersion": str(rv)}}
        version = Version(namespace, name, previous.uid, previous.owner, rv, last)
        del self._items[previous.key]
        self._keys.pop(bisect_left(self._keys, previous.key))
        self._disown(previous)
        return self._remember("DELETED", version, previous)

    def _disown(self, version: Version) -> None:
        siblings = self._owned[version.owner]
        del siblings[version.key]
        if not siblings:
            del self._owned[version.owner]

    def _remember(self, type_: EventType, version: Version, previous: Version | None) -> Change:
        change = Change(version.rv, type_, version, previous)
        self._history.append(change)
        if len(self._history) > 2 * self.capacity:
            self._forget(len(self._history) - self.capacity)
        return change

    def _forget(self, number: int) -> None:
        self._floor = self._history[number - 1].rv
        del self._history[:number]

    def compact(self) -> None:
        """Forget the past: every watch and page from before now is too old."""
        self._history.clear()
        self._floor = self._versions.tick()

    def owned(self, owner_uid: str) -> list[Version]:
        """Return the objects that a controller owns, in the order in which they came."""
        return list(self._owned.get(owner_uid, {}).values())

    def __len__(self) -> int:
        return len(self._items)

    def select(self, namespace: str = "") -> list[Version]:
        """Return the objects of a namespace, or all of them, in the order of their keys."""
        items = self._items
        return [items[key] for key in _within(self._keys, namespace)]

    def at(self, rv: int, namespace: str = "") -> list[Version]:
        """Return the objects as they were at resource version `rv`, in the order of their keys.

        Raises `Expired` where that lies too far back.
        """
        undone = self.since(rv)
        if not undone:
            return self.select(namespace)
        items = dict(self._items)
        for change in reversed(undone):
            if change.previous is None:
                items.pop(change.version.key, None)
            else:
                items[change.version.key] = change.previous
        keys = sorted(items)
        return [items[key] for key in _within(keys, namespace)]

    def since(self, rv: int) -> list[Change]:
        """Return the changes after resource version `rv`; raises `Expired` where some are gone."""
        if rv < self._floor:
            raise Expired
        history = self._history
        return history[bisect_right(history, rv, key=lambda change: change.rv) :]

    def changes(self) -> Iterator[Change]:
        """Iterate over all changes that are still known, oldest first."""
        return iter(self._history)


def _within(keys: list[str], namespace: str) -> list[str]:
    if not namespace:
        return keys
    # "0" is the character after "/": the range holds the keys of this namespace alone.
    return keys[bisect_left(keys, f"{namespace}/") : bisect_left(keys, f"{namespace}0")]


def is_ready(doc: Doc) -> bool:
    """Return whether an object's condition Ready is true."""
    for condition in dig(doc, "status", "conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def is_deleting(doc: Doc) -> bool:
    """Return whether an object has been told to go."""
    return dig(doc, "metadata", "deletionTimestamp") is not None
