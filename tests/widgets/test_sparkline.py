"""Series in cells: how they are drawn, compared and left out where there are none."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from backends.model import Column, Format, Health
from widgets.cells import (
    NOTHING,
    RIGHT_ALIGNED,
    cell_text,
    search_text,
    sort_key,
    sort_keys,
    width_of,
)
from widgets.row_filter import column_names
from widgets.sparkline import BARS, SPARK_WIDTH, spark_text
from widgets.table_layout import ColumnWidths

SERIES = Column("recent", "5 minutes", Format.SPARK)
numbers = st.one_of(st.integers(-9, 10**9), st.floats(allow_nan=True, allow_infinity=True))


def drawn(*values: float) -> str:
    return cell_text(values, SERIES, Health.OK, 0.0)


def test_the_highest_has_a_full_bar_and_only_zero_the_lowest() -> None:
    assert drawn(0, 1, 50, 100) == "▁▂▅█"
    assert drawn(7) == "█"
    assert drawn(0, 0) == "▁▁"


def test_of_a_long_series_the_newest_are_drawn_and_make_the_measure() -> None:
    assert drawn(1000, *range(SPARK_WIDTH)) == spark_text(range(SPARK_WIDTH))


def test_nothing_is_drawn_where_there_is_nothing() -> None:
    assert cell_text(None, SERIES, Health.OK, 0.0) == NOTHING
    assert drawn() == NOTHING
    assert drawn(math.nan, 2, math.inf, 1) == " █ ▅"


@settings(deadline=None)  # the machine may be busy with other tests
@given(st.lists(numbers, max_size=30))
def test_any_series_fits_and_taller_bars_are_larger_values(series: list[float]) -> None:
    text = spark_text(series)
    assert cell_len(text) == min(len(series), SPARK_WIDTH)
    shown = series[-SPARK_WIDTH:]
    pairs = [(v, BARS.index(bar)) for v, bar in zip(shown, text, strict=True) if bar != " "]
    for value, height in pairs:
        assert (height == 0) == (value <= 0)
        assert all(height >= other for v, other in pairs if v <= value)


def test_it_sorts_by_its_newest_value_and_nothing_comes_last() -> None:
    cells = [(9, 1), (0, 5), None, (3, math.nan), ()]
    keys = [sort_key(cell, SERIES, Health.OK) for cell in cells]
    assert keys == [1.0, 5.0, None, None, None]
    assert list(sort_keys(cells, SERIES, [Health.OK] * len(cells))) == keys


def test_its_column_has_one_width_and_no_name_in_a_filter() -> None:
    widths = ColumnWidths((Column("name", "Name"), SERIES))
    assert widths.lay_out(80, wide=False).boxes[1].width == SPARK_WIDTH
    assert Format.SPARK in RIGHT_ALIGNED
    assert search_text((1, 2), SERIES) == ""
    assert set(column_names((Column("name", "Name"), SERIES))) == {"name", "health"}
    assert width_of(drawn(*range(1, 20))) == SPARK_WIDTH
