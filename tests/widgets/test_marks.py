"""Marks, cursor and window belong to Refs, whatever happens to the rows."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from table_support import COLUMNS, TableApp, named, painted, ref, resource, until

from backends.model import Health, Ref, Resource
from widgets.marks import Marks
from widgets.resource_table import ResourceTable
from widgets.row_filter import RowFilter
from widgets.row_view import HEALTH_FIRST, RowView
from widgets.table_paint import MARKED, MARKED_CURSOR
from widgets.table_viewport import Viewport

NAMES = [f"{kind}-{number}" for kind in ("api", "db", "web") for number in range(8)]
HEIGHT = 6

resources = st.builds(
    resource,
    st.sampled_from(NAMES),
    st.sampled_from(list(Health)),
    count=st.sampled_from([None, 1, 20]),
)
names = st.sampled_from(NAMES)


class RowsUnderMarks(RuleBasedStateMachine):
    """A view, a window, a cursor and marks against sets of names."""

    def __init__(self) -> None:
        super().__init__()
        self.view = RowView()
        self.view.set_columns(COLUMNS, None)
        self.port = Viewport(self.view)
        self.marks = Marks()
        self.there: set[Ref] = set()
        self.marked: list[Ref] = []
        self.text = ""
        self.line: tuple[Ref, int] | None = None

    @property
    def shown(self) -> list[Ref]:
        return [row.resource.ref for row in self.view.visible]

    @initialize(rows=st.lists(resources, min_size=8, max_size=40))
    def load(self, rows: list[Resource]) -> None:
        self.resync(rows)
        self.move(0)

    def changed(self, among: list[Ref] | None = None, *, asked: bool = False) -> None:
        cursor = self.port.ref
        self.port.settle(asked=asked)
        gone = set(self.marks.drop_gone(lambda ref: self.view.get(ref) is not None, among))
        assert gone == set(self.marked) - self.there
        self.marked = [ref for ref in self.marked if ref in self.there]
        if not asked:
            assert self.port.ref == cursor or cursor is None
        self.port.follow(HEIGHT)
        self.see(kept=not asked)

    def see(self, *, kept: bool) -> None:
        """Where there is room to scroll, the cursor's row stays on its line of the screen."""
        at = self.port.cursor
        if at is None or not self.port.top <= at < self.port.top + HEIGHT:
            self.line = None
            return
        assert self.port.ref is not None
        line = (self.port.ref, at - self.port.top)
        free = 0 < self.port.top < self.port.lines - HEIGHT
        if kept and free and self.line is not None and self.line[0] == line[0]:
            assert line == self.line
        self.line = line

    @rule(rows=st.lists(resources, max_size=6), gone=st.lists(names, max_size=4))
    def apply(self, rows: list[Resource], gone: list[str]) -> None:
        refs = [ref(name) for name in gone]
        self.view.apply(rows, refs)
        self.there = (self.there - set(refs)) | {row.ref for row in rows}
        self.changed(refs)

    @rule(rows=st.lists(resources, max_size=40))
    def resync(self, rows: list[Resource]) -> None:
        self.view.replace(rows)
        self.there = {row.ref for row in rows}
        self.changed()

    @rule(key=st.sampled_from([HEALTH_FIRST, "name", "count"]), reverse=st.booleans())
    def sort(self, key: str, reverse: bool) -> None:
        self.view.sort(key, reverse)
        self.changed()

    @rule(text=st.sampled_from(["", "a", "api", "db", "web", "none"]))
    def narrow(self, text: str) -> None:
        self.text = text
        self.view.set_filter(RowFilter.parse(text and f"name:{text}", COLUMNS))
        self.changed(asked=True)

    @precondition(lambda self: self.view.visible)
    @rule(by=st.integers(-9, 9))
    def move(self, by: int) -> None:
        self.port.move_by(by)
        self.port.reveal(HEIGHT)
        self.port.remember(HEIGHT)
        self.see(kept=False)

    @rule(top=st.integers(0, 30))
    def scroll(self, top: int) -> None:
        self.port.scroll_to(top, HEIGHT)
        self.see(kept=False)

    @rule()
    def toggle(self) -> None:
        current = self.port.current
        if current is None:
            return
        now = self.marks.toggle(current.ref)
        assert now == (current.ref not in self.marked)
        if now:
            self.marked.append(current.ref)
        else:
            self.marked.remove(current.ref)

    @rule()
    def mark_shown(self) -> None:
        self.marks.add(self.shown)
        self.marked += [ref for ref in self.shown if ref not in self.marked]

    @rule(some=st.lists(names, max_size=5))
    def unmark(self, some: list[str]) -> None:
        refs = {ref(name) for name in some}
        self.marks.discard(refs)
        self.marked = [ref for ref in self.marked if ref not in refs]

    @invariant()
    def marks_are_those_of_the_model(self) -> None:
        assert list(self.marks) == self.marked
        assert len(self.marks) == len(self.marked)
        assert self.marks.last == (self.marked[-1] if self.marked else None)
        assert all((ref(name) in self.marks) == (ref(name) in self.marked) for name in NAMES)

    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        expected = {ref for ref in self.there if self.text in ref.name}
        assert set(self.shown) == expected
        assert 0 <= self.port.top <= max(0, self.port.lines - HEIGHT)


