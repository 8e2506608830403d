"""Marking rows by keys, and doing something to all that are marked."""

from __future__ import annotations

import json
from typing import Any

from app_help import Operator

from backends.model import Ref
from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tui.screens.browse import BrowseScreen
from tui.together import MOST
from widgets.confirm_dialog import ConfirmDialog
from widgets.filter_bar import FilterBar
from widgets.help_panel import HelpPanel
from widgets.outcome_dialog import OutcomeDialog
from widgets.scale_together import ScaleTogether
from widgets.together import ConfirmTogether

NAMES = ("cart", "catalog", "web")


async def services(operator: Operator, cluster: str = "shop-prod") -> None:
    await operator.on_row(cluster)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/services", "services")
    await operator.until(lambda: operator.browse.table.total >= 5, "rows")


async def marking(operator: Operator, *names: str) -> None:
    for name in names:
        await operator.on_row(name)
        await operator.press("space")
    await operator.until(lambda: operator.browse.table.marked_count == len(names), "marks")


def audited(operator: Operator) -> list[dict[str, Any]]:
    path = operator.state / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sent(operator: Operator) -> list[str]:
    return [entry["name"] for entry in audited(operator) if entry["phase"] == "sending"]


async def test_three_services_are_restarted_at_once(operator: Operator, sim: SimServer) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    assert "3 marked" in operator.seen()
    await operator.on_row("checkout")
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmTogether), "the dialog")
    seen = operator.seen()
    assert "Restart 3 marked services" in seen
    assert "the cursor's row, checkout: it is not marked" in seen
    marked = operator.app.screen_stack[-2]
    assert isinstance(marked, BrowseScreen)
    refs = [row.ref for row in marked.table.marked]
    assert [ref.name for ref in refs] == list(NAMES)
    assert all(ref.address in seen for ref in refs)
    assert sent(operator) == []
    await operator.press("y")
    await operator.until(lambda: len(audited(operator)) == 6, "each is audited")
    assert sorted(sent(operator)) == sorted(NAMES)
    assert [e["phase"] for e in audited(operator)].count("accepted") == 3
    assert {entry["operation"]["type"] for entry in audited(operator) if "operation" in entry} == {
        "restart"
    }
    await operator.until(lambda: not operator.browse.table.marked_count, "no marks any more")

    def rolling(name: str) -> bool:
        rows = operator.browse.table.resources
        row = next(row for row in rows if row.ref.name == name)
        return "IN_PROGRESS" in row.cells

    await operator.until(lambda: all(map(rolling, NAMES)), "three rollouts")
    assert not rolling("checkout")
    assert not isinstance(operator.app.screen, OutcomeDialog)


async def test_cancelling_is_the_default_and_the_marks_stay(operator: Operator) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmTogether), "the dialog")
    await operator.press("enter")
    await operator.until(lambda: isinstance(operator.app.screen, BrowseScreen), "it is closed")
    assert operator.browse.table.marked_count == 3
    assert audited(operator) == []


async def test_what_was_refused_is_named_with_its_error_and_stays_marked(
    operator: Operator, sim: SimServer
) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    fault = Fault(action="ecs:UpdateService", code="InvalidParameterException")
    sim.world.faults.add(fault)
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmTogether), "the dialog")
    await operator.press("y")
    await operator.until(lambda: isinstance(operator.app.screen, OutcomeDialog), "the outcome")
    seen = operator.seen()
    assert "Restart: 2 of 3 requested" in seen
    assert "Not accepted: 1" in seen
    phases = [entry["phase"] for entry in audited(operator)]
    assert (phases.count("sending"), phases.count("refused")) == (3, 1)
    ids = {entry["id"]: entry["name"] for entry in audited(operator) if "name" in entry}
    refused = [ids[e["id"]] for e in audited(operator) if e["phase"] == "refused"]
    assert any(f"services / {refused[0]}" in line for line in seen.splitlines())
    assert "UpdateService" in seen
    await operator.press("escape")
    await operator.until(lambda: isinstance(operator.app.screen, BrowseScreen), "it is closed")
    assert [row.ref.name for row in operator.browse.table.marked] == refused


