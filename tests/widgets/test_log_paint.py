"""Colours of sources, and runs of text cut and set off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from widgets.log_paint import DARK_SOURCES, LIGHT_SOURCES, SourceColours, emphasise
from widgets.themes import THEMES


def test_a_source_keeps_its_colour_and_shares_it_only_when_it_must() -> None:
    colours = SourceColours(10)
    names = [f"web-{n}/app" for n in range(10)]
    first = [colours.number(name) for name in names]
    assert sorted(first) == list(range(10))
    more = [colours.number(f"api-{n}") for n in range(50)]
    assert set(more) <= set(range(10))
    assert [colours.number(name) for name in names] == first


def test_a_source_has_the_same_colour_in_every_session() -> None:
    assert SourceColours().number("web/app") == SourceColours().number("web/app")
    assert len({SourceColours().number(f"web-{n}") for n in range(100)}) > 5


def test_a_name_that_is_no_unicode_has_a_colour() -> None:
    assert SourceColours().number("\ud800") >= 0


@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
def test_colours_are_legible_and_not_those_of_health(theme: Theme) -> None:
    ground = Color.parse(theme.background)
    for name in DARK_SOURCES if theme.dark else LIGHT_SOURCES:
        colour = Color.parse(name)
        assert luminance_contrast(ground, colour) >= 4.5, name
        assert colour.b >= max(colour.r, colour.g), "not a blue, cyan, violet or grey"


def luminance_contrast(one: Color, other: Color) -> float:
    """Contrast as WCAG 2 defines it."""

    def luminance(color: Color) -> float:
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_both_palettes_have_a_colour_for_every_number() -> None:
    assert len(DARK_SOURCES) == len(LIGHT_SOURCES) == len(set(DARK_SOURCES))


@given(st.lists(st.text(max_size=8), max_size=5), st.lists(st.integers(0, 40), max_size=6))
def test_emphasis_changes_no_text(texts: list[str], cuts: list[int]) -> None:
    whole = "".join(texts)
    ends = sorted({min(cut, len(whole)) for cut in cuts})
    spans = list(zip(ends[::2], ends[1::2], strict=False))
    runs = emphasise([(text, Style()) for text in texts], spans)
    assert "".join(text for text, _ in runs) == whole
    marked = "".join(text for text, style in runs if style.underline)
    assert marked == "".join(whole[a:b] for a, b in spans)
