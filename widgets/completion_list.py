"""The list of completions that floats above a prompt."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from backends.text import clean
from widgets.cells import fit
from widgets.completion import Completion
from widgets.fit import clip, lines


class Completions(Widget):
    """The list above the prompt. It floats: the table below it doesn't move."""

    DEFAULT_CSS = """
    Completions {
        overlay: screen;
        width: 100%;
        height: auto;
        background: $panel;
        text-wrap: nowrap;
        display: none;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._completion = Completion(0)
        self._chosen: int | None = None

    def show(self, completion: Completion, chosen: int | None) -> None:
        """Draw what can be chosen and what is; nothing to choose hides the list."""
        self._completion = completion
        self._chosen = chosen
        rows = len(completion.matches) + completion.more
        self.styles.offset = (0, -rows - 1)
        self.display = rows > 0
        self.refresh(layout=True)

    def render(self) -> Content:
        """Draw a line a candidate: its word, what may follow, and what it is for."""
        width = self.content_size.width
        matches = self._completion.matches
        heads = [clean(f" {each.word} {each.takes}".rstrip()) for each in matches]
        column = min(max(map(cell_len, heads), default=0) + 2, max(12, width // 2))
        rows = []
        for index, (head, each) in enumerate(zip(heads, matches, strict=True)):
            also = f"  ({', '.join(each.aliases)})" if each.aliases else ""
            text = clip(clean(each.help + also), max(0, width - column - 1))
            chosen = index == self._chosen
            row = Content.assemble(fit(head, column), (text, "" if chosen else "$foreground-muted"))
            rows.append(
                row.pad_right(max(0, width - row.cell_length)).stylize(
                    "bold $block-cursor-foreground on $block-cursor-background"
                )
                if chosen
                else row
            )
        if self._completion.more:
            rows.append(Content.styled(" … more: go on typing", "$foreground-muted"))
        return lines(rows)
