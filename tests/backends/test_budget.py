"""Call budgets: never more than allowed, fair, and slowed down one class at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.budget import (
    RECOVERY,
    SLOWEST,
    STRETCH,
    STRETCHES,
    URGENT_RUN,
    Bucket,
    Budget,
    Limit,
)
from tests.backends.logs.virtual_loop import LoopClock, run

LIMIT = Limit("ecs:tasks", burst=10, rate=5)
OTHER = Limit("ecs:services", burst=10, rate=5)

limits = st.builds(
    Limit,
    st.just("class"),
    burst=st.integers(1, 50).map(float),
    rate=st.floats(0.5, 50, allow_nan=False),
)
steps = st.lists(
    st.tuples(st.floats(0, 3, allow_nan=False), st.sampled_from(("take", "take", "throttle"))),
    max_size=80,
)


def granted(bucket: Bucket, script: list[tuple[float, str]]) -> list[float]:
    """Play a script of pauses and actions; return when tokens were granted."""
    now, times = 0.0, []
    for pause, action in script:
        now += pause
        if action == "throttle":
            bucket.throttle(now)
        elif bucket.take(now) == 0.0:
            times.append(now)
    return times


@given(limits, steps)
def test_no_window_holds_more_calls_than_burst_and_rate_allow(
    limit: Limit, script: list[tuple[float, str]]
) -> None:
    times = granted(Bucket(limit, 0.0), script)
    for first in range(len(times)):
        for last in range(first, len(times)):
            allowed = limit.burst + limit.rate * (times[last] - times[first])
            assert last - first + 1 <= allowed + 1e-6


@given(limits, steps)
def test_after_the_wait_that_it_names_a_bucket_grants(
    limit: Limit, script: list[tuple[float, str]]
) -> None:
    bucket = Bucket(limit, 0.0)
    granted(bucket, script)
    now = sum(pause for pause, _ in script)
    while (wait := bucket.take(now)) == 0.0:
        pass
    assert bucket.take(now + wait) == 0.0


@given(st.integers(1, 30))
def test_throttling_slows_down_but_never_stops(times: int) -> None:
    bucket = Bucket(LIMIT, 0.0)
    for second in range(times):
        bucket.throttle(float(second))
    assert LIMIT.rate * SLOWEST <= bucket.rate(float(times)) < LIMIT.rate


def test_answers_that_are_throttled_together_count_once() -> None:
    bucket = Bucket(LIMIT, 0.0)
    for call in range(20):
        bucket.throttle(call * 0.01)
    assert bucket.rate(0.2) == pytest.approx(LIMIT.rate / 2, rel=0.01)


def test_a_slowed_bucket_regains_its_rate() -> None:
    bucket = Bucket(LIMIT, 0.0)
    bucket.throttle(0.0)
    half = 0.5 / RECOVERY
    assert bucket.slowed_for(0.0) == pytest.approx(half)
    assert bucket.rate(half / 2) == pytest.approx(LIMIT.rate * 0.75)
    assert bucket.slowed_for(half + 1) == 0.0
    assert bucket.rate(half + 1) == LIMIT.rate


def test_from_the_slowest_it_takes_about_a_minute() -> None:
    bucket = Bucket(LIMIT, 0.0)
    for second in range(10):
        bucket.throttle(float(second))
    assert 50 < bucket.slowed_for(9.0) <= 60


@pytest.mark.parametrize(("part", "burst", "rate"), [(1.0, 10, 5), (0.5, 5, 2.5), (0.01, 1, 0.05)])
def test_a_share_leaves_the_rest_to_others(part: float, burst: float, rate: float) -> None:
    assert LIMIT.share(part) == Limit("ecs:tasks", burst, rate)


class Caller:
    """Asks a budget for calls and writes down who was served when."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.budget = Budget(self.clock)
        self.served: list[str] = []
        self.times: list[float] = []

    def call(self, name: str, *, urgent: bool = True, limit: Limit = LIMIT) -> Awaitable[None]:
        async def ask() -> None:
            await self.budget.acquire("acme", "us-east-1", limit, urgent=urgent)
            self.served.append(name)
            self.times.append(self.clock.monotonic())

        return asyncio.ensure_future(ask())

    async def drain(self) -> None:
        """Use the burst up."""
        for _ in range(int(LIMIT.burst)):
            await self.budget.acquire("acme", "us-east-1", LIMIT)


