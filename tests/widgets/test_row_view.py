from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from table_support import COLUMNS, named, ref, resource

from backends.model import Cell, Health, Ref, Resource
from widgets.cells import sort_key
from widgets.row_filter import RowFilter
from widgets.row_view import HEALTH_FIRST, RowView

NAMES = ["web", "Web", "cart", "api-1", "api-2", "db", "東京", "[x]"]

resources = st.builds(
    resource,
    st.sampled_from(NAMES),
    st.sampled_from(list(Health)),
    st.sampled_from(["ACTIVE", "DRAINING"]),
    st.sampled_from([None, "0/1", "1/2", "2/2", "0/0"]),
    st.sampled_from([None, 0, 1, 2, 10, float("nan")]),
    st.sampled_from([None, 100.0, 200.0]),
    st.sampled_from(["shop", "media"]),
)
refs = st.builds(ref, st.sampled_from(NAMES), st.sampled_from(["shop", "media"]))
filters = st.sampled_from(
    ["", "w", "we", "web", "!web", "health:failing", "drain", "!drain", "status:^act", "a|b", "["]
)
sort_keys = st.sampled_from([HEALTH_FIRST, *(column.key for column in COLUMNS)])


def make_view() -> RowView:
    view = RowView()
    view.set_columns(COLUMNS, None)
    return view


def names(view: RowView) -> list[str]:
    return [row.resource.ref.name for row in view.visible]


class ViewAgainstModel(RuleBasedStateMachine):
    """A view agrees at every moment with sorting and filtering everything anew."""

    def __init__(self) -> None:
        super().__init__()
        self.view = make_view()
        self.rows: dict[Ref, Resource] = {}
        self.filter = ""
        self.key, self.reverse = HEALTH_FIRST, True

    @rule(upserts=st.lists(resources, max_size=4), deletes=st.lists(refs, max_size=3))
    def apply(self, upserts: list[Resource], deletes: list[Ref]) -> None:
        self.view.apply(upserts, deletes)
        for gone in deletes:
            self.rows.pop(gone, None)
        self.rows.update((r.ref, r) for r in upserts)

    @rule(health=st.sampled_from(list(Health)))
    def apply_to_all(self, health: Health) -> None:
        changed = [
            resource(r.ref.name, health, cluster=r.ref.scope.cluster) for r in self.rows.values()
        ]
        self.view.apply(changed * 200, [])
        self.rows.update((r.ref, r) for r in changed)

    @rule(rows=st.lists(resources, max_size=8), keep=st.booleans())
    def replace(self, rows: list[Resource], keep: bool) -> None:
        everything = [*self.rows.values(), *rows] if keep else rows
        self.view.replace(everything)
        self.rows = {r.ref: r for r in everything}

    @rule(text=filters)
    def set_filter(self, text: str) -> None:
        self.view.set_filter(RowFilter.parse(text, COLUMNS))
        self.filter = text

    @rule(key=sort_keys, reverse=st.booleans())
    def sort(self, key: str, reverse: bool) -> None:
        assert self.view.sort(key, reverse)
        self.key, self.reverse = key, reverse

    def expected(self) -> list[Resource]:
        """Sort everything by name and address, then by key with None last, then filter."""

        def key(r: Resource) -> object:
            if self.key == HEALTH_FIRST:
                return int(r.health)
            index = [c.key for c in COLUMNS].index(self.key)
            return sort_key(r.cells[index], COLUMNS[index], r.health)

        ordered = sorted(self.rows.values(), key=lambda r: (r.ref.name.lower(), r.ref))
        valued = [r for r in ordered if key(r) is not None]
        valued.sort(key=key, reverse=self.reverse)  # type: ignore[arg-type]
        ordered = valued + [r for r in ordered if key(r) is None]
        fresh = make_view()
        fresh.replace(ordered)
        wanted = RowFilter.parse(self.filter, COLUMNS)
        return [r for r in ordered if (row := fresh.get(r.ref)) and wanted.matches(row)]

    @invariant()
    def agrees(self) -> None:
        expected = self.expected()
        assert [row.resource for row in self.view.visible] == expected
        assert self.view.total == len(self.rows)
        assert self.view.health_counts == Counter(r.health for r in expected)

    @invariant()
    def finds_every_row(self) -> None:
        for index, row in enumerate(self.view.visible):
            assert row.shown
            assert self.view.place(row) == index
        shown = {row.resource.ref for row in self.view.visible}
        for address in self.rows:
            found = self.view.get(address)
            assert found is not None
            assert found.shown is (address in shown)


ViewAgainstModel.TestCase.settings = settings(
    max_examples=120, stateful_step_count=25, deadline=None
)
TestViewAgainstModel = ViewAgainstModel.TestCase


def test_the_worst_come_first_and_then_by_name() -> None:
    view = make_view()
    view.replace(
        [
            resource("b", Health.OK),
            resource("a", Health.OK),
            resource("d", Health.FAILING),
            resource("c", Health.DEGRADED),
        ]
    )
    assert names(view) == ["d", "c", "a", "b"]


def test_empty_cells_are_last_in_both_directions() -> None:
    view = make_view()
    view.replace([resource("a"), resource("b", count=None), resource("c", count=5)])
    view.sort("count", False)
    assert names(view) == ["a", "c", "b"]
    view.sort("count", True)
    assert names(view) == ["c", "a", "b"]


def test_an_unknown_column_changes_no_order() -> None:
    view = make_view()
    assert not view.sort("nonsense", False)
    assert (view.sort_column, view.reverse) == (HEALTH_FIRST, True)


def test_a_change_leaves_the_other_rows_alone() -> None:
    view = make_view()
    view.replace(named("a", "b", "c"))
    before = {row.resource.ref.name: row for row in view.visible}
    view.apply([resource("b", count=9)], [])
    after = {row.resource.ref.name: row for row in view.visible}
    assert before == after
    assert after["b"].cells[3] == 9


def test_narrowing_reads_only_the_last_result() -> None:
    view = make_view()
    view.replace(named("web", "web-admin", "cart"))
    view.set_filter(RowFilter.parse("we", COLUMNS))
    cart = view.get(ref("cart"))
    assert cart is not None
    cart.searched = "web"  # would be found if it were read
    view.set_filter(RowFilter.parse("web", COLUMNS))
    assert names(view) == ["web", "web-admin"]
    view.set_filter(RowFilter.parse("w", COLUMNS))
    assert names(view) == ["cart", "web", "web-admin"]


def test_rows_are_prepared_for_filtering_a_few_at_a_time() -> None:
    view = make_view()
    view.replace(named(*NAMES))
    assert view.warm(3)
    assert sum(row.searched is not None for row in view.visible) == 3
    assert not view.warm(len(NAMES))
    assert all(row.searched is not None for row in view.visible)
    view.apply([resource("new")], [])
    assert not view.warm(1)
    assert all(row.searched is not None for row in view.visible)


def test_a_projection_makes_the_cells() -> None:
    def project(r: Resource) -> tuple[Cell, ...]:
        return (r.ref.name.upper(),)

    view = RowView()
    view.set_columns(COLUMNS, project)
    view.replace(named("web"))
    assert view.visible[0].cells == ("WEB", None, None, None, None)
