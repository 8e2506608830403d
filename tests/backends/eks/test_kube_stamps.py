"""Timestamps of log lines are read to the nanosecond, and what is none is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.eks.stamps import StampReader

SECOND = 1_795_383_047


@pytest.mark.parametrize(
    ("line", "nanos", "text"),
    [
        (b"2026-11-22T21:30:47.000000371Z level=info", SECOND * 10**9 + 371, b"level=info"),
        (b"2026-11-22T21:30:47.5Z a b", SECOND * 10**9 + 500_000_000, b"a b"),
        (b"2026-11-22T21:30:47Z x", SECOND * 10**9, b"x"),
        (b"2026-11-22T22:30:47.1+01:00 x", SECOND * 10**9 + 100_000_000, b"x"),
        (b"2026-11-22T21:30:47Z ", SECOND * 10**9, b""),
        (b"rpc error: no such container", 0, b"rpc error: no such container"),
        (b"2026-11-22 21:30:47Z not a stamp", 0, b"2026-11-22 21:30:47Z not a stamp"),
        (b"2026-11-22T21:30:47 no zone", 0, b"2026-11-22T21:30:47 no zone"),
        (b"2026-13-22T21:30:47Z no month", 0, b"2026-13-22T21:30:47Z no month"),
        (b"2026-11-22T21:30:47.Z no digits", 0, b"2026-11-22T21:30:47.Z no digits"),
        (b"", 0, b""),
    ],
)
def test_lines(line, nanos, text) -> None:
    assert StampReader().split(line) == (nanos, text)


@given(st.lists(st.tuples(st.integers(0, 4 * 10**18), st.integers(0, 9)), max_size=20))
def test_a_reader_that_remembers_reads_as_a_new_one(moments) -> None:
    reader = StampReader()
    for nanos, digits in moments:
        seconds, fraction = divmod(nanos, 10**9)
        head = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
        kept = f"{fraction:09d}"[:digits]
        line = f"{head}{'.' if kept else ''}{kept}Z said".encode()
        expected = seconds * 10**9 + int(kept.ljust(9, "0") or 0)
        assert reader.split(line) == (expected, b"said")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_without_an_error(line) -> None:
    nanos, text = StampReader().split(line)
    assert text == line if nanos == 0 and text == line else line.endswith(text)
