"""Searching many lines at once: always what asking each of them by itself would find."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.model import LogLine
from widgets.joint_search import PATIENCE, lines_with, lines_with_any
from widgets.log_chunk import Chunk
from widgets.log_filter import Pattern
from widgets.log_search import find
from widgets.pattern_shape import UNKNOWN, shape
from widgets.patterns import Expression, PatternError

TEXTS = (
    "GET /api/v1/items 200 12ms", "error: timeout after 30s", "", "warn", "a\nb", "\n", "b\n\nerr",
    "ERROR timeout", "x" * 40, "trace=1f2e user=77", "user=7 trace=", "éa b", "日本 error 5",
    "İstanbul", "ΑΣ", "tab\tx", "aab", "baa ", " lead", "7",
)  # fmt: skip

pieces = st.sampled_from(
    ["a", "b", "error", "er", "x", " ", "=", ".", "^", "$", r"\b", r"\d", r"\s", r"\S", r"\w",
     r"\W", "[ab]", "[^a]", "[^ ]", "(a|b)", "(error|warn)", "(?:er|x)", "(", ")", "|", "*", "+",
     "?", "*?", "+?", "{2}", "{1,3}", r"\n", "é", "7", "(?=a)", "(?!a)", "(?<=a)", r"\Z", r"\A",
     r"\B", "(?i)", "(a+)+", r"(a)\1", "(?s:.)", "[[:alpha:]]", "(?:error){e<=1}", "A", "user=",
     "(?>a*)"]
)  # fmt: skip
patterns = st.one_of(
    st.lists(pieces, min_size=1, max_size=6).map("".join), st.text("ab.*|(!^$ \\n", max_size=5)
)
texts = st.lists(
    st.one_of(st.sampled_from(TEXTS), st.text("ab \nx", max_size=6)), min_size=1, max_size=24
)


def chunk_of(texts: list[str], first: int = 5) -> Chunk:
    lines = [LogLine(at=1.0, source=f"pod-{i % 3}", text=text) for i, text in enumerate(texts)]
    return Chunk(first, lines, bytes(len(lines)))


def asked(pattern: Pattern, chunk: Chunk, start: int, stop: int) -> list[int]:
    """Return what asking each entry by itself says."""
    return [i for i in range(start, stop) if pattern.accepts(chunk.entry(i))]


@settings(max_examples=600, deadline=None)
@given(patterns, texts, st.booleans(), st.data())
def test_all_at_once_is_one_after_another(
    body: str, texts: list[str], inverted: bool, data: st.DataObject
) -> None:
    pattern = Pattern("!" * inverted + body)
    chunk = chunk_of(texts)
    start = data.draw(st.integers(chunk.first, chunk.end - 1))
    stop = data.draw(st.integers(start + 1, chunk.end))
    found = find(pattern, chunk, start, stop)
    assert found is None or found == asked(Pattern(pattern.text), chunk, start, stop)


@pytest.mark.parametrize(
    "body",
    ["error", "ERROR", r"error: \w+ after", "^get", r"\d+ms$", "(error|warn)", "[^ ]+ 200",
     r"user=\d+", r"\s+error", "pod-1", "^$", "a*", ".", "er.*t", "timeout|warn$", r"x{3,}",
     "b|error$", "^a$|7"],
)  # fmt: skip
@pytest.mark.parametrize("bang", ["", "!"])
def test_what_is_typed_most_is_looked_for_all_at_once(body: str, bang: str) -> None:
    texts = [text for text in TEXTS if len(text.lower()) == len(text)] * 5
    chunk = chunk_of(texts)
    expected = asked(Pattern(bang + body), chunk, 5, chunk.end)
    assert find(Pattern(bang + body), chunk, 5, chunk.end) == expected
    assert 0 < len(expected) < len(texts) or body in {"a*", "."}


def test_a_match_that_goes_on_in_the_next_line_hides_none_there() -> None:
    chunk = chunk_of(["ax", "xb", "a b", "a", "", "b", "xab"] * 3)
    for body in ("a[^c]*b", r"a\s*b", r"[^b]+b", r"x\W+x", r"a\s+"):
        found = find(Pattern(body), chunk, 5, chunk.end)
        assert found == asked(Pattern(body), chunk, 5, chunk.end), body


def test_lines_that_can_not_be_told_together_are_left_to_be_asked() -> None:
    chunk = chunk_of(["aa a", "ab"] * 9)
    for body in (r"a(?!\s)", r"\Aa", r"a\Z", r"(?i)a", r"(?>a+)b", "[[:alpha:]]", r"\Bb"):
        assert find(Pattern(body), chunk, 5, chunk.end) is None, body
    grown = chunk_of(["İİİ"])
    assert find(Pattern("i"), grown, 5, 6) is None


def test_a_search_that_takes_too_long_is_left_to_be_asked_and_is_not_tried_for_ever() -> None:
    expression = Expression("(a|aa)+$")
    text = "\n".join(["a" * 38 + "!"] * 40)
    starts = [i * 40 for i in range(41)]
    for _ in range(PATIENCE):
        assert expression.lines(text, starts, broken=False) is None
    assert not expression.given_up
    assert expression.lines("aa", [0, 3], broken=False) is None
    assert expression.found("aa")


def test_text_that_must_be_there_is_looked_for_first() -> None:
    chunk = chunk_of(["a" * 60 + "!"] * 40 + ["aa needle"])
    pattern = Pattern("(a|aa)+ needle$")
    assert pattern.regex is not None
    assert find(pattern, chunk, 5, chunk.end) == [45]
    assert not pattern.note


def test_what_it_took_too_long_for_is_neither_shown_nor_left_over() -> None:
    chunk = chunk_of(["x"] * 20 + ["a" * 60 + " needle!"])
    for bang, expected in (("", []), ("!", [*range(5, 25)])):
        pattern = Pattern(f"{bang}(a|aa)+ needle$")
        assert find(pattern, chunk, 5, chunk.end) == expected
        assert "too long for 1 text" in pattern.note


class Odd(Pattern):
    """Accepts lines of an odd length that hold ``x``, which their text alone does not tell."""

    by_line = True
    needles = ("x",)

    def decide(self, entries, over=lambda: False):  # type: ignore[no-untyped-def]
        return ["x" in entry.text.lower() and len(entry.text) % 2 == 1 for entry in entries]


def test_a_pattern_that_asks_by_line_is_asked_only_where_its_needles_are() -> None:
    few = chunk_of(["abc"] * 9 + ["abX", "ax"])
    assert find(Odd("odd"), few, 5, few.end) == [14]
    many = chunk_of(["ax", "x"] * 9)
    assert find(Odd("odd"), many, 5, many.end) is None


@given(texts, st.text("abx ", min_size=1, max_size=3))
def test_lines_with_a_text(texts: list[str], needle: str) -> None:
    chunk = chunk_of(texts)
    text, starts = chunk.joined(chunk.first, chunk.end)
    expected = [i for i, line in enumerate(texts) if needle in line]
    assert lines_with(needle, text, starts, broken=chunk.broken) == expected
    few = lines_with_any((needle, "zz"), text, starts, 2)
    assert few == (expected if len(expected) <= 2 else None)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("error", ("error",)),
        (r"request \d+7 .*trace=1f.* 9\d$", ("request ",)),
        ("(error|warning).*x", ("error", "warning")),
        ("error|warn", ("error", "warn")),
        ("(timeout)+ab", ("timeout",)),
        ("(timeout)?ab", ("ab",)),
        ("a.b", ()),
        ("(error|x*)y", ()),
        (r"(?!error)ab", ("ab",)),
        (r"user=\w+", ("user=",)),
        ("(?i)error", ()),
        ("(?i:error)", ()),
    ],
)
def test_what_must_be_there(body: str, texts: tuple[str, ...]) -> None:
    assert shape(body).texts == texts


def test_of_all_texts_that_must_be_there_the_rare_one_is_looked_for() -> None:
    expression = Expression("(error|panic).*(a|aa)+ request$")
    assert shape("(error|panic).*x request").others == (("error", "panic"),)
    lines = ["a" * 60 + " request!"] * 40 + ["error aa request"]
    text, starts = chunk_of(lines).joined(5, 46)
    for _ in range(3):
        assert expression.lines(text, starts, broken=False) == ([40], [])
    assert not expression.trouble


@given(patterns, st.sampled_from(TEXTS))
def test_what_must_be_there_is_there(body: str, text: str) -> None:
    known = shape(body)
    try:
        found = Expression(body).found(text)
    except PatternError:
        return
    if found:
        for texts in (known.texts, *known.others):
            assert not texts or any(needle in text for needle in texts)


@pytest.mark.parametrize("body", ["(", "a{e<=1}", "[[:alpha:]]", "(?P>x)", "[a&&b]", "(?i)a", "*"])
def test_nothing_is_told_of_what_python_reads_otherwise(body: str) -> None:
    assert shape(body) == UNKNOWN


@pytest.mark.parametrize(
    ("body", "slow"),
    [("[a-z]", False), ("(error|warn)", False), (r"5\d\d", False), ("a?b?c", False), ("a*", True),
     ("(a{2}){3}", False), ("(a|aa){99}", True), (r"(a)\1", True), ("(?=a)", True),
     ("a{1,400}", True), ("(a?){40}b", True), ("(a{50}){50}", True)],
)  # fmt: skip
def test_only_what_may_be_slow_is_limited(body: str, slow: bool) -> None:
    assert Expression(body).limited is slow
