"""What users do, by keys, over the simulator: drill, filter, scale, restart, tail."""

from __future__ import annotations

import json

import pytest
from app_help import Operator

from backends.model import Health
from backends.sim.server import SimServer
from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from widgets.confirm_dialog import ConfirmDialog
from widgets.filter_bar import FilterBar
from widgets.scale_dialog import ScaleDialog


async def test_the_board_fills_with_ecs_and_eks_clusters(operator: Operator) -> None:
    names = {"shop-prod", "media-prod", "batch-prod", "shop-staging"}
    names |= {"payments-prod", "search-prod", "platform-staging"}
    await operator.until(lambda: names <= {row.ref.name for row in operator.app.board.rows})
    await operator.until(lambda: operator.app.board.settled)
    assert {row.ref.name for row in operator.app.board.rows} == names


async def test_enter_drills_to_tasks_and_esc_comes_back_to_the_same_row(
    operator: Operator,
) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/tasks")
    await operator.until(lambda: operator.browse.table.total > 0, "tasks of web")
    parents = {parent.name for row in operator.browse.table.resources for parent in row.parents}
    assert "web" in parents
    assert "checkout" not in parents
    await operator.press("escape")
    current = operator.browse.table.current
    assert current is not None
    assert current.ref.name == "web"
    await operator.press("escape")
    current = operator.browse.table.current
    assert current is not None
    assert current.ref.name == "shop-prod"


async def test_pods_are_reached_from_an_eks_cluster(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "k8s/workloads")
    await operator.on_row("ledger")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "k8s/pods")
    await operator.until(lambda: operator.browse.table.total > 0, "pods of ledger")
    assert all(row.ref.name.startswith("ledger-") for row in operator.browse.table.resources)


async def test_a_command_shows_a_kind_of_every_cluster(operator: Operator) -> None:
    await operator.on_row("search-prod")
    await operator.press("colon")
    await operator.type("svc web")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/services")
    await operator.until(lambda: operator.browse.table.shown == 2, "web of two clusters")
    clusters = {row.ref.scope.cluster for row in operator.browse.table.resources}
    assert clusters == {"shop-prod", "shop-staging"}


async def test_an_unknown_command_keeps_the_line_open_and_helps(operator: Operator) -> None:
    await operator.on_row("search-prod")
    await operator.press("colon")
    await operator.type("podz")
    await operator.press("enter")
    await operator.until(lambda: "Did you mean pod" in operator.seen())
    await operator.press("escape")
    assert operator.browse.table.has_focus


async def test_a_filter_narrows_and_esc_clears_it_first(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("slash")
    await operator.type("shop")
    await operator.until(lambda: operator.browse.table.shown == 2)
    await operator.press("enter")
    assert operator.browse.table.has_focus
    await operator.press("escape")
    assert operator.browse.query_one(FilterBar).text == ""
    assert operator.browse.table.shown == operator.browse.table.total


async def test_scaling_a_service_asks_requests_and_shows_the_rollout(
    operator: Operator, sim: SimServer
) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("cart")
    row = operator.browse.table.current
    assert row is not None
    wanted = (row.desired or 0) + 2
    await operator.press("s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
    assert row.ref.scope.account in operator.seen()
    await operator.press("up", "up", "enter")
    focused = operator.app.focused
    assert focused is not None
    assert focused.id == "cancel"
    await operator.press("y")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref == row.ref)
    lines = (operator.state / "audit.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["phase"] for entry in entries] == ["sending", "accepted"]
    assert entries[0]["operation"]["desired"] == wanted

    def converged() -> bool:
        now = operator.browse.table.find(row.ref)
        return now is not None and now.ready == wanted and now.desired == wanted

    await operator.until(converged, "all new tasks running")


async def test_cancelling_is_the_default_and_changes_nothing(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmDialog))
    await operator.press("enter")
    await operator.until(lambda: not isinstance(operator.app.screen, ConfirmDialog))
    assert not (operator.state / "audit.jsonl").exists()


async def test_a_deployment_restarts_and_its_rollout_settles(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("enter")
    await operator.on_row("ledger")
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmDialog))
    await operator.press("y")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref is not None and pane.settled, "the rollout settled")
    assert '"restart"' in (operator.state / "audit.jsonl").read_text()