async def test_all_that_a_filter_shows_are_marked_and_scaled_also_when_it_hides_them(
    operator: Operator,
) -> None:
    await services(operator)
    await operator.press("slash")
    await operator.type("name:^ca")
    await operator.press("enter", "asterisk")
    table = operator.browse.table
    await operator.until(lambda: table.marked_count == 2, "cart and catalog")
    await operator.press("slash")
    operator.browse.query_one(FilterBar).set_text("")
    await operator.type("cart")
    await operator.press("enter")
    await operator.until(lambda: "2 marked, 1 of them hidden" in operator.seen(), "one is hidden")
    await operator.press("s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleTogether), "the dialog")
    await operator.until(lambda: "hidden by the filter" in operator.seen(), "and said to be")
    await operator.type("5")
    await operator.until(lambda: operator.seen().count("-> 5") == 2, "what happens to each")
    await operator.press("enter", "y")
    await operator.until(lambda: len(audited(operator)) == 4, "both are requested")
    scaled = [e["operation"] for e in audited(operator) if "operation" in e]
    assert {each["desired"] for each in scaled} == {5}
    assert sorted(sent(operator)) == ["cart", "catalog"]


async def test_kinds_that_have_no_such_verb_are_left_out_and_named(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "k8s/workloads", "workloads")
    await operator.until(lambda: operator.browse.table.total > 3, "rows")
    await operator.press("asterisk", "s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleTogether), "the dialog")
    assert "Left out:" in operator.seen()
    assert "has no scale." in operator.seen()
    dialog = operator.app.screen
    assert isinstance(dialog, ScaleTogether)
    able, left_out = dialog.selection.refs, dialog.selection.left_out
    assert {ref.kind for ref in able} <= {"k8s/deployments", "k8s/statefulsets"}
    assert not set(able) & set(left_out)
    await operator.press("escape")
    await operator.until(lambda: isinstance(operator.app.screen, BrowseScreen), "it is closed")
    assert audited(operator) == []


async def test_esc_clears_the_filter_then_the_marks_and_only_then_goes_back(
    operator: Operator,
) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    await operator.press("slash")
    await operator.type("cart")
    await operator.press("enter", "escape")
    assert operator.browse.table.marked_count == 3
    await operator.press("escape")
    assert operator.browse.table.marked_count == 0
    assert operator.browse.place.kind == "ecs/services"
    await operator.press("escape")
    await operator.until(lambda: operator.browse.place.kind != "ecs/services", "the board")


async def test_a_range_is_marked_and_all_unmarked(operator: Operator) -> None:
    await services(operator)
    table = operator.browse.table
    await operator.press("N", "g", "j", "space", "j", "j", "j", "ctrl+@")
    names = [row.ref.name for row in table.resources]
    assert [row.ref.name for row in table.marked] == names[1:5]
    await operator.press("ctrl+backslash")
    assert table.marked_count == 0


async def test_names_and_addresses_of_all_marked_are_copied(operator: Operator) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    await operator.press("c")
    assert operator.app.clipboard == "\n".join(NAMES)
    await operator.press("C")
    refs = [row.ref for row in operator.browse.table.marked]
    assert operator.app.clipboard == "\n".join(ref.address for ref in refs)


async def test_rolling_back_is_about_one_and_too_many_are_not_asked_about(
    operator: Operator,
) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    await operator.press("ctrl+l")
    await operator.pilot.pause()
    assert isinstance(operator.app.screen, BrowseScreen)
    notices = [notice.message for notice in operator.app._notifications]
    assert any("about one workload" in notice for notice in notices)
    row = operator.browse.table.marked[0]
    scope = row.ref.scope
    many = [Ref(scope, row.ref.kind, f"made-up-{n}") for n in range(MOST)]
    made = [type(row)(ref=r, health=row.health, status="", cells=row.cells) for r in many]
    operator.browse.table.apply(made)
    await operator.press("asterisk", "r")
    await operator.pilot.pause()
    assert not isinstance(operator.app.screen, ConfirmDialog)
    notices = [notice.message for notice in operator.app._notifications]
    assert any("at most are changed at once" in notice for notice in notices)


async def test_a_marked_resource_that_is_gone_is_said_to_be(
    operator: Operator, sim: SimServer
) -> None:
    await services(operator)
    await marking(operator, *NAMES)
    table = operator.browse.table
    table.apply((), [row.ref for row in table.marked if row.ref.name == "web"])
    await operator.until(lambda: table.marked_count == 2, "two are left")
    told = "web is gone, and no longer marked."
    notices = operator.app._notifications
    await operator.until(lambda: told in [notice.message for notice in notices], "it is said")
    await operator.until(lambda: "2 marked" in operator.seen(), "the header says so")


async def test_read_only_mode_sends_nothing_of_what_is_marked(operator: Operator) -> None:
    await services(operator)
    operator.app.fleet.read_only = True
    await marking(operator, *NAMES)
    await operator.press("r", "s")
    await operator.pilot.pause()
    assert isinstance(operator.app.screen, BrowseScreen)
    assert audited(operator) == []


async def test_help_and_palette_know_the_keys(operator: Operator) -> None:
    await services(operator)
    assert "space Mark" in operator.seen()
    await operator.press("ctrl+p")
    await operator.type("mark all")
    await operator.until(lambda: "Mark all" in operator.seen(), "the palette")
    await operator.press("escape")
    await operator.until(lambda: isinstance(operator.app.screen, BrowseScreen), "it is closed")
    await operator.press("question_mark")
    await operator.until(lambda: isinstance(operator.app.screen, HelpPanel), "help")
    await operator.until(lambda: "Mark all that the filter shows." in operator.seen(), "its keys")
    assert "^space" in operator.seen()
    for _ in range(40):
        if "Unmark every row." in operator.seen():
            break
        await operator.press("down")
    assert "Unmark every row." in operator.seen()
