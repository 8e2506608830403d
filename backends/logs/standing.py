"""What the sources of a merge say of themselves that holds until they say otherwise."""

from __future__ import annotations

from backends.logs.source import Source
from backends.model import LogBatch, Problem


class Standing:
    """Knows which sources have a problem or a status."""

    def __init__(self) -> None:
        self._vocal: dict[str, Source] = {}
        self._failure: tuple[str, Problem] | None = None

    def heed(self, source: Source, batch: LogBatch) -> bool:
        """Take note of what a source's latest batch says; return whether that may be news."""
        source.problem, source.status = batch.problem, batch.status
        if batch.problem is not None or batch.status:
            self._vocal[source.name] = source
            return True
        return self._vocal.pop(source.name, None) is not None

    def begins(self, name: str) -> None:
        """Forget that a source of this name failed: it is there again."""
        if self._failure is not None and self._failure[0] == name:
            self._failure = None

    def ends(self, source: Source, problem: Problem | None) -> None:
        """Let go of a source; its `problem`, if it failed, stands on."""
        self._vocal.pop(source.name, None)
        if problem is not None:
            self._failure = (source.name, problem)

    @property
    def problem(self) -> Problem | None:
        """The problem to tell of now: one of a source that failed, or is failing."""
        if self._failure is not None:
            return self._failure[1]
        problems = (one.problem for one in self._vocal.values() if one.problem is not None)
        return next(problems, None)

    def status(self, *more: str) -> str:
        """Return the status of all sources, each different one once, and `more`."""
        said = (*(one.status for one in self._vocal.values()), *more)
        return " · ".join(filter(None, dict.fromkeys(said)))
