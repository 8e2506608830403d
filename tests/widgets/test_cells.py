from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backends.model import Cell, Column, Format, Health
from widgets.cells import (
    NOTHING,
    age_text,
    bytes_text,
    cell_text,
    fit,
    number_text,
    search_text,
    sort_key,
    width_of,
)

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

texts = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x1b\x9b\u202e\u200d\ufe0f\U0001f3fd\u0301\ud800東…a \t\n\u00ad\U000e0041"
        ),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0s"),
        (0, "0s"),
        (45, "45s"),
        (119.9, "119s"),
        (2 * MINUTE, "2m"),
        (5 * MINUTE + 12, "5m12s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (4 * HOUR + 18 * MINUTE, "4h18m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY + 4 * HOUR, "2d4h"),
        (8 * DAY + 4 * HOUR, "8d"),
        (YEAR, "365d"),
        (2 * YEAR + 35 * DAY, "2y35d"),
        (9 * YEAR, "9y"),
    ],
)
def test_ages_read_as_in_kubectl(seconds: float, shown: str) -> None:
    assert age_text(seconds) == shown


@given(st.floats(0, 7.9 * YEAR))
def test_ages_have_room_in_six_cells(seconds: float) -> None:
    assert len(age_text(seconds)) <= 6


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (512 * 1024**2, "512 MiB"),
        (3.25 * 1024**3, "3.2 GiB"),
        (5000 * 1024**5, "5000 PiB"),
    ],
)
def test_bytes_have_binary_units(count: float, shown: str) -> None:
    assert bytes_text(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(7, "7"), (12345, "12345"), (2.0, "2"), (0.256, "0.26"), (100.0, "100")]
)
def test_numbers_are_shown_in_full(value: float, shown: str) -> None:
    assert number_text(value) == shown


@pytest.mark.parametrize(
    ("form", "cell", "shown"),
    [
        (Format.TEXT, "web", "web"),
        (Format.TEXT, None, NOTHING),
        (Format.NUMBER, float("nan"), NOTHING),
        (Format.AGE, 1000.0, "100s"),
        (Format.AGE, None, NOTHING),
        (Format.RATIO, "2/3", "2/3"),
        (Format.BYTES, 2048, "2 KiB"),
        (Format.STATUS, "DRAINING", "✗ DRAINING"),
        (Format.STATUS, None, "✗ failing"),
    ],
)
def test_each_format_is_drawn_its_own_way(form: Format, cell: Cell, shown: str) -> None:
    assert cell_text(cell, Column("c", "C", form), Health.FAILING, 1100.0) == shown


@given(texts, st.integers(0, 40), st.booleans())
def test_a_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    fitted = fit(text, width, right=right)
    assert cell_len(fitted) == width
    assert sum(cell_len(char) for char in fitted) == width
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in fitted)


@given(texts)
def test_a_text_in_its_own_width_is_not_cut(text: str) -> None:
    width = width_of(text)
    plain = fit(text, width)
    assert fit(text, width + 3) == plain + "   " or len(text) > 4 * width


@pytest.mark.parametrize(
    ("text", "width", "right", "fitted"),
    [
        ("web", 5, False, "web  "),
        ("web", 5, True, "  web"),
        ("checkout", 5, False, "chec…"),
        ("東京本番", 8, False, "東京本番"),
        ("東京本番", 7, False, "東京本…"),
        ("東京本番", 6, False, "東京… "),
        ("[bold]x[/]", 10, False, "[bold]x[/]"),
        ("a\x1b[31mb", 8, False, "a�[31mb "),
        ("a\u202eb", 3, False, "a�b"),
        ("✈\ufe0f go", 5, False, "✈ go "),
        ("x", 1, False, "x"),
        ("xy", 1, False, "…"),
        ("東", 1, False, "…"),
    ],
)
def test_texts_are_padded_or_cut(text: str, width: int, right: bool, fitted: str) -> None:
    assert fit(text, width, right=right) == fitted


cells: dict[Format, st.SearchStrategy[Cell]] = {
    Format.TEXT: st.one_of(st.none(), st.text(max_size=5), st.integers()),
    Format.NUMBER: st.one_of(st.none(), st.floats(), st.integers(-9, 9), st.just("3 of 4")),
    Format.AGE: st.one_of(st.none(), st.floats()),
    Format.STATUS: st.one_of(st.none(), st.text(max_size=5)),
    Format.RATIO: st.one_of(st.none(), st.sampled_from(["0/3", "1/2", "3/3", "5/5", "x", "", "7"])),
    Format.BYTES: st.one_of(st.none(), st.integers(0)),
    Format.SPARK: st.one_of(st.none(), st.just("▁▅"), st.lists(st.floats()).map(tuple)),
}


@given(st.data(), st.sampled_from(list(Format)))
def test_keys_of_one_column_can_always_be_compared(data: st.DataObject, form: Format) -> None:
    column = Column("c", "C", form)
    drawn = data.draw(st.lists(st.tuples(cells[form], st.sampled_from(list(Health)))))
    keys = [sort_key(cell, column, health) for cell, health in drawn]
    found = [key for key in keys if key is not None]
    assert len(sorted(found)) == len(found)  # type: ignore[type-var]


def keys(form: Format, *values: Cell) -> list[object]:
    return [sort_key(value, Column("c", "C", form), Health.OK) for value in values]


def test_ratios_are_compared_by_their_share() -> None:
    ordered = keys(Format.RATIO, "0/3", "1/2", "2/3", "0/0", "3/3", "10/10")
    assert ordered == sorted(ordered)  # type: ignore[type-var]


def test_the_young_sort_before_the_old() -> None:
    young, old = keys(Format.AGE, 2000.0, 1000.0)
    assert young < old  # type: ignore[operator]


def test_text_is_compared_whatever_its_case() -> None:
    assert keys(Format.TEXT, "Web") == keys(Format.TEXT, "web")


def test_statuses_are_compared_by_health_first() -> None:
    column = Column("s", "S", Format.STATUS)
    fine = sort_key("ZZZ", column, Health.OK)
    bad = sort_key("AAA", column, Health.FAILING)
    assert fine < bad  # type: ignore[operator]


def test_the_filter_sees_no_ages() -> None:
    assert search_text(1000.0, Column("a", "A", Format.AGE)) == ""
    assert search_text("Web", Column("n", "N")) == "Web"
    assert search_text(7, Column("n", "N", Format.NUMBER)) == "7"
    assert search_text(float("nan"), Column("n", "N", Format.NUMBER)) == ""
    assert search_text(2048, Column("b", "B", Format.BYTES)) == "2 KiB"
