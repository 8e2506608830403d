"""Topdeck in a real terminal, with what is needed to see what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backends.sim.blueprint import ACCOUNTS
from tests import fake_aws
from tests.pty_app import PtyApp

TOPDECK = (sys.executable, "-m", "tui")
PROFILE = ACCOUNTS[0].profile
DEADLINE = 60.0
"""Seconds that anything here may take on a loaded machine."""

ENTERED = b"\x1b[?1049h"
LEFT = (
    b"\x1b[?1049l",
    b"\x1b[?1000l",
    b"\x1b[?1003l",
    b"\x1b[?2004l",
    b"\x1b[?25h",
    b"\x1b[?1004l",
)
"""What leaves the alternate screen, the mouse, bracketed paste and focus reports, and shows the
cursor."""

_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> None:
    """Wait until something is true of another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true: {what}")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def descendants(pid: int) -> list[int]:
    """Every process below one, whatever its session."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(path.parent.name))
    found = list(below.get(pid, []))
    for one in found:
        found.extend(below.get(one, []))
    return found


def audited(state: Path) -> list[dict[str, Any]]:
    """The audit log: every line whole JSON, or the test fails."""
    path = state / "topdeck" / "audit.jsonl"
    if not path.exists():
        return []
    text = path.read_bytes()
    assert text.endswith(b"\n"), text[-200:]
    return [json.loads(line) for line in text.splitlines()]


class Session:
    """One run of Topdeck by somebody with a home of their own."""

    def __init__(self, app: PtyApp, home: Path) -> None:
        self.app = app
        self.home = home
        self.settings = termios.tcgetattr(app.terminal)
        self.children: list[int] = []

    def note_children(self) -> list[int]:
        """Remember the processes below it, to be looked for once it has ended."""
        self.children = descendants(self.app.pid)
        return self.children

    def walk(self, *steps: tuple[str, str]) -> None:
        """Wait for a text and then press keys, one after the other."""
        for seen, keys in steps:
            self.app.wait_for(seen, DEADLINE)
            self.app.forget()
            self.app.press(keys)

    def check_left(self, *lent: str) -> None:
        """The terminal is as it was, nothing was said but what those said to whom it was lent, and
        nobody is left behind."""
        output = self.app.output
        for sequence in LEFT:
            assert sequence in output, sequence
        said = _SEQUENCE.sub(b"", output.rpartition(LEFT[0])[2]).decode()
        for words in lent:
            said = said.replace(words, "")
        assert not said.strip(), said
        assert termios.tcgetattr(self.app.terminal)[:4] == self.settings[:4]
        self.check_alone()

    def check_alone(self) -> None:
        """Nobody is left behind, nor anybody's folder."""
        until(lambda: not any(map(alive, self.children)), "all children gone")
        folders = self.home / "tmp"  # a simulator takes its own away after we have ended
        until(lambda: not list(folders.glob("topdeck-sim-*")), "no simulator's folder left")


def environ_of(home: Path, **more: str) -> dict[str, str]:
    """An environment without the user's own credentials, configuration, state and folders."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL")}
    (home / "tmp").mkdir(exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "TERM": "xterm-256color",
        **more,
    }


@contextmanager
def demo(home: Path) -> Iterator[Session]:
    """Run ``topdeck demo`` until its first frame."""
    with PtyApp([*TOPDECK, "demo"], environ=environ_of(home)) as app:
        session = Session(app, home)
        app.wait_for(ENTERED.decode(), DEADLINE)
        yield session


@contextmanager
def simulator(folder: Path) -> Iterator[str]:
    """Run a simulator and give its URL."""
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "backends.sim", "--die-with-parent"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["aws_endpoint"]
        finally:
            process.terminate()


@contextmanager
def without_login(home: Path, url: str, mode: str = "") -> Iterator[Session]:
    """Run Topdeck with an SSO profile that nobody has logged in to; `mode` is the fake's."""
    accounts = {account.profile: account.account_id for account in ACCOUNTS}
    path = fake_aws.install(home / "bin")
    environ = environ_of(
        home,
        PATH=f"{path}:{os.environ['PATH']}",
        AWS_CONFIG_FILE=str(fake_aws.write_config(home / "aws-config", url, accounts)),
        AWS_SHARED_CREDENTIALS_FILE=str(home / "none"),
        FAKE_AWS_SIM=url,
        FAKE_AWS_CACHE=str(home / ".aws" / "sso" / "cache"),
        FAKE_AWS_RECORD=str(home / "record"),
        FAKE_AWS_MODE=mode,
    )
    command = [*TOPDECK, "--profile", PROFILE, "--region", "us-east-1"]
    with PtyApp(command, environ=environ) as app:
        yield Session(app, home)


def start_login(session: Session) -> int:
    """Have the command run on the terminal, and return its process id."""
    app = session.app
    session.walk(("^o runs aws sso login", "\x0f"), ("Renew the credentials of", "y"))
    app.wait_for(fake_aws.START, DEADLINE)
    return int(json.loads((session.home / "record").read_text().splitlines()[-1])[-1])
