"""Lines are the same however the bytes were cut up on their way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.eks.lines import LineSplitter


@given(st.lists(st.binary(max_size=20)))
def test_whole_lines_come_out_of_any_chunks(chunks) -> None:
    splitter = LineSplitter(1000)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    whole = b"".join(chunks)
    assert b"\n".join([*lines, splitter.rest()]) == whole
    assert splitter.cut == 0


@given(st.lists(st.binary(max_size=40)), st.integers(1, 10))
def test_no_line_is_longer_than_the_limit(chunks, limit) -> None:
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    lines.append(splitter.rest())
    expected = b"".join(chunks).split(b"\n")
    assert lines == [line[:limit] for line in expected]
    assert splitter.cut == sum(len(line) > limit for line in expected)


def test_the_rest_of_a_long_line_is_not_kept() -> None:
    splitter = LineSplitter(10)
    for _ in range(1000):
        assert splitter.feed(b"x" * 100) == []
    assert sum(map(len, splitter._parts)) == 10
    assert splitter.feed(b"\nnext\n") == [b"x" * 10, b"next"]
