"""Patterns, and the scan that finds their matches: always what a plain loop would find."""

import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backends.clock import ManualClock
from backends.model import LogLine
from widgets.log_buffer import Entry, LogBuffer
from widgets.log_filter import Pattern
from widgets.log_scan import Matches


def line(text: str, source: str = "web") -> LogLine:
    return LogLine(at=1.0, source=source, text=text)


class TickingClock(ManualClock):
    """Every look at it costs a millisecond, so that slices end."""

    def monotonic(self) -> float:
        self.advance(0.001)
        return super().monotonic()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("error", "An ERROR here", True),
        ("Error", "An ERROR here", False),
        ("Error", "An Error here", True),
        ("!error", "An ERROR here", False),
        ("!error", "all well", True),
        ("err.*here", "An ERROR here", True),
        ("^an", "An ERROR", True),
        (r"\Serr", "xERR", True),
        (r"\serr", "xERR", False),
        ("a.c", "abc", True),
        (r"a\.c", "abc", False),
        ("[0-9]{3}", "code 503", True),
        ("!^GET|^POST", "GET /", False),
        ("日本", "テスト日本語", True),
    ],
)
def test_pattern(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).accepts(line(text)) is found


def test_pattern_matches_the_source_too() -> None:
    assert Pattern("web-7").accepts(line("nothing", source="WEB-7d9f/app"))
    assert not Pattern("!web-7").accepts(line("nothing", source="web-7d9f/app"))
    assert Pattern("!web-7").accepts(line("nothing", source="api"))


@pytest.mark.parametrize("pattern", ["(", "[a-", "a{99999999999}", "*x", "(" * 5000])
def test_invalid_expression_is_taken_literally_and_says_so(pattern: str) -> None:
    read = Pattern(pattern)
    assert "taken literally" in read.note
    assert read.accepts(line(f"before {pattern} after"))
    assert not read.accepts(line("something else"))


def test_valid_patterns_have_no_note() -> None:
    assert Pattern("error").note == ""
    assert Pattern("e+r").note == ""
    assert Pattern("[[a]").note == ""


@pytest.mark.parametrize("pattern", ["", "!"])
def test_empty_pattern(pattern: str) -> None:
    assert Pattern(pattern).empty


def test_spans_are_where_it_matches() -> None:
    assert Pattern("ab").spans("xABxab") == [(1, 3), (4, 6)]
    assert Pattern("x*").spans("axxb") == [(1, 3)]
    assert Pattern("!ab").spans("ab") == []
    assert len(Pattern("a").spans("a" * 500, limit=7)) == 7


words = st.text(alphabet="abAB.*|(!", max_size=5)


@given(words, words, st.lists(st.text(alphabet="abAB.*|(!", max_size=8), max_size=20))
def test_what_narrows_never_lets_more_through(new: str, old: str, texts: list[str]) -> None:
    narrower, wider = Pattern(new), Pattern(old)
    if narrower.narrows(wider):
        for text in texts:
            if narrower.accepts(line(text)):
                assert wider.empty or wider.accepts(line(text))


@given(words, st.lists(st.text(alphabet="abAB.*|(!", max_size=8), max_size=20))
def test_what_is_accepted_is_what_a_plain_search_finds(pattern: str, texts: list[str]) -> None:
    read = Pattern(pattern)
    body = pattern[1:] if pattern.startswith("!") else pattern
    flags = 0 if any(c.isupper() for c in body) else re.IGNORECASE
    try:
        regex = re.compile(body, flags)
    except re.error:
        regex = re.compile(re.escape(body), flags)
    expected = [
        i for i, text in enumerate(texts, 7) if bool(regex.search(text)) != pattern.startswith("!")
    ]
    assert [i for i, text in enumerate(texts, 7) if read.accepts(line(text, ""))] == expected


def drain(matches: Matches, clock: ManualClock) -> None:
    while matches.step(clock):
        pass


def test_newest_matches_come_first() -> None:
    ring, clock = LogBuffer(), TickingClock()
    ring.extend([line(f"{'hit' if i % 2 else 'miss'} {i}") for i in range(3000)])
    matches = Matches(ring, Pattern("hit"))
    assert matches.step(clock, budget=0.0)
    assert matches.id_at(matches.hi - 1) == 2999
    assert 0 < matches.hi - matches.lo < 1500
    assert matches.scanning is not None
    assert 0 < matches.scanning < 1
    drain(matches, clock)
    assert matches.scanning is None
    assert matches.ids() == list(range(1, 3000, 2))


def test_slices_are_short_when_lines_are_long() -> None:
    ring, clock = LogBuffer(), TickingClock()
    ring.extend([line("x" * 300_000) for _ in range(5)])
    matches = Matches(ring, Pattern("x"))
    assert matches.step(clock, budget=0.0)
    assert matches.hi - matches.lo == 1


