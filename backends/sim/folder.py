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
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as name:
        lock = os.open(Path(name, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(lock)


def sweep(above: Path) -> None:
    """Remove the folders of simulators of ours that ended without the time to do so."""
    for path in above.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            if not _alive(int(path.name.removeprefix(PREFIX).partition("-")[0])) and _free(path):
                shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free(path: Path) -> bool:
    """Whether nobody holds a folder's lock."""
    try:
        lock = os.open(path / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
