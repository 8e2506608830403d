"""What a process holds: memory, tasks, sockets, files, threads, and objects by their types."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter
from pathlib import Path

import msgspec

PAGE = os.sysconf("SC_PAGE_SIZE")


class Sample(msgspec.Struct, frozen=True):
    """What there was at one moment."""

    rss: float
    """Resident memory in MiB."""
    tasks: int
    sockets: int
    files: int
    """Open file descriptors besides sockets."""
    threads: int
    feeds: int
    screens: int


class Census(msgspec.Struct, frozen=True):
    """The objects that the collector knows, after a full collection."""

    objects: int
    by_type: dict[str, int]


def rss() -> float:
    """Return the resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def sample(feeds: int, screens: int) -> Sample:
    """Look at this process now."""
    sockets = files = 0
    for path in Path("/proc/self/fd").iterdir():
        try:
            kind = str(path.readlink())
        except OSError:
            continue  # the listing's own
        if kind.startswith("socket:"):
            sockets += 1
        else:
            files += 1
    tasks = len(asyncio.all_tasks())
    return Sample(rss(), tasks, sockets, files, threading.active_count(), feeds, screens)


def census() -> Census:
    """Collect garbage, and count what is left."""
    while gc.collect():
        pass
    counted = Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    return Census(counted.total(), dict(counted))


def grown(before: Census, after: Census, *, least: int) -> dict[str, tuple[int, int]]:
    """Return the types of which there are at least `least` more than before, most first."""
    more = {
        name: (before.by_type.get(name, 0), count)
        for name, count in after.by_type.items()
        if count - before.by_type.get(name, 0) >= least
    }
    return dict(sorted(more.items(), key=lambda item: item[1][0] - item[1][1]))
