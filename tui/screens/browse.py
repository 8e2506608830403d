"""The one screen that shows every kind: a table over a source of rows, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize, ScreenResume, ScreenSuspend
from textual.screen import ModalScreen
from textual.widgets import Input

from backends.base import BackendError
from backends.fleet import Fleet
from backends.model import Column, FeedState, Problem, Ref, Resource
from tui import header, verbs
from tui.commands import OWN_KINDS, CommandError
from tui.navigation import Place, child_of, place_of, place_with, source_of
from tui.offers import Wording, explained
from tui.prompts import completer
from tui.rows import RowSource
from tui.screens.browse_keys import KEYS
from tui.screens.table_actions import TableActions
from widgets.banner import Banner
from widgets.command_bar import CommandBar
from widgets.detail_pane import DetailPane
from widgets.filter_bar import FilterBar
from widgets.key_bar import KeyBar
from widgets.resource_table import ResourceTable
from widgets.rollout_pane import RolloutPane
from widgets.scope_bar import ScopeBar

if TYPE_CHECKING:
    from tui.app import TopdeckApp

WIDE = 150
"""Columns of the terminal from which the detail pane is beside the table rather than below."""

FLUSH = 0.1
"""Seconds between deliveries of what sources hold back."""

ARRIVAL = 3.0
"""Seconds after the first rows within which others are taken to arrive with them."""

PATIENCE = 0.5
"""Seconds after which it is said that a command waits for an answer."""

TICK = 1.0
"""Seconds between repaints of ages."""


class BrowseScreen(TableActions):
    """Shows one place. Leaving it suspends its demand; coming back shows it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self._source: RowSource | None = None
        self._columns: tuple[Column, ...] = ()
        self._wanted: Ref | None = place.cursor
        self._covered = False
        self._stirred = False
        self._arriving = 0.0

    @property
    def topdeck(self) -> TopdeckApp:
        """The application, by its own type."""
        return cast("TopdeckApp", self.app)

    @property
    def fleet(self) -> Fleet:
        """The fleet behind the application."""
        return self.topdeck.fleet

    @property
    def source(self) -> RowSource:
        """Where the rows come from."""
        if self._source is None:
            self._source = source_of(self.place, self.fleet, self.topdeck.board)
        return self._source

    @property
    def whereabouts(self) -> Place:
        """The place with its present filter and cursor, to come back to."""
        text = self.query_one(FilterBar).text
        return Place(
            self.place.kind, self.place.queries, self.place.crumbs, text, self.table.cursor_ref
        )

    def compose(self) -> ComposeResult:
        """Lay out, from top to bottom."""
        yield ScopeBar(id="header")
        yield self.topdeck.loss_banner()
        yield Banner(id="banner")
        with Container(id="body"):
            yield ResourceTable(clock=self.fleet.clock)
            yield DetailPane(clock=self.fleet.clock, id="pane")
        yield RolloutPane(clock=self.fleet.clock, id="rollout")
        yield FilterBar()
        yield CommandBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Open the source, and begin to keep time."""
        self.query_one("#pane").display = False
        self.query_one("#rollout").display = False
        self._settle_columns()
        self.table.set_empty("Waiting for the first answer ...")
        rows = self.source.open(self._rows_changed)
        if not self._settle_columns():
            self.table.replace(rows)
        if self.place.filter:
            self.query_one(FilterBar).set_text(self.place.filter)
            self.table.set_filter(self.place.filter)
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
        if not self.children:
            return  # it is being taken down: its table has gone before it
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
        touched, text = table.touched, self.query_one(FilterBar).text
        table.set_columns(columns, self.source.project)
        table.replace(self.source.rows())
        table.sort_by(*order)
        table.set_filter(text)
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
        and let the columns be as wide as they ask for."""
        now = self.fleet.clock.monotonic()
        if self.source.status().state is FeedState.LOADING:
            self._arriving = max(self._arriving, now + ARRIVAL)
        if now < self._arriving:
            self.table.rewind()
            self.table.refit()

    def _tick(self) -> None:
        if self._covered:
            return
        self.table.tick()
        self.query_one(RolloutPane).tick()
        self._say()

    def _say(self) -> None:
        """Bring up to date what is said around the table."""
        self._note_filter()
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
        if self.query_one("#pane").display:
            self._describe_in_pane(event.resource)
        self.refresh_bindings()

    @on(ResourceTable.CursorGone)
    def _cursor_gone(self, event: ResourceTable.CursorGone) -> None:
        # Nobody has chosen that row yet: there is nothing to keep a place for.
        if not self.table.touched and event.next is not None:
            self.table.move_to(event.next.ref)

    @on(ResourceTable.HeaderClicked)
    def _header_clicked(self, event: ResourceTable.HeaderClicked) -> None:
        reverse = self.table.sort_key == event.column_key and not self.table.sort_reverse
        self.table.sort_by(event.column_key, reverse)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.table.set_filter(event.text)
        self._note_filter()

    def _note_filter(self) -> None:
        """Say behind the filter what it lets through, or what was not understood of it."""
        bar = self.query_one(FilterBar)
        if bar.text:
            note = self.table.note or f"{self.table.shown} of {self.table.total}"
            bar.set_note(note, problem=bool(self.table.note))

    @on(FilterBar.Kept)
    @on(FilterBar.Dismissed)
    def _filter_done(self) -> None:
        self.table.focus()

    @on(CommandBar.Dismissed)
    def _command_dismissed(self) -> None:
        self.table.focus()

    @on(CommandBar.Submitted)
    def _command(self, event: CommandBar.Submitted) -> None:
        self.run_command(event.text)

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
        return Wording(self.fleet, self.topdeck.board, self.place.family, self.cluster)

    def _obey(self, wording: Wording, text: str, problems: Sequence[Problem] = ()) -> None:
        bar = self.query_one(CommandBar)
        try:
            command = wording.parse(text)
            if command.action:
                verbs.run_action(self, command)
            else:
                here, board = self.place, self.topdeck.board
                self.topdeck.go(place_of(command, self.fleet, board, here, self.cluster))
        except CommandError as error:
            bar.fail(explained(error, problems))
            return
        bar.close()

    @property
    def cluster(self) -> Resource | None:
        """The cluster where this place is, if it is within one."""
        names = {query.scope.at(namespace="") for query in self.place.queries}
        clusters = self.topdeck.board.clusters
        return next((c for c in clusters if len(names) == 1 and c.ref.scope in names), None)

    @property
    def target(self) -> Resource | None:
        """The row that a verb is about, as its own backend made it; captured once by the verb."""
        row = self.table.current
        if row is None:
            return None
        return self.topdeck.board.cluster(row.ref) or row

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey a verb that the row, its kind or read-only mode rules out."""
        if action in ("filter", "command") and isinstance(self.focused, Input):
            return False  # there, a slash or a colon is text
        return verbs.allowed(self, action) if self.is_mounted else None

    def action_back(self) -> None:
        """Clear the filter if there is one, close the rollout if it is shown, else go back."""
        bar = self.query_one(FilterBar)
        rollout = self.query_one("#rollout")
        if bar.text:
            bar.clear()
            self.table.set_filter("")
        elif rollout.display:
            rollout.display = False
            self.workers.cancel_group(self, "rollout")
        elif not self.topdeck.back():
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

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(FilterBar).open()

    def action_command(self) -> None:
        """Open the command line, with what there is to complete."""
        self.workers.cancel_group(self, "command")
        bar = self.query_one(CommandBar)
        bar.completer = completer(self.fleet, self.topdeck.board, self.cluster)
        bar.open()
        if self.cluster is not None:
            self._complete_kinds(self.cluster)

    @work(exclusive=True, group="kinds")
    async def _complete_kinds(self, cluster: Resource) -> None:
        """Offer the kinds that the cluster has besides, once it has said them."""
        try:
            await self.fleet.discover(cluster.ref.scope)
        except BackendError:
            return  # whoever types such a word is told
        bar = self.query_one(CommandBar)
        bar.offer(completer(self.fleet, self.topdeck.board, cluster))

    def action_pane(self) -> None:
        """Show or hide the detail pane."""
        pane = self.query_one("#pane")
        pane.display = not pane.display
        if pane.display:
            self._describe_in_pane(self.table.current)

    @work(exclusive=True, group="pane")
    async def _describe_in_pane(self, row: Resource | None) -> None:
        pane = self.query_one(DetailPane)
        target = row if row is None else self.topdeck.board.cluster(row.ref) or row
        if target is None or self.fleet.kind(target.ref.kind) is None:
            pane.show_ref(None)
            return
        pane.show_resource(target)
        try:
            pane.show_description(await self.fleet.describe(target))
        except BackendError as error:
            pane.show_problem(error.problem, target.ref)

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

    @work(exclusive=True, group="rollout")
    async def follow_rollout(self, ref: Ref) -> None:
        """Show a workload's rollout below the table until it settles."""
        pane = self.query_one(RolloutPane)
        pane.begin(ref)
        pane.display = True
        try:
            async for rollout in self.fleet.rollout(ref):
                pane.show(rollout)
        except BackendError as error:
            pane.fail(error.problem)

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
