"""Ctrl-C at any moment: the program ends with 0, and the terminal is as it was."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.pty_app import PtyApp

LEFT = (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?25h")
"""What leaves the alternate screen, the mouse and bracketed paste, and shows the cursor."""

MOMENTS = {
    "at start-up": (),
    "in the filter line": (("shop-prod", "/shop"), ("2 of 7", "")),
    "in the command line": (("shop-prod", ":serv"), ("services", "")),
    "in the help": (("shop-prod", "?"), ("This screen", "")),
    "in the palette": (("shop-prod", "\x10"), ("Search", "")),
    "in a dialog": (
        ("shop-prod", ":services web\r"),
        ("FARGATE", "s"),
        ("autoscaler", ""),
    ),
    "in the log view": (("shop-prod", ":services web\r"), ("FARGATE", "l"), ("following", "")),
    "in a description": (("shop-prod", ":services web\r"), ("FARGATE", "d"), ("Address", "")),
}
"""By name: what to wait for and what to press then, one after the other."""


def environ_of(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "TERM": "xterm-256color",
    }


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_leaves_and_puts_the_terminal_back(tmp_path: Path, moment: str) -> None:
    with PtyApp([sys.executable, "-m", "tui", "demo"], environ=environ_of(tmp_path)) as app:
        app.wait_for("\x1b[?1049h")
        for seen, keys in MOMENTS[moment]:
            app.wait_for(seen)
            app.forget()
            app.press(keys)
        app.press("\x03")
        assert app.wait() == 0
        for sequence in LEFT:
            assert sequence in app.output, sequence
        assert b"Traceback" not in app.output


@pytest.mark.parametrize("loaded", ["msgspec", "tui.demo", "textual.app"])
def test_ctrl_c_while_loading_ends_it_without_a_word(tmp_path: Path, loaded: str) -> None:
    environ = {**environ_of(tmp_path), "PYTHONPROFILEIMPORTTIME": "1"}
    with PtyApp([sys.executable, "-m", "tui", "demo"], environ=environ) as app:
        app.wait_for(f" {loaded}\r")
        app.press("\x03")
        assert app.wait() in (0, -signal.SIGINT)
        assert b"Traceback" not in app.output
        assert (b"\x1b[?1049h" in app.output) == (b"\x1b[?1049l" in app.output)
