"""A memo of Textual's that would keep every widget's drawing alive, kept by colours alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from textual._styles_cache import StylesCache


def keep_no_widgets() -> None:
    """Have Textual remember border styles by their colours, and not by who asked.

    Textual 8.2 memoizes `StylesCache.get_inner_outer`, a method, so its memo holds on to the
    latest 1,024 of these caches with all the lines that their widgets have drawn: 60 MiB.
    """
    made = getattr(StylesCache.get_inner_outer, "__wrapped__", None)
    if made is None:
        return  # it is another Textual, or done already

    @lru_cache(256)
    def by_colors(base: Any, background: Any) -> Any:
        return made(StylesCache, base, background)

    def get_inner_outer(_self: StylesCache, base: Any, background: Any) -> Any:
        return by_colors(base, background)

    StylesCache.get_inner_outer = get_inner_outer  # type: ignore[assignment,method-assign]
