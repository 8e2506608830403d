"""What the readers of documents share: rows by the line API, scrolled with keys at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from widgets.detail_layout import Run, Tone
from widgets.lean_view import LeanView

TONES: tuple[Tone, ...] = get_args(Tone)
"""Every tone has a component class ``rows--<tone>``."""


class RowsView(LeanView, can_focus=True):
    """Draws rows of runs; a subclass says how many there are and what they hold.

    The first `pinned` rows stay where they are when the others scroll.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"rows--{tone}" for tone in TONES}

    DEFAULT_CSS = """
    RowsView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        & > .rows--name, & > .rows--title { text-style: bold; }
        & > .rows--key, & > .rows--quiet { color: $foreground-muted; }
        & > .rows--literal { color: $primary; }
        & > .rows--found { text-style: bold underline; }
        & > .rows--ok { color: $text-success; }
        & > .rows--idle, & > .rows--unknown { color: $foreground-muted; }
        & > .rows--progressing { color: $text-accent; }
        & > .rows--degraded { color: $text-warning; }
        & > .rows--failing { color: $text-error; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", id="view.up", show=False),
        Binding("down,j", "scroll_down", "Down", id="view.down", show=False),
        Binding("left", "scroll_left", "Left", id="view.left", show=False),
        Binding("right", "scroll_right", "Right", id="view.right", show=False),
        Binding("pageup,ctrl+b", "page_up", "Page up", id="view.page_up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "Page down", id="view.page_down", show=False),
        Binding("home,g", "scroll_home", "Top", id="view.home", show=False),
        Binding("end,G", "scroll_end", "Bottom", id="view.end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._styles: dict[Tone, Style] = {}

    @property
    def pinned(self) -> int:
        """How many of the first rows do not scroll."""
        return 0

    def row_count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def row(self, number: int) -> Sequence[Run]:
        """Return one row; called only for those in view, or for all of a short text."""
        raise NotImplementedError

    def measure(self, width: int) -> None:
        """Tell Textual how large the content is: `width` cells, and as high as the rows."""
        size = Size(max(width, self.scrollable_size.width), self.row_count())
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh()

    def style_of(self, tone: Tone) -> Style:
        """Return the style of a tone in the theme of the moment."""
        style = self._styles.get(tone)
        if style is None:
            style = self.get_component_rich_style(f"rows--{tone}")
            self._styles[tone] = style
        return style

    def notify_style_update(self) -> None:
        """Look styles up anew."""
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Return one row of the screen."""
        width = self.scrollable_size.width
        base = self.rich_style
        x, number = 0, y
        if y >= self.pinned:
            x, number = self.scroll_offset.x, y + self.scroll_offset.y
        if number >= self.row_count():
            return Strip.blank(width, base)
        segments = [Segment(text, self.style_of(tone)) for text, tone in self.row(number)]
        return Strip(segments).crop_extend(x, x + width, base).apply_style(base)

    def action_scroll_up(self) -> None:
        """One row up."""
        self._scroll_by(-1)

    def action_scroll_down(self) -> None:
        """One row down."""
        self._scroll_by(1)

    def action_page_up(self) -> None:
        """One screen up, less a row."""
        self._scroll_by(-self._page)

    def action_page_down(self) -> None:
        """One screen down, less a row."""
        self._scroll_by(self._page)

    def action_scroll_home(self) -> None:
        """Go to the top."""
        if self.is_running:
            self.scroll_to(x=0, y=0, animate=False, force=True)

    def action_scroll_end(self) -> None:
        """Go to the bottom."""
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def action_scroll_left(self) -> None:
        """Half a screen to the left."""
        self._pan(-1)

    def action_scroll_right(self) -> None:
        """Half a screen to the right."""
        self._pan(1)

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_size.height - self.pinned - 1)

    def _scroll_by(self, rows: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False, force=True)

    def _pan(self, direction: int) -> None:
        step = max(1, self.scrollable_size.width // 2) * direction
        self.scroll_to(x=self.scroll_offset.x + step, animate=False, force=True)
