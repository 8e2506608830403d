"""The banner of lost credentials: whose, by which command, by which key."""

from __future__ import annotations

import pytest

from backends.model import Renewal
from widgets.loss_banner import command_line, loss_lines

PROD = Renewal("profile prod", "run it", ("aws", "sso", "login", "--profile", "prod"))
KEYS = Renewal("profile ci", "put new keys for profile ci into the credentials file")


def shown(*renewals: Renewal, width: int = 200) -> list[str]:
    return [line.plain for line in loss_lines(renewals, "^o", width)]


def test_one_loss_is_one_line_where_there_is_room() -> None:
    assert shown(PROD) == [
        "✗ credentials lost: profile prod → ^o runs aws sso login --profile prod"
    ]


def test_the_command_has_a_line_of_its_own_where_there_is_none() -> None:
    assert shown(PROD, width=60) == [
        "✗ credentials lost: profile prod",
        "  → ^o runs aws sso login --profile prod",
    ]


def test_where_there_is_no_command_it_says_what_to_do_and_no_key() -> None:
    assert shown(KEYS) == [f"✗ credentials lost: profile ci → {KEYS.advice}"]


def test_several_are_named_with_the_first_command_and_the_first_advice() -> None:
    other = Renewal("profile dev", "run it", ("aws", "sso", "login", "--profile", "dev"))
    assert shown(PROD, KEYS, other) == [
        "✗ credentials lost: profile prod, profile ci, profile dev",
        "  → ^o runs aws sso login --profile prod",
        f"  → {KEYS.advice}",
    ]


@pytest.mark.parametrize("width", [1, 5, 20, 79])
def test_it_never_is_wider_than_the_screen(width: int) -> None:
    lines = loss_lines((PROD, KEYS), "^o", width)
    assert all(line.cell_length <= width for line in lines)


def test_a_command_is_shown_as_it_would_be_typed_and_clean() -> None:
    argv = ("aws", "sso", "login", "--profile", "two words\x1b[31m")
    assert command_line(argv).startswith("aws sso login --profile 'two words")
    assert "\x1b" not in command_line(argv)
