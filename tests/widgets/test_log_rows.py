"""The window on wrapped entries is always a slice of what laying out everything would give."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from widgets.log_rows import RowIndex, Viewport


class Looking(RuleBasedStateMachine):
    """A window over entries of odd heights that come at both ends and go at the old one."""

    @initialize(
        heights=st.lists(st.integers(1, 7), min_size=1, max_size=20),
        height=st.integers(1, 9),
        chunk=st.integers(1, 6),
        flat=st.booleans(),
    )
    def start(self, heights: list[int], height: int, chunk: int, flat: bool) -> None:
        self.pattern = [1] if flat else heights
        self.lo, self.hi = 0, 0
        measure = None if flat else lambda lo, hi: [self.tall(i) for i in range(lo, hi)]
        self.chunk = chunk
        self.view = Viewport(RowIndex(measure, chunk), height)
        self.view.update(0, 0)

    def tall(self, ordinal: int) -> int:
        return self.pattern[ordinal % len(self.pattern)]

    def everything(self) -> list[tuple[int, int]]:
        """Every row there is, by the plainest means."""
        return [(o, r) for o in range(self.lo, self.hi) for r in range(self.tall(o))]

    def position(self) -> int:
        rows = self.everything()
        return rows.index(self.view.top) if rows else 0

    def last(self) -> int:
        """The row at the top when the last one is at the bottom."""
        return max(0, len(self.everything()) - self.view.height)

    @rule(count=st.integers(0, 40))
    def arrive(self, count: int) -> None:
        top, following = self.view.top, self.view.following
        had = self.hi > self.lo
        self.hi += count
        self.view.update(self.lo, self.hi)
        if not following and had:
            assert self.view.top == top

    @rule(count=st.integers(0, 40))
    def found_above(self, count: int) -> None:
        top, following = self.view.top, self.view.following
        had = len(self.everything()) >= self.view.height
        self.lo -= count
        self.view.update(self.lo, self.hi)
        if not following and had:
            assert self.view.top == top

    @rule(count=st.integers(0, 40))
    def fall_out(self, count: int) -> None:
        top, following = self.view.top, self.view.following
        self.lo = min(self.hi, self.lo + count)
        fits = top in self.everything()[: self.last() + 1]
        self.view.update(self.lo, self.hi)
        if not following and fits:
            assert self.view.top == top

    @rule(rows=st.integers(-30, 30))
    def scroll(self, rows: int) -> None:
        expected = min(max(0, self.position() + rows), self.last())
        self.view.move(rows)
        assert not self.view.following
        assert self.position() == expected

    @rule(row=st.integers(0, 400))
    def drag(self, row: int) -> None:
        self.view.to_row(row)
        assert self.position() <= self.last()

    @rule()
    def end(self) -> None:
        self.view.following = True
        self.view.settle()
        assert self.view.at_end

    @rule()
    def home(self) -> None:
        self.view.to_entry(self.lo)
        assert self.position() == 0
        assert self.view.row == 0

    @rule(height=st.integers(1, 9))
    def resize(self, height: int) -> None:
        self.view.height = height
        self.view.settle()

    @rule(heights=st.lists(st.integers(1, 7), min_size=1, max_size=20))
    def wrap_anew(self, heights: list[int]) -> None:
        entry, following = self.view.top[0], self.view.following
        self.pattern = heights
        measure = lambda lo, hi: [self.tall(i) for i in range(lo, hi)]  # noqa: E731
        self.view.reindex(RowIndex(measure, self.chunk))
        rows = self.everything()
        if not following and (entry, 0) in rows[: self.last() + 1]:
            assert self.view.top == (entry, 0)

    @invariant()
    def the_window_is_a_slice_of_everything(self) -> None:
        rows = self.everything()
        at = self.position()
        assert self.view.window() == rows[at : at + self.view.height]
        assert at <= self.last()
        assert self.view.at_end == (at == self.last())
        if self.view.following:
            assert at == self.last()

    @invariant()
    def the_scroll_bar_is_about_right(self) -> None:
        index, rows = self.view.index, self.everything()
        assert 0 <= self.view.row <= index.rows
        if self.position() == self.last():
            shown = min(len(rows), self.view.height)
            assert index.rows - self.view.row == shown


Looking.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLooking = Looking.TestCase


def measured(heights: list[int]) -> tuple[RowIndex, list[int]]:
    calls: list[int] = []

    def measure(lo: int, hi: int) -> list[int]:
        calls.append(hi - lo)
        return heights[lo:hi]

    index = RowIndex(measure, 32)
    index.resize(0, len(heights))
    return index, calls


def test_only_what_is_near_the_window_is_measured() -> None:
    index, calls = measured([2] * 1_000_000)
    view = Viewport(index, 50)
    view.update(0, 1_000_000)
    view.move(-10)
    view.to_row(700_000)
    view.to_entry(0)
    assert sum(calls) < 2_000
    assert index.rows == 2_000_000


def test_everything_measured_is_exact() -> None:
    heights = [1, 3, 2, 5, 1, 1, 4]
    index, _ = measured(heights)
    index.ensure(0, len(heights))
    assert index.rows == sum(heights)
    rows = [(o, r) for o, height in enumerate(heights) for r in range(height)]
    assert [index.locate(row) for row in range(len(rows))] == rows
    assert [index.row_of(o) for o in range(8)] == [0, 1, 4, 6, 11, 12, 13, 17]


def test_what_is_remembered_is_bounded() -> None:
    index, _ = measured([1, 2] * 50_000)
    view = Viewport(index, 10)
    view.update(0, 100_000)
    for row in range(0, 150_000, 100):
        view.to_row(row)
    assert len(index._known) < 600


def test_a_window_may_begin_with_what_is_folded_away() -> None:
    heights = [1, 0, 0, 2, 1, 0]
    index = RowIndex(lambda lo, hi: heights[lo:hi])
    index.resize(0, len(heights))
    view = Viewport(index, 2)
    view.following, view.top = False, (1, 0)
    view.settle()
    assert view.window() == [(3, 0), (3, 1)]
    view.move(1)
    assert view.window() == [(3, 1), (4, 0)]
    view.move(-2)
    assert view.window() == [(0, 0), (3, 0)]
    assert index.rows == 4


def test_a_log_that_is_all_folded_away_can_be_scrolled() -> None:
    index = RowIndex(lambda lo, hi: [0] * (hi - lo), chunk=4)
    index.resize(0, 100)
    view = Viewport(index, 5)
    view.to_row(3)
    view.move(-1)
    assert view.window() == []
