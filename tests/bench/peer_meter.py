"""What a program on a terminal costs: time to its first screen, memory, CPU, and calls sent."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from tests.pty_app import PtyApp

SCREEN = 25
"""Different names on a terminal of 50 lines that make a first full screen: the program that shows
the fewest rows beneath its headings has 30."""

MOST = 0.7
"""The share of the names that does where there are fewer: not every pod of a log has spoken."""

LONGEST = 60.0
"""Seconds until a first full screen is no longer waited for."""

NEARLY = 0.95
"""The share of the names that counts as all: some come and go while one looks."""

SAMPLE = 0.5
"""Seconds between looks at memory and CPU."""

_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].)")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(msgspec.Struct, frozen=True):
    """What one run took."""

    screen: float | None
    """Seconds until the first full screen; None: it did not come."""
    everything: float | None
    """Seconds until nearly every name had been written, for a program that writes them all."""
    memory: int
    """The most bytes resident at a time, of the program and its children."""
    cpu: float
    """Seconds of CPU, of the program and its children."""
    seconds: float
    """How long it was watched."""
    calls: int
    """Calls that the servers counted."""


def calls(url: str) -> int:
    """Return how many calls the simulator at `url` has counted."""
    with urllib.request.urlopen(f"{url}/_sim/calls", timeout=LONGEST) as answer:
        counted: dict[str, int] = json.load(answer)
    return sum(counted.values())


def tree(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (found := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(found[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat behind the name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def sample(root: int) -> tuple[float, int]:
    """Return the seconds of CPU and the resident bytes of a process and its children."""
    ticks = pages = 0
    for pid in tree(root):
        found = _stat(pid)
        if found is not None:
            # utime, stime and those of ended children; then the resident pages
            ticks += sum(int(field) for field in found[11:15])
            pages += int(found[21])
    return ticks / _TICKS, pages * _PAGE


class _Meter:
    """Keeps the most memory and the CPU of a program and its children."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.memory = 0
        self._next = 0.0

    def look(self, pid: int, *, now: bool = False) -> None:
        """Look if it is time to, or `now`."""
        at = time.perf_counter()
        if pid and (now or at >= self._next):
            self._next = at + SAMPLE
            cpu, memory = sample(pid)
            self.cpu, self.memory = max(self.cpu, cpu), max(self.memory, memory)


class _Reader:
    """Finds names in what a program writes, wherever its colours begin and end."""

    def __init__(self, names: Collection[str]) -> None:
        self._left = set(names)
        self._found = 0
        self._most = NEARLY * len(self._left)
        self._tail = ""

    def take(self, output: bytes) -> tuple[int, bool]:
        """Return how many of the names have been seen, and whether nearly all."""
        text = self._tail + _CONTROL.sub(b" ", output).decode(errors="replace")
        seen = {word for word in re.split(r"[\s/│|]+", text) if word in self._left}
        self._left -= seen
        self._found += len(seen)
        self._tail = text[-400:]
        return self._found, self._found >= self._most


def watch(
    command: Sequence[str],
    environ: Mapping[str, str],
    names: Collection[str],
    url: str,
    seconds: float,
    *,
    steer: Callable[[PtyApp], None] | None = None,
    whole: bool = False,
) -> Cost:
    """Run a command on a terminal for `seconds` after its first full screen, or until it ends.

    `names` are what a screen is full of; `steer` presses the keys that lead there. `whole`: it
    writes all names, and with no `seconds` it is watched until it has.
    """
    before, reader, meter = calls(url), _Reader(names), _Meter()
    screen = everything = None
    watched = 0.0
    over = time.perf_counter() + max(LONGEST, seconds)
    with PtyApp(command, rows=50, columns=200, environ=environ) as app:
        if steer is not None:
            steer(app)
        ended = False
        while not ended and time.perf_counter() < over:
            meter.look(app.pid)
            try:
                app.drain(0.05)
            except EOFError:
                ended = True
            found, complete = reader.take(app.output)
            app.forget()
            watched = time.perf_counter() - app.started
            if screen is None and found >= min(SCREEN, MOST * len(names)):
                screen, over = watched, time.perf_counter() + (seconds or LONGEST)
            if everything is None and complete:
                everything = watched
                ended |= not seconds
        meter.look(app.pid, now=True)
    sent = calls(url) - before
    return Cost(screen, everything if whole else None, meter.memory, meter.cpu, watched, sent)
