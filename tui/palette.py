"""The command palette: kinds, clusters, verbs of the row and themes, found by typing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.config import THEMES
from tui.prompts import commands, offered
from tui.screens.browse import BrowseScreen

if TYPE_CHECKING:
    from tui.app import TopdeckApp

MOST_MATCHED = 500
"""Names that are matched fuzzily; more are narrowed by their letters first, which is cheap."""


class TopdeckCommands(Provider):
    """Everything that `:` can do, and the keys of the screen, by name."""

    def _all(self) -> Iterator[tuple[str, str, partial[None]]]:
        screen = self.screen
        app = cast("TopdeckApp", self.app)
        if not isinstance(screen, BrowseScreen):
            return
        active = {
            bound.binding.action: bound
            for bound in screen.active_bindings.values()
            if bound.node is screen and bound.enabled and not bound.binding.system
        }
        for action, bound in active.items():
            yield bound.binding.description, bound.tooltip, partial(self._act, action)
        for candidate in (*commands(app.fleet), *offered(app.fleet, screen.cluster)):
            run = partial(screen.run_command, candidate.word)
            yield f":{candidate.word}", candidate.help, run
        for cluster in app.board.clusters:
            run = partial(screen.run_command, f"ctx {cluster.ref.name}")
            yield f"Go to {cluster.ref.name}", " / ".join(cluster.ref.scope.parts), run
        for theme in THEMES:
            yield f"Theme {theme}", "", partial(screen.run_command, f"theme {theme}")

    def _act(self, action: str) -> None:
        self.app.call_later(self.screen.run_action, action)

    async def discover(self) -> Hits:
        """Offer everything before anything is typed."""
        for name, text, run in self._all():
            yield DiscoveryHit(Content(name), run, text=name, help=text or None)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        letters = set(query.lower()) - {" "}
        near = (found for found in self._all() if letters <= set(found[0].lower()))
        for name, text, run in islice(near, MOST_MATCHED):
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, Content(name), run, text=name, help=text or None)
