from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from table_support import COLUMNS, named, ref, resource

from backends.model import Health, Ref, Resource
from widgets.row_filter import RowFilter
from widgets.row_texts import RowText
from widgets.row_view import HEALTH_FIRST, RowView
from widgets.table_viewport import Viewport

HEIGHT = 5
NAMES = [f"{kind}-{number:02}" for kind in ("web", "db") for number in range(12)]


def make(names: list[str]) -> tuple[RowView, Viewport]:
    view = RowView()
    view.set_columns(COLUMNS, None)
    port = Viewport(view)
    view.replace(named(*names))
    port.settle(asked=False)
    port.follow(HEIGHT)
    return view, port


def settle(port: Viewport, *, asked: bool = False) -> None:
    port.settle(asked=asked)
    port.follow(HEIGHT)


def put(port: Viewport, name: str) -> None:
    assert port.move_to(ref(name))
    port.reveal(HEIGHT)
    port.remember(HEIGHT)


def screen(port: Viewport) -> list[str]:
    """What stands on each line: names, and brackets for one that is gone."""
    shown = []
    for line in range(port.top, min(port.lines, port.top + HEIGHT)):
        row = port.row_at(line)
        assert row is not None or port.ref is not None
        shown.append(row.resource.ref.name if row else f"<{port.ref.name}>")  # type: ignore[union-attr]
    return shown


resources = st.builds(resource, st.sampled_from(NAMES), st.sampled_from(list(Health)))


class CursorKeepsItsResource(RuleBasedStateMachine):
    """Whatever happens to rows, only the operator moves the cursor to another one."""

    @initialize(names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    def begin(self, names: list[str]) -> None:
        self.view, self.port = make(names)
        self.ref: Ref | None = self.port.ref

    def changed(self) -> None:
        """After a change that nobody asked for."""
        before_line = None if self.port.cursor is None else self.line_before
        settle(self.port)
        if self.ref is None:
            self.ref = self.port.ref
        assert self.port.ref == self.ref
        if self.ref is None:
            return
        row = self.view.get(self.ref)
        assert self.port.gone is (row is None or not self.view.shows(self.ref))
        assert (self.port.current is None) is self.port.gone
        if before_line is not None and self.port.touched:
            self.same_line(before_line)

    def same_line(self, before: int) -> None:
        cursor = self.port.cursor
        assert cursor is not None
        at_an_end = self.port.top in (0, max(0, self.port.lines - HEIGHT))
        assert cursor - self.port.top == before or at_an_end

    @property
    def line_before(self) -> int | None:
        """Where on the screen the cursor was last left, if it was in sight."""
        anchor = self.port._anchor
        if anchor is None or anchor[0].resource.ref != self.ref:
            return None
        return anchor[1]

    @rule(upserts=st.lists(resources, max_size=4), deletes=st.lists(st.sampled_from(NAMES)))
    def apply(self, upserts: list[Resource], deletes: list[str]) -> None:
        self.view.apply(upserts, [ref(name) for name in deletes])
        self.changed()

    @rule()
    def lose_the_cursor_row(self) -> None:
        if self.ref is not None:
            self.view.apply([], [self.ref])
            self.changed()
            assert self.port.gone

    @rule(rows=st.lists(resources, max_size=12))
    def replace(self, rows: list[Resource]) -> None:
        self.view.replace(rows)
        self.changed()

    @rule(key=st.sampled_from([HEALTH_FIRST, "name", "status"]), reverse=st.booleans())
    def sort(self, key: str, reverse: bool) -> None:
        self.view.sort(key, reverse)
        self.changed()

    @rule(text=st.sampled_from(["", "w", "web", "db", "nothing"]))
    def set_filter(self, text: str) -> None:
        row = None if self.ref is None else self.view.get(self.ref)
        kept = "" if row is None else RowText(row.resource, row.cells, COLUMNS).text(-1)
        self.view.set_filter(RowFilter.parse(text, COLUMNS))
        settle(self.port, asked=True)
        if kept and text in kept:
            assert self.port.ref == self.ref
        assert not self.port.gone
        assert (self.port.ref is None) is (not self.view.visible)
        self.ref = self.port.ref

    @rule(lines=st.sampled_from([-7, -1, 1, 7]))
    def press(self, lines: int) -> None:
        visible = [row.resource.ref for row in self.view.visible]
        expected = None
        if visible and self.ref is not None:
            at = self.port.cursor
            assert at is not None
            here = at if not self.port.gone else at - (lines > 0)
            expected = visible[max(0, min(here + lines, len(visible) - 1))]
        self.port.move_by(lines)
        self.port.reveal(HEIGHT)
        self.port.remember(HEIGHT)
        self.ref = self.port.ref
        assert self.ref == expected
        assert not self.port.gone

    @rule(top=st.integers(0, 30))
    def scroll(self, top: int) -> None:
        self.port.scroll_to(top, HEIGHT)
        assert self.port.ref == self.ref

    @invariant()
    def the_window_is_full(self) -> None:
        if hasattr(self, "port"):
            assert 0 <= self.port.top <= max(0, self.port.lines - HEIGHT)
            rows = [row.resource.ref.name for row in self.view.visible]
            if self.port.gone:
                assert self.port.cursor is not None
                assert self.ref is not None
                rows.insert(self.port.cursor, f"<{self.ref.name}>")
            assert screen(self.port) == rows[self.port.top : self.port.top + HEIGHT]


CursorKeepsItsResource.TestCase.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None
)
TestCursorKeepsItsResource = CursorKeepsItsResource.TestCase


