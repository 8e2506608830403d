"""One resource in full: its description, or the provider's own document."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from backends.base import BackendError
from backends.model import Description, Resource
from widgets.banner import Banner
from widgets.detail_pane import DetailPane
from widgets.document_view import DocumentView
from widgets.filter_bar import FilterBar
from widgets.key_bar import KeyBar
from widgets.scope_bar import HeaderState, ScopeBar

if TYPE_CHECKING:
    from tui.app import TopdeckApp

REFRESH = 5.0
"""Seconds between two descriptions while one is looked at."""


class DetailScreen(Screen[None]):
    """Describes one resource, and goes on describing it until it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="detail.back", tooltip="Go back to the table."),
        Binding("d", "description", "Describe", id="detail.description",
                tooltip="Show the description."),
        Binding("y", "document", "YAML", id="detail.yaml",
                tooltip="Show the provider's own document; J switches between YAML and JSON."),
        Binding("slash", "find", "Find", id="detail.find",
                tooltip="Find a text in the document."),
        Binding("ctrl+r", "refresh", "Refresh", id="detail.refresh", show=False,
                tooltip="Describe it anew now."),
        Binding("c", "copy", "Copy", id="detail.copy", tooltip="Copy what is shown."),
        Binding("question_mark", "help", "Help", id="detail.help",
                tooltip="Every key of this screen."),
    ]  # fmt: skip

    def __init__(self, resource: Resource, *, document: bool = False) -> None:
        super().__init__()
        self.resource = resource
        self._document = document

    @property
    def topdeck(self) -> TopdeckApp:
        """The application, by its own type."""
        return cast("TopdeckApp", self.app)

    def compose(self) -> ComposeResult:
        """Lay out both views; one of them is shown."""
        yield ScopeBar(id="header")
        yield self.topdeck.loss_banner()
        yield Banner(id="banner")
        yield DetailPane(clock=self.topdeck.fleet.clock)
        yield DocumentView()
        yield FilterBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is known already, and ask for the rest."""
        self.query_one(DetailPane).show_resource(self.resource)
        self._show(document=self._document)
        self._describe()
        self.set_interval(REFRESH, self._describe)

    def _show(self, *, document: bool) -> None:
        pane, view = self.query_one(DetailPane), self.query_one(DocumentView)
        pane.display, view.display = not document, document
        (view if document else pane).focus()
        fleet = self.topdeck.fleet
        kind = fleet.kind(self.resource.ref.kind)
        title = kind.singular if kind is not None else self.resource.ref.kind
        parts = self.resource.ref.scope.parts[-2:]
        crumbs = ("document" if document else "describe", *parts, title, self.resource.ref.name)
        now = fleet.clock.now()
        demo, read_only = self.topdeck.demo, fleet.read_only
        header = HeaderState(now=now, crumbs=crumbs, read_only=read_only, demo=demo)
        self.query_one("#header", ScopeBar).show(header)

    async def fetch(self) -> Description:
        """Fetch what is shown; raises `BackendError`."""
        return await self.topdeck.fleet.describe(self.resource)

    @work(exclusive=True, group="describe")
    async def _describe(self) -> None:
        pane, view = self.query_one(DetailPane), self.query_one(DocumentView)
        banner = self.query_one(Banner)
        try:
            description = await self.fetch()
        except BackendError as error:
            pane.show_problem(error.problem, self.resource.ref)
            banner.show(error.problem)
            return
        banner.show(None)
        pane.show_description(description)
        view.show_description(description)

    @on(FilterBar.Changed)
    def _find_changed(self, event: FilterBar.Changed) -> None:
        found = self.query_one(DocumentView).find(event.text)
        self.query_one(FilterBar).set_note(f"{found} found" if event.text else "")

    @on(FilterBar.Kept)
    @on(FilterBar.Dismissed)
    def _find_done(self) -> None:
        self.query_one(DocumentView).focus()

    def action_back(self) -> None:
        """Go back to the table."""
        self.app.pop_screen()

    def action_description(self) -> None:
        """Show the description."""
        self._show(document=False)

    def action_document(self) -> None:
        """Show the document."""
        self._show(document=True)

    def action_find(self) -> None:
        """Open the line that finds."""
        self._show(document=True)
        self.query_one(FilterBar).open()

    def action_refresh(self) -> None:
        """Describe it anew now."""
        self._describe()

    def action_copy(self) -> None:
        """Copy what is shown."""
        view = self.query_one(DocumentView)
        text = view.text if view.display else self.query_one(DetailPane).text
        self.app.copy_to_clipboard(text)
        self.notify(f"{len(text.splitlines())} lines copied", timeout=2, markup=False)

    def action_help(self) -> None:
        """Show every key of this screen."""
        from tui.prompts import help_panel

        self.app.push_screen(help_panel(self))
