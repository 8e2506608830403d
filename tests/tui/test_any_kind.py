"""Kinds that only a cluster knows: opened by `:`, filtered, described, live, all by keys."""

from __future__ import annotations

import base64
from pathlib import Path

import aiohttp
import pytest
from app_help import Operator, demo_sources, operating

from backends.model import Health
from backends.sim.kube_world import kinds
from backends.sim.kube_world.trouble import Trouble
from backends.sim.server import SimServer
from tui.screens.detail import DetailScreen
from widgets.command_bar import CommandBar
from widgets.completion_list import Completions
from widgets.detail_pane import DetailPane
from widgets.document_view import DocumentView

CLUSTER = "payments-prod"
CERTIFICATES = "k8s/certificates.cert-manager.io"
MERGE = {"Content-Type": "application/merge-patch+json"}


async def in_cluster(operator: Operator, name: str = CLUSTER) -> None:
    """Go into a Kubernetes cluster from the board."""
    await operator.until(lambda: operator.app.board.settled, "the board")
    await operator.on_row(name)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.cluster is not None, "the cluster")


async def opened(operator: Operator, text: str, kind: str) -> None:
    """Enter a command, and wait for rows of a kind."""
    await operator.press("colon")
    await operator.type(text)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == kind, kind)
    await operator.until(lambda: operator.browse.table.total, f"rows of {kind}")


def titles(operator: Operator) -> list[str]:
    return [column.title for column in operator.browse.source.columns]


def of(operator: Operator, name: str, title: str) -> object:
    """Return the cell of a row under a title."""
    row = next(r for r in operator.browse.table.resources if r.ref.name == name)
    return operator.browse.source.project(row)[titles(operator).index(title)]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("certificates", CERTIFICATES),
        ("certificate", CERTIFICATES),
        ("cert", CERTIFICATES),
        ("certificates.cert-manager.io", CERTIFICATES),
        ("certs.cert-manager", CERTIFICATES),
        (CERTIFICATES, CERTIFICATES),
        ("cm", "k8s/configmaps"),
        ("ingresses", "k8s/ingresses.networking.k8s.io"),
    ],
)
async def test_a_kind_opens_by_any_of_its_names(operator: Operator, word: str, kind: str) -> None:
    await in_cluster(operator)
    await opened(operator, word, kind)
    assert {r.ref.scope.cluster for r in operator.browse.table.resources} == {CLUSTER}
    assert titles(operator)[:2] == ["Name", "Namespace"]


async def test_the_columns_are_the_servers_and_wide_ones_wait(operator: Operator) -> None:
    await in_cluster(operator)
    await opened(operator, "certs", CERTIFICATES)
    columns = {column.title: column for column in operator.browse.source.columns}
    assert list(columns) == [
        "Name", "Namespace", "Ready", "Secret", "Issuer", "Status", "Age", "Why"
    ]  # fmt: skip
    assert columns["Issuer"].wide
    assert not columns["Secret"].wide
    row = next(r for r in operator.browse.table.resources if r.ref.name == "ledger-tls")
    assert of(operator, "ledger-tls", "Ready") == "True"
    assert of(operator, "ledger-tls", "Age") == row.created
    assert {r.health for r in operator.browse.table.resources} == {Health.UNKNOWN}


async def test_wide_columns_wait_until_there_is_room(sim: SimServer, tmp_path: Path) -> None:
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", size=(80, 30)) as operator:
        await in_cluster(operator)
        await opened(operator, "certs", CERTIFICATES)
        await operator.until(lambda: "ledger-tls" in operator.seen(), "rows")
        assert "Certif" not in operator.seen()
        await operator.press("ctrl+w")
        await operator.until(lambda: "Certif" in operator.seen(), "wide columns")


async def test_designed_columns_win_over_the_table(operator: Operator) -> None:
    await in_cluster(operator)
    await opened(operator, "cm", "k8s/configmaps")  # the cluster's own kinds are known by now
    await opened(operator, "deployments.apps", "k8s/deployments")
    await opened(operator, "po", "k8s/pods")


async def test_services_within_a_cluster_are_its_own(operator: Operator) -> None:
    await in_cluster(operator)
    await opened(operator, "svc", "k8s/services")
    assert titles(operator)[2:-1] == [
        "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector"
    ]  # fmt: skip
    await operator.press("escape", "escape")
    await opened(operator, "svc", "ecs/services")


async def test_a_cluster_that_was_not_asked_yet_is_asked_before_another_family_is_meant(
    operator: Operator,
) -> None:
    await in_cluster(operator)
    operator.browse.run_command("services")  # as the palette does: nothing was typed before
    await operator.until(lambda: operator.browse.place.kind == "k8s/services", "its services")


async def test_rows_are_live_and_say_what_is_going(operator: Operator, sim: SimServer) -> None:
    await in_cluster(operator)
    await opened(operator, "certs", CERTIFICATES)
    spot = f"{sim.kubernetes_endpoints[CLUSTER]}/apis/cert-manager.io/v1/namespaces"
    row = next(r for r in operator.browse.table.resources if r.ref.name == "ledger-tls")
    url = f"{spot}/{row.ref.scope.namespace}/certificates/ledger-tls"
    async with aiohttp.ClientSession() as session:
        patch = '{"spec": {"secretName": "moved"}}'
        async with session.patch(url, data=patch, headers=MERGE) as answer:
            assert answer.status == 200
        await operator.until(lambda: of(operator, "ledger-tls", "Secret") == "moved", "the patch")
        async with session.delete(url) as answer:
            assert answer.status == 200
    table = operator.browse.table
    await operator.until(lambda: not [r for r in table.resources if r.ref == row.ref], "deletion")


