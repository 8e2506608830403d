"""A small editor of several lines for a query: nothing blinks, and what is pasted is cleaned."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import TextArea

from backends.text import clean_block

LOWEST, HIGHEST = 3, 8
"""Lines that it takes, by what is in it."""


class QueryEditor(TextArea):
    """Grows with its text from three lines to eight; tab leaves it."""

    BINDING_GROUP_TITLE = "Editor"
    DEFAULT_CSS = """
    QueryEditor, QueryEditor:focus {
        height: 3; border: none; padding: 0 1; background: $surface;
        border-left: outer $foreground 20%;
    }
    QueryEditor:focus { border-left: outer $foreground; }
    """

    def __init__(self, text: str = "", *, longest: int, id: str | None = None) -> None:  # noqa: A002
        """Edit `text`, of which at most `longest` characters are kept."""
        super().__init__(
            clean_block(text, longest),
            id=id,
            soft_wrap=True,
            compact=True,
            highlight_cursor_line=False,
            max_checkpoints=200,
        )
        self._longest = longest
        self.cursor_blink = False

    def on_mount(self) -> None:
        """Take the room that the text needs."""
        self._fit()

    def _on_text_area_changed(self, event: TextArea.Changed) -> None:
        if len(self.text) > self._longest:
            self.text = self.text[: self._longest]
        self._fit()

    def _fit(self) -> None:
        lines = max(self.document.line_count, self.wrapped_document.height)
        self.styles.height = max(LOWEST, min(HIGHEST, lines))

    async def _on_paste(self, event: Paste) -> None:
        """Insert what was pasted, cleaned line by line."""
        event.stop()
        event.prevent_default()
        room = max(0, self._longest - len(self.text))
        self._replace_via_keyboard(clean_block(event.text)[:room], *self.selection)

    def show(self, text: str) -> None:
        """Put another text in, with the cursor at its end; it can be undone."""
        last = self.document.end
        self.replace(clean_block(text, self._longest), (0, 0), last)
        self.move_cursor(self.document.end)

    def point_at(self, line: int, column: int) -> None:
        """Put the cursor at a place, both counted from 0, as near as the text has it."""
        line = max(0, min(line, self.document.line_count - 1))
        column = max(0, min(column, len(self.document.get_line(line))))
        self.move_cursor((line, column))
