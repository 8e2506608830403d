"""Somebody who works all day: rounds through every view by keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot

from backends.model import FeedState
from tui.app import TopdeckApp
from tui.screens.browse import BrowseScreen
from tui.screens.detail import DetailScreen
from tui.screens.logs import LogScreen
from widgets.banner import Banner
from widgets.confirm_dialog import ConfirmDialog
from widgets.help_panel import HelpPanel
from widgets.log_pane import LogPane
from widgets.rollout_pane import RolloutPane
from widgets.scale_dialog import ScaleDialog

PATIENCE = 120.0
"""Seconds that anything may take."""


_KEYS = {" ": "space", "/": "slash", "@": "at"}
"""Textual's names for characters that are not their own."""


class DayWorker:
    """Drives the app by its keys, and always comes home to the board."""

    def __init__(self, app: TopdeckApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.visited = 0

    @property
    def browse(self) -> BrowseScreen:
        screen = self.app.screen
        assert isinstance(screen, BrowseScreen), screen
        return screen

    async def until(self, condition: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            where = f"{self.app.screen} {getattr(self.app.screen, 'place', '')}"
            feeds = {q: f.shelf.status for q, f in self.app.fleet._feeds.items()}
            told = "\n".join(f"{q.kind} {q.scope.cluster}: {said}" for q, said in feeds.items())
            raise AssertionError(f"{told}\ndid not come true: {what}; on {where}") from None

    async def on(self, screen: type) -> None:
        await self.until(lambda: isinstance(self.app.screen, screen), screen.__name__)
        self.visited += 1

    async def rows(self) -> bool:
        """Wait for rows, or for the word that there are none: what was there may be gone, or what
        asks for it may have met a fault. Returns whether there are any."""

        def answered() -> bool:
            browse = self.browse
            return browse.table.total > 0 or browse.source.status().state is not FeedState.LOADING

        await self.until(answered, "an answer")
        return self.browse.table.total > 0

    async def on_row(self, name: str) -> None:
        def found() -> bool:
            table = self.browse.table
            refs = [row.ref for row in table.resources if row.ref.name == name]
            return bool(refs) and table.move_to(refs[0])

        await self.until(found, f"a row called {name}")

    async def go(self, command: str, kind: str) -> bool:
        await self.pilot.press("colon")
        await self.pilot.press(*(_KEYS.get(character, character) for character in command), "enter")
        await self.until(
            lambda: isinstance(self.app.screen, BrowseScreen) and self.browse.place.kind == kind,
            command,
        )
        self.visited += 1
        return await self.rows()

    async def home(self) -> None:
        def there() -> bool:
            return len(self.app.screen_stack) == 1

        for _ in range(60):
            if there():
                return
            await self.pilot.press("escape")
            await self.pilot.pause()
        raise AssertionError(f"there is no way home from {self.app.screen_stack}")

    async def round(self, number: int) -> None:
        """Visit every view once, in an order that turns from round to round."""
        errands = [
            self.drill_ecs, self.drill_eks, self.tail, self.describe, self.restart,
            self.scale, self.cloudmap, self.everywhere, self.filters, self.looks,
        ]  # fmt: skip
        for index in range(len(errands)):
            await errands[(index + number) % len(errands)](number)
            await self.home()

    async def cluster(self, number: int, provider: str) -> bool:
        """Go into one of a provider's clusters, another each round."""
        await self.until(lambda: self.named(provider), f"a cluster on {provider}")
        names = self.named(provider)
        await self.on_row(names[number % len(names)])
        await self.pilot.press("enter")
        await self.until(lambda: self.browse.place.kind != "fleet/clusters", "a cluster")
        return await self.rows()

    async def drill_ecs(self, number: int) -> None:
        if not await self.cluster(number, "ecs"):
            return
        await self.pilot.press("j", "enter")
        await self.until(lambda: self.browse.place.kind == "ecs/tasks", "tasks")
        await self.pilot.press("v")
        await self.rows()
        await self.pilot.press("j", "k", "enter")
        await self.pilot.pause()

    async def drill_eks(self, number: int) -> None:
        await self.cluster(number, "eks")
        if not await self.go("pods", "k8s/pods"):
            return
        async with asyncio.timeout(PATIENCE):
            while self.browse.place.kind == "k8s/pods":  # the last pod may go just before the key
                await self.pilot.press("G", "enter")
                await self.until(self.in_containers_or_gone, "containers")
        await self.rows()

    def in_containers_or_gone(self) -> bool:
        return self.browse.place.kind == "k8s/containers" or self.browse.table.current is None

    def named(self, provider: str) -> list[str]:
        """The names of clusters that have something in them."""
        rows = self.app.board.rows
        return sorted(r.ref.name for r in rows if r.ref.scope.provider == provider and r.desired)

    async def tail(self, number: int) -> None:
        if not await self.cluster(number, "ecs" if number % 2 else "eks"):
            return
        await self.pilot.press("l")
        await self.on(LogScreen)
        pane = self.app.screen.query_one(LogPane)
        screen = self.app.screen
        await self.until(
            lambda: pane.held > 0 or pane.problem or screen.query_one(Banner).problem, "lines"
        )
        await self.pilot.press("slash", *"GET", "enter", "w", "t", "escape")
        await self.pilot.press("3")
        await self.pilot.pause()

    async def describe(self, number: int) -> None:
        if not await self.cluster(number, "ecs" if number % 2 else "eks"):
            return
        await self.pilot.press("d")
        await self.on(DetailScreen)
        await self.pilot.press("y", "J")
        await self.pilot.pause()

    async def restart(self, number: int) -> None:
        if not await self.cluster(number, "eks" if number % 2 else "ecs"):
            return
        await self.pilot.press("r")
        await self.on(ConfirmDialog)
        await self.pilot.press("y")
        screen = self.browse
        notices = self.app._notifications
        await self.until(
            lambda: any(pane.display for pane in screen.query(RolloutPane)) or len(notices),
            "a rollout, or why there is none",
        )

    async def scale(self, number: int) -> None:
        if not await self.cluster(number, "ecs" if number % 2 else "eks"):
            return
        await self.pilot.press("s")
        await self.on(ScaleDialog)
        await self.pilot.press("up" if number % 4 < 2 else "down")
        await self.pilot.pause()
        await self.pilot.press("escape")

    async def cloudmap(self, number: int) -> None:
        if not await self.go("cloudmap", "cloudmap/namespaces"):
            return
        await self.pilot.press("enter")
        await self.until(lambda: self.browse.place.kind == "cloudmap/services", "services")
        if not await self.rows():
            return
        await self.pilot.press("enter")
        await self.until(lambda: self.browse.place.kind == "cloudmap/instances", "instances")

    async def everywhere(self, number: int) -> None:
        views = ("ecs/tasks", "k8s/pods", "k8s/events", "ecs/services")
        kind = views[number % len(views)]
        await self.go(f"{kind} @all", kind)
        await self.pilot.press("g", "pagedown", "pagedown", "G", "o", "O")

    async def filters(self, number: int) -> None:
        await self.pilot.press("slash", *"prod", "enter", "escape")
        await self.pilot.press("ctrl+z", "ctrl+z", "ctrl+w", "ctrl+w", "ctrl+r")

    async def looks(self, number: int) -> None:
        await self.pilot.press("question_mark")
        await self.on(HelpPanel)
        await self.pilot.press("escape")
        self.browse.run_command(f"theme topdeck-{('dark', 'light', 'contrast')[number % 3]}")
        self.browse.run_command("theme topdeck-dark")
        await self.pilot.press("ctrl+p", *"go to")
        await self.pilot.pause()
        await self.pilot.press("escape")
