"""The keymap: which keys may be remapped, and what a configuration says of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from textual.binding import Binding
from textual.keys import Keys, _character_to_key

from tui.config import ConfigError


def binding_ids(*owners: type[Any]) -> frozenset[str]:
    """Return the ids of every binding that some classes declare."""
    found: set[str] = set()
    for owner in owners:
        for binding in getattr(owner, "BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                found.add(binding.id)
    return frozenset(found)


def all_ids() -> frozenset[str]:
    """Return the ids of every binding of the application."""
    from tui.app import TopdeckApp
    from tui.screens.browse import BrowseScreen
    from tui.screens.detail import DetailScreen
    from tui.screens.insights_keys import InsightsKeys
    from tui.screens.logs import LogScreen
    from widgets.detail_pane import DetailPane
    from widgets.document_view import DocumentView
    from widgets.log_control import LogControl
    from widgets.log_pane import LogPane
    from widgets.resource_table import ResourceTable
    from widgets.rows_view import RowsView

    screens = (TopdeckApp, BrowseScreen, DetailScreen, LogScreen, InsightsKeys)
    panes = (LogControl, LogPane, ResourceTable, DetailPane, DocumentView, RowsView)
    return binding_ids(*screens, *panes)


def check_keys(keys: Mapping[str, str]) -> None:
    """Raise `ConfigError` for an id that no binding has, or a key that can't be pressed."""
    if not keys:
        return
    known = all_ids()
    for name, pressed in keys.items():
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"[keys]: there is nothing called {name!r}.{hint} "
                f"Names are: {', '.join(sorted(known))}."
            )
        bad = next(_unknown(pressed.split(",")), None)
        if bad is not None:
            raise ConfigError(
                f"[keys]: {name} = {pressed!r}: {bad!r} is not a key. Write a character, or a "
                "name such as f5, ctrl+r, shift+left, slash; several with commas."
            )


_NAMES = frozenset(_character_to_key(chr(code)) for code in range(33, 127))
"""Textual's names for characters: ``slash``, ``question_mark``."""


def _unknown(keys: Iterable[str]) -> Iterator[str]:
    named = {key.value for key in Keys}
    for key in keys:
        last = key.strip().rpartition("+")[2]
        if not (len(key.strip()) == 1 or last in named or len(last) == 1 or last in _NAMES):
            yield key
