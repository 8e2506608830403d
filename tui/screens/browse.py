"""The one screen that shows every kind: a table over a source of rows, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize, ScreenResume, ScreenSuspend
from textual.screen import ModalScreen
from textual.widgets import Input

from backends.model import Column, FeedState, Ref, Resource
from tui import header, verbs
from tui.commands import OWN_KINDS
from tui.navigation import Place, child_of, place_with
from tui.screens.browse_keys import KEYS
from tui.screens.command_prompt import CommandPrompt
from tui.screens.filtering import Filtering
from tui.screens.side_panes import SidePanes
from tui.screens.table_actions import TableActions
from widgets.banner import Banner
from widgets.key_bar import KeyBar
from widgets.resource_table import ResourceTable
from widgets.scope_bar import ScopeBar

WIDE = 150
"""Columns of the terminal from which the detail pane is beside the table rather than below."""

FLUSH = 0.1
"""Seconds between deliveries of what sources hold back."""

ARRIVAL = 3.0
"""Seconds after the first rows within which others are taken to arrive with them."""

TICK = 1.0
"""Seconds between repaints of ages."""


class BrowseScreen(TableActions, Filtering, CommandPrompt, SidePanes):
    """Shows one place. Leaving it suspends its demand; coming back shows it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._columns: tuple[Column, ...] = ()
        self._wanted: Ref | None = place.cursor
        self._covered = False
        self._stirred = False
        self._arriving = 0.0

    @property
    def whereabouts(self) -> Place:
        """The place with its present filter and cursor, to come back to."""
        here = self.place
        return Place(here.kind, here.queries, here.crumbs, self.filter_text, self.table.cursor_ref)

    def compose(self) -> ComposeResult:
        """Lay out, from top to bottom."""
        yield ScopeBar(id="header")
        yield self.topdeck.loss_banner()
        yield Banner(id="banner")
        with Container(id="body"):
            lasting = self.topdeck.config.highlight_seconds
            yield ResourceTable(clock=self.fleet.clock, highlight=lasting)
        yield KeyBar()

    async def on_mount(self) -> None:
        """Open the source, and begin to keep time."""
        self._settle_columns()
        self.table.set_empty("Waiting for the first answer ...")
        rows = self.source.open(self._rows_changed)
        if not self._settle_columns():
            self.table.replace(rows)
        if self.place.filter:
            await self.narrow(self.place.filter)
        self._find_wanted()
        self.table.focus()
        self._arriving = self.fleet.clock.monotonic() + ARRIVAL
        self.set_interval(FLUSH, self._flush)
        self.set_interval(TICK, self._tick)
        self._tick()

    def on_unmount(self) -> None:
        """Let go of the feeds."""
        if self._source is not None:
            self._source.close()

    @on(ScreenSuspend)
    def _suspended(self) -> None:
        # A dialog covers only a part: what is behind it goes on.
        self._covered = not isinstance(self.app.screen, ModalScreen)
        self.source.set_visible(not self._covered)

    @on(ScreenResume)
    def _resumed(self) -> None:
        self._covered = False
        self.source.set_visible(True)
        self._tick()

    def on_resize(self, event: Resize) -> None:
        """Put the detail pane where there is room for it."""
        self.query_one("#body").set_class(event.size.width >= WIDE, "-wide")

    def _rows_changed(self, upserts: Sequence[Resource], deletes: Sequence[Ref]) -> None:
        if not self.query(ResourceTable):
            return  # it is being taken down, from the inside out: its table has gone before it
        if not self._settle_columns():
            self.table.apply(upserts, deletes)
        self._stirred = True
        if self._wanted is not None:
            self._find_wanted()

    def _find_wanted(self) -> None:
        if self._wanted is not None and self.table.move_to(self._wanted):
            self._wanted = None

    def _settle_columns(self) -> bool:
        """Hand the table its columns where they changed, since a server chose others, with all
        rows; filter, order and cursor stay. Returns whether that was so."""
        columns = tuple(self.source.columns)
        if columns == self._columns:
            return False
        self._columns, table = columns, self.table
        order, cursor = (table.sort_key, table.sort_reverse), table.cursor_ref
        touched = table.touched
        table.set_columns(columns, self.source.project, self.source.pick)
        table.replace(self.source.rows())
        table.sort_by(*order)
        table.set_filter(self.filter_text)
        if touched and cursor is not None:
            table.move_to(cursor)
        return True

    def _flush(self) -> None:
        if self._covered:
            return
        self.source.flush()
        self._settle_columns()
        if self._stirred:
            self._stirred = False
            self._stay_on_top()
            self._say()

    def _stay_on_top(self) -> None:
        """While the first rows come in, keep a cursor that nobody moved on whatever is on top,
        let the columns be as wide as they ask for, and take nothing for a change."""
        now = self.fleet.clock.monotonic()
        if self.source.status().state is FeedState.LOADING:
            self._arriving = max(self._arriving, now + ARRIVAL)
        if now < self._arriving:
            self.table.rewind()
            self.table.settle_changes()
            self.table.refit()

    def _tick(self) -> None:
        if self._covered:
            return
        self.table.tick()
        self.tick_rollout()
        self._say()

    def _say(self) -> None:
        """Bring up to date what is said around the table."""
        self.note_filter()
        self.query_one("#header", ScopeBar).show(header.state_of(self))
        self.query_one(Banner).show(header.problem_of(self))
        self.table.set_empty(header.empty_text(self))

    @on(ResourceTable.RowActivated)
    def _open(self, event: ResourceTable.RowActivated) -> None:
        if not self.is_current:
            return  # a second enter, pressed before the first was done
        place = child_of(self.fleet, self.topdeck.board, event.resource, self.place.crumbs)
        if place is not None:
            self.topdeck.go(place)
        elif event.resource.ref.kind not in {kind.id for kind in OWN_KINDS}:
            self.action_describe()

    @on(ResourceTable.RowHighlighted)
    def _highlighted(self, event: ResourceTable.RowHighlighted) -> None:
        if self.table.touched:
            self._wanted = None
        self.describe_highlighted(event.resource)
        self.refresh_bindings()

    @on(ResourceTable.CursorGone)
    def _cursor_gone(self, event: ResourceTable.CursorGone) -> None:
        # Nobody has chosen that row yet: there is nothing to keep a place for.
        if not self.table.touched and event.next is not None:
            self.table.move_to(event.next.ref)

    @on(ResourceTable.MarksChanged)
    def _marks_changed(self) -> None:
        self._say()
        self.refresh_bindings()

    @on(ResourceTable.MarksGone)
    def _marks_gone(self, event: ResourceTable.MarksGone) -> None:
        from tui.together import gone_marks

        self.notify(gone_marks(event.refs), severity="warning", markup=False)

    @on(ResourceTable.HeaderClicked)
    def _header_clicked(self, event: ResourceTable.HeaderClicked) -> None:
        reverse = self.table.sort_key == event.column_key and not self.table.sort_reverse
        self.table.sort_by(event.column_key, reverse)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey a verb that the row, its kind or read-only mode rules out."""
        if action in ("filter", "command") and isinstance(self.focused, Input):
            return False  # there, a slash or a colon is text
        return verbs.allowed(self, action) if self.is_mounted else None

    def action_back(self) -> None:
        """Clear the filter if there is one, else the marks, close the rollout if it is shown,
        else go back."""
        if self.clear_filter():
            return
        if self.table.marked_count:
            self.table.unmark()
        elif not self.close_rollout() and not self.topdeck.back():
            self.notify("This is the fleet board. ctrl-c or :q leaves Topdeck.", markup=False)

    def action_history(self, by: int) -> None:
        """Go back without clearing the filter first."""
        self.topdeck.back()

    def action_ahead(self) -> None:
        """Go forward again."""
        self.topdeck.ahead()

    def action_last(self) -> None:
        """Swap with the view that was shown before."""
        if not self.topdeck.ahead():
            self.topdeck.back()

    def action_describe(self) -> None:
        """Open the description of the row."""
        verbs.describe(self)

    def action_document(self) -> None:
        """Open the row's document."""
        verbs.describe(self, document=True)

    def action_logs(self) -> None:
        """Open the log view of the row."""
        verbs.logs(self)

    def action_previous_logs(self) -> None:
        """Open the log of the previous run."""
        verbs.logs(self, previous=True)

    def action_insights(self) -> None:
        """Ask Insights of the row's logs."""
        verbs.insights(self, self.target)

    def action_scale(self) -> None:
        """Ask for a new desired count, and request it."""
        verbs.scale(self)

    def action_restart(self) -> None:
        """Ask, and request a restart."""
        verbs.restart(self)

    def action_rollback(self) -> None:
        """Show what the row was before, ask, and request to go back."""
        verbs.rollback(self)

    def action_watch_rollout(self) -> None:
        """Follow the row's rollout."""
        row = self.target
        if row is not None:
            self.follow_rollout(row.ref)

    def go_to(self, resource: Resource | None) -> None:
        """Open the table that has a resource, with the cursor on it."""
        if resource is not None:
            self.topdeck.go(place_with(resource))

    def action_related(self) -> None:
        """Offer what the row is related to."""
        verbs.related(self)

    def action_everywhere(self) -> None:
        """Show this kind in every cluster."""
        if self.place.queries:
            self.run_command(f"{self.place.kind} @all")

    def action_help(self) -> None:
        """Show every key of this screen."""
        verbs.help_for(self)
