"""A one-line text field for prompts: nothing blinks, and nothing pasted can harm the screen."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import Input

from backends.text import clean

LONGEST = 1024
"""Characters that a prompt accepts; a pasted file is cut."""


class Prompt(Input):
    """An `Input` without border or blinking cursor, whose pasted text is cleaned."""

    DEFAULT_CSS = """
    Prompt, Prompt:focus {
        border: none;
        height: 1;
        padding: 0;
        background: transparent;
        background-tint: transparent;
    }
    """

    def __init__(
        self,
        value: str = "",
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        longest: int = LONGEST,
        select_on_focus: bool = False,
    ) -> None:
        super().__init__(
            value, id=id, compact=True, select_on_focus=select_on_focus, max_length=longest
        )
        self.cursor_blink = False

    def _on_paste(self, event: Paste) -> None:
        """Insert the first line of what was pasted, cleaned."""
        event.stop()
        event.prevent_default()
        first = event.text.strip().partition("\n")[0]
        self.replace(clean(first, LONGEST), *self.selection)
