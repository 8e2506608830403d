"""The real program in a real terminal, in a world of hostile text: what it writes, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backends.sim.kube_world.trouble import Trouble
from backends.sim.server import SimServer
from tests.hostile.strategies import COMMANDS
from tests.hostile.terminal import CLIPBOARD, Terminal, cells, unsafe
from tests.hostile.world import PROD, blueprint, environ_of, write_hostile_logs
from tests.pty_app import PtyApp

SECONDS = 60.0
"""Seconds that anything may take to appear."""


ESCAPE = "\x1b[27u"
"""The key as terminals send it that tell it apart; a bare one makes alt of what is close behind."""


class Watched:
    """A program in a terminal that keeps every command it was sent."""

    def __init__(self, app: PtyApp) -> None:
        self.app = app
        self.terminal = Terminal(50, 200)

    def press(self, keys: str, *, until: Callable[[Sequence[str]], bool]) -> Sequence[str]:
        """Press keys, and wait until the screen is as it should be; return its lines."""
        self.app.press(keys)
        return self.wait(until)

    def wait(self, until: Callable[[Sequence[str]], bool]) -> Sequence[str]:
        """Read until the screen is as it should be; return its lines."""
        deadline = time.perf_counter() + SECONDS
        while not until(self.terminal.lines):
            try:
                self.app.wait_for_more(deadline)
            except (TimeoutError, EOFError):
                self.take()
                raise AssertionError("\n".join(self.terminal.lines)) from None
            self.take()
        return self.terminal.lines

    def take(self) -> None:
        """Hand what was read to the terminal."""
        self.terminal.feed(self.app.output)
        self.app.forget()


def shows(*texts: str) -> Callable[[Sequence[str]], bool]:
    """Return what says whether all of these are on the screen."""
    return lambda lines: all(text in "\n".join(lines) for text in texts)


def lacks(text: str) -> Callable[[Sequence[str]], bool]:
    """Return what says whether this is on the screen no more."""
    return lambda lines: text not in "\n".join(lines)


def aligned(lines: Sequence[str], text: str, more_than: int) -> bool:
    """Return whether a text begins in the same cell on all lines that have it."""
    at = {cells(line[: line.index(text)]) for line in lines if text in line}
    return len(at) == 1 and sum(text in line for line in lines) > more_than


def look_around(watched: Watched) -> None:
    """Go wherever text from outside is shown."""
    watched.wait(shows("plain", "kube"))
    watched.press(":services\r", until=shows("FARGATE"))
    # In the middle of a frame they need not be.
    watched.wait(lambda seen: aligned(seen[1:], " us-east-1 ", more_than=20))
    # A name that is not what it was before it was cleaned can't be asked after.
    watched.press("/", until=shows("Keep filter"))
    watched.press("[[[[", until=lacks("$primary"))
    watched.press("\r", until=lacks("Keep filter"))
    watched.press("d", until=shows("Address", "as of"))
    watched.press("y", until=shows("serviceName"))
    watched.press("J", until=shows('"serviceName"'))
    watched.press("c", until=shows("lines copied"))
    watched.press("q", until=shows("all services"))
    watched.press("c", until=shows("Copied:"))
    watched.press("s", until=shows("autoscaler", "new count"))
    watched.press(ESCAPE, until=lacks("new count"))
    watched.press("r", until=shows("are replaced"))
    watched.press("n", until=lacks("are replaced"))
    watched.press("w", until=lambda seen: any("[[[[unbalanced   " in line for line in seen[30:]))
    watched.press(ESCAPE, until=shows("$primary"))
    watched.press("u", until=shows("Related to"))
    watched.press(ESCAPE, until=lacks("Related to"))
    watched.press(":nonsense\r", until=shows("nonsense'", "tab Complete"))
    watched.press(ESCAPE, until=lacks("tab Complete"))
    watched.press("?", until=shows("This screen"))
    watched.press(ESCAPE, until=lacks("This screen"))
    watched.press("\x10", until=shows("Search for commands"))
    watched.press("plain", until=shows("Go to plain"))
    watched.press(ESCAPE, until=lacks("Go to plain"))
    watched.press("/", until=shows("Keep filter"))
    watched.press("[b\\", until=shows("/[b\\", "regular expression"))
    watched.press(ESCAPE, until=lacks("regular expression"))
    watched.press(ESCAPE, until=lacks("Keep filter"))
    watched.press("l", until=shows("following", "line "))
    watched.press("w", until=shows("line "))
    watched.press("g", until=shows("paused", "line "))
    watched.press("c", until=shows("lines copied"))
    watched.press("\x13", until=shows("lines saved"))
    watched.press("/", until=shows("Keep filter"))
    watched.press("(a|aa)+$", until=shows("/(a|aa)+$"))
    watched.press(ESCAPE, until=lacks("/(a|aa)+$"))
    watched.press(ESCAPE, until=lacks("Keep filter"))
    watched.press(ESCAPE, until=shows("all services"))
    watched.press(":pods\r", until=shows("all pods", "$primary]paint-"))
    watched.press("/", until=shows("Keep filter"))
    watched.press("paint", until=lacks("31mred"))
    watched.press("\r", until=lacks("Keep filter"))
    watched.press("l", until=shows("following", "line \ufffd"))
    watched.press("q", until=shows("all pods"))
    watched.press(":k8s/events\r", until=shows("all events"))
    watched.wait(lambda seen: aligned(seen[1:], " kube ", more_than=10))
    watched.press("v", until=shows("Address"))


def run(environ: dict[str, str], folder: Path) -> Terminal:
    """Operate the program until the end; return the terminal."""
    argv = [sys.executable, "-m", "tui", "--profile", PROD.profile, "--region", "us-east-1"]
    with PtyApp(argv, environ=environ) as app:
        watched = Watched(app)
        look_around(watched)
        app.press("\x03")
        assert app.wait(SECONDS) == 0
        watched.take()
    watched.terminal.end()
    return watched.terminal


async def test_nothing_of_theirs_reaches_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_hostile_logs(monkeypatch)
    async with SimServer(layout=blueprint(), throttling=False) as sim:
        terminal = await asyncio.to_thread(run, dict(environ_of(sim, tmp_path)), tmp_path)
    assert not terminal.foreign(CLIPBOARD)
    assert not terminal.overflows
    copied = [c.body for c in terminal.commands if CLIPBOARD.fullmatch(f"{c.kind} {c.body}")]
    assert len(copied) >= 3
    for body in copied:
        assert not unsafe(base64.b64decode(body[5:]).decode(), "\n")
    (saved,) = (tmp_path / "state" / "topdeck" / "logs").iterdir()
    assert re.fullmatch(r"[\w.-]+", saved.name)
    assert not unsafe(saved.read_text(encoding="utf-8"), "\n\t")


async def test_what_refuses_us_says_nothing_to_the_terminal(tmp_path: Path) -> None:
    said = "".join(COMMANDS.values())

    def refused(environ: dict[str, str]) -> Terminal:
        argv = [sys.executable, "-m", "tui", "--profile", PROD.profile, "--region", "us-east-1"]
        with PtyApp(argv, environ=environ) as app:
            watched = Watched(app)
            watched.wait(shows("stale: denied"))
            watched.press(":pods\r", until=shows("all pods", "list pods"))
            app.press("\x03")
            assert app.wait(SECONDS) == 0
            watched.take()
        watched.terminal.end()
        return watched.terminal

    async with SimServer(layout=blueprint(), throttling=False) as sim:
        sim.world.kube["kube"].trouble.make(
            Trouble(prefix="/a", times=-1, status=403, message=said, reason="Forbidden")
        )
        terminal = await asyncio.to_thread(refused, dict(environ_of(sim, tmp_path)))
    assert not terminal.foreign()
    assert not terminal.overflows


@pytest.mark.parametrize("name", ["clipboard", "title", "home and clear", "modes", "colour"])
def test_a_planted_command_would_be_found(name: str) -> None:
    """The canary: the same terminal, and a program that does leak one."""
    leak = f"import sys; sys.stdout.write('x' + {COMMANDS[name]!r} + 'done')"
    with PtyApp([sys.executable, "-c", leak]) as app:
        watched = Watched(app)
        app.wait_for("done")
        watched.take()
        app.wait()
    assert watched.terminal.foreign()
