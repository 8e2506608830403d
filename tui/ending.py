"""Ending when a signal says so: at once, whatever the screen, its loop or its terminal do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.app import TopdeckApp

GRACE = 2.0
"""Seconds that a signalled app has to put the terminal back before the process just ends."""

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""What asks us to end; the exit code is 128 and the signal's number, as shells have it."""

LEAVE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h"
    b"\x1b[?1004l"
)
"""What puts the terminal back where the screen can't: bracketed paste, line wrap, mouse, keyboard
protocol, alternate screen, cursor and focus reports, as Textual's driver has them."""

LAST_WORDS = 0.2
"""Seconds that writing these may take."""


class Ending:
    """Ends an app on signals. Its handlers run even while the loop waits for a terminal that
    nobody reads; `loop.add_signal_handler` would have them wait, too."""

    def __init__(self, app: TopdeckApp) -> None:
        self._app = app
        self._loop = asyncio.get_running_loop()
        self._before = _settings()
        for number in SIGNALS:
            signal.signal(number, self._end)

    def _end(self, number: int, _frame: object) -> None:
        if number == signal.SIGINT and self._app.terminal.lent:
            return  # it is for the program that has the terminal
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)  # once is enough
        patience = threading.Timer(GRACE, self._give_up, (128 + number,))
        patience.daemon = True
        patience.start()
        with contextlib.suppress(RuntimeError):  # the loop has closed: it ends anyway
            self._loop.call_soon_threadsafe(self._ask, number)

    def _ask(self, number: int) -> None:
        self._app.exit(return_code=128 + number)

    def _give_up(self, code: int) -> None:
        """Put the terminal back ourselves, as far as it lets us, and end."""
        self._app.terminal.kill()
        with contextlib.suppress(termios.error, OSError):
            # What nobody has read is of no use any more, and keeps the rest from being written.
            termios.tcflush(STDERR, termios.TCOFLUSH)
            if self._before is not None:
                termios.tcsetattr(STDERR, termios.TCSANOW, self._before)
        writing = threading.Thread(target=_write, args=(LEAVE,), daemon=True)
        writing.start()
        writing.join(LAST_WORDS)
        os._exit(code)


STDERR = 2
"""The file descriptor that the screen is drawn on."""


def _settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(STDERR)
    except (termios.error, OSError):
        return None


def _write(text: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(STDERR, text)
