"""Lean strips are strips, and lean views look as Textual would draw them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.filter import Monochrome
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from widgets.lean_strip import LeanStrip
from widgets.lean_view import LeanScrollBar, LeanView
from widgets.safe_text import SafeLineFilter

BOLD, PLAIN = Style(bold=True), Style()

pieces = st.lists(
    st.tuples(st.text("ab 漢é", max_size=6), st.sampled_from([BOLD, PLAIN])), max_size=5
)


def both(runs: list[tuple[str, Style]]) -> tuple[Strip, LeanStrip]:
    segments = [Segment(text, style) for text, style in runs if text]
    length = sum(cell_len(text) for text, _ in runs)
    return Strip(segments, length), LeanStrip(list(segments), length)


def looks(strip: Strip) -> list[tuple[str, Style | None]]:
    """Cell by cell: how text is cut into segments does not show."""
    return [(char, segment.style) for segment in strip for char in segment.text]


@given(pieces, st.sets(st.integers(0, 40), max_size=4))
def test_it_divides_as_a_strip_does(runs: list[tuple[str, Style]], at: set[int]) -> None:
    strip, lean = both(runs)
    cuts = sorted(at | {strip.cell_length})
    expected = strip.divide(cuts)
    found = lean.divide(cuts)
    assert [looks(piece) for piece in found] == [looks(piece) for piece in expected]
    assert [piece.cell_length for piece in found] == [piece.cell_length for piece in expected]


@given(pieces, st.integers(1, 40), st.integers(1, 3))
def test_its_padding_comes_off_whole(runs: list[tuple[str, Style]], width: int, bar: int) -> None:
    """As under a scrollbar: the view's line is cut where the bar begins."""
    strip, lean = both(runs)
    total = strip.cell_length + bar
    padded = lean.padded(total, PLAIN)
    expected = strip.adjust_cell_length(total, PLAIN)
    assert looks(padded) == looks(expected)
    cuts = [strip.cell_length, total]
    assert [looks(p) for p in padded.divide(cuts)] == [looks(p) for p in expected.divide(cuts)]
    assert lean.padded(width, PLAIN).cell_length == width


@given(pieces, st.integers(0, 20), st.integers(0, 20))
def test_it_crops_and_joins_as_a_strip_does(
    runs: list[tuple[str, Style]], start: int, size: int
) -> None:
    strip, lean = both(runs)
    assert looks(lean.crop(start, start + size)) == looks(strip.crop(start, start + size))
    assert looks(Strip.join([lean, lean])) == looks(Strip.join([strip, strip]))
    assert looks(lean.apply_style(BOLD)) == looks(strip.apply_style(BOLD))


@given(pieces, st.integers(0, 20), st.integers(1, 20))
def test_its_window_is_what_is_cropped(
    runs: list[tuple[str, Style]], start: int, size: int
) -> None:
    strip, lean = both(runs)
    window, expected = lean.window(start, size), strip.crop(start, start + size)
    assert looks(window) == looks(expected)
    assert window.cell_length == sum(cell_len(segment.text) for segment in window)


def test_a_window_in_the_middle_of_a_long_line() -> None:
    lean = LeanStrip([Segment("0123456789" * 20, BOLD), Segment("end", PLAIN)])
    assert lean.window(15, 10).text == "5678901234"
    assert lean.window(195, 10).text == "56789end"
    assert lean.window(300, 10).text == ""
    assert lean.window(0, 203) is lean
    view = lean.view(198, 8, PLAIN)
    assert view.text == "89end   "
    assert lean.view(198, 8, PLAIN) is view
    assert lean.view(0, 4, PLAIN).text == "0123"


class Lines:
    """Fifty numbered lines, one of them with an escape sequence."""

    def prepare(self) -> None:
        self.virtual_size = Size(30, 50)
        self.drawn: list[int] = []

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        self.drawn.append(y)
        text = f"{number:>3} \x1b]52;c;x\x07" if number == 3 else f"{number:>3} line"
        return LeanStrip([Segment(text[:12].ljust(12), BOLD)], 12)


