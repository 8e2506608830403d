"""A program in a real terminal of 200 by 50: when what it writes appears."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Self


class PtyApp:
    """Runs a command on a pty; answers nothing, so the program sees a plain terminal."""

    def __init__(
        self,
        command: Sequence[str],
        rows: int = 50,
        columns: int = 200,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.started = time.perf_counter()
        self.output = b""
        self._fd, inside = os.openpty()
        # Before there is a program that could ask for it.
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._fd)
            os.login_tty(inside)
            os.environ.update(environ or {})
            os.environ.setdefault("TERM", "xterm-256color")
            os.environ["COLORTERM"] = "truecolor"
            for name in ("PYTHONDONTWRITEBYTECODE", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            # By name: readline puts LINES and COLUMNS where os.environ does not see them.
            os.execvpe(command[0], list(command), dict(os.environ))
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The program's process id; 0 once it has ended."""
        return self._pid

    @property
    def terminal(self) -> int:
        """The terminal's own end, whose settings can be read."""
        return self._fd

    def wait_for(self, text: str, seconds: float = 30.0) -> float:
        """Return the seconds from the start until `text` had been written."""
        wanted, deadline = text.encode(), time.perf_counter() + seconds
        while wanted not in self.output:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"{text!r} did not appear within {seconds} s")
            self._read(left)
        return time.perf_counter() - self.started

    def wait_for_more(self, deadline: float) -> None:
        """Read what comes next; raises TimeoutError at `deadline`, in seconds of `started`'s
        clock."""
        had = len(self.output)
        while len(self.output) == had:
            left = deadline - time.perf_counter()
            if left <= 0:
                raise TimeoutError("nothing more was written")
            self._read(left)

    def press(self, keys: str) -> None:
        """Send keys as a terminal would."""
        os.write(self._fd, keys.encode())

    def forget(self) -> None:
        """Let `wait_for` look only at what comes from now on."""
        self.output = b""

    def drain(self, seconds: float) -> None:
        """Read for so long, as a terminal that keeps up."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> None:
        if self._fd < 0:
            raise EOFError("the terminal has been closed")
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if ready:
            try:
                self.output += os.read(self._fd, 65536)
            except OSError as error:
                raise EOFError(f"it ended; its last words: {self.output[-500:]!r}") from error

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self._pid, number)

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        os.close(self._fd)
        self._fd = -1

    def wait(self, seconds: float = 10.0) -> int:
        """Wait until it has ended, reading what it writes; return its exit code."""
        deadline = time.perf_counter() + seconds
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._pid = 0
                return os.waitstatus_to_exitcode(status)
            if time.perf_counter() > deadline:
                raise TimeoutError(f"it did not end within {seconds} s")
            try:
                self._read(0.02)
            except EOFError:
                time.sleep(0.01)

    def end(self) -> None:
        """End it, and wait until it has gone."""
        if self._pid:
            try:
                self.signal(signal.SIGTERM)
                self.wait()
            except (TimeoutError, ProcessLookupError):
                self.signal(signal.SIGKILL)
                os.waitpid(self._pid, 0)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
