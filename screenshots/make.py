"""Draws every picture of the README from the real app over the simulated world.

``python screenshots/make.py [NAME ...]`` writes NAME.svg beside this file.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ["COLORTERM"] = "truecolor"
os.environ.pop("NO_COLOR", None)

from textual.pilot import Pilot

from backends.base import AwsSource, Sources
from backends.board import Board
from backends.sim.blueprint import ACCOUNTS, REGIONS
from backends.sim.server import SimServer
from tui.app import TopdeckApp
from tui.compose import attach_backends, make_fleet
from tui.config import Config
from tui.screens.browse import BrowseScreen
from tui.screens.logs import LogScreen
from widgets.log_pane import LogPane
from widgets.scale_dialog import ScaleDialog

HERE = Path(__file__).parent
SIZE = (120, 32)
DEADLINE = 60.0
"""Seconds that a picture may take to come true."""


class Artist:
    """Drives the app to what is to be drawn."""

    def __init__(self, app: TopdeckApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def browse(self) -> BrowseScreen:
        """The browse screen on top."""
        assert isinstance(self.app.screen, BrowseScreen)
        return self.app.screen

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to come true."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                await self.pilot.pause(0.05)

    async def on_row(self, name: str) -> None:
        """Put the cursor on a row once it is there."""

        def found() -> bool:
            if not isinstance(self.app.screen, BrowseScreen):
                return False
            table = self.browse.table
            refs = [row.ref for row in table.resources if row.ref.name.startswith(name)]
            return bool(refs) and table.move_to(refs[0])

        await self.until(found)

    async def drill(self, *names: str) -> None:
        """Enter rows one after the other."""
        for name in names:
            await self.on_row(name)
            await self.pilot.press("enter")
        await self.until(lambda: self.browse.table.total)

    async def rest(self, seconds: float = 2.5) -> None:
        """Let ages, budgets and headers become what they are in use."""
        await self.pilot.pause(seconds)

    async def command(self, text: str) -> None:
        """Type a command."""
        await self.pilot.press("colon", *text, "enter")


async def fleet(artist: Artist) -> None:
    """The board."""
    await artist.until(lambda: len(artist.app.board.clusters) == 7 and artist.app.board.settled)
    await artist.rest()


async def service(artist: Artist) -> None:
    """An ECS service's tasks with the detail pane."""
    await artist.drill("shop-prod", "checkout")
    await artist.pilot.press("v")
    await artist.rest()


async def pods(artist: Artist) -> None:
    """Pods of a cluster."""
    await artist.on_row("payments-prod")
    await artist.until(lambda: artist.app.board.settled)
    await artist.command("pods @payments-prod")
    await artist.until(lambda: artist.browse.table.total > 10)
    await artist.rest()


async def logs(artist: Artist) -> None:
    """A service's merged log."""
    await artist.drill("shop-prod")
    await artist.on_row("web")
    await artist.pilot.press("l")
    await artist.until(lambda: isinstance(artist.app.screen, LogScreen))
    await artist.until(lambda: artist.app.screen.query_one(LogPane).held > 200)
    await artist.rest()


async def cloudmap(artist: Artist) -> None:
    """Cloud Map instances."""
    await artist.on_row("shop-prod")
    await artist.until(lambda: artist.app.board.settled)
    await artist.command("instances")
    await artist.until(lambda: artist.browse.table.total > 5)
    await artist.rest(5)


async def scale(artist: Artist) -> None:
    """The scale dialog of an autoscaled service."""
    await artist.drill("shop-prod")
    await artist.on_row("web")
    await artist.pilot.press("s")
    await artist.until(lambda: isinstance(artist.app.screen, ScaleDialog))
    await artist.rest(1)
    await artist.pilot.press("up", "up", "up")
    await artist.rest(0.5)


async def rollout(artist: Artist) -> None:
    """A restart under way."""
    await artist.drill("payments-prod")
    await artist.on_row("ledger")
    await artist.pilot.press("r")
    await artist.rest(0.5)
    await artist.pilot.press("y")
    await artist.rest(4)


PICTURES: Mapping[str, Callable[[Artist], Awaitable[None]]] = {
    draw.__name__: draw for draw in (fleet, service, pods, logs, cloudmap, scale, rollout)
}


async def draw(name: str, folder: Path) -> None:
    """Draw one picture in a world of its own."""
    async with SimServer(seed=1) as sim:
        config, credentials = sim.write_aws_config(folder)
        sources = Sources(
            aws=tuple(
                AwsSource(a.profile, REGIONS, sim.url, str(config), str(credentials))
                for a in ACCOUNTS
            ),
            budget_share=1.0,
        )
        made = make_fleet(Config(), state_dir=folder / "state")
        board = Board(made)

        async def given() -> Sources:
            return sources

        async def start() -> None:
            await attach_backends(made, given)
            board.open()

        app = TopdeckApp(made, board, Config(), start, demo=True)
        async with app.run_test(size=SIZE) as pilot:
            await PICTURES[name](Artist(app, pilot))
            svg = app.export_screenshot(title="topdeck")
        await app.shut_down()
    (HERE / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")
    print(f"{name}.svg")


def main(names: list[str]) -> int:
    """Draw what is named, or everything."""
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        print(f"no picture {', '.join(unknown)}; there are: {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    for name in names or PICTURES:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(draw(name, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
