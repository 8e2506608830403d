"""The rollout pane: progress, failure, settling, and a clock that is passed in."""

from __future__ import annotations

import pytest
from chrome_support import NASTY, HostApp, ecs_ref, k8s_ref, screen_text
from hypothesis import given
from hypothesis import strategies as st

from backends.clock import ManualClock
from backends.model import FleetEvent, Problem, Ref, Revision, Rollout, RolloutState
from widgets.rollout_pane import BAR, RolloutPane, bar


def rollout(
    clock: ManualClock,
    state: RolloutState = RolloutState.RUNNING,
    summary: str = "2 of 5 new tasks running",
    ref: Ref | None = None,
    name: str = "ecs-svc/12",
) -> Rollout:
    now = clock.now()
    return Rollout(
        ref=ref or ecs_ref(),
        state=state,
        summary=summary,
        revisions=(
            Revision(name, "new", 5, 2, 1, 3, "registry.example:5000/shop/web:42"),
            Revision("ecs-svc/11", "old", 5, 3, 0, 0, "web:41"),
        ),
        events=(
            FleetEvent(now - 3, "(service [/web]) has started 1 tasks"),
            FleetEvent(now - 63, "failed health checks", True, 3),
        ),
        at=now,
    )


def pane_app() -> tuple[HostApp, RolloutPane, ManualClock]:
    clock = ManualClock()
    pane = RolloutPane(clock=clock)
    return HostApp(pane), pane, clock


async def test_shows_both_sides_and_why_while_it_runs() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.begin(ecs_ref(), clock.now() - 12)
        await pilot.pause()
        assert "asking…" in screen_text(app)
        pane.show(rollout(clock))
        await pilot.pause()
        shown = screen_text(app)
        for part in (
            "web   ◐ rolling out for 12s",
            "2 of 5 new tasks running",
            "█████▒▒·····  2 of 5 tasks  ✗ 3 failed  1 pending  web:42",
            "old  ecs-svc/11",
            "3s   (service [/web]) has started 1 tasks",
            "63s ▲ failed health checks (×3)",
        ):
            assert part in shown
        assert not pane.settled


async def test_time_goes_on_with_the_clock() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.begin(ecs_ref())
        pane.show(rollout(clock))
        clock.advance(61)
        pane.tick()
        await pilot.pause()
        assert "rolling out for 61s" in screen_text(app)


async def test_settles_and_stays_so() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.begin(ecs_ref())
        clock.advance(42)
        pane.show(rollout(clock, RolloutState.SETTLED, "all 5 tasks are new"))
        clock.advance(600)
        pane.tick()
        await pilot.pause()
        assert "✓ settled after 42s" in screen_text(app)
        assert pane.settled


async def test_failing_says_why() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.begin(ecs_ref())
        clock.advance(90)
        pane.show(rollout(clock, RolloutState.FAILED, "progress deadline exceeded"))
        await pilot.pause()
        shown = screen_text(app)
        assert "✗ failed after 90s" in shown
        assert "progress deadline exceeded" in shown


async def test_a_problem_keeps_what_was_known_until_the_next_answer() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.show(rollout(clock))
        pane.fail(Problem("denied", "ecs:DescribeServices", "no [/way]", "allow it"))
        await pilot.pause()
        shown = screen_text(app)
        assert "▲ ecs:DescribeServices: no [/way]" in shown
        assert "→ allow it" in shown
        assert "2 of 5 new tasks running" in shown
        pane.show(rollout(clock))
        await pilot.pause()
        assert "no [/way]" not in screen_text(app)


async def test_another_workload_starts_over() -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(100, 30)) as pilot:
        pane.show(rollout(clock, RolloutState.SETTLED))
        clock.advance(5)
        pane.show(rollout(clock, ref=k8s_ref("api")))
        await pilot.pause()
        shown = screen_text(app)
        assert "api   ◐ rolling out for 0s" in shown
        assert "2 of 5 pods" in shown
        assert not pane.settled


@pytest.mark.parametrize("name", NASTY)
async def test_any_name_fits_in_eighty_columns(name: str) -> None:
    app, pane, clock = pane_app()
    async with app.run_test(size=(80, 24)) as pilot:
        pane.show(rollout(clock, summary=name, ref=ecs_ref(name), name=name))
        await pilot.pause()
        shown = screen_text(app)
        assert "rolling out for" in shown
        assert "✗ 3 failed" in shown
        assert pane.region.bottom <= 24


@given(st.integers(0, 9000), st.integers(0, 9000), st.integers(0, 9000))
def test_the_bar_is_always_as_wide_and_never_hides_a_running_task(
    desired: int, running: int, pending: int
) -> None:
    drawn = bar(Revision("a", "new", desired, running, pending))
    assert len(drawn) == BAR
    assert ("█" in drawn) is (running > 0)
    assert running < desired or "·" not in drawn or desired == running == 0
