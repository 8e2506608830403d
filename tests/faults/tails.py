"""A log tail beside the application, and what is missing from it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from backends.fleet import Fleet
from backends.model import LogLine, LogRequest, Resource
from tests.faults.lab import Lab


@dataclass
class Verdict:
    """What became of the lines of one log."""

    lines: int = 0
    """Lines that were written while it was looked at."""
    missing: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Lines that nobody wrote."""
    marks: list[str] = field(default_factory=list)
    """What the tail itself said."""


class Tail:
    """Tails a workload's log by the fleet, as the log screen does."""

    def __init__(self, fleet: Fleet, resource: Resource) -> None:
        self.lines: list[LogLine] = []
        self.marks: list[str] = []
        self.live = False
        self.problems: list[str] = []
        self.failed = ""
        self._fleet = fleet
        self._resource = resource
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async for batch in self._fleet.logs(self._resource, LogRequest(since=30.0)):
                self.lines.extend(batch.lines)
                self.marks.extend(batch.notes)
                self.live = self.live or batch.live
                if batch.dropped:
                    self.marks.append(f"{batch.dropped} dropped")
                if batch.problem is not None:
                    said = f"{batch.problem.action}: {batch.problem.message}"
                    self.problems.append(said)
        except Exception as error:  # told by the verdict
            self.failed = repr(error)

    @property
    def over(self) -> bool:
        return self._task.done()

    @property
    def newest(self) -> float:
        """When the line was written that has come through last from the slowest source."""
        latest: dict[str, float] = {}
        for line in self.lines:
            latest[line.source] = max(line.at, latest.get(line.source, 0.0))
        return min(latest.values(), default=0.0)

    async def verdict(self, lab: Lab, name: str, since: float, until: float) -> Verdict:
        """Compare with what was written between two moments."""
        first, end = int(since * 1000), int(until * 1000)
        written = Counter[str]()
        for lines in (await lab.truth.written(name, first, end)).values():
            written.update(lines)
        tailed = Counter(ln.text for ln in self.lines if first <= round(ln.at * 1000) < end)
        timeless = [line.text for line in self.lines if line.at < 1.0]
        extra = tailed - written
        return Verdict(
            lines=written.total(),
            missing=list((written - tailed).elements()),
            twice=[text for text in extra.elements() if text in written],
            foreign=[*timeless, *(text for text in extra.elements() if text not in written)],
            marks=[*self.marks, *([self.failed] if self.failed else [])],
        )

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
