from __future__ import annotations

import re

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from widgets.pattern_effort import SHORT, is_gentle


@pytest.mark.parametrize(
    "pattern",
    ["web", "^query.*[02468]$", "a+", "a{3,}b", "[^a]*?x", r"\bweb\b.?", "", r"1\.27", "[a-z]*-1"],
)
def test_one_repetition_is_gentle(pattern: str) -> None:
    assert is_gentle(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "a*b*",
        "(a|aa)+$",
        "(a+)+",
        "(a)",
        "aa|bb",
        r"(.)\1",
        "(?=a)a",
        "(?i)a",
        "[[:alpha:]]*",
        "a{e<=1}",
        "[a--b]",
        r"\p{L}*",
        r"\Kx",
        "é*",
        "[",
        "a**",
    ],
)
def test_whatever_may_be_slow_or_read_otherwise_is_not(pattern: str) -> None:
    assert not is_gentle(pattern)


@settings(max_examples=400, deadline=None)
@given(
    st.text("ab1-.^$*+?{}[]\\,dswWbB ", max_size=9),
    st.lists(st.text("abAB1-.{} \n", max_size=12), min_size=1, max_size=6),
)
def test_what_is_gentle_finds_the_same_as_the_other_engine(pattern: str, texts: list[str]) -> None:
    assume(is_gentle(pattern))
    one = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    other = regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)
    for text in texts:
        assert (one.search(text) is None) is (other.search(text) is None)


def test_a_gentle_expression_takes_steps_by_the_square_of_a_short_text() -> None:
    """Nothing that is gentle may hang: this ends at once, or the test never does."""
    for pattern in ("a*b", "[a]*?b", "a{2,}b", ".*.b"):
        assert is_gentle(pattern)
        assert re.search(pattern, "a" * SHORT) is None
