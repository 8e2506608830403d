"""What a resource is related to, as a list to choose from; it fills as answers come."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from backends.model import Resource
from backends.related import related
from widgets.fit import clip, clip_middle
from widgets.health import label
from widgets.modal import Modal

if TYPE_CHECKING:
    from tui.app import TopdeckApp


class RelatedScreen(Modal[Resource | None]):
    """Answers with the resource that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="related.close", tooltip="Choose nothing."),
    ]
    DEFAULT_CSS = """
    RelatedScreen { align: center middle; }
    RelatedScreen > Vertical {
        width: 90%; max-width: 110; height: auto; max-height: 80%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    RelatedScreen OptionList, RelatedScreen OptionList:focus {
        height: auto; max-height: 20; border: none; background: $surface; padding: 0;
    }
    RelatedScreen Static { color: $foreground-muted; }
    """

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self.resource = resource
        self._found: list[Resource] = []

    def compose(self) -> ComposeResult:
        """Lay out the title, the list and what it says of itself."""
        with Vertical():
            yield Static(Content(f"Related to {self.resource.ref.name}"))
            yield OptionList()
            yield Static(Content("Looking ..."), id="note")

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(OptionList).focus()
        self._look()

    @work(exclusive=True)
    async def _look(self) -> None:
        app = cast("TopdeckApp", self.app)
        # Before anything is waited for: once the list is closed they can't be found any more.
        options, said = self.query_one(OptionList), self.query_one("#note", Static)
        async for found in related(app.fleet, app.board, self.resource):
            row = found.resource
            state = label(row.health, row.status)
            where = " / ".join(row.ref.scope.parts[-2:])
            name = clip_middle(row.ref.name, 40)
            line = clip(f"{found.label:<20} {name}  {state}  {where}", options.size.width)
            self._found.append(row)
            options.add_option(Option(Content(line)))
            if options.highlighted is None:
                options.highlighted = 0
        note = "enter goes there, esc closes." if self._found else _nothing(self.resource)
        said.update(Content(note))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


def _nothing(resource: Resource) -> str:
    return (
        f"Nothing found: {resource.ref.name} is not registered in Cloud Map, and names nothing "
        "that the clusters in view have."
    )
