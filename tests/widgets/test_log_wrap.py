"""Wrapping keeps every character, in order, within the width."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from widgets.log_text import tidy
from widgets.log_wrap import breaks, folded

TEXT = st.text(st.sampled_from("ab  .é日本\u0301🙂"), max_size=120).map(lambda t: tidy(t)[0])


def rows(text: str, width: int, limit: int = 1000) -> list[str]:
    return [text[a:b] for a, b in pairwise(breaks(text, width, limit))]


@given(TEXT, st.integers(2, 30))
def test_nothing_is_lost_and_every_row_fits(text: str, width: int) -> None:
    pieces = rows(text, width)
    assert "".join(pieces) == text
    for piece in pieces:
        assert cell_len(piece.removesuffix(" ")) <= width
    assert all(pieces) or text == ""


@given(TEXT, st.integers(2, 30), st.integers(1, 4))
def test_at_most_so_many_rows(text: str, width: int, limit: int) -> None:
    pieces = rows(text, width, limit)
    assert len(pieces) <= limit
    assert pieces == rows(text, width)[:limit]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 5, [""]),
        ("abcde", 5, ["abcde"]),
        ("abcdef", 5, ["abcde", "f"]),
        ("hello world foo", 11, ["hello world ", "foo"]),
        ("hello world foo", 9, ["hello ", "world foo"]),
        ("a bcdefghijk", 6, ["a bcde", "fghijk"]),
        ("日本語テ", 5, ["日本", "語テ"]),
        ("日本", 2, ["日", "本"]),
    ],
)
def test_rows_break_where_words_do(text: str, width: int, expected: list[str]) -> None:
    assert rows(text, width) == expected


def test_folded_says_what_it_leaves_out() -> None:
    assert folded("a" * 10, 4) == ["aaaa", "aaaa", "aa"]
    assert folded("a" * 10_000, 2)[-1] == "… +9,200 more"