TestRowsUnderMarks = RowsUnderMarks.TestCase
TestRowsUnderMarks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def gutters(screen: list[str]) -> dict[str, str]:
    return {line[1:].split()[0]: line[0] for line in screen[1:] if line}


async def test_marks_have_a_glyph_also_under_the_cursor_and_survive() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 12)):
        app.table.replace(named("a", "b", "c", "d"))
        app.table.toggle_mark()
        app.table.move_to(ref("c"))
        app.table.toggle_mark()
        marked = {"a": MARKED, "b": " ", "c": MARKED_CURSOR, "d": " "}
        assert gutters(await painted(app)) == marked
        app.table.sort_by("name", True)
        app.table.apply([resource("c", Health.FAILING), resource("e")])
        assert gutters(await painted(app)) == marked | {"e": " "}
        app.table.replace(named("d", "c", "a", "b"))
        assert gutters(await painted(app)) == marked
        app.table.toggle_mark()
        assert gutters(await painted(app))["c"] == "▌"


async def test_what_is_marked_and_hidden_is_counted() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 12)):
        app.table.replace(named("a", "b", "c", "d"))
        app.table.mark_shown()
        assert app.table.marked_hidden == []
        app.table.set_filter("name:b")
        assert [r.name for r in app.table.marked_hidden] == ["a", "c", "d"]
        app.table.unmark([ref("a")])
        assert (app.table.marked_count, len(app.table.marked_hidden)) == (3, 2)
        app.table.set_filter("")
        assert [row.ref.name for row in app.table.marked] == ["b", "c", "d"]


@pytest.mark.parametrize("upwards", [False, True])
async def test_a_range_begins_at_the_last_mark(upwards: bool) -> None:
    app = TableApp()
    async with app.run_test(size=(60, 12)):
        table = app.table
        table.replace(named(*"abcdef"))
        begin, end = ("e", "b") if upwards else ("b", "e")
        table.move_to(ref(begin))
        table.toggle_mark()
        table.move_to(ref(end))
        table.mark_range()
        assert {row.ref.name for row in table.marked} == set("bcde")
        table.unmark()
        table.mark_range()
        assert [row.ref.name for row in table.marked] == [end]


async def test_a_range_from_a_hidden_mark_is_only_the_row() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 12)):
        table = app.table
        table.replace(named("api-1", "api-2", "web-1", "web-2"))
        table.toggle_mark()
        table.set_filter("name:web")
        table.move_to(ref("web-2"))
        table.mark_range()
        assert [row.ref.name for row in table.marked] == ["api-1", "web-2"]


@pytest.mark.parametrize("by", ["delete", "resync"])
async def test_marks_end_with_the_resource_and_it_is_said(by: str) -> None:
    gone: list[str] = []

    class Hearing(TableApp):
        def on_resource_table_marks_gone(self, event: ResourceTable.MarksGone) -> None:
            gone.extend(ref.name for ref in event.refs)

    app = Hearing()
    async with app.run_test(size=(60, 12)):
        app.table.replace(named("a", "b", "c"))
        app.table.mark_shown()
        if by == "delete":
            app.table.apply(named("a"), [ref("a"), ref("b")])
        else:
            app.table.replace(named("a", "c"))
        await until(lambda: gone == ["b"], "it is said")
        assert [row.ref.name for row in app.table.marked] == ["a", "c"]
        app.table.apply(named("b"))
        assert not app.table.is_marked(ref("b"))


async def test_a_row_that_is_gone_can_not_be_marked() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 12)):
        app.table.replace(named("a", "b"))
        app.table.move_to(ref("a"))
        app.table.apply((), [ref("a")])
        app.table.toggle_mark()
        app.table.mark_range()
        assert app.table.marked_count == 0