def test_rows_that_come_in_above_leave_the_cursor_on_its_line() -> None:
    view, port = make(["d", "e", "f", "g", "h", "i"])
    put(port, "f")
    assert screen(port) == ["d", "e", "f", "g", "h"]
    view.apply(named("a", "b"), [])
    settle(port)
    assert screen(port) == ["d", "e", "f", "g", "h"]
    assert port.ref == ref("f")


def test_before_anything_was_touched_the_window_stays_at_the_top() -> None:
    view, port = make(["d", "e"])
    view.apply(named("a", "b"), [])
    settle(port)
    assert screen(port) == ["a", "b", "d", "e"]
    assert port.ref == ref("d")
    view.apply(named("a1", "a2", "a3", "a4"), [])
    settle(port)
    assert screen(port)[-1] == "d"


def test_with_the_cursor_out_of_sight_the_topmost_row_stays() -> None:
    view, port = make([f"n{i:02}" for i in range(20)])
    port.scroll_to(10, HEIGHT)
    view.apply(named("a", "b", "c"), [])
    settle(port)
    assert screen(port)[0] == "n10"
    assert port.ref == ref("n00")


def test_a_hole_above_the_window_moves_nothing_in_it() -> None:
    view, port = make([f"n{i:02}" for i in range(20)])
    put(port, "n02")
    port.scroll_to(10, HEIGHT)
    view.apply(named("a"), [ref("n02")])
    settle(port)
    assert port.gone
    assert screen(port)[0] == "n10"


def test_a_row_that_goes_leaves_a_hole_that_no_key_acts_on() -> None:
    view, port = make(["a", "b", "c", "d"])
    put(port, "b")
    view.apply([], [ref("b")])
    settle(port)
    assert screen(port) == ["a", "<b>", "c", "d"]
    assert port.current is None
    neighbour = port.neighbour()
    assert neighbour is not None
    assert neighbour.resource.ref == ref("c")
    port.move_by(1)
    assert port.ref == ref("c")
    assert screen(port) == ["a", "c", "d"]


def test_up_from_the_hole_is_the_row_above_it() -> None:
    view, port = make(["a", "b", "c"])
    put(port, "b")
    view.apply([], [ref("b")])
    settle(port)
    port.move_by(-1)
    assert port.ref == ref("a")


def test_a_row_that_comes_back_has_the_cursor_again() -> None:
    view, port = make(["a", "b", "c"])
    put(port, "b")
    view.apply([], [ref("b")])
    settle(port)
    view.apply(named("b"), [])
    settle(port)
    assert port.current is not None
    assert screen(port) == ["a", "b", "c"]


def test_the_hole_keeps_its_place_when_its_neighbours_go() -> None:
    view, port = make(["a", "b", "c"])
    put(port, "b")
    view.replace([])
    settle(port)
    assert screen(port) == ["<b>"]
    port.move_by(1)
    assert (port.ref, port.lines) == (None, 0)
    view.replace(named("c"))
    settle(port)
    assert port.ref == ref("c")


def test_a_filter_takes_the_cursor_to_the_nearest_match_and_a_typo_back() -> None:
    view, port = make(["api", "cart", "web", "worker"])
    put(port, "cart")

    def narrow(text: str) -> Ref | None:
        view.set_filter(RowFilter.parse(text, COLUMNS))
        settle(port, asked=True)
        return port.ref

    assert narrow("w") == ref("web")
    assert narrow("wx") is None
    assert narrow("w") == ref("web")
    assert narrow("") == ref("web")
    assert narrow("nothing") is None
    assert narrow("") == ref("cart")


def test_a_row_that_ceases_to_match_is_gone_too() -> None:
    view, port = make(["a", "b"])
    view.set_filter(RowFilter.parse("health:ok", COLUMNS))
    settle(port, asked=True)
    view.apply([resource("a", Health.FAILING)], [])
    settle(port)
    assert port.gone
    assert port.ref == ref("a")
    assert screen(port) == ["<a>", "b"]


def test_a_smaller_window_keeps_the_cursor_in_sight() -> None:
    _, port = make([f"n{i:02}" for i in range(20)])
    put(port, "n04")
    port.follow(3)
    assert port.cursor is not None
    assert port.top <= port.cursor < port.top + 3