async def test_logs_of_a_service_arrive_and_are_filtered(operator: Operator) -> None:
    pane = (await operator.open_log("shop-prod", "web", lines=20)).pane
    await operator.press("slash")
    await operator.type("!zzzz-not-there")
    await operator.until(lambda: pane.matched > 20)
    await operator.press("escape", "escape", "escape")
    await operator.until(lambda: not isinstance(operator.app.screen, LogScreen))


async def test_logs_of_a_pod_arrive(operator: Operator) -> None:
    await operator.open_log("payments-prod", "ledger", lines=20)


async def test_describe_and_document_are_shown(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press("d")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    await operator.until(lambda: "Deployments" in operator.seen())
    await operator.press("y")
    await operator.until(lambda: "serviceName: web" in operator.seen())
    await operator.press("J")
    await operator.until(lambda: '"serviceName": "web"' in operator.seen())


async def test_cloud_map_is_browsed_to_an_instance_and_on_to_its_task(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.until(lambda: operator.app.board.settled)
    await operator.press("colon")
    await operator.type("cloudmap")
    await operator.press("enter")
    await operator.on_row("shop.local")
    await operator.press("enter")
    await operator.on_row("web")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "cloudmap/instances")
    await operator.until(lambda: operator.browse.table.total > 0, "instances")
    await operator.press("u")
    await operator.until(lambda: " task " in operator.seen(), "a task behind the instance")
    await operator.press("enter")
    await operator.until(lambda: getattr(operator.app.screen, "place", None) is not None)
    await operator.until(lambda: operator.browse.place.kind == "ecs/tasks")
    wanted = operator.browse.place.cursor
    await operator.until(lambda: operator.browse.table.cursor_ref == wanted, "its row chosen")


async def test_read_only_greys_what_changes(sim: SimServer, operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("web")
    operator.app.fleet.read_only = True
    await operator.press("s")
    await operator.pilot.pause()
    assert not isinstance(operator.app.screen, ScaleDialog)
    assert operator.browse.check_action("scale", ()) is None


async def test_history_goes_back_and_forward(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/services")
    await operator.press("left_square_bracket")
    assert operator.browse.place.kind == "fleet/clusters"
    await operator.press("right_square_bracket")
    await operator.until(lambda: operator.browse.place.kind == "ecs/services")


async def test_trouble_comes_first_on_the_board(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.until(lambda: operator.app.board.settled)
    operator.browse.source.flush()
    rows = operator.browse.table.resources
    health = [row.health for row in rows]
    assert health == sorted(health, reverse=True)
    assert health[0] > Health.OK


async def test_the_palette_goes_to_a_cluster(operator: Operator) -> None:
    await operator.on_row("payments-prod")
    await operator.press("ctrl+p")
    await operator.type("go to payments")
    await operator.until(lambda: "Go to payments-prod" in operator.seen())
    await operator.press("enter")
    await operator.until(lambda: getattr(operator.app.screen, "place", None) is not None)
    await operator.until(lambda: operator.browse.place.kind == "k8s/workloads")


async def test_a_log_begins_anew_with_another_window_and_is_saved(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.screens.logs.state_folder", lambda: operator.state)
    screen = await operator.open_log("shop-prod", "web", lines=20)
    await operator.press("1")
    await operator.until(lambda: screen.request.head == 500)
    await operator.until(lambda: screen.pane.held >= 500 and "The end." in operator.seen())
    await operator.press("ctrl+s")
    await operator.until(lambda: list((operator.state / "logs").glob("web-*.log")))
    (saved,) = (operator.state / "logs").glob("web-*.log")
    await operator.until(lambda: len(saved.read_text().splitlines()) >= 500)


async def test_commands_sort_change_the_theme_and_switch_read_only(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    operator.browse.run_command("sort -desired")
    assert (operator.browse.table.sort_key, operator.browse.table.sort_reverse) == ("desired", True)

    def in_order() -> bool:  # counts still come in, and rows go to their places with the next frame
        wanted = [row.desired or 0 for row in operator.browse.table.resources]
        return wanted[0] > 0 and wanted == sorted(wanted, reverse=True)

    await operator.until(in_order, "the largest on top")
    operator.browse.run_command("theme topdeck-light")
    assert operator.app.theme == "topdeck-light"
    operator.browse.run_command("readonly")
    assert operator.app.fleet.read_only
    await operator.until(lambda: "READ-ONLY" in operator.seen())
