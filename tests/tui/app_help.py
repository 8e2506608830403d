"""Somebody at the keys of the whole application, over HTTP and in one loop: what users run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from backends.base import AwsSource, Sources
from backends.board import Board
from backends.clock import Clock, SystemClock
from backends.sim.blueprint import ACCOUNTS, REGIONS
from backends.sim.server import SimServer
from tui.app import TopdeckApp
from tui.compose import attach_backends, make_fleet
from tui.config import Config
from tui.screens.browse import BrowseScreen
from tui.screens.logs import LogScreen
from widgets.rollout_pane import RolloutPane

DEADLINE = 30.0
"""Seconds that anything in these tests may take to come true."""


class Operator:
    """Somebody at the keys: presses, and waits for what should be seen."""

    def __init__(self, app: TopdeckApp, pilot: Pilot[None], state: Path) -> None:
        self.app = app
        self.pilot = pilot
        self.state = state

    @property
    def browse(self) -> BrowseScreen:
        screen = self.app.screen
        assert isinstance(screen, BrowseScreen), screen
        return screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*text)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"did not come true: {what}\n{self.seen()}") from None

    async def on_row(self, name: str) -> None:
        """Wait until there is a row of that name in the table, and put the cursor on it."""

        def found() -> bool:
            table = self.browse.table
            refs = [row.ref for row in table.resources if row.ref.name == name]
            return bool(refs) and table.move_to(refs[0])

        await self.until(found, f"a row called {name}")
        await self.pilot.pause()

    async def open_log(self, cluster: str, workload: str, *, lines: int = 0) -> LogScreen:
        """Open the log of a workload from the board, and wait for its past of so many lines."""
        await self.on_row(cluster)
        await self.press("enter")
        await self.on_row(workload)
        await self.press("l")
        await self.until(lambda: isinstance(self.app.screen, LogScreen))
        screen = self.app.screen
        assert isinstance(screen, LogScreen)
        if lines:
            await self.until(lambda: screen.pane.live and screen.pane.held >= lines, "log lines")
        return screen

    async def rollout(self) -> RolloutPane:
        """Wait until a rollout is shown, and return its pane."""
        await self.until(lambda: self.browse.query(RolloutPane), "a rollout")
        return self.browse.query_one(RolloutPane)

    def seen(self) -> str:
        """Return the screen as text."""
        height = self.app.size.height
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(s.text for s in line).rstrip() for line in lines[:height])


def demo_sources(sim: SimServer, folder: Path) -> Sources:
    config, credentials = sim.write_aws_config(folder)
    return Sources(
        aws=tuple(
            AwsSource(a.profile, REGIONS, sim.url, str(config), str(credentials)) for a in ACCOUNTS
        ),
        budget_share=1.0,
    )


@asynccontextmanager
async def operating(
    sources: Sources,
    state: Path,
    *,
    size: tuple[int, int] = (120, 40),
    clock: Clock | None = None,
    notices: bool = False,
    **settings: object,
) -> AsyncIterator[Operator]:
    """Run the application on some sources, and close it afterwards; `notices` go over the screen
    only where they are looked at, since they cover what is below."""
    config = msgspec.structs.replace(Config(), **settings)
    fleet = make_fleet(config, clock=clock or SystemClock(), state_dir=state)
    board = Board(fleet)

    async def given() -> Sources:
        return sources

    async def start() -> None:
        await attach_backends(fleet, given)
        board.open()

    app = TopdeckApp(fleet, board, config, start, demo=True)
    try:
        async with app.run_test(size=size, notifications=notices) as pilot:
            yield Operator(app, pilot, state)
    finally:
        await app.shut_down()
