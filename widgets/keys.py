"""Key bindings as people read them: which keys, what they are called, whether they work now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from textual.app import App
from textual.binding import ActiveBinding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

SCREEN = "This screen"
"""The heading of what a screen itself binds."""

NOW_AND_THEN = frozenset({"login"})
"""Ids of keys that are at the foot only while they can do something, and then come first."""


class KeyHint(msgspec.Struct, frozen=True):
    """One action that keys stand for."""

    keys: tuple[str, ...]
    """As shown, in the order in which they were bound: ``↑``, ``k``."""
    press: str
    """The first key by Textual's name, to be simulated by a click."""
    label: str
    tooltip: str
    id: str
    """The binding's id, which keymaps name; empty: it has none."""
    owner: str
    """The heading of what it belongs to: ``Table``, ``This screen``, ``Everywhere``."""
    enabled: bool = True
    shown: bool = True
    """Meant for the key bar, not only for the help."""


def hints_of(app: App[object], bindings: Mapping[str, ActiveBinding]) -> tuple[KeyHint, ...]:
    """Return what the bindings in force say, one for each action, nearest to the focus first.

    Bindings without a description, those that Textual marks as its own, and those of a key
    that most keyboards lack are left out.
    """
    hints: dict[tuple[int, str], KeyHint] = {}
    for node, binding, enabled, tooltip in bindings.values():
        if binding.system or not binding.description or binding.key.startswith("super+"):
            continue
        key = (id(node), binding.action)
        display = app.get_key_display(binding)
        known = hints.get(key)
        if known is not None:
            if display not in known.keys:
                hints[key] = msgspec.structs.replace(known, keys=(*known.keys, display))
            continue
        hints[key] = KeyHint(
            keys=(display,),
            press=binding.key,
            label=binding.description,
            tooltip=tooltip,
            id=binding.id or "",
            owner=heading_of(node),
            enabled=enabled,
            shown=binding.show,
        )
    return tuple(hints.values())


def reachable(screen: Screen[object]) -> tuple[KeyHint, ...]:
    """Return the hints of a screen without the keys that its focused field takes as text."""
    focused = screen.focused
    bindings = screen.active_bindings
    if focused is None:
        return hints_of(screen.app, bindings)
    return hints_of(
        screen.app,
        {
            key: active
            for key, active in bindings.items()
            if active.node is focused
            or active.binding.priority
            or not _is_text(focused, key, screen.app.get_key_display(active.binding))
        },
    )


def _is_text(widget: Widget, key: str, display: str) -> bool:
    """Return whether a widget would take a key as text.

    Textual asks the same, but does not know the character of keys such as ``slash``.
    """
    return len(display) == 1 and display.isascii() and widget.check_consume_key(key, display)


def heading_of(node: DOMNode) -> str:
    """Return what the help calls the part of the app that a binding belongs to."""
    if node.BINDING_GROUP_TITLE:
        return node.BINDING_GROUP_TITLE
    if isinstance(node, App):
        return "Everywhere"
    if isinstance(node, Screen):
        return SCREEN
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(node).__name__)
    return words.strip().capitalize()


def is_help(hint: KeyHint) -> bool:
    """Return whether a hint is the key that shows all keys."""
    return hint.id.rpartition(".")[2] == "help"


def by_owner(hints: Iterable[KeyHint]) -> Mapping[str, tuple[KeyHint, ...]]:
    """Return hints by what they belong to: the screen's first, then as they appear."""
    groups: dict[str, tuple[KeyHint, ...]] = {SCREEN: ()}
    for hint in hints:
        groups[hint.owner] = (*groups.get(hint.owner, ()), hint)
    return {owner: hints for owner, hints in groups.items() if hints}
