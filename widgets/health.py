"""How each `Health` looks: a glyph and a word that read without colour, and a colour.

Colour means health in Topdeck and nothing else. The colours are variables of the theme, so
that they hold on dark, light and high-contrast backgrounds alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backends.model import Health


class HealthLook(NamedTuple):
    """The face of one `Health`."""

    glyph: str
    """One character, one terminal cell wide in every terminal that is known to us."""
    word: str
    """Lower case; what the filter ``health:`` matches."""
    color: str
    """A theme variable with its dollar sign, for CSS and `Content.from_markup`."""
    css_class: str
    """The end of the component class that widgets give it, such as ``failing``."""


HEALTH_LOOKS: Mapping[Health, HealthLook] = {
    Health.OK: HealthLook("✓", "ok", "$text-success", "ok"),
    Health.IDLE: HealthLook("○", "idle", "$foreground-muted", "idle"),
    Health.UNKNOWN: HealthLook("?", "unknown", "$foreground-muted", "unknown"),
    Health.PROGRESSING: HealthLook("◐", "progressing", "$text-accent", "progressing"),
    Health.DEGRADED: HealthLook("▲", "degraded", "$text-warning", "degraded"),
    Health.FAILING: HealthLook("✗", "failing", "$text-error", "failing"),
}
"""Every health's look. No glyph has an emoji form, so that no terminal draws it two cells wide."""

WORST_FIRST: tuple[Health, ...] = tuple(sorted(Health, reverse=True))
"""The order in which counts and legends are listed."""


def label(health: Health, word: str = "") -> str:
    """Return glyph and word, such as ``✗ failing``; `word` says it in the provider's terms."""
    look = HEALTH_LOOKS[health]
    return f"{look.glyph} {word or look.word}"
