"""The application: themes, keymap and the stack of screens. It owns no resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Resize
from textual.filter import LineFilter
from textual.screen import Screen

from backends.base import BackendError
from backends.board import Board
from backends.fleet import Fleet
from backends.model import Problem, Renewal
from backends.text import clean_block
from tui.config import Config
from tui.login import Terminal, renew
from tui.navigation import HOME, Place
from tui.screens.browse import BrowseScreen
from widgets.loss_banner import LossBanner
from widgets.safe_text import SafeLineFilter
from widgets.style_memo import keep_no_widgets
from widgets.themes import THEMES
from widgets.too_small import guard_size

LOGIN_KEY = "ctrl+o"
"""Runs the command that renews lost credentials, where it was not remapped."""

DEEPEST = 40
"""Browse screens kept on the stack; going deeper forgets the way back to the oldest."""


def _palette() -> type[Provider]:
    """Import the palette's commands when it is first opened."""
    from tui.palette import TopdeckCommands

    return TopdeckCommands


class TopdeckApp(App[None]):
    """One terminal over a fleet. `start` is awaited after the first frame has been painted."""

    TITLE = "topdeck"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar[set[Any]] = {_palette}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+c,ctrl+q", "quit", "Quit", id="quit", priority=True, show=False,
            tooltip="Leave Topdeck. Nothing that was requested is undone.",
        ),
        Binding(
            LOGIN_KEY, "login", "Log in", id="login",
            tooltip="Run the command that renews lost credentials; shows it and asks first.",
        ),
    ]  # fmt: skip

    def __init__(
        self,
        fleet: Fleet,
        board: Board,
        config: Config,
        start: Callable[[], Awaitable[None]],
        *,
        demo: bool = False,
    ) -> None:
        super().__init__()
        keep_no_widgets()
        self._dress(config.theme)
        self.fleet = fleet
        self.board = board
        self.config = config
        self.demo = demo
        """Whether the fleet is the simulated one; the header says so."""
        self.crash: BaseException | None = None
        """The defect that ended the app, if one did."""
        self.problem: Problem | None = None
        """Why the backends could not be started."""
        self.forward: list[Place] = []
        """Places that one has come back from, the next one last."""
        self.terminal = Terminal()
        """What a program gets while the screen is put away for it."""
        self._start = start
        self._safe = SafeLineFilter()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the filter that lets no control sequence through, as the last one."""
        return [*super().get_line_filters(), self._safe]

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text without anything that would command the terminal or shell it is pasted into;
        its lines stay lines."""
        super().copy_to_clipboard(clean_block(text))

    def _dress(self, name: str) -> None:
        """Take on a theme before there is a screen: a change later reads every style anew."""
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(App.theme, name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)

    def get_default_screen(self) -> Screen[None]:
        """Begin on the board itself, with no empty screen beneath it."""
        return BrowseScreen(HOME)

    def on_mount(self) -> None:
        """Start the backends once the board has been painted."""
        self.set_keymap(self.config.keys)
        self.fleet.losses.listen(self._losses_changed)
        self.call_after_refresh(self._begin)

    def on_resize(self, event: Resize) -> None:
        """Cover the screen while it is too small to be read."""
        guard_size(self, event.size)

    def _begin(self) -> None:
        self.run_worker(self._connect(), name="attach backends", exit_on_error=False)

    async def _connect(self) -> None:
        try:
            await self._start()
        except BackendError as error:
            self.problem = error.problem
        except Exception as error:
            self.problem = Problem("internal", "start", str(error), "see --help, or report this")

    def loss_banner(self) -> LossBanner:
        """Return the banner of lost credentials for a screen, with what is lost now."""
        key = Binding(self.config.keys.get("login", LOGIN_KEY).partition(",")[0], "")
        return LossBanner(self.fleet.losses.current, self.get_key_display(key))

    def _losses_changed(self) -> None:
        for screen in self.screen_stack:
            for banner in screen.query(LossBanner):
                banner.show(self.fleet.losses.current)
        self.screen.refresh_bindings()

    @property
    def renewable(self) -> Renewal | None:
        """The lost credentials that a command can renew, those on screen first."""
        return next((one for one in self.fleet.losses.current if one.argv), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey the login while no command could renew anything."""
        return action != "login" or self.renewable is not None or None

    def action_login(self) -> None:
        """Renew lost credentials; it asks first."""
        if self.renewable is not None:
            self.run_worker(renew(self, self.renewable), group="login", exclusive=True)

    def go(self, place: Place) -> None:
        """Open a place on top of where one is."""
        self.forward.clear()
        self.push_screen(BrowseScreen(place))
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        browsing = [screen for screen in self.screen_stack if isinstance(screen, BrowseScreen)]
        if len(browsing) > DEEPEST:
            oldest = browsing[1]
            self._screen_stack.remove(oldest)
            self.workers.cancel_node(oldest)
            self.call_later(oldest.remove)

    def pop_screen(self) -> AwaitComplete:
        """Close the screen on top, and before its widgets are gone whatever still works on them."""
        self.workers.cancel_node(self.screen)
        return super().pop_screen()

    def back(self) -> bool:
        """Close the screen on top, and remember it for `ahead`; False if it is the last one."""
        top = self.screen
        if len(self.screen_stack) <= 1:
            return False
        if isinstance(top, BrowseScreen):
            self.forward.append(top.whereabouts)
        self.pop_screen()
        return True

    def ahead(self) -> bool:
        """Open again what was last come back from; False if there is nothing."""
        if not self.forward:
            return False
        self.push_screen(BrowseScreen(self.forward.pop()))
        return True

    def _handle_exception(self, error: Exception) -> None:
        """Keep a defect for the report, and close: a traceback is nothing to show."""
        self.crash = self.crash or error
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    async def shut_down(self) -> None:
        """Let go of every feed and connection; called once the screen has closed."""
        self.board.close()
        await self.fleet.close()
