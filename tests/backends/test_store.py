"""The store keeps what feeds bring, and hands on differences only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.model import (
    Change,
    FeedState,
    FeedStatus,
    Health,
    Query,
    Ref,
    Resource,
    Scope,
)
from backends.store import Delta, Shelf, Store

SCOPE = Scope("ecs", cluster="shop")
QUERY = Query(SCOPE, "ecs/tasks")
LIVE = FeedStatus(FeedState.LIVE, 1.0)
STALE = FeedStatus(FeedState.STALE, 1.0)


def ref(name: str, kind: str = "ecs/tasks") -> Ref:
    return Ref(SCOPE, kind, name)


def row(
    name: str,
    *,
    parent: str = "",
    address: str = "",
    health: Health = Health.OK,
    ready: int = 1,
    desired: int = 1,
) -> Resource:
    return Resource(
        ref=ref(name),
        health=health,
        status="RUNNING",
        cells=(name,),
        ready=ready,
        desired=desired,
        parents=(ref(parent, "ecs/services"),) if parent else (),
        addresses=(address,) if address else (),
    )


def test_a_resync_is_handed_on_as_the_difference() -> None:
    shelf = Shelf(QUERY)
    kept, gone, new = row("kept"), row("gone"), row("new")
    shelf.apply(Change(LIVE, (kept, gone), resync=True))
    heard: list[Delta] = []
    shelf.listen(heard.append)
    shelf.apply(Change(LIVE, (kept, new), resync=True))
    assert [r.ref.name for r in heard[0].upserts] == ["new"]
    assert [r.name for r in heard[0].deletes] == ["gone"]
    assert set(shelf.rows) == {ref("kept"), ref("new")}


def test_a_failed_feed_keeps_its_rows() -> None:
    shelf = Shelf(QUERY)
    shelf.apply(Change(LIVE, (row("a"),), resync=True))
    shelf.apply(Change(STALE))
    assert set(shelf.rows) == {ref("a")}
    assert shelf.status == STALE


def test_rows_are_found_by_parent_and_address_as_these_change() -> None:
    shelf = Shelf(QUERY)
    shelf.apply(Change(LIVE, (row("a", parent="web", address="10.0.0.1"),)))
    assert [r.ref.name for r in shelf.children(ref("web", "ecs/services"))] == ["a"]
    assert [r.ref.name for r in shelf.by_address("10.0.0.1")] == ["a"]
    shelf.apply(Change(LIVE, (row("a", parent="api", address="10.0.0.2"),)))
    assert not shelf.children(ref("web", "ecs/services"))
    assert not shelf.by_address("10.0.0.1")
    assert [r.ref.name for r in shelf.children(ref("api", "ecs/services"))] == ["a"]
    shelf.apply(Change(LIVE, deletes=(ref("a"),)))
    assert not shelf.children(ref("api", "ecs/services"))
    assert not shelf.by_address("10.0.0.2")


def test_listening_ends() -> None:
    shelf = Shelf(QUERY)
    heard: list[Delta] = []
    end = shelf.listen(heard.append)
    end()
    shelf.apply(Change(LIVE, (row("a"),)))
    assert not heard


def test_the_store_finds_a_row_wherever_it_is() -> None:
    store = Store()
    store.shelf(QUERY).apply(Change(LIVE, (row("a"),)))
    found = store.find(ref("a"))
    assert found is not None
    assert found.ref == ref("a")
    store.discard(QUERY)
    assert store.find(ref("a")) is None


rows = st.builds(
    row,
    st.sampled_from("abcdef"),
    parent=st.sampled_from(["", "web", "api"]),
    address=st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
    health=st.sampled_from(Health),
    ready=st.integers(0, 3),
    desired=st.integers(0, 3),
)
changes = st.builds(
    Change,
    st.just(LIVE),
    st.lists(rows, max_size=6, unique_by=lambda r: r.ref).map(tuple),
    st.lists(st.sampled_from("abcdef").map(ref), max_size=3, unique=True).map(tuple),
    st.booleans(),
)


@given(st.lists(changes, max_size=12))
def test_indexes_and_tally_equal_what_a_scan_finds(history: list[Change]) -> None:
    shelf = Shelf(QUERY)
    mirror: dict[Ref, Resource] = {}

    def follow(delta: Delta) -> None:
        for gone in delta.deletes:
            del mirror[gone]
        mirror.update({r.ref: r for r in delta.upserts})

    shelf.listen(follow)
    for change in history:
        shelf.apply(change)
    held = list(shelf.rows.values())
    assert mirror == dict(shelf.rows)
    for health in Health:
        assert shelf.tally.health[health] == sum(r.health is health for r in held)
    assert shelf.tally.running == sum(r.ready or 0 for r in held)
    assert shelf.tally.desired == sum(r.desired or 0 for r in held)
    for parent in ("web", "api"):
        at = ref(parent, "ecs/services")
        assert set(shelf.children(at)) == {r for r in held if at in r.parents}
    for address in ("10.0.0.1", "10.0.0.2"):
        assert set(shelf.by_address(address)) == {r for r in held if address in r.addresses}
