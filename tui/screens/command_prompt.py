"""The command line of a browse screen: made when it is first needed, and carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from backends.base import BackendError
from backends.model import Problem, Resource
from tui import verbs
from tui.commands import CommandError
from tui.navigation import UnknownPlaceError, place_of
from tui.screens.place_screen import PlaceScreen

if TYPE_CHECKING:
    from tui.offers import Wording
    from widgets.command_bar import CommandBar

PATIENCE = 0.5
"""Seconds after which it is said that a command waits for an answer."""

LOOK = 0.05
"""Seconds between two looks at whether there are other clusters."""

_LISTING = "Clusters are still being listed; the command waits for the one that it names."


class CommandPrompt(PlaceScreen):
    """The part of a browse screen that takes commands."""

    _command_bar: CommandBar | None = None

    async def command_bar(self) -> CommandBar:
        """Return the command line; made at its first use."""
        from widgets.command_bar import CommandBar

        async with self.growing:
            if self._command_bar is None:
                self._command_bar = CommandBar()
                await self.add_late(self._command_bar)
        return self._command_bar

    async def action_command(self) -> None:
        """Open the command line, with what there is to complete."""
        from tui.prompts import completer

        self.workers.cancel_group(self, "command")
        bar = await self.command_bar()
        bar.completer = completer(self.fleet, self.topdeck.board, self.cluster)
        bar.open()
        if self.cluster is not None:
            self._complete_kinds(bar, self.cluster)

    @work(exclusive=True, group="kinds")
    async def _complete_kinds(self, bar: CommandBar, cluster: Resource) -> None:
        """Offer the kinds that the cluster has besides, once it has said them."""
        from tui.prompts import completer

        try:
            await self.fleet.discover(cluster.ref.scope)
        except BackendError:
            return  # whoever types such a word is told
        bar.offer(completer(self.fleet, self.topdeck.board, cluster))

    def run_command(self, text: str) -> None:
        """Do what a command line says; a word that is not known keeps the line open.

        Clusters that may have a kind of that name are asked first.
        """
        self.workers.cancel_group(self, "command")
        wording = self._wording()
        if wording.sure(text):
            self._obey(wording, text)
        else:
            self._ask_clusters(wording, text)

    @work(group="command")
    async def _ask_clusters(self, wording: Wording, text: str) -> None:
        told = f"Asking for what is called {text.split(maxsplit=1)[0]} ..."
        notice = self.set_timer(PATIENCE, partial(self.notify, told, timeout=3, markup=False))
        try:
            problems = await wording.learn(text)
        finally:
            notice.stop()
        if self.is_current:
            self._obey(wording, text, problems)

    def _wording(self) -> Wording:
        from tui.offers import Wording

        return Wording(self.fleet, self.topdeck.board, self.place.family, self.cluster)

    def _obey(self, wording: Wording, text: str, problems: Sequence[Problem] = ()) -> None:
        from tui.offers import explained

        try:
            command = wording.parse(text)
            if command.action:
                verbs.run_action(self, command)
            else:
                here, board = self.place, self.topdeck.board
                self.topdeck.go(place_of(command, self.fleet, board, here, self.cluster))
        except UnknownPlaceError as error:
            if not self._expects_clusters:
                self.call_later(self._refuse, explained(error, problems))
            else:
                self._await_cluster(wording, text)
            return
        except CommandError as error:
            self.call_later(self._refuse, explained(error, problems))
            return
        if self._command_bar is not None:
            self._command_bar.close()

    @property
    def _expects_clusters(self) -> bool:
        """Whether there may be clusters that are not on the board yet."""
        return self.topdeck.problem is None and not self.topdeck.board.surveyed

    @work(group="command")
    async def _await_cluster(self, wording: Wording, text: str) -> None:
        """Carry a command out once the cluster that it names is found, or all have been."""
        board = self.topdeck.board
        notice = self.set_timer(PATIENCE, partial(self.notify, _LISTING, timeout=3, markup=False))
        try:
            known = len(board.clusters)
            while self._expects_clusters and len(board.clusters) == known:  # noqa: ASYNC110 - untold
                await asyncio.sleep(LOOK)
        finally:
            notice.stop()
        if self.is_current:
            self._obey(wording, text)

    async def _refuse(self, why: str) -> None:
        if self.is_current:
            (await self.command_bar()).fail(why)

    # By name, not by class: the class is imported when the line is made.

    def on_command_bar_submitted(self, event: CommandBar.Submitted) -> None:
        """Do what was typed."""
        self.run_command(event.text)

    def on_command_bar_dismissed(self) -> None:
        """Go back to the rows."""
        self.table.focus()
