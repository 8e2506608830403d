"""One source of a merge, and what is said of sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from backends.model import LogBatch, Problem
from backends.text import clean

_NAMED = 5
"""Sources that the note where the past ends names; of the others it gives the number."""


class Source:
    """One source and what the merge knows of it."""

    def __init__(self, name: str, lines: AsyncIterator[LogBatch], *, control: bool) -> None:
        self.name = name
        self.lines = lines
        self.control = control
        self.awaited = False  # the past is not complete without it
        self.task: asyncio.Task[None] | None = None
        self.problem: Problem | None = None
        self.live = False  # its past is over
        self.last = 0.0  # the time by which its latest line sorts
        self.held = 0  # how many of its lines are held while the pasts are collected
        self.offset = 0.0  # seconds to add to the times of its lines
        self.status = ""


class Keyed(LogBatch, frozen=True):
    """Lines that do not sort by the times they bear: the clock of who wrote them is off."""

    keys: tuple[float, ...] = ()
    """For each line the epoch second that it sorts by."""


def following(sources: Iterable[Source]) -> str:
    """Return the note that names the sources being followed; empty where there are none."""
    names = [source.name for source in sources if not source.control]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"following {', '.join(names[:_NAMED])}{more}" if names else ""


def defect(name: str, error: Exception) -> Problem:
    """Return the problem that stands for an error that no source should raise."""
    return Problem(
        code="internal",
        action=f"read the log of {name}",
        message=clean(f"{type(error).__name__}: {error}", 500),
        remedy="the other logs go on; open the log again to retry, and report it if it recurs",
    )
