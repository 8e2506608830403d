"""The grammar of the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import Column, Kind
from tui.commands import Command, CommandError, Vocabulary

NAME = (Column("name", "Name"),)
KINDS = (
    Kind("ecs/services", "Services", "service", NAME, aliases=("services", "service", "svc")),
    Kind("ecs/events", "Events", "event", NAME, aliases=("events", "ev")),
    Kind("k8s/pods", "Pods", "pod", NAME, aliases=("pods", "po")),
    Kind("k8s/events", "Events", "event", NAME, aliases=("events", "ev")),
    Kind("cloudmap/namespaces", "Namespaces", "namespace", NAME, aliases=("cloudmap", "cm")),
)
WORDS = Vocabulary(KINDS)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("pods", Command(kind="k8s/pods")),
        ("po web", Command(kind="k8s/pods", filter="web")),
        ("svc /web !canary", Command(kind="ecs/services", filter="web !canary")),
        ("SVC @shop-prod", Command(kind="ecs/services", where="shop-prod")),
        ("pods @all error", Command(kind="k8s/pods", where="all", filter="error")),
        ("ctx search", Command(kind="fleet/clusters", filter="search")),
        ("cm", Command(kind="cloudmap/namespaces")),
        ("q", Command(action="quit")),
        ("theme topdeck-light", Command(action="theme", argument="topdeck-light")),
    ],
)
def test_a_command_is_understood(text: str, command: Command) -> None:
    assert WORDS.parse(text) == command


def test_a_shared_word_means_that_of_the_family_where_one_is() -> None:
    assert WORDS.parse("events", "k8s").kind == "k8s/events"
    assert WORDS.parse("events", "ecs").kind == "ecs/events"


@pytest.mark.parametrize(
    ("text", "said"),
    [("srvices", "Did you mean services?"), ("", "Nothing was typed"), ("xyzzy", "Kinds")],
)
def test_what_is_not_understood_is_answered_with_help(text: str, said: str) -> None:
    with pytest.raises(CommandError, match=said.replace("?", r"\?")):
        WORDS.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_an_error(text: str) -> None:
    try:
        command = WORDS.parse(text)
    except CommandError:
        return
    assert bool(command.kind) != bool(command.action)


def test_every_word_has_a_description() -> None:
    assert all(WORDS.describe(word) for word in WORDS.words)
