"""A modal screen that can't be closed twice."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Modal(ModalScreen[Answer]):
    """The base of all our modal screens."""

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close with an answer, if this is the screen on top; otherwise do nothing.

        Textual's own closes whatever is on top: the second of two quick clicks, or one on a
        screen that has been covered meanwhile, would close another screen.
        """
        if not self.is_active:
            return AwaitComplete()
        return super().dismiss(result)
