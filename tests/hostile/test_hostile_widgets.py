"""Every widget, fed with hostile text through its real inputs."""

from __future__ import annotations

import importlib
import pkgutil
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widget import Widget

import widgets
from backends.text import clean
from tests.hostile import strategies as hostile
from tests.hostile.acts import ACTS
from tests.hostile.stage import perform

WHOLE = {"log", "document"}
"""Acts whose widgets are given text of any length."""


GATED = {"keys", "notices", "prompts"}
"""Acts in which text goes into widgets of Textual's own, or that is meant to be the program's."""


def all_widgets() -> set[type]:
    """Return every widget and screen that the package defines."""
    found = set()
    for module in pkgutil.iter_modules(widgets.__path__):
        name = f"{widgets.__name__}.{module.name}"
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, Widget) and value.__module__ == name:
                found.add(value)
    return found


def test_every_widget_is_on_the_stage() -> None:
    """A new one must be put there: add it to an act in acts.py."""
    met: set[type] = set()
    for act in ACTS.values():
        met |= perform(act, ("web",))
    missing = sorted(each.__name__ for each in all_widgets() - met)
    assert not missing, f"no hostile text is fed to {', '.join(missing)}"


@pytest.mark.parametrize("name", ACTS)
def test_the_classic_payloads_do_nothing(name: str) -> None:
    perform(ACTS[name], tuple(hostile.CATALOGUE.values()))


@pytest.mark.parametrize("name", sorted(ACTS.keys() - GATED))
def test_widgets_need_no_gate_behind_them(name: str) -> None:
    perform(
        ACTS[name], tuple(f"{a} {b}" for a, b in pairwise(hostile.COMMANDS.values())), gate=False
    )


@pytest.mark.parametrize("name", ACTS if hostile.FACTOR > 1 else sorted(WHOLE))
def test_lines_of_a_megabyte_do_nothing(name: str) -> None:
    texts = tuple(hostile.HUGE.values())
    if name not in WHOLE:  # what is no log and no document is cut where it enters
        texts = tuple(clean(text) for text in texts)
    perform(ACTS[name], texts)


@pytest.mark.parametrize("name", ACTS)
@given(st.lists(hostile.texts(), min_size=12, max_size=24))
@hostile.trying(1)
def test_nothing_that_can_be_thought_of_does_anything(name: str, texts: list[str]) -> None:
    perform(ACTS[name], texts)
