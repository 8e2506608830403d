"""Asks before a program is run on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model import Renewal
from widgets.confirm_dialog import ConfirmDialog
from widgets.fields import Field
from widgets.loss_banner import command_line

EFFECTS = (
    "The terminal is lent to it until it ends; ctrl-c ends it early.",
    "Nothing in the fleet is changed.",
)


class CommandDialog(ConfirmDialog):
    """Shows the exact command line that would be run, and answers whether it may."""

    def __init__(self, renewal: Renewal) -> None:
        super().__init__(f"Renew the credentials of {renewal.who}", None, EFFECTS, confirm="Run")
        self.renewal = renewal

    @property
    def fields(self) -> Sequence[Field]:
        """The command, and the variables that it gets besides those there are."""
        given = [("with", f"{name}={value}") for name, value in self.renewal.env]
        return (("runs", command_line(self.renewal.argv)), *given)
