from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.theme import Theme

from backends.model import Health
from widgets.health import HEALTH_LOOKS, WORST_FIRST, label
from widgets.themes import THEMES, TOPDECK_CONTRAST


def test_every_health_reads_without_colour() -> None:
    assert set(HEALTH_LOOKS) == set(Health)
    assert len({look.glyph for look in HEALTH_LOOKS.values()}) == len(Health)
    assert len({look.word for look in HEALTH_LOOKS.values()}) == len(Health)


def test_every_glyph_is_one_cell_in_every_terminal() -> None:
    for look in HEALTH_LOOKS.values():
        assert len(look.glyph) == 1
        assert cell_len(look.glyph) == 1
        assert unicodedata.east_asian_width(look.glyph) in ("N", "Na", "A")


def test_a_label_says_the_word_of_the_provider_or_our_own() -> None:
    assert label(Health.FAILING) == "✗ failing"
    assert label(Health.OK, "ACTIVE") == "✓ ACTIVE"


def test_trouble_comes_first() -> None:
    assert (WORST_FIRST[0], WORST_FIRST[-1]) == (Health.FAILING, Health.OK)


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.2, 1.4.3: from 1 (none) to 21."""

    def luminance(color: Color) -> float:
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("health", list(Health))
def test_health_can_be_read_in_every_theme_and_under_the_cursor(
    theme: Theme, health: Health
) -> None:
    variables = theme.to_color_system().generate()
    color = Color.parse(variables[HEALTH_LOOKS[health].color.removeprefix("$")])
    least = 7.0 if theme is TOPDECK_CONTRAST else 4.5
    assert contrast(color, Color.parse(variables["background"])) >= least
    for cursor in ("block-cursor-background", "block-cursor-blurred-background"):
        assert contrast(color, Color.parse(variables[cursor])) >= 3.0
    assert contrast(Color.parse(variables["foreground"]), Color.parse(variables["background"])) >= 7


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_healths_that_mean_different_things_have_different_colours(theme: Theme) -> None:
    variables = theme.to_color_system().generate()
    telling = [h for h in Health if h not in (Health.IDLE, Health.UNKNOWN)]
    colors = {variables[HEALTH_LOOKS[h].color.removeprefix("$")] for h in telling}
    assert len(colors) == len(telling)
