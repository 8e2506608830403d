"""What is wrong with the world outside: each costs its own part, and says what to do about it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import msgspec
import pytest
from app_help import Operator, demo_sources, operating

from backends.base import KubeSource, Sources
from backends.board import BOARD_KIND
from backends.model import FeedState, Resource
from backends.sim.blueprint import ACCOUNTS, REGIONS, Blueprint, SimCluster, SimWorkload
from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from widgets.banner import Banner
from widgets.scale_dialog import ScaleDialog
from widgets.too_small import TooSmall

PROD, STAGING = ACCOUNTS
ENDS_IN = f"{STAGING.account_id}/*"
"""Where the faults strike that only the staging account suffers."""

NOT_ALLOWED = (
    "User: arn:aws:iam::444455556666:user/op is not authorized to perform: {action} on resource: *"
)


def workload(name: str, **settings: object) -> SimWorkload:
    made = SimWorkload(name, "shop", desired=2, image="web:1", cpu=256, memory=512)
    return msgspec.structs.replace(made, kind="service", **settings)


def world(*clusters: SimCluster) -> Blueprint:
    return Blueprint(1, "small", ACCOUNTS, REGIONS, clusters)


def scope_rows(operator: Operator, profile: str) -> list[Resource]:
    """Rows of the board that stand for a whole scope instead of a cluster."""
    rows = operator.browse.table.resources
    return [r for r in rows if r.ref.kind == BOARD_KIND.id and r.ref.scope.profile == profile]


@pytest.mark.parametrize(
    ("code", "message", "word", "remedy"),
    [
        (
            "AccessDeniedException",
            NOT_ALLOWED.format(action="ecs:ListClusters"),
            "denied",
            "allow ecs:ListClusters on * for profile acme-staging",
        ),
        ("ExpiredTokenException", "The security token is expired", "expired", "acme-staging"),
        ("UnrecognizedClientException", "The token is invalid.", "expired", "acme-staging"),
    ],
)
async def test_an_account_that_refuses_is_a_row_and_the_others_go_on(
    sim: SimServer, tmp_path: Path, code: str, message: str, word: str, remedy: str
) -> None:
    sim.world.faults.add(
        Fault(action="e*:ListClusters", scope=ENDS_IN, times=-1, code=code, message=message)
    )
    async with operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator:
        await operator.until(lambda: len(scope_rows(operator, STAGING.profile)) >= 3)
        rows = scope_rows(operator, STAGING.profile)
        assert {row.status for row in rows} == {word}
        assert any(remedy in row.reason for row in rows)
        await operator.until(lambda: remedy in operator.seen(), "the remedy on the screen")
        assert not scope_rows(operator, PROD.profile)
        await operator.on_row("shop-prod")
        await operator.press("enter")
        await operator.on_row("web")
        assert operator.browse.query_one(Banner).problem is None


async def test_an_endpoint_that_hangs_or_refuses_holds_nobody_up(
    sim: SimServer, tmp_path: Path
) -> None:
    sim.world.faults.add(Fault(action="*", scope=f"{STAGING.account_id}/us-*", times=-1, hang=True))
    sources = demo_sources(sim, tmp_path)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        refused = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        deaf = msgspec.structs.replace(sources.aws[1], regions=("eu-west-1",), endpoint_url=refused)
        silent = msgspec.structs.replace(sources.aws[1], regions=("us-east-1",))
        sources = msgspec.structs.replace(
            sources, aws=(sources.aws[0], deaf, silent), request_timeout=1.0
        )
        async with operating(sources, tmp_path / "state", size=(200, 40)) as operator:
            await operator.until(
                lambda: (
                    [r.status for r in scope_rows(operator, STAGING.profile)] == ["unreachable"] * 4
                )
            )
            why = " ".join(row.reason for row in scope_rows(operator, STAGING.profile))
            assert refused in why
            assert "within 1 s" in why
            assert "check the network" in operator.seen()
            await operator.on_row("shop-prod")
            await operator.press("enter")
            await operator.on_row("web")


async def test_credentials_that_expire_keep_the_rows_and_come_back_by_themselves(
    sim: SimServer, tmp_path: Path
) -> None:
    async with operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator:
        await operator.on_row("shop-staging")
        await operator.press("enter")
        await operator.on_row("web")
        await operator.until(lambda: operator.browse.source.status().state is FeedState.LIVE)
        before = operator.browse.table.total
        sim.world.faults.add(
            Fault(action="*", scope=ENDS_IN, times=-1, code="ExpiredTokenException", message="old")
        )
        await operator.until(lambda: operator.browse.source.status().problem is not None)
        problem = operator.browse.source.status().problem
        assert problem is not None
        assert problem.code == "expired"
        assert STAGING.profile in problem.remedy
        lost = f"credentials lost: profile {STAGING.profile}"
        await operator.until(lambda: lost in operator.seen())
        await operator.until(lambda: "stale" in operator.seen().splitlines()[0].lower())
        assert operator.browse.table.total == before
        current = operator.browse.table.current
        assert current is not None
        assert current.ref.name == "web"
        sim.world.faults.clear()
        await operator.until(lambda: operator.browse.source.status().state is FeedState.LIVE)
        await operator.until(lambda: lost not in operator.seen())


async def test_a_profile_that_has_not_logged_in_is_told_the_command(
    sim: SimServer, tmp_path: Path
) -> None:
    sources = demo_sources(sim, tmp_path)
    config = Path(sources.aws[0].config_file)
    with config.open("a") as file:
        file.write(
            "\n[sso-session corp]\nsso_region = us-east-1\n"
            "sso_start_url = https://corp.awsapps.com/start\n"
            "[profile laptop]\nsso_session = corp\nsso_account_id = 444455556666\n"
            "sso_role_name = Operator\nregion = us-east-1\n"
        )
    laptop = msgspec.structs.replace(sources.aws[1], profile="laptop", regions=("us-east-1",))
    sources = msgspec.structs.replace(sources, aws=(sources.aws[0], laptop))
    async with operating(sources, tmp_path / "state", size=(200, 40)) as operator:
        await operator.until(
            lambda: [r.status for r in scope_rows(operator, "laptop")] == ["expired"] * 2
        )
        await operator.until(lambda: "aws sso login --profile laptop" in operator.seen())
        await operator.on_row("shop-prod")


async def test_an_empty_account_says_so(tmp_path: Path) -> None:
    async with (
        SimServer(layout=world()) as sim,
        operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator,
    ):
        await operator.until(lambda: "No clusters" in operator.seen())
        await operator.press("colon")
        await operator.type("services")
        await operator.press("enter")
        await operator.until(lambda: operator.browse.place.kind == "ecs/services")
        await operator.until(lambda: "There are no services, since" in operator.seen())


async def test_a_cluster_without_services_says_so(tmp_path: Path) -> None:
    bare = SimCluster("ecs", "bare", PROD, "us-east-1", ())
    hollow = SimCluster("eks", "hollow", PROD, "us-east-1", (), version="1.36")
    async with (
        SimServer(layout=world(bare, hollow)) as sim,
        operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator,
    ):
        await operator.on_row("bare")
        await operator.press("enter")
        await operator.until(lambda: "This cluster has no services" in operator.seen())
        await operator.press("d", "l", "s", "r", "u", "enter", "escape")
        await operator.on_row("hollow")
        await operator.press("enter")
        await operator.until(lambda: "No deployment, stateful set" in operator.seen())


async def test_a_scale_that_is_denied_says_what_is_missing_and_is_sent_once(
    sim: SimServer, tmp_path: Path
) -> None:
    message = NOT_ALLOWED.format(action="ecs:UpdateService")
    sim.world.faults.add(
        Fault(action="ecs:UpdateService", times=-1, code="AccessDeniedException", message=message)
    )
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", notices=True) as operator:
        await operator.on_row("shop-prod")
        await operator.press("enter")
        await operator.on_row("cart")
        await operator.press("s")
        await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
        await operator.until(lambda: "desired" in operator.seen().lower())
        await operator.press("up", "enter", "y")
        await operator.until(lambda: "allow ecs:UpdateService" in operator.seen())
        path = operator.state / "audit.jsonl"
        await operator.until(lambda: len(path.read_text().splitlines()) == 2)
        phases = [json.loads(line)["phase"] for line in path.read_text().splitlines()]
        assert phases[0] == "sending"
        assert phases[1] != "accepted"
        assert sim.world.faults.calls["ecs:UpdateService"] == 1
        assert operator.browse.table.has_focus


async def test_a_terminal_that_becomes_small_and_large_again_keeps_its_place(
    operator: Operator,
) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("catalog")
    screen = operator.browse
    await operator.pilot.resize_terminal(60, 20)
    await operator.until(lambda: isinstance(operator.app.screen, TooSmall))
    await operator.until(lambda: "80x24" in operator.seen())
    await operator.press("s", "down", "enter")
    await operator.pilot.resize_terminal(120, 40)
    await operator.until(lambda: operator.app.screen is screen)
    current = screen.table.current
    assert current is not None
    assert current.ref.name == "catalog"
    assert screen.table.has_focus


async def test_a_dialog_survives_a_terminal_that_is_too_small_for_a_while(
    operator: Operator,
) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("catalog")
    await operator.press("s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
    dialog, focused = operator.app.screen, operator.app.focused
    await operator.pilot.resize_terminal(60, 20)
    await operator.until(lambda: isinstance(operator.app.screen, TooSmall))
    await operator.pilot.resize_terminal(120, 40)
    await operator.until(lambda: operator.app.screen is dialog)
    assert operator.app.focused is focused
    await operator.press("escape")
    await operator.until(lambda: operator.app.screen is not dialog)
    assert operator.browse.table.has_focus


async def test_a_context_that_is_unreachable_stands_beside_one_that_works(
    sim: SimServer, tmp_path: Path
) -> None:
    path = sim.write_kubeconfig(tmp_path / "kubeconfig")
    text = path.read_text()
    gone = sim.kubernetes_endpoints["search-prod"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        path.write_text(text.replace(f"server: {gone}\n", f"server: {refused}\n"))
        sources = Sources(kube=(KubeSource(str(path)),), request_timeout=2.0)
        async with operating(sources, tmp_path / "state", size=(200, 40)) as operator:

            def status(name: str) -> str:
                rows = operator.browse.table.resources
                return " ".join(f"{r.status}: {r.reason}" for r in rows if r.ref.name == name)

            await operator.until(lambda: "unreachable" in status("search-prod"), "its word")
            assert refused.removeprefix("http://") in status("search-prod")
            await operator.until(lambda: "unreachable" in operator.seen())
            await operator.on_row("search-prod")
            await operator.press("enter")
            await operator.until(lambda: operator.browse.place.kind == "k8s/workloads")
            await operator.until(lambda: "refuses connections" in operator.seen())
            await operator.press("escape")
            await operator.on_row("payments-prod")
            await operator.press("enter")
            await operator.on_row("ledger")


async def test_read_only_says_so_and_sends_nothing(sim: SimServer, tmp_path: Path) -> None:
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", read_only=True) as operator:
        await operator.on_row("shop-prod")
        await operator.press("enter")
        await operator.on_row("web")
        await operator.until(lambda: "read-only" in operator.seen().lower())
        await operator.press("s", "r")
        await operator.pilot.pause()
        assert operator.browse.table.has_focus
        await operator.press("colon")
        await operator.type("readonly")
        await operator.press("enter")
        await operator.until(lambda: "--read-only" in operator.seen())
        assert operator.app.fleet.read_only
        assert sim.world.faults.calls["ecs:UpdateService"] == 0


async def test_a_log_that_was_refused_says_so_until_it_is_asked_for_again(
    sim: SimServer, tmp_path: Path
) -> None:
    refused = Fault(
        action="k8s:get deployments", times=-1, code="Forbidden", status=403, message="not yours"
    )
    sim.world.faults.add(refused)
    async with operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator:
        screen = await operator.open_log("payments-prod", "ledger")
        await operator.until(lambda: "ledger (ended" in operator.seen())
        await operator.until(lambda: "ctrl-r asks again" in operator.seen())
        why, end = (operator.seen().rindex(text) for text in ("not yours", "ctrl-r asks again"))
        assert why < end
        await operator.press("m")  # whatever happens next, the reason stays
        await operator.until(lambda: "mark " in operator.seen())
        assert "not yours" in str(screen.query_one(Banner).problem)
        sim.world.faults.clear()
        await operator.press("ctrl+r")
        await operator.until(lambda: screen.pane.live and screen.pane.held > 20)
        await operator.until(lambda: "ledger (following" in operator.seen())
        assert screen.query_one(Banner).problem is None


async def test_a_log_and_a_description_that_are_refused_say_why(
    sim: SimServer, tmp_path: Path
) -> None:
    async with operating(demo_sources(sim, tmp_path), tmp_path / "state") as operator:
        await operator.on_row("shop-prod")
        await operator.press("enter")
        await operator.on_row("web")
        for action in ("logs:FilterLogEvents", "ecs:DescribeServices"):
            message = NOT_ALLOWED.format(action=action)
            code = "AccessDeniedException"
            sim.world.faults.add(Fault(action=action, times=-1, code=code, message=message))
        await operator.press("l")
        await operator.until(lambda: isinstance(operator.app.screen, LogScreen))
        await operator.until(lambda: "allow logs:FilterLogEvents" in operator.seen())
        await operator.press("escape", "d")
        await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
        await operator.until(lambda: "allow ecs:DescribeServices" in operator.seen())
