"""Runs Topdeck in a real terminal, in a process of its own, and keeps pressing keys there.

``python -m tests.faults.presser FLAG COMMAND ARGUMENT ...``: goes to what ``:COMMAND`` shows and
moves the cursor up and down until standard input ends. Prints a line for every key: when it was
pressed (`time.perf_counter`, which all processes of a machine share) and after how many seconds
the cursor's mark was drawn elsewhere.
"""

from __future__ import annotations

import select
import sys
import time

from tests.pty_app import PtyApp

EVERY = 0.1
"""Seconds between an answer and the next key."""

SETTLED = 6.0
"""Seconds after which Topdeck has all clusters on screen."""

CURSOR = "▌"
"""What is drawn before the row of the cursor."""

PATIENCE = 30.0
"""Seconds after which a key counts as not answered; it is told as so long."""

_TOPDECK = """
import os, socket, sys
flag, original = sys.argv[1], socket.getaddrinfo

def stub(host, *args, **kwargs):
    if isinstance(host, str) and host.endswith(".faults.test"):
        if os.path.exists(flag):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        host = "127.0.0.1"
    return original(host, *args, **kwargs)

socket.getaddrinfo = stub
from tui.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
"""The command itself, with a resolver that knows the doors' names unless the flag is there."""


def _ended(seconds: float) -> bool:
    """Wait so long at the most; return whether standard input has ended by then."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and not sys.stdin.readline()


def _command(app: PtyApp, text: str) -> None:
    """Give a command, once the line that it is typed into is there."""
    app.press(":")
    app.drain(1.5)
    app.forget()
    app.press(text)
    app.wait_for(text, 20.0)
    app.press("\r")
    app.drain(1.5)


def main(flag: str, command: str, arguments: list[str]) -> None:
    """Press keys until standard input ends."""
    with PtyApp([sys.executable, "-c", _TOPDECK, flag, *arguments]) as app:
        app.wait_for("control", 60.0)
        app.drain(SETTLED)
        _command(app, command)
        # Where rows stay in place whatever their state, and away from the ends: a key that has
        # nowhere to go is not answered.
        _command(app, "sort name")
        app.press("jjj")
        app.drain(SETTLED)
        down = True
        while not _ended(0.0):
            app.drain(EVERY)
            app.forget()
            began = time.perf_counter()
            app.press("j" if down else "k")
            try:
                app.wait_for(CURSOR, PATIENCE)
                took = time.perf_counter() - began
            except TimeoutError:
                took = PATIENCE
            print(began, took, flush=True)
            down = not down


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
