"""The entries of a log model as strips, drawn once and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.style import Style

from widgets.lean_strip import LeanStrip
from widgets.log_filter import Pattern
from widgets.log_model import LogModel
from widgets.log_paint import Painter, SourceColours
from widgets.log_text import Role

MAX_STRIPS = 1_000
"""Drawn entries that are remembered."""


class LogCanvas:
    """Draws the window of a model; whatever changes how lines look must `forget`."""

    def __init__(self, model: LogModel) -> None:
        self.rows: list[tuple[int, LeanStrip]] = []
        """What is in view, from the top: the entry's ordinal and one of its rows."""
        self.widest = 0
        """Cells of the widest row drawn since the last `forget`."""
        self._model = model
        self._colours = SourceColours()
        self._painter: Painter | None = None
        self._strips: dict[int, list[LeanStrip]] = {}

    @property
    def ready(self) -> bool:
        """It knows the styles to draw in."""
        return self._painter is not None

    def use(
        self, styles: Mapping[Role, Style], sources: Sequence[Style], marked: Pattern | None
    ) -> None:
        """Draw in these styles, and set off what a pattern matches."""
        self.forget()
        self._painter = Painter(styles, sources, self._colours, marked)

    def forget(self) -> None:
        """Draw everything anew from now on, in styles that `use` is yet to name."""
        self.redraw()
        self._painter = None

    def redraw(self) -> None:
        """Draw everything anew in the same styles."""
        self._strips.clear()
        self.widest = 0

    def update(self) -> None:
        """Draw the window."""
        self.rows = []
        self._model.catch_up()
        last, strips = None, list[LeanStrip]()
        for ordinal, row in self._model.viewport.window():
            if ordinal != last:
                last, strips = ordinal, self.strips(ordinal)
            self.rows.append((ordinal, strips[row]))
        self.widest = max([self.widest, *(strip.cell_length for _, strip in self.rows)])

    def strips(self, ordinal: int) -> list[LeanStrip]:
        """Return the rows of one entry that is shown."""
        entry_id = self._model.id_at(ordinal)
        strips = self._strips.get(entry_id)
        if strips is None:
            assert self._painter is not None
            if len(self._strips) > MAX_STRIPS:
                self._strips.clear()
            entry = self._model.buffer[entry_id]
            form = self._model.format
            mark = self._model.buffer.mark(entry_id)
            if width := self._model.wrap_width:
                strips = self._painter.rows(form.layout(entry, width, mark), entry.source)
            else:
                strips = [self._painter.line(form.parts(entry, mark), entry.source)]
            self._strips[entry_id] = strips
        return strips
