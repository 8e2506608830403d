"""Somebody who keeps pressing keys, and how long each takes to show."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from asyncio.subprocess import PIPE

from textual import events

from tests.faults.lab import Lab
from tests.tui.app_help import Operator
from tui.screens.browse import BrowseScreen

NAMED = {"space": " ", "at": "@", "colon": ":", "enter": "\r"}
"""The characters of keys that have names."""


def send(operator: Operator, *keys: str) -> None:
    """Press keys as a terminal hands them in, without a pilot's wait for an idle processor: with
    dozens of clusters in trouble it is never idle, and a pilot waits two seconds for it."""
    driver = operator.app._driver
    assert driver is not None
    for name in keys:
        key = events.Key(name, NAMED.get(name, name if len(name) == 1 else None))
        key.set_sender(operator.app)
        driver.send_message(key)


EVERY = 0.15
"""Seconds between two keys."""


class Pressing:
    """What is known of the keys that were pressed."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float]] = []
        """When each key was pressed (`time.perf_counter`), and the seconds until it showed."""
        self.paused = False

    def longest(self, since: float, until: float) -> float:
        """Return the longest that a key took, in milliseconds; 0.0 where none was pressed."""
        return max((took for at, took in self.taken if since <= at < until), default=0.0) * 1000

    def usual(self, since: float, until: float) -> float:
        """Return the median, in milliseconds; 0.0 where none was pressed."""
        took = [took for at, took in self.taken if since <= at < until]
        return statistics.median(took) * 1000 if took else 0.0


class KeysInTerminal(Pressing):
    """Topdeck once more, in a real terminal and a process of its own (see `presser`)."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> KeysInTerminal:
        config, environ = self._lab.command()
        command = "services @all" if self._lab.backend == "ecs" else "deployments @all"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.presser", str(self._lab.flag), command,
            "--config", str(config), stdin=PIPE, stdout=PIPE, env=environ,
        )  # fmt: skip
        self._task = asyncio.create_task(self._read())
        while not self.taken:
            if self._task.done():
                raise RuntimeError("Topdeck did not start in a terminal")
            await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        assert self._task is not None
        await self._task

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            began, took = line.split()
            self.taken.append((float(began), float(took)))


class Keys(Pressing):
    """Moves the cursor up and down while its ``async with`` block runs.

    A key counts as answered when the cursor has moved and a frame has been drawn after that.
    The simulator, the doors and the tests are on the same loop as the application, and what
    they do counts in full; what a terminal needs to take a frame in does not.
    """

    def __init__(self, operator: Operator) -> None:
        super().__init__()
        self._operator = operator
        self._frames = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Keys:
        app = self._operator.app
        hook = app.post_display_hook

        def drawn() -> None:
            self._frames += 1
            hook()

        app.post_display_hook = drawn  # type: ignore[method-assign]
        self._task = asyncio.create_task(self._press())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _press(self) -> None:
        down = True
        while True:
            await asyncio.sleep(EVERY)
            screen = self._operator.app.screen
            if self.paused or not isinstance(screen, BrowseScreen) or screen.table.shown < 2:
                continue
            table = screen.table
            before = table.cursor_ref
            began = time.perf_counter()
            send(self._operator, "j" if down else "k")
            frames = self._frames
            while table.cursor_ref == before or self._frames == frames:
                await asyncio.sleep(0.001)
                if table.cursor_ref == before:
                    frames = self._frames
                if not screen.is_current or self.paused:
                    break
                if time.perf_counter() - began > 2.0 and table.cursor_ref == before:
                    break  # at the end of the table: the next key goes the other way
            else:
                self.taken.append((began, time.perf_counter() - began))
            down = not down