def test_a_grown_pattern_looks_only_at_what_matched() -> None:
    ring, clock = LogBuffer(), ManualClock()
    ring.extend([line("ab" if i % 20 == 0 else "a" if i % 5 == 1 else "") for i in range(1000)])
    first = Matches(ring, Pattern("a"))
    drain(first, clock)
    seen: list[str] = []
    pattern = Pattern("ab")
    decide = pattern.decide

    def asked(entries: Iterable[Entry], over: Callable[[], bool]) -> list[bool]:
        given = list(entries)
        seen.extend(entry.text for entry in given)
        return decide(given, over)

    pattern.decide = asked  # type: ignore[method-assign,assignment]
    second = Matches(ring, pattern, within=first)
    drain(second, clock)
    assert second.ids() == list(range(0, 1000, 20))
    assert len(first.ids()) == 250
    assert 0 < len(seen) <= 250


def test_what_matched_and_fell_out_is_not_looked_at_again() -> None:
    ring, clock = LogBuffer(max_bytes=8_000), ManualClock()
    ring.extend([line("ab") for _ in range(100)])
    first = Matches(ring, Pattern("a"))
    drain(first, clock)
    second = Matches(ring, Pattern("ab"), within=first)
    ring.extend([line("ab") for _ in range(80)])
    assert ring.first > 0
    drain(second, clock)
    assert second.ids() == list(range(ring.first, ring.end))


def test_ordinals_stay_while_matches_fall_out_and_history_comes_in() -> None:
    ring, clock = LogBuffer(max_bytes=5_000), ManualClock()
    matches = Matches(ring, Pattern("a"))
    ring.extend([line("a") for _ in range(9)])
    drain(matches, clock)
    assert (matches.lo, matches.hi) == (0, 9)
    for _ in range(100):
        ring.extend([line("a") for _ in range(5)])
        drain(matches, clock)
    assert ring.first > 9
    assert (matches.lo, matches.hi) == (ring.first, 509)
    assert matches.id_at(ring.first) == ring.first
    ring.stretched = True
    first = ring.first
    matches.rewind()
    assert ring.prepend([line(text) for text in "aba"]) == 3
    drain(matches, clock)
    assert (matches.lo, matches.hi) == (first - 2, 509)
    assert [matches.id_at(first - 2), matches.id_at(first - 1)] == [first - 3, first - 1]
    assert matches.ordinal_of(first - 2) == first - 1


class Scan(RuleBasedStateMachine):
    """Lines arrive, fall out and are filtered anew in any order; the matches are always right."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = LogBuffer(max_bytes=5_000)
        self.clock = TickingClock()
        self.matches: Matches | None = None
        self.ordinals: dict[int, int] = {}

    @rule(texts=st.lists(st.text(alphabet="abc", max_size=4), max_size=40))
    def feed(self, texts: list[str]) -> None:
        self.ring.extend([line(text) for text in texts])

    @rule(pattern=st.sampled_from(["a", "ab", "abc", "!a", "a|b", "b.", "B", "c"]))
    def look(self, pattern: str) -> None:
        read = Pattern(pattern)
        within = self.matches if self.matches and read.narrows(self.matches.pattern) else None
        self.matches = Matches(self.ring, read, within=within)
        self.ordinals = {}

    @precondition(lambda self: self.matches is not None)
    @rule()
    def step(self) -> None:
        assert self.matches is not None
        self.matches.step(self.clock, budget=0.0)

    @precondition(lambda self: self.matches is not None)
    @rule()
    def finish(self) -> None:
        assert self.matches is not None
        drain(self.matches, self.clock)
        accepts = self.matches.pattern.accepts
        held = range(self.ring.first, self.ring.end)
        assert self.matches.ids() == [i for i in held if accepts(self.ring[i])]
        assert self.matches.scanning is None

    @invariant()
    def ordinals_are_steady_and_ascend(self) -> None:
        if self.matches is None:
            return
        self.matches.forget()
        ids = [self.matches.id_at(o) for o in range(self.matches.lo, self.matches.hi)]
        assert ids == self.matches.ids()
        assert ids == sorted(set(ids))
        for ordinal, entry_id in zip(range(self.matches.lo, self.matches.hi), ids, strict=True):
            assert self.ordinals.setdefault(entry_id, ordinal) == ordinal
            assert self.matches.ordinal_of(entry_id) == ordinal
        if ids:
            assert self.matches.ordinal_of(ids[0] - 1) == self.matches.lo
            assert self.matches.ordinal_of(ids[-1] + 1) == self.matches.hi


TestScan = Scan.TestCase
