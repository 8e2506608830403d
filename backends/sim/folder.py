"""The simulator's temporary folder, and those that simulators left behind which were killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "topdeck-sim-"
"""How the folders' names begin; the maker's process id follows."""

LOCK = ".lock"
"""A file in it that its maker holds locked while it lives: ids come again, and mean nothing to
another container that shares the folder above."""


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder that is removed at the end, after removing those that nobody needs."""
    above = Path(tempfile.gettempdir())
    sweep(above)
    path, lock = _make(above)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _make(above: Path) -> tuple[Path, int]:
    """Make a folder and hold its lock; once more where a sweep came between the two."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=above))
        try:
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)


def sweep(above: Path) -> None:
    """Remove the folders of simulators of ours that ended without the time to do so."""
    for path in above.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                _remove_unused(path)


def _remove_unused(path: Path) -> None:
    """Remove a folder unless its maker lives: whoever holds the lock does, and nothing else tells
    (a killed process keeps its id until somebody has read how it ended)."""
    try:
        lock = os.open(path / LOCK, os.O_RDWR)
    except FileNotFoundError:
        if not _alive(int(path.name.removeprefix(PREFIX).partition("-")[0])):
            shutil.rmtree(path, ignore_errors=True)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
