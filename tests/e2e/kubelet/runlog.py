"""The log of one run of a container: lines come about by time, whether or not anybody reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from tests.e2e.kubelet.behaviour import Behaviour

NANO = 1_000_000_000


class Line(NamedTuple):
    """One line, and when it was written in nanoseconds since the epoch."""

    at: int
    text: str

    def shown(self, *, timestamps: bool) -> bytes:
        """Return it as the kubelet serves it."""
        return (
            f"{stamp(self.at)} {self.text}\n".encode() if timestamps else f"{self.text}\n".encode()
        )


def stamp(at: int) -> str:
    """Return a moment as RFC 3339 with nine digits, as in the log files of a kubelet."""
    seconds, nanos = divmod(at, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09}Z"


class RunLog:
    """All that one run of a container writes."""

    def __init__(self, behaviour: Behaviour, pod: str, container: str, run: int, at: float) -> None:
        self._begun = round(at * NANO)
        self._rate = behaviour.log_rate
        self._text = (
            behaviour.log_text.replace("{pod}", pod)
            .replace("{container}", container)
            .replace("{run}", str(run))
        )
        self._lines: list[Line] = []
        self._regular = 0
        self.ended: float | None = None
        for _ in range(behaviour.log_burst):
            self._write(self._begun)

    def lines(self, now: float) -> list[Line]:
        """Return all lines up to `now`; the list only ever grows, and must not be changed."""
        if self.ended is not None:
            now = min(now, self.ended)
        if self._rate > 0:
            due = int((now - self._begun / NANO) * self._rate + 1e-6)
            while self._regular < due:
                self._regular += 1
                self._write(self._begun + round(self._regular / self._rate * NANO))
        return self._lines

    def next(self, now: float) -> float:
        """Return the seconds until the next line is due at the earliest; at least 0.02."""
        return max(0.02, 1 / self._rate) if self._rate > 0 else 3600.0

    def end(self, at: float, words: str) -> None:
        """Write the last line."""
        self.lines(at)
        self._write(round(at * NANO), words)
        self.ended = at

    def _write(self, at: int, text: str = "") -> None:
        text = text or self._text.replace("{n}", str(len(self._lines)))
        self._lines.append(Line(at, text))


def select(
    lines: list[Line],
    *,
    tail: int | None = None,
    since: int | None = None,
) -> int:
    """Return the index of the first line to show: of the last `tail`, those since a moment."""
    first = max(0, len(lines) - tail) if tail is not None else 0
    while since is not None and first < len(lines) and lines[first].at < since:
        first += 1
    return first
