"""Output without a screen, where something is wrong with what it was pointed at."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from app_help import demo_sources

from backends.base import AwsSource, KubeSource, Sources
from backends.clock import SystemClock
from backends.model import Health
from backends.sim.server import SimServer
from tui.cli import Options
from tui.compose import make_fleet
from tui.config import Config
from tui.plain import print_rows


def sources(directory: Path, *, profile: str = "prod", region: str = "us-east-1") -> Sources:
    config = directory / "aws"
    config.write_text("[profile prod]\nregion = us-east-1\n", encoding="utf-8")
    return Sources(aws=(AwsSource(profile, (region,), config_file=str(config)),))


async def get(
    kind: str, where: Sources, directory: Path, *words: str, output: str = "table"
) -> int:
    fleet = make_fleet(Config(), clock=SystemClock(), state_dir=directory / "state")

    async def given() -> Sources:
        return where

    options = Options("get", Config(), kind=kind, words=words, output=output)
    return await print_rows(fleet, given, options)


async def test_an_unknown_profile_is_named_not_the_kinds_that_it_would_have_had(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get("services", sources(tmp_path, profile="prd"), tmp_path) == 1
    said = capsys.readouterr().err
    assert "there is no profile prd" in said
    assert "prod" in said
    assert "kind" not in said


async def test_an_unknown_region_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get("tasks", sources(tmp_path, region="eu-wset-1"), tmp_path) == 1
    assert "there is no region eu-wset-1" in capsys.readouterr().err


async def test_a_kubeconfig_that_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = Sources(kube=(KubeSource(str(tmp_path / "nowhere")),))
    assert await get("pods", where, tmp_path) == 1
    assert "nowhere" in capsys.readouterr().err


async def test_an_unknown_kind_is_answered_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await get("servces", sources(tmp_path), tmp_path) == 2
    assert "Did you mean services?" in capsys.readouterr().err


async def test_a_filter_that_nothing_passes_is_not_an_empty_fleet(
    sim: SimServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = demo_sources(sim, tmp_path)
    assert await get("services", where, tmp_path, "no-such-service") == 0
    said = capsys.readouterr().out
    assert said.startswith("None of ")
    assert said.endswith(" match the filter.\n")


@pytest.mark.parametrize("kind", ["tasks", "cmsvc", "inst"])
async def test_json_says_the_health_whatever_columns_there_are(
    kind: str, sim: SimServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tasks and Cloud Map have a column about health of their own."""
    assert await get(kind, demo_sources(sim, tmp_path), tmp_path, output="json") == 0
    rows = msgspec.json.decode(capsys.readouterr().out)
    assert rows
    assert {row["health"] for row in rows} <= {health.name.lower() for health in Health}
