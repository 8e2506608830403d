"""The panes beside and below the table of a browse screen, made when they are first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from backends.base import BackendError
from backends.model import Ref, Resource
from tui.screens.place_screen import PlaceScreen

if TYPE_CHECKING:
    from widgets.detail_pane import DetailPane
    from widgets.rollout_pane import RolloutPane


class SidePanes(PlaceScreen):
    """The part of a browse screen that shows more of one row: its details, its rollout."""

    _pane: DetailPane | None = None
    _rollout: RolloutPane | None = None

    @property
    def shows_pane(self) -> bool:
        """Whether the detail pane is to be seen."""
        return self._pane is not None and self._pane.display

    async def action_pane(self) -> None:
        """Show or hide the detail pane."""
        from widgets.detail_pane import DetailPane

        async with self.growing:
            if self._pane is None:
                self._pane = DetailPane(clock=self.fleet.clock, id="pane")
                await self.query_one("#body").mount(self._pane)
            else:
                self._pane.display = not self._pane.display
        self.describe_highlighted(self.table.current)

    def describe_highlighted(self, row: Resource | None) -> None:
        """Show the row under the cursor in the detail pane, if that is to be seen."""
        if self._pane is not None and self._pane.display:
            self._describe(self._pane, row)

    @work(exclusive=True, group="pane")
    async def _describe(self, pane: DetailPane, row: Resource | None) -> None:
        target = row if row is None else self.topdeck.board.cluster(row.ref) or row
        if target is None or self.fleet.kind(target.ref.kind) is None:
            pane.show_ref(None)
            return
        pane.show_resource(target)
        try:
            pane.show_description(await self.fleet.describe(target))
        except BackendError as error:
            pane.show_problem(error.problem, target.ref)

    async def _rollout_pane(self) -> RolloutPane:
        from widgets.rollout_pane import RolloutPane

        async with self.growing:
            if self._rollout is None:
                self._rollout = RolloutPane(clock=self.fleet.clock, id="rollout")
                await self.add_late(self._rollout)
        return self._rollout

    @work(exclusive=True, group="rollout")
    async def follow_rollout(self, ref: Ref) -> None:
        """Show a workload's rollout below the table until it settles."""
        pane = await self._rollout_pane()
        pane.begin(ref)
        pane.display = True
        try:
            async for rollout in self.fleet.rollout(ref):
                pane.show(rollout)
        except BackendError as error:
            pane.fail(error.problem)

    def close_rollout(self) -> bool:
        """Hide the rollout and stop following it; returns whether it was shown."""
        if self._rollout is None or not self._rollout.display:
            return False
        self._rollout.display = False
        self.workers.cancel_group(self, "rollout")
        return True

    def tick_rollout(self) -> None:
        """Let the rollout's ages go on, if it is shown."""
        if self._rollout is not None and self._rollout.display:
            self._rollout.tick()
