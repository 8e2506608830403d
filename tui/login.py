"""Renewing lost credentials: the command that does it, run on the terminal in our place."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import termios
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from textual.app import SuspendNotSupported

from backends.model import Renewal
from widgets.loss_banner import command_line

if TYPE_CHECKING:
    from tui.app import TopdeckApp

STDIN = 0
"""The file descriptor of the terminal."""

ENDING = 0.5
"""Seconds that a command has to end after SIGTERM, before it is killed."""


class Outcome(msgspec.Struct, frozen=True):
    """How a command ended, in a sentence."""

    well: bool
    said: str


class Terminal:
    """The terminal while it is lent: who has it, so that nobody is left behind."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self.lent = False
        """Whether a program has it; ctrl-c is the program's then, not ours."""

    def kill(self) -> None:
        """End whoever has it, at once: we are about to end ourselves."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def run(self, program: str, argv: Sequence[str], environ: Mapping[str, str]) -> int:
        """Run a program, by its path, on it and return its exit code, negative for a signal.

        Cancelled, it ends the program first. Raises OSError where it can't be started.
        """
        with self._lend():
            self._process = await asyncio.create_subprocess_exec(
                *argv, executable=program, env={**environ}
            )
            try:
                return await self._process.wait()
            finally:
                await self._end(self._process)
                self._process = None

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        for end in (process.terminate, process.kill):
            if process.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDING):
                    await process.wait()

    @contextlib.contextmanager
    def _lend(self) -> Iterator[None]:
        """Leave ctrl-c and ctrl-\\ to the program, and the terminal's settings as they were."""
        before = _settings()
        quitting = signal.signal(signal.SIGQUIT, _not_ours)
        self.lent = True
        try:
            yield
        finally:
            self.lent = False
            signal.signal(signal.SIGQUIT, quitting)
            if before is not None:
                # It may have been killed while it read a password.
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(STDIN, termios.TCSADRAIN, before)


def _not_ours(_number: int, _frame: object) -> None:
    """Take a signal that is meant for the program, which would inherit that it is ignored."""


def _settings() -> list[Any] | None:
    try:
        return termios.tcgetattr(STDIN)
    except (termios.error, ValueError, OSError):
        return None


async def renew(app: TopdeckApp, renewal: Renewal) -> None:
    """Ask, run the command that renews credentials, and wake every feed that waits for them."""
    from widgets.command_dialog import CommandDialog

    if not await app.push_screen_wait(CommandDialog(renewal)):
        return
    outcome = await run_lent(app, renewal)
    app.fleet.losses.retry()
    if outcome.well:
        app.notify(outcome.said, markup=False)
    else:
        title = "The credentials are as they were"
        app.notify(outcome.said, title=title, severity="error", timeout=15, markup=False)


async def run_lent(app: TopdeckApp, renewal: Renewal) -> Outcome:
    """Run a command with the screen put away, and say how it ended; nothing is raised.

    The loop goes on meanwhile, so that feeds live and signals are heard.
    """
    line = command_line(renewal.argv)
    program = shutil.which(renewal.argv[0])
    if program is None:
        name = command_line(renewal.argv[:1])
        said = f"{name} is not installed, or not on PATH. In another terminal: {line}"
        return Outcome(False, said)
    environ = {**os.environ, **dict(renewal.env)}
    failed = ""
    code = 0
    try:
        with app.suspend(), app.batch_update():
            # An exception that left this block would leave the screen put away.
            try:
                code = await app.terminal.run(program, renewal.argv, environ)
            except (OSError, ValueError) as error:
                failed = getattr(error, "strerror", None) or str(error)
    except SuspendNotSupported:
        return Outcome(False, f"This terminal can't be lent to a program. In another one: {line}")
    if failed:
        return Outcome(False, f"{line} could not be started: {failed}")
    if code < 0:
        return Outcome(False, f"{line} was ended by {signal.Signals(-code).name}.")
    if code:
        return Outcome(False, f"{line} failed with exit code {code}.")
    return Outcome(True, f"{line} is done. Trying the new credentials.")
