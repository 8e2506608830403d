"""What the rows of the call budgets say: the state of each, in a word, and why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.calls import CALLS_KIND, REFUSING, call_rows
from backends.model import Cell, Health, Resource, Usage

NOW = 1_790_000_000.0
CALM = Usage(
    "111122223333", "us-east-1", "ecs:tasks", 0.2, 10.0,
    minute=120, calls=900, limit=10.0, burst=50.0,
)  # fmt: skip
SLOWED = msgspec.structs.replace(
    CALM, rate=5.0, throttled=3, throttled_at=NOW - 2, throttled_until=NOW + 30
)


def row(use: Usage, **changed: object) -> Resource:
    (made,) = call_rows([msgspec.structs.replace(use, **changed)], NOW)
    return made


def cell(row: Resource, key: str) -> Cell:
    return row.cells[[column.key for column in CALLS_KIND.columns].index(key)]


@pytest.mark.parametrize(
    ("changes", "health", "word"),
    [
        ({}, Health.OK, "ok"),
        ({"used": 0.0, "minute": 0}, Health.IDLE, "idle"),
        ({"used": 0.79}, Health.OK, "ok"),
        ({"used": 0.8}, Health.DEGRADED, "near limit"),
        ({"used": 1.0}, Health.DEGRADED, "at limit"),
        ({"waiting": 7}, Health.DEGRADED, "at limit"),
    ],
)
def test_a_budget_is_judged_by_its_use(
    changes: dict[str, object], health: Health, word: str
) -> None:
    made = row(CALM, **changes)
    assert (made.health, made.status, cell(made, "status")) == (health, word, word)


def test_one_that_is_throttled_fails_and_says_until_when() -> None:
    made = row(SLOWED)
    assert (made.health, made.status) == (Health.FAILING, "throttled")
    assert made.reason == "AWS refused 3 calls: slowed to 5 a second, back at 10 in 30 s"
    assert [cell(made, key) for key in ("rate", "limit", "slower")] == [5.0, 10.0, 30]
    assert [cell(made, key) for key in ("throttled", "throttled_at")] == [3, NOW - 2]


def test_afterwards_it_backs_off_until_its_rate_is_regained() -> None:
    later = row(SLOWED, throttled_at=NOW - REFUSING)
    assert (later.health, later.status) == (Health.DEGRADED, "backing off")
    over = row(SLOWED, throttled_until=0.0, rate=10.0)
    assert (over.health, over.status, over.reason) == (Health.OK, "ok", "")
    assert [cell(over, key) for key in ("throttled", "slower")] == [3, None]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("12"))))
def test_every_budget_has_a_row_of_its_own(keys: list[tuple[str, str, str]]) -> None:
    uses = [Usage(*key, 0.1, 10.0) for key in dict.fromkeys(keys)]
    rows = call_rows(uses, NOW)
    assert len({made.ref for made in rows}) == len(uses)
    assert all(len(made.cells) == len(CALLS_KIND.columns) for made in rows)


def test_its_last_minutes_are_a_series_and_none_is_nothing() -> None:
    assert cell(row(CALM, recent=(4, 0, 9)), "recent") == (4, 0, 9)
    assert cell(row(CALM), "recent") is None
