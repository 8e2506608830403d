"""What the scale dialog says of a number, sentence by sentence."""

from __future__ import annotations

import pytest
from chrome_support import ecs_ref, k8s_ref
from hypothesis import given
from hypothesis import strategies as st

from backends.model import Autoscaler, Ref, Scope
from widgets.scale_plan import (
    ECS_MOST,
    KUBERNETES_MOST,
    autoscaler_line,
    change_line,
    parse_count,
    unit_of,
)

TASKS, PODS = unit_of(ecs_ref()), unit_of(k8s_ref())
SCALER = Autoscaler("anything", 2, 10)


def test_each_provider_counts_in_its_own_unit() -> None:
    assert (TASKS.noun, TASKS.most) == ("task", ECS_MOST)
    assert (PODS.noun, PODS.most) == ("pod", KUBERNETES_MOST)
    assert unit_of(Ref(Scope("acme"), "acme/things", "x")).noun == "replica"


@pytest.mark.parametrize(
    ("current", "desired", "line"),
    [
        (2, 5, "2 -> 5: 3 tasks will start"),
        (0, 1, "0 -> 1: 1 task will start"),
        (5, 4, "5 -> 4: 1 task will be stopped"),
        (5, 0, "5 -> 0: all 5 tasks will be stopped; nothing will serve"),
        (1, 0, "1 -> 0: the only task will be stopped; nothing will serve"),
        (0, 0, "0 -> 0: nothing to change"),
        (4000, 1, "4,000 -> 1: 3,999 tasks will be stopped"),
        (None, 3, "? -> 3: the current count is not known"),
    ],
)
def test_the_change_is_said(current: int | None, desired: int, line: str) -> None:
    assert change_line(current, desired, TASKS) == line


@pytest.mark.parametrize(
    ("desired", "kubernetes", "ecs"),
    [
        (
            12,
            "12 will be brought back to 10.",
            "12 will be brought back to 10 the next time it scales in.",
        ),
        (
            1,
            "1 will be brought up to 2.",
            "1 will be brought up to 2 the next time it scales out.",
        ),
        (
            0,
            "At 0 it stops scaling, until somebody sets a count above 0.",
            "0 will be brought up to 2 the next time it scales out.",
        ),
        (2, "it may move 2 again as the load asks.", "it may move 2 again as the load asks."),
        (10, "it may move 10 again as the load asks.", "it may move 10 again as the load asks."),
        (None, "It keeps the count within 2–10.", "It keeps the count within 2–10."),
    ],
)
def test_each_autoscaler_corrects_in_its_own_way(
    desired: int | None, kubernetes: str, ecs: str
) -> None:
    assert autoscaler_line(SCALER, desired, k8s_ref()).endswith(kubernetes)
    assert autoscaler_line(SCALER, desired, ecs_ref()).endswith(ecs)


@given(st.integers(0, ECS_MOST))
def test_every_count_in_range_is_understood(count: int) -> None:
    assert parse_count(f" {count} ", TASKS) == count
    assert parse_count(f"+00{count}", TASKS) == count


@given(st.integers())
def test_every_other_whole_number_is_refused_with_a_reason(count: int) -> None:
    found = parse_count(str(count), TASKS)
    if 0 <= count <= ECS_MOST:
        assert found == count
    else:
        assert found == (
            "A count can't be negative."
            if count < 0
            else "At most 5,000: more tasks than a service has on ECS."
        )


@given(st.text(max_size=40))
def test_any_text_is_a_count_in_range_or_a_sentence(text: str) -> None:
    found = parse_count(text, PODS)
    if isinstance(found, int):
        assert 0 <= found <= PODS.most
    else:
        assert found.endswith(".")
        assert text not in ("0", "1")
