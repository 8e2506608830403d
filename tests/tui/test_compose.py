"""Putting it together: one source that can't be used costs only itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from app_help import demo_sources

from backends.base import AwsSource, Invalid, KubeSource, Sources
from backends.sim.server import SimServer
from tui.compose import attach_backends, make_fleet
from tui.config import Config


async def test_a_misspelt_profile_leaves_the_others_alone(sim: SimServer, tmp_path: Path) -> None:
    good = demo_sources(sim, tmp_path)
    wrong = msgspec.structs.replace(good.aws[0], profile="acme-prdo")
    fleet = make_fleet(Config(), state_dir=tmp_path / "state")

    async def given() -> Sources:
        return msgspec.structs.replace(good, aws=(wrong, good.aws[1]))

    await attach_backends(fleet, given)
    profiles = {query.scope.profile for query in fleet.roots}
    assert profiles == {"acme-staging"}
    assert any("acme-prdo" in problem.message for problem in fleet.failures)
    assert any("acme-prod" in problem.message + problem.remedy for problem in fleet.failures)
    await fleet.close()


async def test_an_unknown_context_leaves_the_others_alone(sim: SimServer, tmp_path: Path) -> None:
    path = sim.write_kubeconfig(tmp_path / "kubeconfig")
    fleet = make_fleet(Config(), state_dir=tmp_path / "state")

    async def given() -> Sources:
        return Sources(kube=(KubeSource(str(path), ("search-prod", "absent")),))

    await attach_backends(fleet, given)
    assert {query.scope.profile for query in fleet.roots} == {"search-prod"}
    assert any("absent" in problem.message for problem in fleet.failures)
    await fleet.close()


async def test_nothing_to_look_at_is_said(tmp_path: Path) -> None:
    fleet = make_fleet(Config(), state_dir=tmp_path / "state")

    async def given() -> Sources:
        return Sources()

    with pytest.raises(Invalid, match="no AWS profile and no kubeconfig context"):
        await attach_backends(fleet, given)


async def test_every_profile_being_wrong_leaves_an_empty_fleet_that_says_why(
    tmp_path: Path,
) -> None:
    fleet = make_fleet(Config(), state_dir=tmp_path / "state")
    (tmp_path / "config").write_text("[profile real]\nregion = us-east-1\n")
    source = AwsSource("unreal", config_file=str(tmp_path / "config"))

    async def given() -> Sources:
        return Sources(aws=(source,))

    await attach_backends(fleet, given)
    assert not fleet.roots
    assert any("unreal" in problem.message for problem in fleet.failures)
    await fleet.close()
