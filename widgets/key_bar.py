"""The foot of a screen: the keys that work now, the most important first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from widgets.fit import clip, lines
from widgets.keys import NOW_AND_THEN, KeyHint, is_help, reachable

NARROW = 100
"""Columns below which the bar may have a third line."""

BETWEEN = 2
"""Cells between two keys."""

BETWEEN_OWNERS = 4
"""Cells between the keys of two parts of the app."""


class Placed(msgspec.Struct, frozen=True):
    """A key in its place on the bar."""

    hint: KeyHint
    line: int
    start: int
    """Its first cell."""
    label: str

    @property
    def end(self) -> int:
        """The cell after its last one."""
        return self.start + cell_len(f"{self.hint.keys[0]} {self.label}")


def lay_out(hints: Sequence[KeyHint], width: int, most_lines: int) -> tuple[Placed, ...]:
    """Place as many hints as fit; where some don't, the last place is that of the help."""
    helps = [hint for hint in hints if is_help(hint)]
    others = [hint for hint in hints if not is_help(hint)]
    everything = _place([*others, *helps], width, most_lines)
    if len(everything) == len(others) + len(helps) or not helps:
        return everything
    label = "all keys"
    for count in range(len(everything), -1, -1):
        shown = [*others[:count], helps[0]]
        placed = _place(shown, width, most_lines, last_label=label)
        if len(placed) == len(shown):
            return placed
    return ()


def _place(
    hints: Sequence[KeyHint], width: int, most_lines: int, last_label: str = ""
) -> tuple[Placed, ...]:
    placed: list[Placed] = []
    line = column = 0
    owner = ""
    for index, hint in enumerate(hints):
        label = last_label if last_label and index == len(hints) - 1 else hint.label
        label = clip(label, max(0, width - cell_len(hint.keys[0]) - 1))
        size = cell_len(f"{hint.keys[0]} {label}")
        if column:
            column += BETWEEN if hint.owner == owner else BETWEEN_OWNERS
        if column and column + size > width:
            line, column = line + 1, 0
        if line >= most_lines:
            break
        placed.append(Placed(hint, line, column, label))
        column += size
        owner = hint.owner
    return tuple(placed)


class KeyBar(Widget):
    """Follows the screen's bindings in force: focus, keymap and greyed actions included."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyBar {
        height: auto; width: 100%; padding: 0 1; background: $panel; text-wrap: nowrap;
    }
    """

    def __init__(
        self,
        *,
        most_lines: int | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """Make a bar of at most `most_lines`; None: two, and three where it is narrow."""
        super().__init__(id=id)
        self._most_lines = most_lines
        self._hints: tuple[KeyHint, ...] = ()

    def on_mount(self) -> None:
        """Follow the bindings from now on."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)
        self._follow(self.screen)

    def _follow(self, screen: Screen[object]) -> None:
        shown = [h for h in reachable(screen) if h.shown]
        rare = tuple(h for h in shown if h.id in NOW_AND_THEN and h.enabled)
        hints = (*rare, *(h for h in shown if h.id not in NOW_AND_THEN))
        if hints != self._hints:
            self._hints = hints
            self.refresh(layout=True)

    def _placed(self, width: int) -> tuple[Placed, ...]:
        if width < 1:
            return ()
        most = self._most_lines or (3 if width < NARROW else 2)
        return lay_out(self._hints, width, most)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that the keys take, at least one."""
        return max((key.line for key in self._placed(width)), default=0) + 1

    def render(self) -> Content:
        """Draw the keys; those that do nothing now are dimmed."""
        rows: list[Content] = []
        for key in self._placed(self.content_size.width):
            while len(rows) <= key.line:
                rows.append(Content(""))
            row = rows[key.line].pad_right(key.start - rows[key.line].cell_length)
            on = key.hint.enabled
            rows[key.line] = Content.assemble(
                row,
                (key.hint.keys[0], "bold" if on else "dim $foreground-muted"),
                (f" {key.label}", "" if on else "dim $foreground-muted"),
            )
        return lines(rows)

    def on_click(self, event: Click) -> None:
        """Press the key that was clicked on."""
        at = event.get_content_offset(self)
        if at is None:
            return
        for key in self._placed(self.content_size.width):
            if key.line == at.y and key.start <= at.x < key.end and key.hint.enabled:
                self.app.simulate_key(key.hint.press)
