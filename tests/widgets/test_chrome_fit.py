"""Text cut to fit: never too wide, never halved, never parsed."""

from __future__ import annotations

import pytest
from chrome_support import NASTY
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.fields import render_fields
from widgets.fit import clip, clip_left, clip_middle, drop_cells, plain, plural

TEXT = st.text("ab名サ é[]/\\", max_size=60)


@given(TEXT, st.integers(0, 70))
def test_cut_text_fits_and_keeps_its_end_beginning_or_both(text: str, width: int) -> None:
    for cut in (clip, clip_left, clip_middle):
        short = cut(text, width)
        assert cell_len(short) <= width
        if cell_len(text) <= width:
            assert short == text
        elif width:
            assert "…" in short
    assert text.startswith(clip(text, width).removesuffix("…"))
    assert text.endswith(clip_left(text, width).removeprefix("…"))


@given(TEXT, st.integers(0, 70))
def test_what_is_scrolled_away_moves_the_rest_by_as_many_cells(text: str, count: int) -> None:
    rest = drop_cells(text, count)
    assert cell_len(rest) == max(cell_len(text) - count, 0)
    assert text.endswith(rest.removeprefix(" "))


@given(TEXT, st.integers(3, 70))
def test_a_name_cut_in_the_middle_keeps_both_ends(text: str, width: int) -> None:
    short = clip_middle(text, width)
    if short != text:
        head, _, tail = short.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert cell_len(short) >= width - 2


def test_ends_are_kept_about_evenly() -> None:
    assert clip_middle("abcdefghij", 7) == "abc…hij"
    assert clip_left("abcdefghij", 4) == "…hij"
    assert clip("abcdefghij", 4) == "abc…"


@pytest.mark.parametrize("name", NASTY)
def test_markup_is_text(name: str) -> None:
    assert plain(name).plain == name
    assert not plain(name).spans


def test_escapes_are_taken_out() -> None:
    assert plain("\x1b[31ma\x07b\u202e").plain == "a\ufffdb\ufffd"


def test_counts_have_their_noun() -> None:
    assert [plural(n, "task") for n in (0, 1, 2, 1200)] == [
        "0 tasks",
        "1 task",
        "2 tasks",
        "1,200 tasks",
    ]


@given(st.lists(st.tuples(st.text("abc", max_size=8), TEXT), max_size=5), st.integers(14, 80))
def test_fields_stay_within_their_width_and_lose_nothing(
    fields: list[tuple[str, str]], width: int
) -> None:
    drawn = render_fields(fields, width).plain
    for line in drawn.split("\n"):
        assert cell_len(line) <= width
    given_letters = "".join("".join(label + value for label, value in fields).split())
    assert "".join(drawn.split()) == given_letters
