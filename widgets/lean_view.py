"""What every view that draws line by line stands on: frames that cost only what is new in them.

Textual asks a dozen style rules about every line of a widget, filters it anew in every frame and
sends a scrollbar through Rich cell by cell; in a page of 50 lines that is four fifths of the
frame. A view that fills its lines itself needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rich.style import Style
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from widgets.lean_strip import LeanStrip

if TYPE_CHECKING:
    from textual.widget import Widget

_Finish: TypeAlias = tuple[tuple[LineFilter, ...], Color]
"""What is done to every line once it is drawn: the filters, and the background they are told."""


class LeanLines(StylesCache):
    """Keeps the finished lines of a widget that has no border, padding or effect of its own.

    A line is drawn and filtered once, until it is refreshed. A widget that does have such styles
    is drawn as Textual draws it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._finish: _Finish | None = None

    def render_widget(self, widget: Widget, crop: Region) -> list[Strip]:
        """Return the lines of a widget that are in `crop`."""
        width = widget.size.width
        if not _is_plain(widget) or width != widget.region.width:
            return super().render_widget(widget, crop)
        finish = (tuple(widget.get_line_filters()), widget.background_colors[1])
        if width != self._width or finish != self._finish:
            self.clear()
            self._width, self._finish = width, finish
        base = widget.rich_style
        strips = [self._line(widget, y, base, finish) for y in crop.line_range]
        self._dirty_lines.difference_update(crop.line_range)
        if crop.column_span != (0, width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _line(self, widget: Widget, y: int, base: Style, finish: _Finish) -> Strip:
        known = self._cache.get(y)
        if known is not None and y not in self._dirty_lines:
            return known
        strip = widget.render_line(y)
        filters, background = finish
        if isinstance(strip, LeanStrip):
            key = finish, self._width, base
            if strip.made is None or strip.made[0] != key:
                strip.made = key, self._finished(strip, base, finish)
            strip = strip.made[1] or strip
        else:  # it may be drawn again elsewhere: what is made of it is kept with it
            strip = strip.adjust_cell_length(self._width, base)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, background)
        self._cache[y] = strip
        return strip

    def _finished(self, strip: LeanStrip, base: Style, finish: _Finish) -> LeanStrip | None:
        """Return a strip padded and filtered; None where that leaves it as it is."""
        filters, background = finish
        padded = strip.padded(self._width, base)
        segments = padded.segments
        for line_filter in filters:
            segments = line_filter.apply(segments, background)
        if segments is not padded.segments:
            return LeanStrip(segments, self._width)
        return padded if padded is not strip else None


def _is_plain(widget: Widget) -> bool:
    """Return whether a widget's styles leave its lines as it draws them."""
    styles = widget.styles
    return not (
        styles.gutter
        or widget.opacity != 1.0
        or styles.tint.a
        or styles.has_rule("hatch")
        or any(edge for edge, _ in styles.outline)
    )


class LeanScrollBar(ScrollBar):
    """A scrollbar that makes a strip for each look of its cells instead of one for each cell."""

    def __init__(self, *, thickness: int = 1) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the cells that are in `crop`, from top to bottom."""
        look = self.render()
        height, width = self.size.height, self.size.width
        base = look.style if isinstance(look, ScrollBarRender) else None
        if (
            not isinstance(look, ScrollBarRender)
            or not isinstance(base, Style)
            or (base.bgcolor is None or base.color is None)
            or crop.column_span != (0, width)
            or self.opacity != 1.0
        ):
            return super().render_lines(crop)
        bar = look.render_bar(
            size=height,
            virtual_size=look.virtual_size,
            window_size=look.window_size,
            position=look.position,
            thickness=width,
            back_color=base.bgcolor,
            bar_color=base.color,
        )
        looks: dict[int, Strip] = {}
        filters, background = self.get_line_filters(), self.background_colors[1]
        for cell in bar.segments:
            if id(cell) not in looks:
                segments = [cell]
                for line_filter in filters:
                    segments = line_filter.apply(segments, background)
                looks[id(cell)] = LeanStrip(segments, width)
        return [looks[id(cell)] for cell in bar.segments[crop.y : crop.bottom]]


class LeanView(ScrollView):
    """A `ScrollView` that draws by `render_line` and is drawn by `LeanLines`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._styles_cache = LeanLines()

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The vertical scrollbar, made when it is first asked for."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = LeanScrollBar(thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)  # noqa: SLF001 - as Textual does
        return self._vertical_scrollbar
