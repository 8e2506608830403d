"""Commands that name a cluster before it has been found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_help import Operator, demo_sources, operating

from backends.sim.faults import Fault
from backends.sim.server import SimServer
from tui.screens.browse import BrowseScreen


@asynccontextmanager
async def told_early(
    sim: SimServer, folder: Path, command: str, listing: str = "ecs:ListClusters"
) -> AsyncIterator[Operator]:
    """Give a command while clusters are being listed, which takes some seconds."""
    sim.world.faults.add(Fault(action=listing, times=-1, delay=3.0))
    async with operating(demo_sources(sim, folder), folder / "state") as operator:
        await operator.press("colon", *command, "enter")
        assert not operator.app.board.surveyed
        yield operator


@pytest.mark.parametrize("listing", ["ecs:ListClusters", "ecs:DescribeClusters"])
async def test_a_command_waits_for_the_cluster_that_it_names(
    sim: SimServer, tmp_path: Path, listing: str
) -> None:
    async with told_early(sim, tmp_path, "svc @shop-prod", listing) as operator:
        assert all(one.ref.name != "shop-prod" for one in operator.app.board.clusters)
        await operator.on_row("web")
        assert operator.browse.place.crumbs[-1] == "shop-prod"


async def test_a_cluster_that_is_not_there_is_told_once_all_have_been_found(
    sim: SimServer, tmp_path: Path
) -> None:
    async with told_early(sim, tmp_path, "svc @nowhere") as operator:
        await operator.until(lambda: "No cluster with services is called" in operator.seen())
        assert operator.app.board.surveyed
        assert "shop-prod" in operator.seen()


async def test_another_command_takes_the_place_of_one_that_waits(
    sim: SimServer, tmp_path: Path
) -> None:
    async with told_early(sim, tmp_path, "svc @shop-prod") as operator:
        await operator.press("escape")
        await operator.press("colon", *"tasks @shop-prod", "enter")
        await operator.until(lambda: operator.app.board.surveyed)
        await operator.until(lambda: len(operator.app.screen_stack) > 1)
        await operator.until(lambda: operator.browse.table.resources)
        places = [
            one.place.kind for one in operator.app.screen_stack if isinstance(one, BrowseScreen)
        ]
        assert places[1:] == ["ecs/tasks"]
