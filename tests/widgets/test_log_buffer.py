"""The ring: bounded, counted, and ids that never change."""

import sys
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backends.model import LogLine
from widgets.log_buffer import MAX_LINE, Entry, LogBuffer, Note
from widgets.log_chunk import CHUNK_COST


def line(text: str, source: str = "web") -> LogLine:
    return LogLine(at=1.0, source=source, text=text)


def cost(text: str) -> int:
    return sys.getsizeof(text) + CHUNK_COST


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


def lengths(entries: Sequence[Entry]) -> bytes:
    """Return as the mark of a line how long it is, and 0 for a note."""
    return bytes(len(e.text) % 256 if isinstance(e, LogLine) else 0 for e in entries)


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
    assert ring.first > 0
    with pytest.raises(IndexError):
        ring.mark(ring.first - 1)
    ring.clear()
    ring.extend([line("k")])
    assert ring.mark(ring.first) == ord("k")


def test_history_is_taken_as_far_as_there_is_room_next_to_the_oldest_first() -> None:
    ring = LogBuffer(max_bytes=100_000)
    ring.extend([line(f"new {i:04}") for i in range(20_000)])
    first = ring.first
    assert ring.prepend([line(f"old {i:04}") for i in range(9000)]) < 600
    ring.stretched = True
    older = [line(f"older {i:04}") for i in range(9000)]
    taken = ring.prepend(older)
    assert 500 < taken < 9000
    assert ring.span(ring.first, ring.first + taken) == older[-taken:]
    assert ring.bytes <= ring.limit == 125_000
    assert ring.first < first
    ring.stretched = False
    ring.extend([line("last")])
    assert ring.bytes <= 100_000
    assert ring.held == ring.received + ring.paged_in - ring.fell_out


def test_a_line_costs_less_than_forty_bytes_beside_its_characters() -> None:
    text = "2026-11-22T10:11:12.123Z INFO  request handled in 12 ms status=200 user=1234 "
    names = [f"web-7d9f-{n:02}/app" for n in range(20)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    ring = LogBuffer()
    characters = 0
    for start in range(0, 40_000, 500):
        lines = [line(f"{text}{i}", names[i % 20]) for i in range(start, start + 500)]
        characters += sum(len(made.text) for made in lines)
        ring.extend(lines)
        del lines
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert (used - characters) / 40_000 < 40
    assert ring.bytes == pytest.approx(used, rel=0.05)


def test_one_wide_character_does_not_make_all_others_wide() -> None:
    ring = LogBuffer()
    ring.extend([line("\U0001f680" if i % 100 == 0 else "x" * 99) for i in range(10_000)])
    assert ring.bytes < 1_300_000
    assert ring[5000].text == "\U0001f680"


TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab\n", max_size=8),
    st.sampled_from(["plain", "caf\xe9", "\u65e5\u672c\u8a9e", "a\nb", "\U0001f680", "\udce9"]),
)


class Ring(RuleBasedStateMachine):
    """Lines, notes and history come and old ones fall out; a list of all of them knows better."""

    @initialize(limit=st.integers(400, 9_000))
    def begin(self, limit: int) -> None:
        self.ring = LogBuffer(max_bytes=limit, classify=lengths)
        self.model: list[Entry] = []  # everything that is not known to be gone
        self.base = 0  # the id of the first of it
        self.received = self.cleared = 0
        self.at = 0.0

    def line(self, text: str) -> LogLine:
        self.at += 1.0
        return LogLine(at=self.at, source=f"s{int(self.at) % 3}", text=text)

    @rule(texts=st.lists(TEXTS, max_size=9), times=st.integers(1, 9))
    def extend(self, texts: list[str], times: int) -> None:
        lines = [self.line(text) for text in texts * times]
        self.ring.extend(lines)
        self.model += lines
        self.received += len(lines)

    @rule()
    def note(self) -> None:
        note = Note(at=0.0, text="note", kind="lost")
        self.ring.note(note)
        self.model.append(note)

    @rule(texts=st.lists(TEXTS, max_size=9), times=st.integers(1, 9))
    def prepend(self, texts: list[str], times: int) -> None:
        held = len(self.ring)
        lines = [self.line(text) for text in texts * times]
        taken = self.ring.prepend(lines)
        assert len(self.ring) == held + taken
        self.drop_what_fell_out(self.ring.first + taken)
        if taken:
            self.model[:0] = lines[-taken:]
            self.base -= taken

    @rule(stretched=st.booleans())
    def stretch(self, stretched: bool) -> None:
        self.ring.stretched = stretched

    @rule()
    def clear(self) -> None:
        self.ring.clear()
        self.drop_what_fell_out(self.ring.end)
        assert (len(self.ring), self.ring.bytes, self.ring.held) == (0, 0, 0)
        self.cleared = self.received + self.ring.paged_in - self.ring.fell_out

    def drop_what_fell_out(self, first: int) -> None:
        del self.model[: first - self.base]
        self.base = first

    @invariant()
    def it_holds_the_newest_in_order(self) -> None:
        ring = self.ring
        self.drop_what_fell_out(ring.first)
        ids = range(ring.first, ring.end)
        assert [ring[i] for i in ids] == ring.span(ids.start, ids.stop) == self.model
        assert list(ring.snapshot()) == self.model
        expected = lengths(self.model)
        assert ring.marks(ids.start, ids.stop) == expected
        assert bytes(ring.mark(i) for i in ids) == expected
        assert list(ring.times(ids.start, ids.stop)) == [entry.at for entry in self.model]
        assert ring.held == sum(isinstance(entry, LogLine) for entry in self.model)
        assert ring.received == self.received
        assert ring.received + ring.paged_in == ring.held + ring.fell_out + self.cleared

    @invariant()
    def any_part_is_read_as_well(self) -> None:
        ring, first, middle = self.ring, self.ring.first, (self.ring.first + self.ring.end) // 2
        self.drop_what_fell_out(first)
        for a, b in ((first - 3, middle), (middle, ring.end + 3), (first + 1, ring.end - 1)):
            part = self.model[max(0, a - first) : max(0, b - first)]
            assert ring.span(a, b) == part
            assert ring.marks(a, b) == lengths(part)
            assert list(ring.times(a, b)) == [entry.at for entry in part]

    @invariant()
    def its_chunks_say_the_same(self) -> None:
        ring, at = self.ring, self.ring.first
        while at < ring.end:
            chunk = ring.chunk_at(at)
            assert chunk.first <= at < chunk.end
            joined, starts = chunk.joined(at, chunk.end)
            texts = [ring[i].text for i in range(at, chunk.end)]
            assert joined == "\n".join(texts)
            assert [joined[a : b - 1] for a, b in pairwise(starts)] == texts
            held = chunk.entries(chunk.first, chunk.end)
            assert chunk.broken == any("\n" in entry.text for entry in held)
            first = {"s1"}
            assert chunk.owned(first) == [
                i for i in range(chunk.first, chunk.end) if ring[i].source == "s1"
            ]
            at = chunk.end

    @invariant()
    def it_keeps_within_its_limit(self) -> None:
        ring = self.ring
        small = not len(ring) or ring.chunk_at(ring.end - 1).first == ring.first
        assert ring.bytes <= ring.max_bytes * 5 // 4 or small


TestRing = Ring.TestCase
TestRing.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