async def test_the_filter_knows_the_servers_columns_and_keeps(operator: Operator) -> None:
    await in_cluster(operator)
    await operator.press("colon")
    await operator.type("certs secret:ledger")
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == CERTIFICATES)
    await operator.until(lambda: operator.browse.table.shown == 1, "one row")
    assert operator.browse.table.total > 1
    assert operator.browse.table.note == ""
    assert operator.browse.table.current is not None
    assert operator.browse.table.current.ref.name == "ledger-tls"


async def test_d_and_y_show_the_object(operator: Operator) -> None:
    await in_cluster(operator)
    await opened(operator, "certs", CERTIFICATES)
    await operator.on_row("ledger-tls")
    await operator.press("d")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    pane = operator.app.screen.query_one(DetailPane)
    await operator.until(lambda: "issuerRef.name" in pane.text, "its spec")
    assert "letsencrypt" in pane.text
    assert "Certificate is up to date" in pane.text
    await operator.press("y")
    document = operator.app.screen.query_one(DocumentView)
    await operator.until(lambda: "kind: Certificate" in document.text, "the YAML")
    assert "managedFields" not in document.text


async def test_no_view_shows_a_value_of_a_secret(operator: Operator, sim: SimServer) -> None:
    state = sim.world.kube[CLUSTER].state
    secret = next(v.doc for v in state.of(kinds.SECRETS).select() if v.name == "ledger-tls")
    value = secret["data"]["tls.key"]
    applied = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"data": "{value}"}}'}
    meta = {**secret["metadata"], "annotations": applied}
    state.put(kinds.SECRETS, {**secret, "metadata": meta})
    await in_cluster(operator)
    await opened(operator, "secrets", "k8s/secrets")
    await operator.on_row("ledger-tls")
    await operator.press("y")
    await operator.until(lambda: isinstance(operator.app.screen, DetailScreen))
    document = operator.app.screen.query_one(DocumentView)
    await operator.until(lambda: "tls.key" in document.text, "the YAML")
    assert "hidden, 48 bytes" in document.text
    shown = [document.text]
    await operator.press("J")
    await operator.until(lambda: '"tls.key"' in document.text, "the JSON")
    shown.append(document.text)
    await operator.press("d")
    shown += [operator.app.screen.query_one(DetailPane).text, operator.seen()]
    assert "tls.key" in shown[2]
    secretive = (value, value[:12], base64.b64decode(value).hex()[:12])
    assert not [text for text in shown if any(part in text for part in secretive)]


async def test_the_pane_describes_rows_as_the_cursor_moves(operator: Operator) -> None:
    await in_cluster(operator)
    await opened(operator, "cm", "k8s/configmaps")
    await operator.on_row("ledger-config")
    await operator.press("v")
    pane = operator.browse.query_one("#pane", DetailPane)
    await operator.until(lambda: "log-level" in pane.text, "its keys")


async def test_an_unknown_word_is_answered_with_the_nearest_of_the_cluster(
    operator: Operator,
) -> None:
    await in_cluster(operator)
    await operator.press("colon")
    await operator.type("certificats")
    await operator.press("enter")
    bar = operator.browse.query_one(CommandBar)
    error = bar.query_one(".command-error")
    await operator.until(lambda: bar.is_open and error.display, "an error")
    said = str(error.render())
    assert "Did you mean certificate" in said
    assert "configmaps" not in said  # of many kinds only the number is told


async def test_the_command_bar_completes_kinds_of_the_cluster(operator: Operator) -> None:
    await in_cluster(operator)
    await operator.press("colon")
    await operator.type("ingr")
    shown = operator.browse.query_one(Completions)
    await operator.until(lambda: "ingresses" in str(shown.render()), "the completion")
    await operator.press("tab", "enter")
    await operator.until(
        lambda: operator.browse.place.kind == "k8s/ingresses.networking.k8s.io", "ingresses"
    )


async def test_from_the_board_a_kind_is_shown_of_every_cluster(operator: Operator) -> None:
    await operator.until(lambda: operator.app.board.settled, "the board")
    await operator.until(lambda: len(operator.app.board.clusters) == 7, "all clusters")
    await opened(operator, "certificates", CERTIFICATES)

    def clusters() -> set[str]:
        return {row.ref.scope.cluster for row in operator.browse.table.resources}

    await operator.until(lambda: len(clusters()) == 3, "three clusters")
    assert "Cluster" in titles(operator)
    assert of(operator, "ledger-tls", "Cluster") == CLUSTER


async def test_a_cluster_is_named_after_at(operator: Operator) -> None:
    await operator.until(lambda: len(operator.app.board.clusters) == 7, "all clusters")
    await opened(operator, "svc @search-prod", "k8s/services")
    assert {r.ref.scope.cluster for r in operator.browse.table.resources} == {"search-prod"}


async def test_a_discovery_that_fails_costs_its_cluster_only(
    operator: Operator, sim: SimServer
) -> None:
    await operator.until(lambda: len(operator.app.board.clusters) == 7, "all clusters")
    sim.world.kube["search-prod"].trouble.make(Trouble(times=-1, hang=True))
    await opened(operator, "certificates", CERTIFICATES)
    await operator.until(
        lambda: (
            {CLUSTER, "platform-staging"}
            <= {row.ref.scope.cluster for row in operator.browse.table.resources}
        ),
        "the others' rows",
    )
