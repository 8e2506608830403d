"""The table of calls by API class: opened by keys, live, and plain."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from app_help import Operator, demo_sources, operating

from backends.base import KubeSource, Sources
from backends.calls import CALLS_KIND
from backends.clock import SystemClock
from backends.model import Health, Resource
from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tui.cli import Options
from tui.compose import make_fleet
from tui.config import Config
from tui.plain import print_rows
from widgets.command_bar import CommandBar
from widgets.help_panel import HelpPanel

SERVICES = ("111122223333", "us-east-1", "ecs:services")


async def opened(operator: Operator, words: str = "api") -> None:
    await operator.until(lambda: operator.app.board.settled, "the board")
    await operator.press("colon")
    await operator.type(words)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == CALLS_KIND.id, "the table")


def budget(operator: Operator, key: tuple[str, str, str] = SERVICES) -> Resource | None:
    return next(
        (
            row
            for row in operator.browse.table.resources
            if (row.ref.scope.account, row.ref.scope.region, row.ref.name) == key
        ),
        None,
    )


def cell(row: Resource | None, key: str) -> float:
    assert row is not None
    found = row.cells[[column.key for column in CALLS_KIND.columns].index(key)]
    assert isinstance(found, int | float), (key, found)
    return found


async def test_the_calls_are_a_table_by_account_region_and_class(operator: Operator) -> None:
    await opened(operator)
    await operator.until(lambda: budget(operator), "a row")
    made = budget(operator)
    assert cell(made, "calls") >= cell(made, "minute") > 0
    assert (cell(made, "limit"), cell(made, "burst")) == (20, 100)
    where = {(r.ref.scope.account, r.ref.scope.region) for r in operator.browse.table.resources}
    assert {("111122223333", "eu-west-1"), ("444455556666", "us-east-1")} <= where
    assert "ecs:services" in operator.seen()
    assert "api calls" in operator.seen()
    series = made.cells[[column.key for column in CALLS_KIND.columns].index("recent")]
    assert isinstance(series, tuple)
    assert sum(series) == cell(made, "calls")
    bars = operator.seen()
    assert "5 minutes" in bars
    assert "█" in bars


async def test_the_table_is_live(operator: Operator) -> None:
    await opened(operator)
    await operator.until(lambda: budget(operator), "a row")
    before = cell(budget(operator), "calls")
    operator.app.board.refresh()
    await operator.until(lambda: cell(budget(operator), "calls") > before, "more calls")


async def test_a_budget_that_is_throttled_fails_first_and_says_why(
    operator: Operator, sim: SimServer
) -> None:
    await opened(operator)
    sim.world.faults.add(
        Fault(
            action="ecs:DescribeServices", scope="111122223333/us-east-1",
            code="ThrottlingException",
        )
    )  # fmt: skip
    operator.app.board.refresh()

    def throttled() -> bool:
        made = budget(operator)
        return made is not None and made.health is Health.FAILING

    await operator.until(throttled, "throttled")
    made = budget(operator)
    assert made is not None
    assert made.status == "throttled"
    assert cell(made, "throttled") >= 1
    assert cell(made, "rate") < cell(made, "limit") == 20
    assert cell(made, "slower") > 0
    assert "AWS refused" in made.reason
    await operator.press("ctrl+z")
    await operator.pilot.pause()
    assert made.ref in {row.ref for row in operator.browse.table.resources}


async def test_words_filter_it_and_a_cluster_is_refused(operator: Operator) -> None:
    await opened(operator, "api eu-west-1")
    table = operator.browse.table
    await operator.until(lambda: 0 < table.shown < table.total, "a filter")
    await operator.press("escape", "colon")
    await operator.type("api @shop-prod")
    await operator.press("enter")
    await operator.until(lambda: "by account and region" in operator.seen(), "why not")
    assert operator.browse.query_one(CommandBar).display


async def test_a_row_leads_nowhere_and_esc_leads_back(operator: Operator) -> None:
    await opened(operator)
    await operator.until(lambda: operator.browse.table.total, "rows")
    for key in ("enter", "d", "y", "l", "s", "r", "u", "v"):
        await operator.press(key)
        await operator.pilot.pause()
        assert operator.browse.place.kind == CALLS_KIND.id, key
        assert not operator.browse.shows_pane
    await operator.press("escape")
    await operator.until(lambda: operator.browse.place.kind != CALLS_KIND.id, "the board")


async def test_help_and_palette_know_it(operator: Operator) -> None:
    await operator.until(lambda: operator.app.board.settled, "the board")
    await operator.press("ctrl+p")
    await operator.type("api")
    await operator.until(lambda: ":api" in operator.seen(), "the palette")
    await operator.press("escape")
    await operator.until(lambda: operator.app.screen is operator.browse, "the board")
    await operator.press("question_mark")
    await operator.until(lambda: isinstance(operator.app.screen, HelpPanel), "help")
    for _ in range(10):
        await operator.press("pagedown")
        if "API calls" in operator.seen():
            break
    assert "API calls" in operator.seen(), operator.seen()


async def test_nothing_asked_of_aws_says_why_it_is_empty(sim: SimServer, tmp_path: Path) -> None:
    sources = Sources(kube=(KubeSource(str(sim.write_kubeconfig(tmp_path / "kubeconfig"))),))
    async with operating(sources, tmp_path) as operator:
        await operator.press("colon")
        await operator.type("api")
        await operator.press("enter")
        await operator.until(lambda: operator.browse.place.kind == CALLS_KIND.id, "the table")
        await operator.until(lambda: "No call to AWS has been made" in operator.seen(), "why")


@pytest.mark.parametrize("output", ["table", "json"])
async def test_without_a_screen_it_says_what_the_board_took(
    sim: SimServer, tmp_path: Path, output: str
) -> None:
    fleet = make_fleet(Config(), clock=SystemClock(), state_dir=tmp_path)

    async def sources() -> Sources:
        return demo_sources(sim, tmp_path)

    out = io.StringIO()
    options = Options("get", Config(), kind="api", output=output)
    assert await print_rows(fleet, sources, options, out) == 0
    if output == "table":
        assert "LIMIT/S" in out.getvalue()
        assert "█" in out.getvalue()
        assert "ecs:services" in out.getvalue()
        return
    rows = {(r["account"], r["region"], r["name"]): r for r in json.loads(out.getvalue())}
    assert rows[SERVICES]["limit"] == 20
    assert rows[SERVICES]["calls"] == sum(rows[SERVICES]["recent"]) > 0
