"""A resource's own document as YAML or JSON, to be read, searched and copied."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import work
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.reactive import var

from backends.model import Description, Ref
from widgets.detail_layout import Row, Run
from widgets.document_paint import highlighted, with_found
from widgets.document_text import DocumentText, Language, write
from widgets.log_text import tidy
from widgets.rows_view import RowsView

MAX_LINES = 200_000
"""Lines that are shown at most; `text` holds all."""

MAX_KEPT = 1_000
"""Drawn lines that are remembered."""


class DocumentView(RowsView):
    """Shows `Description.document`; writing it happens in a thread, drawing only what is seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("J", "toggle_language", "YAML/JSON", id="document.language"),
        Binding("n", "find_next", "Next", id="document.next", show=False),
        Binding("N", "find_previous", "Previous", id="document.previous", show=False),
    ]

    language: var[Language] = var[Language]("yaml")
    """How the document is written."""

    class Changed(Message):
        """The document has been written anew, or what is looked for has changed."""

        def __init__(self, view: DocumentView) -> None:
            super().__init__()
            self.view = view
            """Whose document it is."""

        @property
        def control(self) -> DocumentView:
            """The view, for selectors."""
            return self.view

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._ref: Ref | None = None
        self._document: object = None
        self._written: DocumentText | None = None
        self._message = ""
        self._needle = ""
        self._folded = False
        self._found: list[int] = []
        self._current = -1
        self._kept: dict[int, Row] = {}
        self._widest = 0
        self._writing = False

    @property
    def text(self) -> str:
        """The whole document as it is written now; empty until it has been."""
        return self._written.text if self._written else ""

    @property
    def writing(self) -> bool:
        """Whether the document is being written in a thread."""
        return self._writing

    @property
    def found(self) -> tuple[int, int]:
        """Which of the lines found is the one gone to, counted from 1, and how many there are."""
        return (self._current + 1 if self._found else 0, len(self._found))

    def show_description(self, description: Description) -> None:
        """Show a description's document; that of the same resource is replaced in place."""
        same = description.ref == self._ref
        if same and description.document == self._document:
            return
        self._ref = description.ref
        self._document = description.document
        if not same:
            self._written = None
            self.action_scroll_home()
        self._rewrite()

    def show_message(self, message: str) -> None:
        """Show one line in place of a document."""
        self._ref = self._document = self._written = None
        self._say(message)

    def find(self, text: str) -> int:
        """Look for text, whatever the case unless it has a capital; return the lines found.

        Goes to the first one from the top of the screen on. An empty text finds nothing.
        """
        self._folded = text == text.lower()
        self._needle = text
        self._search()
        if self._found:
            at = bisect_left(self._found, self.scroll_offset.y)
            self._go_to(at % len(self._found))
        self.refresh()
        self.post_message(self.Changed(self))
        return len(self._found)

    def action_find_next(self) -> None:
        """Go to the next line found, from the last on to the first."""
        if self._found:
            self._go_to((self._current + 1) % len(self._found))
            self.post_message(self.Changed(self))

    def action_find_previous(self) -> None:
        """Go to the line found before."""
        if self._found:
            self._go_to((self._current - 1) % len(self._found))
            self.post_message(self.Changed(self))

    def action_toggle_language(self) -> None:
        """Go over from YAML to JSON, or back."""
        self.language = "json" if self.language == "yaml" else "yaml"

    def watch_language(self) -> None:
        """Write the document anew."""
        if self._ref is not None:
            self._written = None
            self._rewrite()

    def on_mount(self) -> None:
        """Write what was given before there was a screen."""
        if self._ref is not None:
            self._rewrite()

    def on_resize(self, event: Resize) -> None:
        """Take note of the new width."""
        self.measure(self._widest)

    def row_count(self) -> int:
        """Return how many rows there are."""
        if self._written is None:
            return 1
        return min(MAX_LINES + 1, len(self._written.lines))

    def row(self, number: int) -> Sequence[Run]:
        """Return one line, highlighted when it is first seen."""
        if self._written is None:
            return [(self._message, "quiet")]
        if number >= MAX_LINES:
            return [(f"… +{len(self._written.lines) - MAX_LINES:,} more lines", "quiet")]
        row = self._kept.get(number)
        if row is None:
            if len(self._kept) > MAX_KEPT:
                self._kept.clear()
            inner = number in self._written.inner
            row = highlighted(self._written.lines[number], self._written.language, inner=inner)
            self._kept[number] = row
            self._widen(sum(cell_len(text) for text, _ in row))
        return with_found(row, self._needle, folded=self._folded) if self._needle else row

    def _widen(self, width: int) -> None:
        if width > self._widest:
            self._widest = width
            self.call_later(lambda: self.measure(self._widest))

    def _say(self, message: str) -> None:
        self._message = tidy(message)[0]
        self._kept.clear()
        self._widest = 0
        self.measure(0)

    def _rewrite(self) -> None:
        if self.is_running:
            self._writing = True
            self._write()

    @work(exclusive=True, group="write")
    async def _write(self) -> None:
        language = self.language
        if self._written is None:
            self._say(f"writing {language.upper()}…")
        try:
            written = await asyncio.to_thread(write, self._document, language)
        except ValueError as error:
            self._writing = False
            self.show_message(f"can't be written as {language.upper()}: {error}")
            return
        self._writing = False
        self._written = written
        self._kept.clear()
        self._widest = 0
        self._search()
        self.measure(0)
        self.post_message(self.Changed(self))

    def _search(self) -> None:
        self._found = []
        self._current = -1
        if not self._needle or self._written is None:
            return
        lines = self._written.folded if self._folded else self._written.lines
        needle = self._needle
        self._found = [i for i, line in enumerate(lines[:MAX_LINES]) if needle in line]
        self._current = bisect_right(self._found, self.scroll_offset.y) - 1

    def _go_to(self, index: int) -> None:
        self._current = index
        line = self._found[index]
        height = self.scrollable_size.height
        top = self.scroll_offset.y
        if not top <= line < top + height:
            self.scroll_to(y=max(0, line - height // 3), animate=False, force=True)
        self.refresh()
