"""The simulator's Logs Insights query language: what it answers, and what it refuses."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.sim.insights_language import MOST_ROWS, Run, parse
from backends.sim.insights_lexer import Malformed
from backends.sim.insights_values import COMPARISONS, Moment, Row, discovered, number, written

START = 1_790_000_000_000
EVENTS = [
    (START + minute * 60_000, {"level": "error" if minute % 3 == 0 else "info",
                               "took": minute * 10, "pod": {"name": f"a-{minute % 2}"}})
    for minute in range(20)
]  # fmt: skip


def rows(at: int, message: str) -> Row:
    return Row({"@timestamp": Moment(at), "@message": message, "@logStream": "s"}, message)


def asked(query: str) -> list[list[str]]:
    """Return the rows that a query has of the events, each as text."""
    plan = parse(query)
    run = Run(plan)
    for at, fields in reversed(EVENTS):
        run.add(rows(at, json.dumps(fields)))
    return [[written(row.get(name)) for name in plan.columns] for row in run.rows()]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("fields took | limit 2", [["190"], ["180"]]),
        ("fields took | filter level = 'error' | sort took asc | limit 2", [["0"], ["30"]]),
        ("filter level != 'error' and took >= 170 | display took", [["190"], ["170"]]),
        ("filter took = 0 or not took < 190 | display took", [["190"], ["0"]]),
        ("filter level in ['error', 'x'] | stats count(*) as n", [["7"]]),
        ("filter @message like /(?i)ERROR/ | stats count()", [["7"]]),
        ('filter @message like "error" | stats count()', [["7"]]),
        ('filter @message not like "error" | stats count()', [["13"]]),
        ("filter pod.name = 'a-1' | stats count(*), avg(took)", [["10", "100"]]),
        ("stats min(took), max(took), sum(took), median(took)", [["0", "190", "1900", "90"]]),
        ("stats pct(took, 95), count_distinct(level)", [["180", "2"]]),
        ("stats count(*) as n by level | sort n asc", [["error", "7"], ["info", "13"]]),
        ("stats count(*) as n by level | filter n > 7", [["info", "13"]]),
        ("stats earliest(took), latest(took)", [["0", "190"]]),
        ("dedup level | display level", [["info"], ["error"]]),
        ("parse @message '\"took\": *,' as t | stats max(t)", [["190"]]),
        (r"parse @message /took\": (?<t>\d+)/ | stats max(t) as m", [["190"]]),
        ("fields took / 2 as half, strlen(level) as l | limit 1", [["95", "4"]]),
        ("fields coalesce(gone, level) as what # a remark\n| limit 1", [["info"]]),
        ("fields gone | limit 1", [[""]]),
        ("filter ispresent(gone) | stats count(*)", []),
    ],
)
def test_a_query_has_its_answer(query: str, answer: list[list[str]]) -> None:
    assert asked(query) == answer


def test_bins_hold_the_events_of_their_time() -> None:
    found = asked("stats count(*) as n by bin(5m)")
    assert sum(int(n) for _, n in found) == len(EVENTS)
    assert all(at.endswith((":00.000",)) for at, _ in found)
    assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "<EOF> at line 1 and position 0"),
        ("limt 5", "limt at line 1 and position 0"),
        ("fields a\n| filter b ==", "= at line 2 and position 12"),
        ("fields a | sort bin(5m)", "( at line 1 and position 19"),
        ("filter a like /x/i", "i at line 1 and position 17"),
        ("fields a | estimate | limit 5", "limit at line 1 and position 22"),
        ("filter " + "(" * 9000, "( at line 1"),
        ("parse @message 'a *' as b, c", "<EOF>"),
        ("stats gone(a)", "( at line 1"),
        ("filter a like 5", "5 at line 1"),
    ],
)
def test_what_is_malformed_is_pointed_at(query: str, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(query)
    assert said in str(caught.value)


WORDS = st.sampled_from(
    [*"|,()[]=<+-*/#`%$a5\n", "fields", "filter", "stats", "sort", "limit", "parse", "dedup",
     "display", "estimate", "by", "as", "and", "or", "not", "like", "in", "!=", ">=", "'text'",
     '"t"', "/a/", "5m", "bin", "count(*)", "avg(a)", "@message", "@timestamp", "b.c", "desc",
     "9" * 400]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_query_or_malformed(text: str) -> None:
    try:
        plan = parse(text)
    except Malformed:
        return
    run = Run(plan)
    for at, fields in EVENTS[:3]:
        run.add(rows(at, json.dumps(fields)))
    found = run.rows()
    assert len(found) <= min(MOST_ROWS, plan.limit if plan.limit is not None else MOST_ROWS)
    for row in found:
        assert all(isinstance(written(row.get(name)), str) for name in plan.columns)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30))
def test_totals_are_those_of_arithmetic(values: list[int]) -> None:
    plan = parse("stats count(v), sum(v), avg(v), min(v), max(v), count_distinct(v)")
    run = Run(plan)
    for value in values:
        run.add(rows(START, json.dumps({"v": value})))
    (row,) = run.rows()
    found = [number(row.get(name)) for name in plan.columns]
    mean = sum(values) / len(values)
    wanted = [len(values), sum(values), mean, min(values), max(values), len(set(values))]
    assert all(math.isclose(a or 0, b, abs_tol=1e-9) for a, b in zip(found, wanted, strict=True))


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 90))
def test_a_bin_begins_before_its_event_by_less_than_its_length(at: int, minutes: int) -> None:
    plan = parse(f"stats count(*) by bin({minutes}m)")
    run = Run(plan)
    run.add(rows(at, "x"))
    begun = number(run.rows()[0].get(plan.columns[0]))
    assert begun is not None
    assert 0 <= at - begun < minutes * 60_000
    assert begun % (minutes * 60_000) == 0


VALUES = st.one_of(st.none(), st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False))


@given(VALUES, VALUES)
def test_comparisons_agree_with_each_other(a: str | float | None, b: str | float | None) -> None:
    less, same, more = (COMPARISONS[sign](a, b) for sign in ("<", "=", ">"))
    if a is None or b is None:
        assert (less, same, more) == (False, False, False)
    else:
        assert less + same + more == 1
    assert COMPARISONS["!="](a, b) is not same


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_every_json_event_has_flat_fields(document: dict[str, object]) -> None:
    found = discovered(json.dumps(document))
    assert all(not isinstance(value, dict | list) for value in found.values())
    for key, value in document.items():
        if isinstance(value, str) and "." not in key:
            assert found[key] == value


@given(st.text(max_size=30))
def test_text_that_is_no_json_has_no_fields(text: str) -> None:
    assert not text.startswith("{") or isinstance(discovered(text), dict)
    if not text.startswith("{"):
        assert discovered(text) == {}
