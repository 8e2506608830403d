"""What each line of a log is: its level, and whether it goes on with the line before it.

A stack trace is many lines of a log and one thing to its reader. Its lines are found as they
come in, source by source, however the sources are interleaved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from backends.model import LogLine
from widgets.log_levels import DIES, FRAME, LEVEL, WARN, signs_of

CONTINUES: Final = 0x10
"""The bit of a mark that says that the line belongs to one before it, whose level it has."""

MAX_FOLDED: Final = 500
"""Lines that may go on with one; more than that is no trace to be put away."""

GAP: Final = 1.0
"""Seconds that may lie between two lines of a trace."""

THROWN_WITHIN: Final = 0.1
"""Seconds behind a line that reports an error in which the trace belongs to it."""

LOOK_BACK: Final = 256
"""Lines that are looked through, backwards, for the one that a trace belongs to."""

_SIGNED = re.compile(rb"[\x20-\xff]")
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?::|$)")
_CALL = re.compile(r"[\w./*()\[\]{}-]+\(.*\)$")
_MORE = (
    "Caused by: ", "Suppressed: ", "During handling of the above exception", "The above exception ",
    "Stack trace:", "stack backtrace:", "note: ", "#",
)  # fmt: skip
_GO = ("goroutine ", "created by ", "exit status ", "[signal ", "runtime stack:", "\t")


class _Trace(msgspec.Struct, gc=False):
    """A trace that may go on."""

    level: int
    kind: str
    """``python``, ``go`` or ``other``."""
    at: float
    """When its last line was written."""
    count: int = 0
    """Lines that went on with the first."""
    raised: bool = False
    """Python has named the exception: the trace is over, unless another follows it."""


class TraceReader:
    """Marks the lines of a log, batch by batch: a level, and `CONTINUES` where that applies."""

    def __init__(self) -> None:
        self._open: dict[str, _Trace] = {}
        self._before: Sequence[LogLine] = ()
        self._before_marks = b""

    def clear(self) -> None:
        """Forget what came before: another log begins."""
        self.__init__()  # type: ignore[misc]

    def __call__(self, lines: Sequence[LogLine]) -> bytes:
        """Return a mark for each of some lines that follow those of the call before."""
        marks = bytearray([signs_of(line.text) for line in lines])
        at = 0
        while at < len(marks):
            if not self._open:
                signed = _SIGNED.search(marks, at)
                if signed is None:
                    break
                at = signed.start()
            self._read(lines, marks, at)
            at += 1
        self._before = [*self._before, *lines[-LOOK_BACK:]][-LOOK_BACK:]
        self._before_marks = (self._before_marks + marks[-LOOK_BACK:])[-LOOK_BACK:]
        return bytes(marks)

    def _read(self, lines: Sequence[LogLine], marks: bytearray, at: int) -> None:
        """Mark one line, which may go on with a trace or begin one."""
        line, sign = lines[at], marks[at]
        marks[at] = sign & LEVEL
        trace = self._open.get(line.source)
        if trace is not None:
            if _goes_on(trace, line, sign):
                marks[at] = CONTINUES | trace.level
                trace.count += 1
                trace.at = line.at
                return
            del self._open[line.source]
        if sign < FRAME:
            return
        kind = _kind(line.text)
        level = sign & LEVEL
        before = self._line_before(lines, marks, at)
        if before is not None and _belongs(line, sign, *before):
            level = before[1] & LEVEL
            marks[at] = CONTINUES | level
        self._open[line.source] = _Trace(level=level, kind=kind, at=line.at)

    def _line_before(
        self, lines: Sequence[LogLine], marks: bytearray, at: int
    ) -> tuple[LogLine, int] | None:
        """Return the line before one from the same source, and its mark."""
        source = lines[at].source
        for index in range(at - 1, max(-1, at - 1 - LOOK_BACK), -1):
            if lines[index].source == source:
                return lines[index], marks[index]
        held = len(self._before)
        for index in range(held - 1, max(0, held - LOOK_BACK + at) - 1, -1):
            if self._before[index].source == source:
                return self._before[index], self._before_marks[index]
        return None


def _kind(text: str) -> str:
    if text.startswith(("Traceback", '  File "')):
        return "python"
    return "go" if text.startswith(("panic:", "fatal error:", "goroutine ")) else "other"


def _belongs(line: LogLine, sign: int, before: LogLine, mark: int) -> bool:
    """Return whether a trace that begins or goes on at a line belongs to the line before it."""
    if mark & CONTINUES:
        return False
    if sign & DIES:
        return mark & LEVEL >= WARN and _near(line.at, before.at, THROWN_WITHIN)
    return _near(line.at, before.at, GAP)


def _near(at: float, before: float, gap: float) -> bool:
    return not at or not before or abs(at - before) <= gap


def _goes_on(trace: _Trace, line: LogLine, sign: int) -> bool:
    """Return whether a line from the same source is still of a trace; takes note of its end."""
    text = line.text
    if trace.count >= MAX_FOLDED or not _near(line.at, trace.at, GAP):
        return False
    if sign & FRAME:
        trace.raised = False
        return True
    blank = not text or text.isspace()
    if trace.kind == "go":
        return blank or text.startswith(_GO) or _CALL.match(text) is not None
    if text.startswith(_MORE):
        return True
    if trace.kind == "python":
        return blank or _python_goes_on(trace, text)
    return (text[:1] in " \t" and not blank and not sign & LEVEL) or text in ("}", "]")


def _python_goes_on(trace: _Trace, text: str) -> bool:
    if text.startswith("Traceback "):
        trace.raised = False
        return True
    if text[0] in " \t":
        return not trace.raised
    if trace.raised or not _RAISED.match(text):
        return False
    trace.raised = True
    return True
