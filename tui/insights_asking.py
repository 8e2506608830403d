"""How a question of the Insights screen stands: what it is about, and how far its answer is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from backends.logs.insights_cost import price
from backends.logs.insights_model import Answer, Estimate, Question, State
from backends.model import Scope
from tui.insights_range import Range
from widgets.question_lines import about, bytes_words

NOWHERE = Scope("")
"""No account and region is chosen yet."""

_AT = re.compile(r"at line (\d+) and position (\d+)")


class Phase(Enum):
    """What is going on."""

    IDLE = "idle"
    LOOKING = "looking"
    """For the log groups of a resource."""
    ESTIMATING = "estimating"
    ASKING = "asking"
    OVER = "over"
    STOPPED = "stopped"
    FAILED = "failed"


class Progress(NamedTuple):
    """What the line of progress says."""

    state: str
    parts: tuple[str, ...] = ()
    share: float | None = None


class Asking:
    """The question as it is put together, and the answer that is on screen."""

    def __init__(self, name: str = "") -> None:
        """`name` is whose logs they are; empty: nobody's in particular."""
        self.name = name
        self.scope = NOWHERE
        self.groups: tuple[str, ...] = ()
        self.span = Range()
        self.note = ""
        """Why no log groups are chosen, or what else is to be known of them."""
        self.phase = Phase.IDLE
        self.question: Question | None = None
        """The one that the answer is to."""
        self.estimate: Estimate | None = None
        self.answer: Answer | None = None
        self._began = self._ended = 0.0
        self._before = Phase.IDLE

    def compose(self, query: str, now: float) -> Question:
        """Return the question as it would be asked now."""
        start, end = self.span.at(now)
        return Question(self.scope, self.groups, query.strip(), start, end)

    def estimating(self, now: float) -> None:
        """Find out what it costs; a question that is still being asked ends with that."""
        if self.phase is Phase.ASKING:
            self.end(Phase.STOPPED, now)
        if self.phase is not Phase.ESTIMATING:
            self._before = self.phase
        self.phase = Phase.ESTIMATING

    def estimated(self) -> None:
        """Be as before: what it costs is known, or won't be."""
        if self.phase is Phase.ESTIMATING:
            self.phase = self._before

    def begin(self, question: Question, estimate: Estimate, now: float) -> None:
        """Ask it."""
        self.question, self.estimate, self.answer = question, estimate, None
        self.phase, self._began, self._ended = Phase.ASKING, now, now

    def hear(self, answer: Answer, now: float) -> None:
        """Take in the answer so far."""
        self.answer, self._ended = answer, now
        if answer.over:
            done = answer.state is State.COMPLETE
            self.phase = Phase.OVER if done else Phase.FAILED

    def end(self, phase: Phase, now: float) -> None:
        """End it early; an answer to an earlier question stays what it is."""
        self.estimated()
        if self.phase is Phase.ASKING:
            self.phase, self._ended = phase, now
        elif self.phase is Phase.LOOKING:
            self.phase = Phase.IDLE

    @property
    def running(self) -> bool:
        """Whether there is something to stop."""
        return self.phase in (Phase.ESTIMATING, Phase.ASKING)

    def lines(self) -> Sequence[tuple[str, str]]:
        """Return what it is about, for the lines above the query."""
        named = ", ".join(self.groups) if self.groups else "none chosen yet: l lists them"
        count = f"({len(self.groups)}) " if len(self.groups) > 1 else ""
        return (("groups", f"{count}{named}"), ("range", self.span.words()))

    def progress(self, now: float) -> Progress:
        """Return what is going on in a word, and in figures."""
        if self.phase is Phase.LOOKING:
            return Progress(f"Looking for the log groups of {self.name} ...")
        if self.phase is Phase.ESTIMATING:
            return Progress("Asking what it would scan ...", ("nothing is paid for that",))
        if self.question is None:
            runs = "ctrl+r runs the query, once you have seen what it costs"
            return Progress("", (runs, "tab leaves it for the other keys"))
        until = now if self.phase is Phase.ASKING else self._ended
        seconds = f"{max(0.0, until - self._began):.0f} s"
        if self.answer is None:
            return Progress(_STATES[self.phase], (seconds,))
        return Progress(self._state(), (*self._figures(self.answer), seconds), self._share())

    def _state(self) -> str:
        if self.answer is None or self.phase in (Phase.STOPPED, Phase.OVER):
            return _STATES[self.phase]
        return _ENDINGS.get(self.answer.state, str(self.answer.state))

    def _figures(self, answer: Answer) -> tuple[str, ...]:
        rows = f"{len(answer.rows):,} rows" if len(answer.rows) != 1 else "1 row"
        if answer.total > len(answer.rows):
            rows = f"the first {len(answer.rows):,} of {answer.total:,} rows"
        scanned = f"{bytes_words(answer.scanned)} scanned"
        if not self.running:
            asked = price(self.scope_of_answer.region).per_gb * answer.scanned / 1e9
            scanned += f": {about(asked)}"
        return rows, scanned, f"{answer.matched:,} of {answer.examined:,} events matched"

    @property
    def scope_of_answer(self) -> Scope:
        """Where the answer comes from."""
        return self.question.scope if self.question is not None else self.scope

    def _share(self) -> float | None:
        expected = self.estimate.scanned if self.estimate is not None else None
        if self.phase is not Phase.ASKING or not expected or self.answer is None:
            return None
        return min(0.99, self.answer.scanned / expected)

    def empty(self) -> str:
        """Say why there are no rows."""
        if self.question is None:
            return self.note
        answer, groups = self.answer, len(self.question.groups)
        if answer is None or not answer.over:
            stopped = self.phase is Phase.STOPPED
            return "Stopped before there was a row." if stopped else "No rows yet ..."
        where = "1 log group" if groups == 1 else f"{groups} log groups"
        span = Range(0, self.question.start, self.question.end).words()
        if answer.state is not State.COMPLETE:
            return f"The query ended as {answer.state} before there was a row."
        if not answer.examined:
            return (
                f"There was nothing to scan in {where} from {span}.\n"
                "Choose a longer range (r) or other log groups (l)."
            )
        return (
            f"None of the {answer.examined:,} events scanned in {where} matched, from {span}.\n"
            "Loosen the query's filters, or choose a longer range (r)."
        )


_STATES = {
    Phase.IDLE: "Not run",
    Phase.ASKING: "Starting",
    Phase.OVER: "Complete",
    Phase.STOPPED: "Stopped",
    Phase.FAILED: "Failed",
}

_ENDINGS = {
    State.SCHEDULED: "Waiting for its turn",
    State.RUNNING: "Running",
    State.TIMEOUT: "Timed out after 60 minutes",
    State.CANCELLED: "Cancelled by somebody else",
    State.UNKNOWN: "Running",
}


def place_in(message: str) -> tuple[int, int] | None:
    """Return the line and the column, from 0, that a complaint about a query is about."""
    found = _AT.search(message)
    return (max(0, int(found[1]) - 1), int(found[2])) if found else None
