"""Polling of listings: what comes out of round after round."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.aws.poll import BACKOFF, BACKOFF_MOST, SLOWED, differences, poll
from backends.base import BackendError, Demand, Denied, Throttled
from backends.clock import ManualClock
from backends.model import Change, FeedState, Health, Query, Ref, Resource, Scope
from backends.store import Shelf

SCOPE = Scope("ecs", region="us-east-1", cluster="c")
DENIED = Denied("ecs:ListTasks", "not authorized", "allow ecs:ListTasks")
SLOWER = Throttled("ecs:ListTasks", "Rate exceeded", "wait")
DEADLINE = 10.0


def row(name: str, cell: int = 0) -> Resource:
    return Resource(
        ref=Ref(SCOPE, "ecs/tasks", name),
        health=Health.OK,
        status="RUNNING",
        cells=(name, cell),
        raw={"n": [cell]},
    )


class Eager(Demand):
    """Never waits, but writes down for how long it was told to."""

    def __init__(self, *, visible: bool = True) -> None:
        super().__init__(visible=visible)
        self.pauses: list[tuple[float, float]] = []

    async def pause(self, visible: float, background: float) -> None:
        self.pauses.append((visible, background))
        await asyncio.sleep(0)


class Script:
    """Answers each round with the next of its plans: pages, and perhaps an error."""

    def __init__(self, *plans: list[object]) -> None:
        self.plans = list(plans)
        self.urgent: list[bool] = []

    async def __call__(self, urgent: bool) -> AsyncIterator[list[Resource]]:
        self.urgent.append(urgent)
        for step in self.plans.pop(0):
            if isinstance(step, BackendError):
                raise step
            yield step


async def play(*plans: list[object], demand: Eager | None = None) -> list[Change]:
    """Return every change of so many rounds; the clock moves a second with each."""
    script, clock = Script(*plans), ManualClock(100.0)
    demand = demand or Eager()
    got: list[Change] = []
    async with asyncio.timeout(DEADLINE), aclosing(poll(script, demand, clock)) as changes:
        while script.plans or len(demand.pauses) < len(plans):
            change = await anext(changes)
            got.append(change)
            if change.status.state is not FeedState.LOADING or change.status.problem:
                clock.advance(1.0)
                if not script.plans:
                    break
    return got


def names(change: Change) -> list[str]:
    return [resource.ref.name for resource in change.upserts]


async def test_first_round_comes_page_by_page_then_as_a_whole():
    changes = await play([[row("a")], [], [row("b"), row("c")]])
    assert [change.status.state.value for change in changes] == ["loading"] * 3 + ["live"]
    assert changes[0].resync
    assert changes[0].upserts == ()
    assert [names(change) for change in changes[1:]] == [["a"], ["b", "c"], ["a", "b", "c"]]
    assert changes[3].resync
    assert changes[2].status.loaded == 3


async def test_later_rounds_bring_differences_only():
    first, again, changed, gone = (
        [[row("a"), row("b")]],
        [[row("b"), row("a")]],
        [[row("a", 1), row("b"), row("c")]],
        [[row("c")]],
    )
    changes = (await play(first, again, changed, gone))[2:]
    assert [names(change) for change in changes] == [["a", "b"], [], ["a", "c"], []]
    assert [ref.name for ref in changes[3].deletes] == ["a", "b"]
    assert not any(change.resync for change in changes[1:])
    assert [change.status.at for change in changes] == [100.0, 101.0, 102.0, 103.0]


async def test_a_failed_round_is_stale_keeps_rows_and_backs_off():
    demand = Eager()
    changes = await play([[row("a")]], [[row("b")], DENIED], [DENIED], [[row("b")]], demand=demand)
    stale = changes[3:5]
    assert [change.status.state for change in stale] == [FeedState.STALE] * 2
    assert all(not change.upserts and not change.deletes for change in stale)
    assert {change.status.problem for change in stale} == {DENIED.problem}
    assert {change.status.at for change in stale} == {100.0}
    assert (names(changes[5]), [ref.name for ref in changes[5].deletes]) == (["b"], ["a"])
    assert changes[5].status.problem is None
    first, second = demand.pauses[1][0], demand.pauses[2][0]
    assert BACKOFF * 0.75 <= first <= BACKOFF * 1.25 < second <= BACKOFF_MOST * 1.25


async def test_backoff_has_an_end():
    demand = Eager()
    await play(*[[DENIED]] * 1200, [[row("a")]], demand=demand)
    assert max(pause for pause, _ in demand.pauses) <= BACKOFF_MOST * 1.25


async def test_a_feed_that_failed_at_first_stays_stale_until_it_is_whole():
    changes = await play([[row("a")], DENIED], [[row("a")], DENIED], [[row("a")], [row("b")]])
    states = [change.status.state.value for change in changes]
    assert states == ["loading", "loading", "stale", "stale", "live"]
    assert changes[-1].resync
    assert names(changes[-1]) == ["a", "b"]


async def test_throttling_slows_down_but_never_fails_a_feed():
    changes = await play([SLOWER], [[row("a")]], [SLOWER])
    assert [change.status.state.value for change in changes] == [
        "loading", "loading", "live", "live",
    ]  # fmt: skip
    assert changes[1].status.problem == changes[-1].status.problem == SLOWER.problem


@pytest.mark.parametrize("visible", [True, False])
async def test_a_round_knows_whether_somebody_looks(visible):
    script = Script([[row("a")]])
    async with aclosing(poll(script, Demand(visible=visible), ManualClock())) as changes:
        while (await anext(changes)).status.state is FeedState.LOADING:
            pass
    assert script.urgent == [visible]


rounds = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)), min_size=1, max_size=8
)


@given(rounds)
def test_the_rows_of_a_shelf_are_those_of_the_last_round(plans):
    shelf = Shelf(Query(SCOPE, "ecs/tasks"))
    scripts = [[[row(name, cell)] for name, cell in plan.items()] for plan in plans]
    for change in asyncio.run(play(*scripts)):
        shelf.apply(change)
    assert {ref.name: r.cells[1] for ref, r in shelf.rows.items()} == plans[-1]


@given(rounds)
def test_unchanged_rows_are_no_differences(plans):
    for plan in plans:
        old = {row(n, c).ref: row(n, c) for n, c in plan.items()}
        new = {row(n, c).ref: row(n, c) for n, c in plan.items()}
        assert differences(old, new) == ((), ())


async def test_rows_that_throttling_has_kept_for_too_long_are_stale():
    rounds = [[SLOWER]] * (int(SLOWED) + 2)
    changes = await play([[row("a")]], *rounds)
    slowed = [change.status for change in changes if change.status.problem == SLOWER.problem]
    assert slowed[0].state is FeedState.LIVE
    assert slowed[-1].state is FeedState.STALE


async def test_a_feed_that_failed_is_tried_again_soon_though_nobody_looks():
    demand = Eager(visible=False)
    await play([[row("a")]], [DENIED], [[row("a")]], demand=demand)
    assert demand.pauses[1][1] <= BACKOFF * 1.25


async def test_a_wish_to_wait_is_kept_to_within_bounds():
    demand = Eager()
    longer = Throttled("ecs:ListTasks", "Rate exceeded", "wait", 9.0)
    endless = Throttled("ecs:ListTasks", "Rate exceeded", "wait", 86_400.0)
    await play([[row("a")]], [longer], [endless], [[row("a")]], demand=demand)
    assert [pause for pause, _ in demand.pauses[1:3]] == [9.0, 30.0]
