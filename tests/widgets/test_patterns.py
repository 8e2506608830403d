"""Expressions that an operator types: what they mean, and that none of them holds anything up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_support import COLUMNS, resource

from backends.clock import Clock, ManualClock
from backends.model import LogBatch, LogLine
from widgets.log_filter import Pattern
from widgets.log_model import LogModel
from widgets.log_scan import Matches
from widgets.patterns import Expression, PatternError, repeated
from widgets.row_filter import RowFilter
from widgets.row_view import RowView

ENDLESS = (
    (r"(a|aa)+$", "a" * 60 + "!"),
    (r"(.*a){12}[bc]", "a" * 200),
    (r"((a{1,20}){1,20}){1,20}b", "a" * 100),
    (r".*a.*a.*a.*!", "a" * 20_000),
    (r"(?:error){e<=3}", "zzz" * 20_000),
)
"""Expressions that are looked for in these texts for years, or at least much too long."""

words = st.text("abcXY -_1[](){}.*+?|^$\\,:", max_size=12)


@given(words, st.text("abcxy -_1", max_size=30), st.booleans())
def test_what_re_understands_means_the_same(pattern: str, text: str, fold: bool) -> None:
    flags = re.IGNORECASE | re.MULTILINE if fold else 0
    try:
        known = re.compile(pattern, flags)
    except (re.error, OverflowError):
        return
    assert Expression(pattern, fold=fold).found(text) in (known.search(text) is not None, None)


@pytest.mark.parametrize(
    "pattern", ["(", "[b", "*", "a{2}{3}**", "(?P<1>a)", "\\", "(a{999}){999}"]
)
def test_what_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Expression(pattern)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [("abc", 3), ("a{3}b", 4), ("(ab){3}", 6), ("((a{10}){10}){10}", 1000), ("[a{9}]{2}", 2),
     (r"\({5}", 5), ("a{,4}", 4), ("a{1,4}", 4), ("[]{9}]a", 2), (r"[\]{9}]a", 2), ("(a", 1)],
)  # fmt: skip
def test_counts_are_multiplied(pattern: str, size: int) -> None:
    assert repeated(pattern) == size


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
def test_an_endless_search_is_given_up(pattern: str, text: str) -> None:
    expression = Expression(pattern)
    assert expression.found(text) is None
    assert "too long for 1 text" in expression.trouble
    while not expression.given_up:
        assert expression.found(text) is None
    assert "given up" in expression.trouble
    assert expression.found("aab") is None
    assert expression.spans(text, 9) == []


@pytest.mark.parametrize(("pattern", "text"), ENDLESS)
@pytest.mark.parametrize("bang", ["", "!"])
def test_a_log_says_that_its_filter_is_endless(pattern: str, text: str, bang: str) -> None:
    model = LogModel(ManualClock(1.0))
    model.feed(LogBatch(lines=tuple(LogLine(1.0, "web", text) for _ in range(20))))
    model.set_filter(Pattern(bang + pattern))
    while model.step():
        pass
    assert "given up" in model.pattern.note
    assert model.hi == model.lo
    *_, last = model.snapshot_text(filtered=True)
    assert "given up" in last


def test_a_table_says_that_its_filter_is_endless() -> None:
    view = RowView()
    view.set_columns(COLUMNS, None)
    view.replace([resource("a" * 60 + f"!{n}") for n in range(20)])
    view.set_filter(RowFilter.parse("name:(a|aa)+$", COLUMNS))
    assert "given up" in view.note
    assert not view.visible
    view.apply([resource("a" * 61 + "!")], ())
    assert not view.visible


def test_very_long_texts_do_not_tell_on_an_expression() -> None:
    expression = Expression("(a|aa)+$")
    for _ in range(5):
        assert expression.found("a" * 100_000 + "!") is None
    assert expression.trouble == "took too long for 5 texts, not shown"
    assert expression.found("baa")


class Hourglass(Clock):
    """Runs out after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.seconds = 0.0

    def now(self) -> float:
        return 1.0

    def monotonic(self) -> float:
        self.seconds += 1.0 / self.looks
        return self.seconds


@pytest.mark.parametrize("back", [True, False])
def test_a_log_is_searched_a_few_lines_at_a_time(back: bool) -> None:
    model = LogModel(ManualClock(1.0))
    lines = LogBatch(lines=tuple(LogLine(1.0, "web", f"line {n}") for n in range(300)))
    if back:
        model.feed(lines)
    matches = Matches(model.buffer, Pattern(r"(?=[05])[05]+$"))
    if not back:
        model.feed(lines)
    steps = 0
    while matches.step(Hourglass(10), budget=1.0):
        steps += 1
        assert matches.scanning is not None
    assert steps >= 20
    assert [matches.id_at(o) for o in range(matches.lo, matches.hi)] == [*range(0, 300, 5)]


def test_a_table_is_filtered_a_few_rows_at_a_time() -> None:
    left = 0

    def over() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    def pace() -> object:
        nonlocal left
        left = 10
        return over

    view = RowView(pace)  # type: ignore[arg-type]
    view.set_columns(COLUMNS, None)
    view.sort("name", False)
    view.replace([resource(f"web-{n:03}") for n in range(100)])
    view.set_filter(RowFilter.parse("name:(?=[05])[05]+$", COLUMNS))
    assert 80 < view.undecided < 100
    view.apply([resource("web-100")], [resource("web-055").ref])
    assert view.undecided
    while view.decide():
        assert view.undecided
    names = [row.resource.ref.name for row in view.visible]
    assert names == [f"web-{n:03}" for n in (*range(0, 101, 5),) if n != 55]
    assert sum(view.health_counts.values()) == len(names)
