"""The ring: bounded, counted, and ids that never change."""

import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.log_buffer import ENTRY_COST, MAX_LINE, LogBuffer, Note


def line(text: str, source: str = "web") -> LogLine:
    return LogLine(at=1.0, source=source, text=text)


def cost(text: str) -> int:
    return sys.getsizeof(text) + ENTRY_COST


def test_ids_count_up_and_find_their_entries() -> None:
    ring = LogBuffer()
    ring.extend([line("a"), line("b")])
    ring.note(Note(at=1.0, text="began"))
    ring.extend([line("c")])
    assert (ring.first, ring.end, len(ring)) == (0, 4, 4)
    assert [ring[i].text for i in range(4)] == ["a", "b", "began", "c"]
    assert (ring.received, ring.held, ring.fell_out) == (3, 3, 0)


def test_oldest_fall_out_first_and_ids_stay() -> None:
    ring = LogBuffer(max_bytes=10 * cost("line 00"))
    for number in range(50):
        ring.extend([line(f"line {number:02}")])
    assert ring.bytes <= ring.max_bytes
    assert ring.end == 50
    assert [ring[i].text for i in range(ring.first, 50)] == [
        f"line {n:02}" for n in range(ring.first, 50)
    ]
    assert ring.held == 50 - ring.first
    assert ring.fell_out == ring.first


def test_entry_that_fell_out_is_an_index_error() -> None:
    ring = LogBuffer(max_bytes=2 * cost("x"))
    ring.extend([line("x")] * 10)
    for gone in (0, ring.first - 1, ring.end):
        try:
            ring[gone]
        except IndexError:
            continue
        raise AssertionError(gone)


def test_the_newest_entry_stays_even_if_it_is_too_large() -> None:
    ring = LogBuffer(max_bytes=1000)
    ring.extend([line("a"), line("b" * 5000)])
    assert (len(ring), ring.fell_out) == (1, 1)
    assert ring[1].text == "b" * 5000


def test_a_line_beyond_the_limit_is_cut_and_says_by_how_much() -> None:
    ring = LogBuffer()
    ring.extend([line("y" * (MAX_LINE + 1234))])
    assert ring[0].text == "y" * MAX_LINE + "… +1,234 characters"
    assert ring.longest == len(ring[0].text)


def test_clear_forgets_entries_but_not_ids() -> None:
    ring = LogBuffer()
    ring.extend([line("a"), line("b")])
    ring.clear()
    assert (len(ring), ring.bytes, ring.held, ring.first, ring.end) == (0, 0, 0, 2, 2)
    ring.extend([line("c")])
    assert ring[2].text == "c"


def test_span_returns_what_is_held_of_a_range() -> None:
    ring = LogBuffer(max_bytes=5 * cost("n0"))
    ring.extend([line(f"n{i}") for i in range(9)])
    assert [e.text for e in ring.span(0, 7)] == [f"n{i}" for i in range(ring.first, 7)]
    assert ring.span(100, 200) == []


def initials(lines: Sequence[LogLine]) -> bytes:
    return bytes(ord(line.text[0]) for line in lines)


def test_every_line_keeps_the_mark_it_was_given() -> None:
    ring = LogBuffer(max_bytes=5 * cost("n0"), classify=initials)
    ring.extend([line(f"{chr(97 + i)}{i}") for i in range(9)])
    ring.note(Note(at=1.0, text="began"))
    ring.extend([line("z9")])
    texts = [entry.text for entry in ring.span(ring.first, ring.end)]
    expected = [0 if text == "began" else ord(text[0]) for text in texts]
    assert [ring.mark(i) for i in range(ring.first, ring.end)] == expected
    assert list(ring.marks(0, ring.end)) == expected
    assert 0 < ring.first
    with pytest.raises(IndexError):
        ring.mark(ring.first - 1)
    ring.clear()
    ring.extend([line("k")])
    assert ring.mark(ring.first) == ord("k")


@given(
    st.lists(
        st.one_of(st.lists(st.text(max_size=40), max_size=6), st.just(None)),
        max_size=30,
    ),
    st.integers(400, 3000),
)
def test_counts_and_bytes_always_add_up(feeds: list[list[str] | None], limit: int) -> None:
    ring = LogBuffer(max_bytes=limit)
    sent: list[str] = []
    for texts in feeds:
        if texts is None:
            ring.note(Note(at=0.0, text="note"))
            sent.append("note")
        else:
            ring.extend([line(text) for text in texts])
            sent.extend(texts)
        held = [ring[i] for i in range(ring.first, ring.end)]
        assert [entry.text for entry in held] == sent[ring.first :]
        assert ring.bytes == sum(cost(entry.text) for entry in held)
        assert ring.bytes <= limit or len(ring) == 1
        assert ring.received == ring.held + ring.fell_out
        assert ring.held == sum(isinstance(entry, LogLine) for entry in held)
