from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import ExitStack
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from table_support import COLUMNS, named, ref, resource

from backends.model import Cell, Health, Ref, Resource
from widgets import row_names, row_order, row_search, row_view, sorted_rows
from widgets.cells import sort_key
from widgets.row_filter import WHOLE_ROW, RowFilter
from widgets.row_texts import RowText
from widgets.row_view import HEALTH_FIRST, Pace, RowView, unhurried

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
    [
        "",
        "w",
        "we",
        "web",
        "!web",
        "health:failing",
        "drain",
        "!drain",
        "status:^act",
        "a|b",
        "[",
        "w.*b",
        "name:[ab]+",
    ]
)
sort_keys = st.sampled_from([HEALTH_FIRST, *(column.key for column in COLUMNS)])


def make_view(pace: Pace = unhurried) -> RowView:
    view = RowView(pace)
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
        wanted = RowFilter.parse(self.filter, COLUMNS)
        return [r for r in ordered if wanted.matches(RowText(r, r.cells, COLUMNS))]

    @invariant()
    def agrees(self) -> None:
        expected = self.expected()
        assert [row.resource for row in self.view.visible] == expected
        assert self.view.total == len(self.rows)
        assert self.view.health_counts == Counter(r.health for r in expected)

    @invariant()
    def finds_every_row(self) -> None:
        for index, row in enumerate(self.view.visible):
            assert self.view.shows(row.resource.ref)
            assert self.view.place(row) == index
            assert self.view.visible[index] == row
        shown = {row.resource.ref for row in self.view.visible}
        for address, resource_ in self.rows.items():
            found = self.view.get(address)
            assert found is not None
            assert found.resource is resource_
            assert self.view.shows(address) is (address in shown)


ViewAgainstModel.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None
)
TestViewAgainstModel = ViewAgainstModel.TestCase

SMALL = [
    (row_order, {"HEAD": 2, "_SMALL": 3, "_LARGE": 2, "_RESORT_SHARE": 8, "_UNNAMED_SHARE": 2}),
    (row_names, {"_WHOLE": 2, "_HANDFUL": 1, "_SAMPLE": 4, "_DRAWERS": 2}),
    (row_search, {"HANDFUL": 2}),
    (row_view, {"HANDFUL": 2}),
    (sorted_rows, {"_FEW": 1}),
]
"""What is done with many thousand rows, with a few."""