def test_a_burst_is_served_at_once_and_the_rest_at_the_rate() -> None:
    async def scenario() -> None:
        caller = Caller()
        await asyncio.gather(*(caller.call(str(n)) for n in range(15)))
        assert caller.served == [str(n) for n in range(15)]
        assert caller.times[:10] == [0.0] * 10
        assert caller.times[10:] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])

    run(scenario())


def test_urgent_calls_go_first_and_the_others_still_have_their_turn() -> None:
    async def scenario() -> None:
        caller = Caller()
        await caller.drain()
        patient = [caller.call(f"patient {n}", urgent=False) for n in range(2)]
        await asyncio.sleep(0)
        urgent = [caller.call(f"urgent {n}") for n in range(URGENT_RUN + 2)]
        await asyncio.gather(*patient, *urgent)
        first = [f"urgent {n}" for n in range(URGENT_RUN)]
        rest = [f"urgent {URGENT_RUN}", f"urgent {URGENT_RUN + 1}", "patient 1"]
        assert caller.served == [*first, "patient 0", *rest]

    run(scenario())


def test_a_caller_that_gives_up_leaves_its_turn_to_the_next() -> None:
    async def scenario() -> None:
        caller = Caller()
        await caller.drain()
        first, second = caller.call("first"), caller.call("second")
        await asyncio.sleep(0)
        assert isinstance(first, asyncio.Task)
        first.cancel()
        await second
        assert caller.served == ["second"]
        assert caller.times == pytest.approx([0.2])

    run(scenario())


def test_a_token_granted_to_a_caller_that_is_gone_is_not_lost() -> None:
    async def scenario() -> None:
        caller = Caller()
        await caller.drain()
        first, second = caller.call("first"), caller.call("second")
        assert isinstance(first, asyncio.Task)
        loop = asyncio.get_running_loop()
        loop.call_later(0.2 + 1e-9, first.cancel)
        await second
        assert caller.clock.monotonic() < 0.41
        assert "second" in caller.served

    run(scenario())


def test_throttling_slows_its_own_class_alone() -> None:
    async def scenario() -> None:
        caller = Caller()
        caller.budget.throttled("acme", "us-east-1", LIMIT)
        await caller.call("other", limit=OTHER)
        await caller.call("same")
        assert caller.times[0] == 0.0
        assert caller.times[1] > 1 / LIMIT.rate
        usage = {u.action_class: u for u in caller.budget.usage()}
        assert usage["ecs:tasks"].throttled_until > caller.clock.now()
        assert usage["ecs:tasks"].rate < LIMIT.rate
        assert usage["ecs:services"].throttled_until == 0.0

    run(scenario())


def test_usage_is_the_share_of_the_rate_and_fades() -> None:
    async def scenario() -> None:
        caller = Caller()
        await caller.drain()
        (usage,) = caller.budget.usage()
        assert (usage.account, usage.region, usage.rate) == ("acme", "us-east-1", 5)
        assert usage.used == pytest.approx(10 / 50)
        await asyncio.sleep(12)
        (faded,) = caller.budget.usage()
        assert (faded.used, faded.minute, faded.calls) == (0.0, 10, 10)
        await asyncio.sleep(60)
        (rested,) = caller.budget.usage()
        assert (rested.minute, rested.calls, rested.throttled_until) == (0, 10, 0.0)

    run(scenario())


