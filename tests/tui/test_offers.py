"""Words for kinds that only clusters know, on the command line and without a screen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from app_help import demo_sources

from backends.base import KubeSource, Sources
from backends.clock import SystemClock
from backends.model import Column, FeedState, FeedStatus, Kind, Problem
from backends.sim.server import SimServer
from tui.cli import Options
from tui.commands import CommandError, Vocabulary
from tui.compose import make_fleet
from tui.config import Config
from tui.plain import print_rows
from tui.row_status import combine

NAME = (Column("name", "Name"),)
DESIGNED = (
    Kind("ecs/services", "Services", "service", NAME, aliases=("services", "svc")),
    Kind("k8s/pods", "Pods", "pod", NAME, aliases=("pods", "po")),
    Kind("k8s/deployments", "Deployments", "deployment", NAME, aliases=("deploy",), group="apps"),
)
OFFERED = (
    Kind("k8s/services", "Services", "service", NAME, aliases=("services", "svc")),
    Kind("k8s/pods.metrics.k8s.io", "Pods", "pod", NAME, aliases=("pods",), group="metrics.k8s.io"),
    Kind("k8s/crontabs.a.example.com", "CronTabs", "crontab", NAME, aliases=("crontabs", "ct"),
         group="a.example.com"),
    Kind("k8s/crontabs.b.example.com", "CronTabs", "crontab", NAME, aliases=("crontabs", "ct"),
         group="b.example.com"),
)  # fmt: skip
WORDS = Vocabulary(DESIGNED, OFFERED)


@pytest.mark.parametrize(
    ("word", "family", "kind"),
    [
        ("crontabs", "k8s", "k8s/crontabs.a.example.com"),
        ("ct", "k8s", "k8s/crontabs.a.example.com"),
        ("CronTab", "k8s", "k8s/crontabs.a.example.com"),
        ("ct.b.example.com", "k8s", "k8s/crontabs.b.example.com"),
        ("crontab.b", "k8s", "k8s/crontabs.b.example.com"),
        ("crontabs.b.example.com", "", "k8s/crontabs.b.example.com"),
        ("k8s/crontabs.b.example.com", "ecs", "k8s/crontabs.b.example.com"),
        ("pods", "k8s", "k8s/pods"),
        ("pods.metrics.k8s.io", "k8s", "k8s/pods.metrics.k8s.io"),
        ("deployments.apps", "k8s", "k8s/deployments"),
        ("deploy.apps", "ecs", "k8s/deployments"),
        ("svc", "k8s", "k8s/services"),
        ("svc", "ecs", "ecs/services"),
    ],
)
def test_a_word_names_a_kind_alone_or_with_its_group(word: str, family: str, kind: str) -> None:
    assert WORDS.kind(word, family).id == kind


@pytest.mark.parametrize("word", ["crontabs.c", "crontabs.", ".apps", "deployments.extensions"])
def test_a_group_that_nobody_serves_names_nothing(word: str) -> None:
    with pytest.raises(CommandError):
        WORDS.kind(word, "k8s")


def test_an_unknown_word_is_answered_with_few_names_and_the_nearest_of_all() -> None:
    with pytest.raises(CommandError) as error:
        WORDS.kind("crontbas")
    said = str(error.value)
    assert "Did you mean crontabs?" in said
    assert said.endswith("deployments, pods, services, and 4 more that clusters have.")


def absent(name: str) -> FeedStatus:
    problem = Problem("not-found", "list x", f"{name} serves no x", "look")
    return FeedStatus(FeedState.LIVE, 5.0, problem)


def test_that_one_of_several_clusters_lacks_a_kind_is_worth_no_word() -> None:
    live = FeedStatus(FeedState.LIVE, 5.0)
    assert combine([live, absent("a")], 9.0).problem is None
    assert combine([absent("a"), absent("b")], 9.0).problem == absent("a").problem
    stale = FeedStatus(FeedState.STALE, 5.0, Problem("denied", "list", "no", "ask"))
    assert combine([absent("a"), stale], 9.0).problem == stale.problem


# Without a screen.


@pytest.fixture
def kube_only(sim: SimServer, tmp_path: Path) -> Sources:
    path = sim.write_kubeconfig(tmp_path / "kubeconfig")
    return Sources(kube=(KubeSource(str(path), ("payments-prod", "search-prod")),))


async def get(where: Sources, directory: Path, kind: str, *words: str, output: str = "") -> int:
    fleet = make_fleet(Config(), clock=SystemClock(), state_dir=directory / "state")

    async def given() -> Sources:
        return where

    options = Options("get", Config(), kind=kind, words=words, output=output or "table")
    return await print_rows(fleet, given, options)


async def test_get_prints_the_servers_columns(
    kube_only: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get(kube_only, tmp_path, "certs", "ledger") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "CLUSTER", "REGION", "NAMESPACE", "READY", "SECRET", "AGE"]
    assert line.split()[0] == "ledger-tls"
    assert "True" in line.split()


async def test_get_as_json_has_every_column_by_key(
    kube_only: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get(kube_only, tmp_path, "certificates.cert-manager.io", output="json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["cluster"] for row in rows} == {"payments-prod", "search-prod"}
    ledger = next(row for row in rows if row["name"] == "ledger-tls")
    assert ledger["issuer"] == "letsencrypt"
    assert ledger["health"] == "unknown"
    assert ledger["kind"] == "k8s/certificates.cert-manager.io"


async def test_services_are_those_of_kubernetes_where_only_contexts_are_looked_at(
    kube_only: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get(kube_only, tmp_path, "services") == 0
    assert "CLUSTER-IP" in capsys.readouterr().out


async def test_services_are_those_of_ecs_where_profiles_are(
    sim: SimServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get(demo_sources(sim, tmp_path), tmp_path, "services") == 0
    assert "CLUSTER-IP" not in capsys.readouterr().out


async def test_a_word_that_no_cluster_knows_is_a_mistake(
    kube_only: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get(kube_only, tmp_path, "certficates") == 2
    said = capsys.readouterr().err
    assert "Did you mean certificates?" in said


@pytest.mark.parametrize("word", ["quit", "theme"])
async def test_an_action_is_no_kind(
    kube_only: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert await get(kube_only, tmp_path, word) == 2
    assert word in capsys.readouterr().err
