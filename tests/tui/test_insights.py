"""Questions to logs, by keys, over the simulator: asked, answered, stopped, refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from app_help import Operator, demo_sources, operating

from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tui.insights_asking import Phase
from tui.screens.insights import InsightsScreen
from tui.screens.insights_confirm import InsightsDialog
from tui.screens.insights_record import RecordScreen
from widgets.banner import Banner
from widgets.filter_bar import FilterBar
from widgets.picker import LinePicker, NamePicker

WEB = "/ecs/shop-prod/web"


@pytest.fixture
async def operator(sim: SimServer, tmp_path: Path) -> AsyncIterator[Operator]:
    """Somebody at the keys of a small fleet: one account, two regions."""
    whole = demo_sources(sim, tmp_path)
    account = msgspec.structs.replace(whole.aws[0], regions=("us-east-1", "eu-west-1"))
    few = msgspec.structs.replace(whole, aws=(account,))
    async with operating(few, tmp_path / "state") as made:
        yield made


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("insights_subject", "insights_keys"):
        monkeypatch.setattr(f"tui.screens.{module}.state_folder", lambda: tmp_path / "state")


def screen(operator: Operator) -> InsightsScreen:
    """Return the Insights screen, be it covered by a dialog or not."""
    return next(s for s in operator.app.screen_stack if isinstance(s, InsightsScreen))


async def at_web(operator: Operator) -> None:
    """Go to the services of a cluster, the cursor on one of them."""
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")


async def opened(operator: Operator, *, span: str = "3m") -> InsightsScreen:
    """Open Insights on the service by the command, and shorten the range."""
    await at_web(operator)
    await operator.press("colon")
    await operator.type("insights")
    await operator.press("enter")
    await operator.until(lambda: isinstance(operator.app.screen, InsightsScreen))
    made = screen(operator)
    await operator.until(lambda: made.asking.groups == (WEB,), "its log group")
    await operator.until(lambda: made.asking.phase is Phase.IDLE, "an end of looking")
    await operator.press("escape", "r")
    await operator.until(lambda: isinstance(operator.app.screen, LinePicker))
    await operator.press("tab")
    await operator.type(span)
    await operator.press("enter")
    await operator.until(lambda: made.asking.span.span == int(span[:-1]) * 60)
    return made


async def run(operator: Operator) -> InsightsDialog:
    await operator.press("ctrl+r")
    await operator.until(lambda: isinstance(operator.app.screen, InsightsDialog), "the cost")
    await operator.until(lambda: "Will scan" in operator.seen(), "the cost in words")
    dialog = operator.app.screen
    assert isinstance(dialog, InsightsDialog)
    return dialog


def queries(sim: SimServer) -> list[str]:
    """Return the states of the queries that were run, without the estimates."""
    found = sim.world.questions._found.values()
    return [query.status for query in found if not query.plan.estimate]


async def test_a_question_is_asked_only_after_its_cost_was_shown(
    operator: Operator, sim: SimServer
) -> None:
    made = await opened(operator)
    dialog = await run(operator)
    seen = operator.seen()
    for told in ("acme-prod", "111122223333", "us-east-1", WEB, "the last 3m", "bin(5m)",
                 "Will scan about", "less than $0.01", "0.005 USD a GB"):  # fmt: skip
        assert told in seen, told
    assert dialog.focused is not None
    assert dialog.focused.id == "cancel"
    assert queries(sim) == []
    await operator.press("enter")
    await operator.until(lambda: isinstance(operator.app.screen, InsightsScreen))
    assert queries(sim) == []
    assert made.asking.question is None

    await run(operator)
    await operator.press("y")
    await operator.until(lambda: made.asking.phase is Phase.OVER, "an answer")
    assert queries(sim) == ["Complete"]
    assert made.table.total >= 1
    seen = operator.seen()
    assert "Complete" in seen
    assert "scanned: less than $0.01" in seen
    assert "█" in seen
    await operator.until(lambda: (operator.state / "queries.json").exists(), "its memory")
    assert json.loads((operator.state / "queries.json").read_text()) == [made.editor.text]


async def test_rows_are_sorted_filtered_opened_copied_and_saved(operator: Operator) -> None:
    made = await opened(operator, span="2m")
    made.editor.show("fields @timestamp, @message, strlen(@message) as size | limit 50")
    await run(operator)
    await operator.press("y")
    await operator.until(lambda: made.asking.phase is Phase.OVER, "an answer")
    assert made.table.total == 50
    made.table.sort_by("size", True)
    sizes = [row.cells[3] for row in made.table.resources]
    assert all(isinstance(size, int) for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    await operator.press("slash")
    await operator.type("row:7")
    await operator.until(lambda: made.table.shown < 50)
    await operator.press("enter")
    shown = made.table.shown
    await operator.press("ctrl+s")
    folder = operator.state / "logs"
    await operator.until(lambda: folder.exists() and list(folder.iterdir()), "a file")
    (path,) = folder.iterdir()
    await operator.until(lambda: len(path.read_text().splitlines()) == shown)
    assert {"@timestamp", "@message", "size"} == set(json.loads(path.read_text().split("\n")[0]))
    await operator.press("c")
    await operator.until(lambda: "@message" in operator.app.clipboard)
    assert "@ptr" not in operator.app.clipboard

    await operator.press("t")
    await operator.until(lambda: "times in UTC" in operator.seen())
    await operator.press("enter")
    await operator.until(lambda: isinstance(operator.app.screen, RecordScreen))
    await operator.until(lambda: "@logStream" in operator.seen(), "the whole event")
    assert f"111122223333:{WEB}" in operator.seen()
    await operator.press("escape")
    await operator.press("escape")
    assert made.query_one(FilterBar).text == ""
    assert made.table.shown == 50


async def test_a_query_is_stopped_by_a_key_and_by_leaving_it(
    operator: Operator, sim: SimServer
) -> None:
    made = await opened(operator, span="59m")
    await run(operator)
    await operator.press("y")
    await operator.until(lambda: made.table.total, "a row")
    await operator.press("x")
    await operator.until(lambda: made.asking.phase is Phase.STOPPED)
    await operator.until(lambda: queries(sim) == ["Cancelled"], "an end at the server")
    assert made.table.total
    assert "Stopped" in operator.seen()

    await run(operator)  # and once more, to be left while it is under way
    await operator.press("y")
    await operator.until(lambda: made.asking.phase is Phase.ASKING and made.asking.answer)
    operator.app.pop_screen()
    await operator.until(lambda: queries(sim) == ["Cancelled"] * 2, "an end at the server")


async def test_what_can_not_be_asked_is_said_before_anything_is_run(
    operator: Operator, sim: SimServer
) -> None:
    made = await opened(operator)
    made.editor.show("fields @message\n| limt 5")
    await operator.press("ctrl+r")
    banner = made.query_one(Banner)
    await operator.until(lambda: banner.problem is not None, "a problem")
    assert "correct the query at line 2, character 3" in operator.seen()
    assert made.editor.has_focus
    assert made.editor.cursor_location == (1, 2)
    assert isinstance(operator.app.screen, InsightsScreen)
    assert queries(sim) == []
    await operator.press("delete")
    await operator.until(lambda: banner.problem is None, "the complaint gone with its cause")

    user = "arn:aws:iam::111122223333:user/me"
    said = f"User: {user} is not authorized to perform: logs:StartQuery on resource: {WEB}"
    sim.world.faults.add(
        Fault(action="logs:StartQuery", times=-1, code="AccessDeniedException", message=said)
    )
    await operator.press("ctrl+r")
    await operator.until(lambda: banner.problem is not None, "a problem")
    assert f"allow logs:StartQuery on {WEB}" in operator.seen()


async def test_what_a_question_is_about_is_chosen_in_dialogs(operator: Operator) -> None:
    operator.state.mkdir(exist_ok=True)
    (operator.state / "queries.json").write_text('["fields @message | limit 3"]')
    made = await opened(operator)
    await operator.press("h")
    await operator.until(lambda: "limit 3" in operator.seen(), "the query")
    await operator.press("end", "enter")
    await operator.until(lambda: made.editor.text == "fields @message | limit 3")
    assert made.editor.has_focus
    await operator.press("escape")

    await operator.press("l")
    await operator.until(lambda: isinstance(operator.app.screen, NamePicker))
    await operator.until(lambda: "/ecs/shop-prod/cart" in operator.seen(), "the groups")
    assert f"[x] {WEB}" in operator.seen()
    await operator.type("prod/ca")
    await operator.until(lambda: f"[x] {WEB}" not in operator.seen())
    await operator.press("down", "down", "space")
    await operator.until(lambda: "[x] /ecs/shop-prod/catalog" in operator.seen())
    await operator.press("enter")
    await operator.until(lambda: len(made.asking.groups) == 2)
    assert set(made.asking.groups) == {WEB, "/ecs/shop-prod/catalog"}

    await operator.press("p")
    await operator.until(lambda: isinstance(operator.app.screen, LinePicker))
    await operator.until(lambda: "eu-west-1" in operator.seen())
    await operator.press("end", "enter")
    await operator.until(lambda: made.asking.scope.region == "eu-west-1")
    await operator.until(lambda: made.asking.scope.account == "111122223333")
    assert made.asking.groups == ()
    await operator.press("ctrl+r")
    await operator.until(lambda: "no log group is chosen" in operator.seen())


async def test_a_tail_leads_to_its_task_s_part_and_a_cluster_says_why_it_has_none(
    operator: Operator,
) -> None:
    await operator.on_row("payments-prod")
    await operator.press("i")
    await operator.until(lambda: "amazon-cloudwatch-observability" in operator.seen())
    assert "none chosen yet" in operator.seen()
    await operator.press("escape", "escape")
    await at_web(operator)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/tasks")
    await operator.until(lambda: operator.browse.table.current is not None)
    row = operator.browse.table.current
    assert row is not None
    await operator.press("l", "i")
    await operator.until(lambda: isinstance(operator.app.screen, InsightsScreen))
    made = screen(operator)
    await operator.until(lambda: made.asking.groups == (WEB,), "its log group")
    assert made.editor.text.startswith(f'filter @logStream like "{row.ref.name}"\n| ')


async def test_quitting_stops_the_query(sim: SimServer, tmp_path: Path) -> None:
    whole = demo_sources(sim, tmp_path)
    few = msgspec.structs.replace(whole, aws=whole.aws[:1], eks=False)
    async with operating(few, tmp_path / "state") as operator:
        made = await opened(operator, span="59m")
        await run(operator)
        await operator.press("y")
        await operator.until(lambda: made.asking.answer is not None)
        await operator.press("ctrl+c")
    assert queries(sim) == ["Cancelled"]