class HurriedView(ViewAgainstModel):
    """The same holds of a large view that does its work in slices, whatever comes between."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        for module, values in SMALL:
            self.patches.enter_context(patch.multiple(module, **values))
        self.view = make_view(sliced(1))

    def teardown(self) -> None:
        self.patches.close()

    @rule(expected=st.booleans())
    def expect_filter(self, expected: bool) -> None:
        self.view.expect_filter(expected)

    @rule(slices=st.sampled_from([1, 2, 100]))
    def warm(self, slices: int) -> None:
        for _ in range(slices):
            self.view.warm()

    @rule(index=st.integers(0, 5))
    def look(self, index: int) -> None:
        if not self.view.undecided and index < len(self.view.visible):
            assert self.view.visible[index].resource == self.expected()[index]

    @rule()
    def decide(self) -> None:
        self.view.decide()

    @invariant()
    def agrees(self) -> None:
        expected = self.expected()
        assert self.view.total == len(self.rows)
        if self.view.undecided:
            shown = [row.resource for row in self.view.visible]
            found = iter(expected)
            assert all(each in found for each in shown), "in order, and nothing else"
            assert self.view.health_counts == Counter(r.health for r in shown)
            return
        assert len(self.view.visible) == len(expected)
        assert self.view.health_counts == Counter(r.health for r in expected)

    @invariant()
    def finds_every_row(self) -> None:
        """Nothing is looked at beyond what a rule looks at: that would put it in order."""

    @rule()
    def settle(self) -> None:
        for _ in range(1000):
            if not self.view.decide():
                break
        super().agrees()
        super().finds_every_row()


HurriedView.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestHurriedView = HurriedView.TestCase


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
    assert {name for name in before if before[name] == after[name]} == {"a", "c"}
    assert after["b"].cells[3] == 9


def test_narrowing_reads_only_the_last_result() -> None:
    view = make_view()
    view.replace(named("web", "web-admin", "cart"))
    view.expect_filter(True)
    view.set_filter(RowFilter.parse("we", COLUMNS))
    assert view._texts is not None
    texts = view._texts.columns[WHOLE_ROW]
    texts[view._texts.refs.index(ref("cart"))] = "web"  # would be found if it were read
    view.set_filter(RowFilter.parse("web", COLUMNS))
    assert names(view) == ["web", "web-admin"]
    view.set_filter(RowFilter.parse("w", COLUMNS))
    assert names(view) == ["cart", "web", "web-admin"]


def sliced(looks: int) -> Pace:
    """Return a pace whose slices are over after so many looks."""

    def pace() -> Callable[[], bool]:
        left = looks

        def over() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        return over

    return pace


def test_texts_are_made_while_a_filter_is_expected_and_let_go_afterwards() -> None:
    view = make_view(sliced(0))
    view.replace([resource(f"web-{number}") for number in range(1200)])
    while view.warm():
        pass
    assert view._texts is None
    view.expect_filter(True)
    slices = 0
    while view.warm():
        slices += 1
    assert slices == 2
    assert view._texts is not None
    assert len(view._texts.columns[WHOLE_ROW]) == 1200
    view.set_filter(RowFilter.parse("web-1", COLUMNS))
    assert not view.undecided
    assert len(view.visible) == 1 + 10 + 100 + 200
    view.expect_filter(False)
    assert view._texts is None
    assert len(view.visible) == 311


def test_a_first_screen_comes_before_the_order_of_the_rest() -> None:
    view = make_view(sliced(3))
    rows = [resource(f"web-{number:05}") for number in range(10_000)]
    view.replace(
        [*reversed(rows), resource("zoo", Health.FAILING), resource("bar", Health.FAILING)]
    )
    head = ["bar", "zoo", *(f"web-{number:05}" for number in range(100))]
    assert [row.resource.ref.name for row in view.visible[:102]] == head
    fresh = make_view(sliced(3))
    fresh.replace([*reversed(rows), resource("zoo", Health.FAILING)])
    assert [row.resource.ref.name for row in fresh.visible[:2]] == ["zoo", "web-00000"]
    assert len(fresh.refs()) < 2000
    assert (fresh.total, len(fresh.visible)) == (10_001, 10_001)
    assert fresh.health_counts == {Health.OK: 10_000, Health.FAILING: 1}
    slices = 0
    while fresh.warm():
        slices += 1
    assert slices > 5
    assert names(fresh) == ["zoo", *(f"web-{number:05}" for number in range(10_000))]


def test_a_projection_makes_the_cells() -> None:
    def project(r: Resource) -> tuple[Cell, ...]:
        return (r.ref.name.upper(),)

    view = RowView()
    view.set_columns(COLUMNS, project)
    view.replace(named("web"))
    assert view.visible[0].cells == ("WEB", None, None, None, None)


def test_one_column_is_picked_without_projecting_the_others() -> None:
    asked: list[int] = []

    def project(r: Resource) -> tuple[Cell, ...]:
        raise AssertionError("every cell of a row that only has to be put in order")

    def pick(rows: Collection[Resource], index: int) -> list[Cell]:
        asked.append(index)
        return [r.cells[index] for r in rows]

    view = RowView()
    view.set_columns(COLUMNS, project, pick)
    view.replace([resource("a", count=1), resource("b", count=3), resource("c", count=2)])
    view.sort("count", True)
    assert [r.ref.name for r in view.resources] == ["b", "c", "a"]
    view.apply([resource("c", count=9)], [])
    assert [r.ref.name for r in view.resources] == ["c", "b", "a"]
    assert set(asked) == {3}


def test_many_changes_are_taken_over_as_each_of_them() -> None:
    view, one_by_one = make_view(), make_view()
    rows = [resource(f"web-{number:04}", count=number) for number in range(2000)]
    for each in (view, one_by_one):
        each.sort("count", False)
        each.replace(rows)
        each.set_filter(RowFilter.parse("!web-0", COLUMNS))
    changed = [resource(f"web-{number:04}", count=-number) for number in range(500, 1400, 4)]
    added = [resource(f"new-{number:04}", count=number) for number in range(0, 2000, 20)]
    gone = [ref(f"web-{number:04}") for number in range(1, 2000, 9)]
    view.apply([*changed, *added], gone)
    for address in gone:
        one_by_one.apply((), [address])
    for each_changed in (*changed, *added):
        one_by_one.apply([each_changed], ())
    assert view.resources == one_by_one.resources
    assert view.health_counts == one_by_one.health_counts
    view.set_filter(RowFilter())
    one_by_one.set_filter(RowFilter())
    assert view.resources == one_by_one.resources


def test_what_changes_between_two_slices_of_naming_is_not_lost() -> None:
    view = make_view(sliced(2))
    expected = {f"web-{n:05}": resource(f"web-{n:05}", count=n) for n in range(6000)}
    view.replace([*expected.values()][::-1])
    view.warm()
    turn = 0
    while view.warm():
        turn += 1
        changed = resource(f"web-{turn * 97 % 6000:05}", count=-turn)
        came, gone = resource(f"api-{turn:05}"), f"web-{(turn * 89 + 1) % 6000:05}"
        view.apply([changed, came], [ref(gone)])
        expected.pop(gone, None)
        expected.update({changed.ref.name: changed, came.ref.name: came})
        view.warm()  # after a change it waits for others
        assert turn < 500
    assert turn > 20
    view.sort("name", False)
    assert view.resources == [expected[name] for name in sorted(expected)]


def test_prepared_texts_of_rows_that_changed_are_not_believed() -> None:
    view = make_view()
    view.replace([resource(f"web-{number}") for number in range(10)])
    view.expect_filter(True)
    while view.warm():
        pass
    view.apply([resource("web-3", status="DRAINING"), resource("api")], [ref("web-0")])
    view.apply((), [ref("web-7")])
    for text, expected in {
        "drain": ["web-3"],
        "active": ["api", *(f"web-{number}" for number in (1, 2, 4, 5, 6, 8, 9))],
        "web-0": [],
        "web-8": ["web-8"],
        "api": ["api"],
    }.items():
        view.set_filter(RowFilter.parse(text, COLUMNS))
        assert names(view) == expected