class Lean(Lines, LeanView, can_focus=True):
    def on_mount(self) -> None:
        self.prepare()


class Plain(Lines, ScrollView, can_focus=True):
    def on_mount(self) -> None:
        self.prepare()


class Beside(App[None]):
    """The same lines in both ways."""

    CSS = """
    Lean, Plain { width: 24; height: 10; scrollbar-size-vertical: 1; }
    .framed { border: round red; padding: 1; }
    .faint { opacity: 50%; }
    .tinted { tint: blue 40%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.safe = SafeLineFilter()

    def compose(self) -> ComposeResult:
        yield Lean()
        yield Plain()

    def get_line_filters(self):
        return [*super().get_line_filters(), self.safe]

    def picture(self, kind: type[Lean] | type[Plain]) -> list[list[object]]:
        widget = self.query_one(kind)
        bar = widget.vertical_scrollbar
        lines = [*widget.render_lines(widget.size.region), *bar.render_lines(bar.size.region)]
        return [[seen(char, style) for char, style in looks(line)] for line in lines]


def seen(char: str, style: Style | None) -> object:
    """What the eye gets of a cell: the colour of a blank's ink does not show."""
    style = style or Style()
    ink, ground = style.color, style.bgcolor
    if style.reverse:
        ink, ground = ground, ink
    return char, ground, None if char == " " else (ink, bool(style.bold))


@pytest.mark.parametrize("classes", ["", "framed", "faint", "tinted"])
async def test_it_looks_as_textual_draws_it(classes: str) -> None:
    app = Beside()
    async with app.run_test(size=(60, 40)) as pilot:
        for widget in (app.query_one(Lean), app.query_one(Plain)):
            widget.set_classes(classes)
            widget.scroll_to(y=2, animate=False)
        await pilot.pause()
        lean, plain = app.picture(Lean), app.picture(Plain)
        assert lean == plain
        text = "".join(char for line in lean for char, *_ in line)
        assert "\x1b" not in text
        assert "  3 " in text


async def test_a_line_is_drawn_once_until_it_is_refreshed() -> None:
    app = Beside()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.pause()
        view = app.query_one(Lean)
        view.drawn.clear()
        view.render_lines(view.size.region)
        assert view.drawn == []
        view.refresh(Region(0, 4, 24, 1))
        await pilot.pause()
        assert view.drawn == [4]
        app.theme = "textual-light"
        await pilot.pause()
        assert set(view.drawn) == set(range(10))


class Kept(LeanView):
    """Its lines are the same strips every time."""

    def on_mount(self) -> None:
        self.strips = [LeanStrip([Segment(f"line {n}", Style(bgcolor="red"))]) for n in range(9)]

    def render_line(self, y: int) -> Strip:
        return self.strips[y % 9]


async def test_lines_that_are_kept_follow_the_size_and_the_filters_of_the_view() -> None:
    class Holder(Beside):
        CSS = "Kept { width: 1fr; height: 5; }"

        def compose(self) -> ComposeResult:
            yield Kept()

    app = Holder()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(Kept)
        for width in (40, 25, 60):
            await pilot.resize_terminal(width, 10)
            await pilot.pause()
            lines = view.render_lines(view.size.region)
            assert [line.text for line in lines] == [f"line {n}".ljust(width) for n in range(5)]
        red = view.render_lines(view.size.region)[0]
        assert red._segments[0].style.bgcolor.triplet.red > 0
        app.safe = Monochrome()
        view.refresh()
        await pilot.pause()
        gray = view.render_lines(view.size.region)[0]._segments[0].style.bgcolor.triplet
        assert gray.red == gray.green == gray.blue


async def test_the_scrollbar_is_a_lean_one_and_still_scrolls() -> None:
    app = Beside()
    async with app.run_test(size=(60, 40)) as pilot:
        await pilot.pause()
        view = app.query_one(Lean)
        assert isinstance(view.vertical_scrollbar, LeanScrollBar)
        assert isinstance(view.vertical_scrollbar, ScrollBar)
        await pilot.click(view, offset=(view.region.width - 1, 7))
        await pilot.pause()
        assert view.scroll_offset.y > 0
