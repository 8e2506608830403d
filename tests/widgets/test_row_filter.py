from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backends.model import Column, Format
from widgets.row_filter import HEALTH, WHOLE_ROW, RowFilter, RowTest, Term

COLUMNS = (
    Column("name", "NAME"),
    Column("image", "IMAGE"),
    Column("definition", "Task definition"),
    Column("age", "AGE", Format.AGE),
)


class FakeRow:
    """A row of cells and a health's word."""

    def __init__(self, *cells: str, health: str = "ok") -> None:
        self.cells = [cell.lower() for cell in cells]
        self.health = health

    def text(self, column: int) -> str:
        if column == WHOLE_ROW:
            return "\n".join(self.cells)
        return self.health if column == HEALTH else self.cells[column]


WEB = FakeRow("web", "nginx:1.27", "web-prod:12", health="failing")
CART = FakeRow("Cart", "shop/cart:latest", "cart-prod:7")


def matching(text: str, *rows: FakeRow) -> list[FakeRow]:
    chosen = RowFilter.parse(text, COLUMNS)
    return [row for row in rows if chosen.matches(row)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [WEB, CART]),
        ("   ", [WEB, CART]),
        ("web", [WEB]),
        ("CART", [CART]),
        ("prod web", [WEB]),
        ("prod missing", []),
        ("!web", [CART]),
        ("prod !latest", [WEB]),
        ("!", [WEB, CART]),
        ("^web$", [WEB]),
        ("^art", []),
        ("w.b", [WEB]),
        ("image:nginx", [WEB]),
        ("name:nginx", []),
        ("taskdefinition:web", [WEB]),
        ("definition:^cart", [CART]),
        ("!image:nginx", [CART]),
        ("image:", [WEB, CART]),
        ("health:failing", [WEB]),
        ("health:ok", [CART]),
        ("!health:ok", [WEB]),
        ("nginx:1", [WEB]),
        ('"nginx:1"', [WEB]),
        ('"cart', [CART]),
        ('image:"shop/"', [CART]),
        ("[", []),
        ("web|cart", [WEB, CART]),
    ],
)
def test_what_a_filter_finds(text: str, found: list[FakeRow]) -> None:
    assert matching(text, WEB, CART) == found


def test_quotes_keep_spaces_marks_and_colons() -> None:
    row = FakeRow('two words !x a:b "q"', "", "")
    for text in ('"two words"', '"!x"', '"a:b"', r'"\"q\""'):
        assert matching(text, row) == [row]
    assert matching('"words two"', row) == []


def test_a_broken_expression_is_looked_for_as_it_is_and_says_so() -> None:
    row = FakeRow("a[b", "", "")
    broken = RowFilter.parse("[b", COLUMNS)
    assert broken.matches(row)
    assert "[b" in broken.note
    assert RowFilter.parse("[b]", COLUMNS).note == ""


def test_an_unknown_column_is_looked_for_as_text_and_says_so() -> None:
    unknown = RowFilter.parse("nginx:1.2", COLUMNS)
    assert "nginx" in unknown.note
    assert unknown.matches(WEB)


def test_ages_cannot_be_filtered_by() -> None:
    assert "age" in RowFilter.parse("age:5m", COLUMNS).note


def test_a_column_called_health_does_not_hide_the_health() -> None:
    columns = (*COLUMNS, Column("health", "Health"))
    (term,) = RowFilter.parse("health:failing", columns).terms
    assert term.column == HEALTH


words = st.text(st.sampled_from('abc.:!*[(\\ "|^$'), max_size=8)
rows = st.builds(
    FakeRow,
    *[st.text("abcABC.:*[( ", max_size=6)] * 3,
    health=st.sampled_from(["ok", "failing"]),
)
filters = st.lists(
    st.one_of(
        words,
        st.sampled_from(
            ["a", "ab", "!a", "!ab", "name:a", "name:ab", "health:ok", "ab[c.]*", "!bc+"]
        ),
    ),
    max_size=4,
).map(" ".join)


@given(st.text(max_size=30), rows)
def test_every_text_is_a_filter(text: str, row: FakeRow) -> None:
    assert RowFilter.parse(text, COLUMNS).matches(row) in (True, False)


def passing(test: RowTest, found: list[FakeRow], among: Sequence[int]) -> list[int]:
    texts = {column: [row.text(column) for row in found] for column in test.columns}
    return [at for at in test.sift(among, texts) if test.decide(at, texts)]


@given(filters, st.lists(rows, max_size=6))
def test_many_rows_are_filtered_as_each_of_them(text: str, found: list[FakeRow]) -> None:
    parsed = RowFilter.parse(text, COLUMNS)
    expected = [at for at, row in enumerate(found) if parsed.matches(row)]
    assert passing(RowTest(parsed), found, range(len(found))) == expected
    some = range(1, len(found), 2)
    assert passing(RowTest(parsed), found, some) == [at for at in expected if at in some]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("web.*[0-9]", "web-1"), ("KUBE[0-9]?", "\u212aube"), ("miss+", "mi\u017f\u017f")],
)
def test_nothing_is_ruled_out_before_an_expression_that_it_would_match(
    pattern: str, text: str
) -> None:
    row = FakeRow(text, "", "")
    assert matching(pattern, row) == [row]
    assert passing(RowTest(RowFilter.parse(pattern, COLUMNS)), [row], [0]) == [0]


@given(filters, filters, st.lists(rows))
def test_what_narrows_finds_nothing_new(last: str, now: str, found: list[FakeRow]) -> None:
    before, after = RowFilter.parse(last, COLUMNS), RowFilter.parse(now, COLUMNS)
    assume(after.narrows(before))
    assert all(before.matches(row) for row in found if after.matches(row))


@pytest.mark.parametrize(
    ("last", "now", "narrows"),
    [
        ("", "web", True),
        ("we", "web", True),
        ("web", "we", False),
        ("web", "web prod", True),
        ("!web", "!we", True),
        ("!we", "!web", False),
        ("w.", "w.b", False),
        ("w.", "w. x", True),
        ("name:we", "name:web", True),
        ("name:we", "web", False),
    ],
)
def test_when_only_the_last_result_need_be_searched(last: str, now: str, narrows: bool) -> None:
    assert RowFilter.parse(now, COLUMNS).narrows(RowFilter.parse(last, COLUMNS)) is narrows


@given(st.text("abcXY-/_1", min_size=1, max_size=5), rows)
def test_a_literal_means_what_the_same_expression_means(word: str, row: FakeRow) -> None:
    literal = RowFilter((Term(word.lower()),)).matches(row)
    assert literal is (re.search(re.escape(word), row.text(WHOLE_ROW), re.IGNORECASE) is not None)
