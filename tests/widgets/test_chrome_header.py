"""The header and the breadcrumbs: what they say, and what gives way first."""

from __future__ import annotations

import pytest
from chrome_support import NASTY, HostApp, screen_text
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backends.model import FeedState, FeedStatus, Health, Problem, Usage
from widgets.crumbs import Crumbs, crumb_line
from widgets.header_pieces import spark
from widgets.scope_bar import HeaderState, ScopeBar, header_line

NOW = 1_790_000_000.0
COUNTS = {Health.OK: 34, Health.DEGRADED: 2, Health.FAILING: 1, Health.PROGRESSING: 3}
LIVE = FeedStatus(FeedState.LIVE, NOW - 2)
REFUSED = Problem("unreachable", "list pods", "connection refused", "start it")
BUSY = Usage("111122223333", "us-east-1", "ecs:tasks", 0.34, 20.0)
CALM = Usage("111122223333", "eu-west-1", "ecs:tasks", 0.01, 20.0)


def state(**parts: object) -> HeaderState:
    base: dict[str, object] = {
        "now": NOW,
        "crumbs": ("fleet", "shop-prod", "web", "tasks"),
        "note": "6 of 12",
        "counts": COUNTS,
        "feed": LIVE,
        "usage": (CALM, BUSY),
    }
    return HeaderState(**{**base, **parts})  # type: ignore[arg-type]


def said(width: int = 200, **parts: object) -> str:
    return header_line(state(**parts), (0.0, 0.34), width).plain


def test_all_is_said_where_there_is_room() -> None:
    line = said(demo=True, read_only=True)
    for part in (
        "topdeck  fleet › shop-prod › web › tasks (6 of 12)",
        "✗ 1 ▲ 2 ◐ 3 ✓ 34",
        "● live 2s",
        "api ▁▃ 34% ecs:tasks us-east-1",
        "DEMO",
        "READ-ONLY",
    ):
        assert part in line


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        (FeedStatus(FeedState.LIVE, NOW), "● live"),
        (FeedStatus(FeedState.LIVE, NOW - 9, by="queue"), "● live by queue"),
        (FeedStatus(FeedState.LIVE, NOW - 9, by="polling"), "● live 9s by polling"),
        (FeedStatus(FeedState.LOADING, NOW, None, 120, 400), "◌ loading 120 of 400"),
        (FeedStatus(FeedState.LOADING, NOW), "◌ loading"),
        (FeedStatus(FeedState.STALE, NOW - 45, REFUSED), "▲ stale 45s — connection refused"),
        (FeedStatus(FeedState.STALE, NOW - 45), "▲ stale 45s"),
    ],
)
def test_the_feed_says_how_fresh_it_is(feed: FeedStatus, words: str) -> None:
    assert f"{words}   api" in said(feed=feed)


def test_a_throttled_budget_comes_before_a_busier_one() -> None:
    slow = Usage("1", "us-east-1", "ecs:services", 0.1, 20.0, NOW + 11.4)
    assert "throttled: ecs:services us-east-1, slower for 12s" in said(usage=(BUSY, slow))
    past = Usage("1", "us-east-1", "ecs:services", 0.1, 20.0, NOW - 1)
    assert "throttled" not in said(usage=(BUSY, past))


def test_eighty_columns_keep_what_matters_most() -> None:
    line = said(78, feed=FeedStatus(FeedState.STALE, NOW - 45, REFUSED), read_only=True, demo=True)
    for part in ("tasks (6 of 12)", "▲ stale 45s", "✗ 1 ▲ 2", "READ-ONLY", "DEMO"):
        assert part in line
    assert "connection refused" not in line
    assert "us-east-1" not in line


def test_throttling_is_said_at_any_width() -> None:
    slow = Usage("1", "us-east-1", "ecs:services", 0.1, 20.0, NOW + 12)
    assert "throttled" in said(78, usage=(slow,), read_only=True, demo=True)


@given(
    width=st.integers(60, 220),
    crumbs=st.lists(st.sampled_from(("fleet", "a", *NASTY)), max_size=5),
    note=st.sampled_from(("", "6 of 12", 'filter "[/x]"', "名" * 90)),
    marks=st.booleans(),
    feed=st.sampled_from((None, LIVE, FeedStatus(FeedState.STALE, NOW - 99_999, REFUSED))),
)
def test_the_line_is_exactly_as_wide_as_the_screen(
    width: int, crumbs: list[str], note: str, marks: bool, feed: FeedStatus | None
) -> None:
    line = said(width, crumbs=tuple(crumbs), note=note, feed=feed, demo=marks, read_only=marks)
    assert cell_len(line) == width
    assert ("READ-ONLY" in line) is marks


@given(
    parts=st.lists(st.text(max_size=30), max_size=6),
    note=st.text(max_size=30),
    width=st.integers(0, 120),
)
def test_crumbs_never_overflow(parts: list[str], note: str, width: int) -> None:
    assert crumb_line(parts, note, width).cell_length <= max(width, 0)


def test_crumbs_are_clipped_from_the_left() -> None:
    parts = ("fleet", "shop-prod", "web", "tasks")
    assert crumb_line(parts, "6 of 12", 80).plain == "fleet › shop-prod › web › tasks (6 of 12)"
    assert crumb_line(parts, "6 of 12", 30).plain == "… › web › tasks (6 of 12)"
    assert crumb_line(parts, "6 of 12", 20).plain == "… › tasks (6 of 12)"
    assert crumb_line(parts, "6 of 12", 16).plain == "tasks (6 of 12)"


def test_a_long_part_loses_its_middle_and_not_its_neighbours() -> None:
    line = crumb_line(("fleet", "n" * 255, "tasks"), "", 80).plain
    assert line.startswith("fleet › nnn")
    assert line.endswith("n › tasks")
    assert "…" in line


@pytest.mark.parametrize("name", NASTY)
async def test_any_name_stays_on_one_line(name: str) -> None:
    bar, crumbs = ScopeBar(), Crumbs()
    app = HostApp(bar, crumbs)
    async with app.run_test(size=(80, 24)) as pilot:
        bar.show(state(crumbs=("fleet", name, name), note=name))
        crumbs.show(("fleet", name), name)
        await pilot.pause()
        assert bar.size.height == crumbs.size.height == 1
        assert name[:3] in screen_text(app)


async def test_the_use_of_the_budget_is_sampled_once_a_second() -> None:
    bar = ScopeBar()
    app = HostApp(bar)
    async with app.run_test(size=(160, 24)) as pilot:
        for step, used in ((0.0, 0.1), (0.4, 0.9), (1.0, 0.5), (2.0, 1.0)):
            usage = (Usage("1", "us-east-1", "ecs:tasks", used, 20.0),)
            bar.show(state(now=NOW + step, usage=usage))
        await pilot.pause()
        assert f"api {spark((0.1, 0.5, 1.0))} 100%" in screen_text(app)


async def test_a_resize_lays_the_line_out_anew() -> None:
    bar = ScopeBar()
    app = HostApp(bar)
    async with app.run_test(size=(160, 24)) as pilot:
        bar.show(state())
        await pilot.pause()
        assert "us-east-1" in screen_text(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "us-east-1" not in screen_text(app)
        assert "● live 2s" in screen_text(app)
