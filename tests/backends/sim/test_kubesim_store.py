"""The object store keeps every version apart, in order, and no further back than it may."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backends.sim.kube_world import kinds
from backends.sim.kube_world.store import Clockwork, Collection, Expired, Version

NAMES = st.sampled_from(["a", "a-b", "b", "c.d"])
NAMESPACES = st.sampled_from(["x", "x-y", "z"])


def pod(namespace: str, name: str, value: int = 0, owner: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name, "namespace": namespace, "uid": f"{namespace}/{name}", "labels": {},
    }  # fmt: skip
    if owner:
        metadata["ownerReferences"] = [{"uid": owner, "controller": True, "kind": "ReplicaSet"}]
    return {"metadata": metadata, "spec": {"value": value}, "status": {}}


class History(RuleBasedStateMachine):
    """Every past state that was ever listed can be listed again while it is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = Clockwork()
        self.store = Collection(kinds.PODS, self.versions)
        self.store.capacity = 12
        self.past: dict[int, dict[str, int]] = {self.versions.current: {}}

    def _note(self) -> None:
        items = {v.key: v.doc["spec"]["value"] for v in self.store.select()}
        self.past[self.versions.current] = items

    @rule(namespace=NAMESPACES, name=NAMES, value=st.integers(0, 3))
    def put(self, namespace: str, name: str, value: int) -> None:
        before = self.store.get(namespace, name)
        same = before is not None and before.doc["spec"]["value"] == value
        change = self.store.put(pod(namespace, name, value))
        assert (change is None) is same
        self._note()

    @rule(namespace=NAMESPACES, name=NAMES)
    def remove(self, namespace: str, name: str) -> None:
        known = self.store.get(namespace, name) is not None
        change = self.store.remove(namespace, name)
        assert (change is not None) is known
        self._note()

    @rule()
    def compact(self) -> None:
        old = self.versions.current
        self.store.compact()
        with pytest.raises(Expired):
            self.store.since(old)
        self._note()

    @invariant()
    def keys_are_in_order(self) -> None:
        keys = [v.key for v in self.store.select()]
        assert keys == sorted(keys)
        for namespace in ("x", "x-y", "z"):
            inside = [v.key for v in self.store.select(namespace)]
            assert inside == [key for key in keys if key.startswith(f"{namespace}/")]

    @invariant()
    def the_past_is_as_it_was(self) -> None:
        for rv, items in self.past.items():
            try:
                found = self.store.at(rv)
            except Expired:
                continue
            assert {v.key: v.doc["spec"]["value"] for v in found} == items

    @invariant()
    def recent_changes_are_known(self) -> None:
        assert self.store.since(self.versions.current) == []
        rvs = [change.rv for change in self.store.changes()]
        assert rvs == sorted(set(rvs))
        assert len(rvs) <= 2 * self.store.capacity


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_an_object_is_found_by_its_owner_until_it_changes_hands() -> None:
    store = Collection(kinds.PODS, Clockwork())
    store.put(pod("x", "a", owner="one"))
    store.put(pod("x", "b", owner="one"))
    store.put(pod("x", "a", owner="two"))
    store.remove("x", "b")
    assert [v.name for v in store.owned("one")] == []
    assert [v.name for v in store.owned("two")] == ["a"]


def test_the_last_version_of_a_deleted_object_has_a_new_resource_version() -> None:
    store = Collection(kinds.PODS, Clockwork())
    added = store.put(pod("x", "a"))
    removed = store.remove("x", "a")
    assert added is not None
    assert removed is not None
    assert removed.version.doc["metadata"]["resourceVersion"] == str(removed.rv)
    assert removed.rv > added.rv


def test_a_lazy_version_is_encoded_once_and_only_when_asked() -> None:
    calls: list[int] = []

    def make(rv: int) -> bytes:
        calls.append(rv)
        return b'{"metadata":{"name":"a"}}'

    version = Version.lazy("x", "a", "uid", "", 7, {"app": "web"}, make, ready=True)
    assert (version.ready, version.deleting, version.labels) == (True, False, {"app": "web"})
    assert calls == []
    assert version.doc == {"metadata": {"name": "a"}}
    assert version.encoded == b'{"metadata":{"name":"a"}}'
    assert calls == [7]
