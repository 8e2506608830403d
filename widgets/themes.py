"""Topdeck's themes: calm backgrounds, and colours that are kept for health.

``primary`` and ``accent`` are greys and one quiet blue; green, amber and red appear nowhere but
where they say how something is. Contrast of health colours on ``background`` is at least 4.5:1
(WCAG AA), and 7:1 in the high-contrast theme.
"""

from __future__ import annotations

from textual.theme import Theme

TOPDECK_DARK = Theme(
    name="topdeck-dark",
    primary="#7f9bb8",
    secondary="#5c7086",
    accent="#7fb4e0",
    warning="#e0b45c",
    error="#f0787a",
    success="#84c291",
    foreground="#d4d8dc",
    background="#14171a",
    surface="#1a1e22",
    panel="#22272c",
    dark=True,
    variables={
        "text-success": "#84c291",
        "text-warning": "#e0b45c",
        "text-error": "#f0787a",
        "text-accent": "#7fb4e0",
        "foreground-muted": "#8d969e",
        "block-cursor-background": "#303a45",
        "block-cursor-foreground": "#eef1f4",
        "block-cursor-blurred-background": "#23292f",
        "footer-key-foreground": "#d4d8dc",
    },
)
"""The default."""

TOPDECK_LIGHT = Theme(
    name="topdeck-light",
    primary="#3d5a78",
    secondary="#6b7f93",
    accent="#1d5f99",
    warning="#8a5a00",
    error="#b3261e",
    success="#1f6f3a",
    foreground="#22272c",
    background="#fafaf8",
    surface="#f3f3f0",
    panel="#e8e8e4",
    dark=False,
    variables={
        "text-success": "#1f6f3a",
        "text-warning": "#8a5a00",
        "text-error": "#b3261e",
        "text-accent": "#1d5f99",
        "foreground-muted": "#5f676f",
        "block-cursor-background": "#d3dde7",
        "block-cursor-foreground": "#101418",
        "block-cursor-blurred-background": "#e6e9ec",
        "footer-key-foreground": "#22272c",
    },
)
"""For light rooms and light terminals."""

TOPDECK_CONTRAST = Theme(
    name="topdeck-contrast",
    primary="#ffffff",
    secondary="#c8c8c8",
    accent="#8fd0ff",
    warning="#ffd75f",
    error="#ff9a96",
    success="#7dff9b",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1a1a1a",
    dark=True,
    text_alpha=1.0,
    variables={
        "text-success": "#7dff9b",
        "text-warning": "#ffd75f",
        "text-error": "#ff9a96",
        "text-accent": "#8fd0ff",
        "foreground-muted": "#c8c8c8",
        "block-cursor-background": "#4a4a4a",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#2c2c2c",
        "footer-key-foreground": "#ffffff",
    },
)
"""White on black, for poor screens and tired eyes."""

THEMES: tuple[Theme, ...] = (TOPDECK_DARK, TOPDECK_LIGHT, TOPDECK_CONTRAST)
"""All of them, the default first."""