def test_usage_says_what_is_allowed_what_waits_and_what_was_refused() -> None:
    async def scenario() -> None:
        caller = Caller()
        caller.budget = Budget(caller.clock, 0.5)
        calls = [caller.call(str(n)) for n in range(8)]
        await asyncio.sleep(0)
        (usage,) = caller.budget.usage()
        assert (usage.limit, usage.burst, usage.rate) == (2.5, 5.0, 2.5)
        assert (usage.calls, usage.waiting, usage.throttled, usage.throttled_at) == (5, 3, 0, 0.0)
        for call in calls[5:7]:
            assert isinstance(call, asyncio.Task)
            call.cancel()
        await asyncio.sleep(0)
        assert caller.budget.usage()[0].waiting == 1
        await asyncio.sleep(1)
        refused = caller.clock.now()
        caller.budget.throttled("acme", "us-east-1", LIMIT)
        caller.budget.throttled("acme", "us-east-1", LIMIT)
        await asyncio.sleep(4)
        (usage,) = caller.budget.usage()
        assert (usage.calls, usage.waiting, usage.throttled) == (6, 0, 2)
        assert usage.throttled_at == pytest.approx(refused)
        assert usage.rate < usage.limit == 2.5

    run(scenario())


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 9)), max_size=30))
def test_the_last_minute_is_counted_to_the_second(script: list[tuple[float, int]]) -> None:
    bucket, now, times = Bucket(Limit("class", 1000, 1000), 0.0), 0.0, []
    for pause, calls in script:
        now += pause
        for _ in range(calls):
            assert bucket.take(now) == 0.0
            times.append(now)
    assert bucket.calls == len(times)
    surely, perhaps = (sum(at > now - edge for at in times) for edge in (59, 61))
    assert surely <= bucket.minute(now) <= perhaps


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(1, 9)), max_size=30), st.floats(0, 700))
def test_the_last_minutes_are_counted_by_the_half_minute(
    script: list[tuple[float, int]], rest: float
) -> None:
    bucket, now, times = Bucket(Limit("class", 1000, 1000), 0.0), 0.0, []
    for pause, calls in script:
        now += pause
        for _ in range(calls):
            assert bucket.take(now) == 0.0
            times.append(now)
    now += rest
    present = int(now) // STRETCH
    counts = [
        sum(int(at) // STRETCH == stretch for at in times)
        for stretch in range(present - STRETCHES + 1, present + 1)
    ]
    # Before the first call there is nothing to tell, rather than zeros.
    since = present - int(times[0]) // STRETCH + 1 if times else 0
    assert bucket.recent(now) == tuple(counts[-since:] if since else ())


def test_a_call_that_was_not_made_is_in_no_count() -> None:
    bucket = Bucket(LIMIT, 0.0)
    for _ in range(3):
        bucket.take(1.0)
    bucket.give_back()
    other = Bucket(LIMIT, 0.0)
    other.take(2.0)
    bucket.absorb(other, 2.0)
    assert bucket.recent(35.0) == (3, 0)


def test_profiles_of_one_account_share_its_budget_once_it_is_known() -> None:
    async def scenario() -> None:
        caller = Caller()
        budget = caller.budget
        for profile in ("acme", "acme-ops"):
            for _ in range(6):
                await budget.acquire(profile, "us-east-1", LIMIT)
        budget.identify("acme", "111122223333")
        budget.identify("acme-ops", "111122223333")
        (usage,) = budget.usage()
        assert usage.account == "111122223333"
        assert usage.used == pytest.approx(12 / 50)
        assert (usage.calls, usage.minute) == (12, 12)
        began = caller.clock.monotonic()
        await budget.acquire("111122223333", "us-east-1", LIMIT)
        assert caller.clock.monotonic() - began == pytest.approx(3 / LIMIT.rate)

    run(scenario())


def test_waiters_move_with_their_profile_to_the_account() -> None:
    async def scenario() -> None:
        caller = Caller()
        await caller.drain()
        waiting = caller.call("waiting")
        await asyncio.sleep(0)
        await caller.budget.acquire("111122223333", "us-east-1", LIMIT)
        caller.budget.identify("acme", "111122223333")
        await waiting
        assert caller.served == ["waiting"]

    run(scenario())
