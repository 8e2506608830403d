from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from table_support import SCOPE

from backends.model import Column, Format, Health, Ref, Resource
from widgets.row_view import RowView
from widgets.sorted_rows import Row
from widgets.table_layout import GAP, GUTTER, ColumnWidths, Layout

COLUMNS = (
    Column("name", "Service"),
    Column("status", "Status", Format.STATUS),
    Column("ready", "Ready", Format.RATIO),
    Column("image", "Image"),
    Column("why", "Why", width=30),
    Column("age", "Age", Format.AGE),
    Column("zone", "Zone", wide=True),
)


def rows(*cells: tuple[str | None, ...]) -> list[Row]:
    view = RowView()
    view.set_columns(COLUMNS, None)
    view.replace(
        [
            Resource(ref=Ref(SCOPE, "ecs/services", str(i)), health=Health.OK, status="", cells=row)
            for i, row in enumerate(cells)
        ]
    )
    return list(view.visible)


def laid_out(room: int, *cells: tuple[str | None, ...], wide: bool = False) -> Layout:
    widths = ColumnWidths(COLUMNS)
    widths.measure(rows(*cells), texts=True)
    return widths.lay_out(room, wide=wide)


def widths_of(layout: Layout) -> dict[str, int]:
    return {box.column.key: box.width for box in layout.boxes}


USUAL = ("checkout", "ACTIVE", "12/12", "nginx:1.27", None, None, "eu-west-1a")


def test_columns_are_as_wide_as_their_content_or_title() -> None:
    assert widths_of(laid_out(200, USUAL)) == {
        "name": 8,
        "status": 8,
        "ready": 5,
        "image": 10,
        "why": 30,
        "age": 6,
        "zone": 10,
    }


def test_wide_columns_need_room() -> None:
    whole = laid_out(200, USUAL).width
    assert "zone" in widths_of(laid_out(whole, USUAL))
    assert "zone" not in widths_of(laid_out(whole - 1, USUAL))
    assert "zone" in widths_of(laid_out(40, USUAL, wide=True))


def test_texts_give_way_first_and_figures_never() -> None:
    tight = widths_of(laid_out(75, USUAL))
    assert tight["why"] < 30
    assert (tight["ready"], tight["age"], tight["status"]) == (5, 6, 8)


def test_what_cannot_fit_scrolls_and_is_not_cut() -> None:
    layout = laid_out(40, USUAL)
    assert layout.width > 40
    assert widths_of(layout)["why"] == 30


def test_one_long_name_does_not_cost_the_others_their_room() -> None:
    usual = [
        ("checkout", "ACTIVE", "1/1", "nginx", f"{n} " + "w" * 40, None, None) for n in range(30)
    ]
    long = ("n" * 70, "ACTIVE", "1/1", "nginx", None, None, None)
    found = widths_of(laid_out(100, *usual, long))
    assert found["name"] < 30
    assert found["why"] >= 42


def test_a_name_is_not_cut_while_there_is_room() -> None:
    long = ("n" * 60, "ACTIVE", "1/1", "x", None, None, None)
    assert widths_of(laid_out(140, long))["name"] == 60


def test_a_name_leaves_half_of_the_line_to_what_scrolls() -> None:
    long = ("n" * 60, "ACTIVE", "1/1", "x", None, None, None)
    assert widths_of(laid_out(40, long))["name"] == 20


def test_room_to_spare_goes_to_what_was_cut() -> None:
    long = ("n" * 70, "ACTIVE", "1/1", "i" * 60, None, None, None)
    assert widths_of(laid_out(120, long))["name"] < 70
    assert widths_of(laid_out(300, long))["name"] == 70
    assert widths_of(laid_out(300, long))["image"] == 60


def test_columns_only_grow() -> None:
    widths = ColumnWidths(COLUMNS)
    assert widths.measure(
        rows(("checkout-service", "ACTIVE", "1/1", "x", None, None, None)), texts=True
    )
    assert not widths.measure(rows(("a", "X", "1/1", "x", None, None, None)), texts=True)
    assert widths_of(widths.lay_out(200, wide=False))["name"] == 16


def test_live_rows_widen_figures_but_not_texts() -> None:
    widths = ColumnWidths(COLUMNS)
    live = rows(("checkout-service", "CrashLoopBackOff", "1000/1000", "x", None, None, None))
    assert widths.measure(live, texts=False)
    found = widths_of(widths.lay_out(200, wide=False))
    assert (found["name"], found["status"], found["ready"]) == (7, 18, 9)


def test_a_cell_belongs_to_the_column_above_it() -> None:
    layout = laid_out(40, USUAL)
    names = [layout.column_at(x, 0) for x in (0, 8, 11, 39)]
    assert [c.key if c else None for c in names] == ["name", "name", "status", "image"]
    scrolled = layout.column_at(11, 10)
    assert scrolled is not None
    assert scrolled.key == "ready"
    assert layout.column_at(8, 10) == COLUMNS[0]
    assert laid_out(300, USUAL).column_at(299, 0) is None


cell = st.one_of(st.none(), st.text(max_size=80))


@settings(deadline=None)  # the machine may be busy with other tests
@given(st.lists(st.tuples(*[cell] * len(COLUMNS)), max_size=4), st.integers(1, 250), st.booleans())
def test_columns_stand_side_by_side_in_their_order(
    cells: list[tuple[str | None, ...]], room: int, wide: bool
) -> None:
    layout = laid_out(room, *cells, wide=wide)
    x = GUTTER
    for box in layout.boxes:
        assert box.x == x
        assert box.width >= 1
        assert COLUMNS[box.cell] is box.column
        x += box.width + GAP
    assert layout.width == x
    assert [box.cell for box in layout.boxes] == sorted({box.cell for box in layout.boxes})
    assert {c.key for c in COLUMNS if wide or not c.wide} <= set(widths_of(layout))
    assert layout.frozen == GUTTER + layout.boxes[0].width + GAP


def test_long_texts_leave_the_status_in_sight_when_it_scrolls() -> None:
    columns = (
        Column("name", "Name"),
        Column("cluster", "Cluster"),
        Column("state", "Status", Format.STATUS),
        *(Column(f"n{i}", "Number of them", Format.NUMBER) for i in range(4)),
    )
    view = RowView()
    view.set_columns(columns, None)
    cells = ("n" * 255, "c" * 255, "ACTIVE", 1, 1, 1, 1)
    ref = Ref(SCOPE, "ecs/services", "n")
    view.replace([Resource(ref=ref, health=Health.OK, status="", cells=cells)])
    widths = ColumnWidths(columns)
    widths.measure(view.visible, texts=True)
    layout = widths.lay_out(80, wide=False)
    state = next(box for box in layout.boxes if box.column.key == "state")
    assert layout.width > 80
    assert state.x + len("✓ ACTIVE") <= 80
