"""Stands in for every screen while the terminal is too small for any."""

from __future__ import annotations

from typing import TypeVar

from textual.app import App, ComposeResult
from textual.content import Content
from textual.events import Resize, ScreenResume
from textual.geometry import Size
from textual.widgets import Static

from widgets.modal import Modal

NEEDED = Size(80, 24)
"""The smallest terminal that everything is laid out for."""

Result = TypeVar("Result")


def fits(size: Size) -> bool:
    """Return whether everything can be shown in a terminal of that size."""
    return size.width >= NEEDED.width and size.height >= NEEDED.height


def guard_size(app: App[Result], size: Size) -> None:
    """Cover the screen if `size` is too small; call it from the app's resize handler.

    Keys go nowhere meanwhile, but for the app's own priority bindings. The cover goes away by
    itself, and what was below has the focus where it had it.
    """
    if not fits(size) and not isinstance(app.screen, TooSmall):
        app.push_screen(TooSmall())


class TooSmall(Modal[None]):
    """Says which size is needed and which there is; closes itself once there is room."""

    DEFAULT_CSS = """
    TooSmall { background: $background; align: center middle; }
    TooSmall Static { width: auto; height: auto; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        """Lay out the one sentence."""
        yield Static()

    def on_resize(self, event: Resize) -> None:
        """Say the new size, or go."""
        self._settle(event.size)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Go, if there is room by the time that this is on top again."""
        self._settle(self.app.size)

    def _settle(self, size: Size) -> None:
        if fits(size):
            self.dismiss()
            return
        self.query_one(Static).update(
            Content(
                f"Topdeck needs {NEEDED.width}x{NEEDED.height}.\n"
                f"This terminal is {size.width}x{size.height}."
            )
        )
