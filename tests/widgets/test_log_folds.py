"""What is folded away beneath what, against a naive reading; the way to the next failure."""

from hypothesis import given
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.log_buffer import LogBuffer
from widgets.log_folds import Folds, next_failure
from widgets.log_levels import ERROR, FATAL, INFO
from widgets.log_traces import CONTINUES

LINE = st.tuples(st.sampled_from("abc"), st.sampled_from([0, INFO, ERROR, FATAL, CONTINUES, 0x15]))


class Marked:
    """A ring whose lines say which mark they get."""

    def __init__(self) -> None:
        self.buffer = LogBuffer(1 << 20, lambda lines: bytes(int(line.text) for line in lines))
        self.lines: list[tuple[str, int]] = []

    def add(self, *lines: tuple[str, int]) -> None:
        self.lines += lines
        self.buffer.extend([LogLine(at=1.0, source=s, text=str(mark)) for s, mark in lines])

    def heads(self) -> list[int]:
        """Return for each line the one that it goes on with, or the oldest that does as it does."""
        latest: dict[str, int] = {}
        found = []
        for number, (source, mark) in enumerate(self.lines):
            if not mark & CONTINUES or source not in latest:
                latest[source] = number
            found.append(latest[source])
        return found


@given(st.lists(st.lists(LINE, max_size=5), max_size=6), st.sets(st.integers(0, 29), max_size=3))
def test_folds_are_as_a_naive_reading_has_them(
    batches: list[list[tuple[str, int]]], unfolded: set[int]
) -> None:
    log = Marked()
    folds = Folds(log.buffer)
    for batch in batches:
        log.add(*batch)
        heads = log.heads()
        for number, (_, mark) in enumerate(log.lines):
            goes_on = mark & CONTINUES
            assert folds.head(number) == (heads[number] if goes_on else number)
            expected = [n for n, head in enumerate(heads) if head == number and n != number]
            assert folds.lines(number) == ([] if goes_on else expected)
            assert folds.folded(number) == len(folds.lines(number))
            orphan = bool(log.lines[heads[number]][1] & CONTINUES)
            assert folds.hides(number) == (bool(goes_on) and not orphan)
    for number in {n for n in unfolded if n < len(log.lines)}:
        head = folds.head(number)
        before = folds.hides(number)
        folds.toggle(number)
        assert all(not folds.hides(n) for n in folds.lines(head))
        assert folds.folded(head) == 0
        folds.toggle(number)
        assert folds.hides(number) == before


def test_what_goes_on_with_lines_that_fell_out_is_shown_until_they_come_back() -> None:
    log = Marked()
    folds = Folds(log.buffer)
    log.add(("a", 0x15), ("a", 0x15), ("a", INFO), ("a", 0x13))
    assert [folds.hides(n) for n in range(4)] == [False, False, False, True]
    log.buffer.stretched = True
    log.buffer.prepend([LogLine(at=1.0, source="a", text=str(ERROR))])
    assert [folds.hides(n) for n in range(-1, 4)] == [False, True, True, False, True]
    assert folds.folded(-1) == 2


def test_what_goes_on_later_is_folded_too() -> None:
    log = Marked()
    folds = Folds(log.buffer)
    log.add(("a", ERROR), ("b", INFO))
    assert folds.folded(0) == 0
    log.add(("a", 0x15))
    assert folds.folded(0) == 1
    folds.toggle(0)
    log.add(("a", 0x15))
    assert [folds.hides(n) for n in range(4)] == [False] * 4
    folds.toggle_all()
    folds.toggle_all()
    assert [folds.hides(n) for n in range(4)] == [False, False, True, True]
    assert folds.folded(0) == 2


def test_all_are_unfolded_at_once() -> None:
    log = Marked()
    folds = Folds(log.buffer)
    log.add(("a", ERROR), ("a", 0x15))
    folds.toggle_all()
    assert not folds.hides(1)
    assert folds.folded(0) == 0


@given(st.lists(LINE, min_size=1, max_size=40), st.integers(0, 39))
def test_the_next_failure(lines: list[tuple[str, int]], start: int) -> None:
    log = Marked()
    log.add(*lines)
    start = min(start, len(lines) - 1)
    failures = [n for n, (_, mark) in enumerate(lines) if mark in (ERROR, FATAL)]
    later = [n for n in failures if n >= start]
    earlier = [n for n in failures if n <= start]
    assert next_failure(log.buffer, start, 1) == (later[0] if later else None)
    assert next_failure(log.buffer, start, -1) == (earlier[-1] if earlier else None)
