"""What a log pane says of itself, for the status line of a screen."""

from __future__ import annotations

from textual.message import Message

from backends.model import LogLine, Problem
from widgets.lean_view import LeanView
from widgets.log_model import LogModel

SOME = 1_000
"""Entries among which there is a line with a time, if there is any."""


class LogStatus(LeanView, can_focus=True):
    """Reads off a `LogModel`, and says when there is something new to read."""

    class StatusChanged(Message):
        """Counts, the scan's progress or a mode changed; at most 30 a second."""

        def __init__(self, pane: LogStatus) -> None:
            super().__init__()
            self.pane = pane
            """Whose status it is."""

        @property
        def control(self) -> LogStatus:
            """The pane, for selectors."""
            return self.pane

    def __init__(self, model: LogModel, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._model = model

    @property
    def received(self) -> int:
        """Lines that were fed since it was last cleared."""
        return self._model.buffer.received

    @property
    def held(self) -> int:
        """Lines in memory now."""
        return self._model.buffer.held

    @property
    def oldest(self) -> float | None:
        """The epoch second of the oldest line held; None: there is none."""
        buffer = self._model.buffer
        at = buffer.times(buffer.first, min(buffer.first + SOME, buffer.end))
        return next((second for second in at if second), None)

    def held_before(self, at: float) -> list[LogLine]:
        """Return the lines held that were written before the epoch second `at`."""
        buffer = self._model.buffer
        times = buffer.times(buffer.first, buffer.end)
        found = (
            buffer.span(buffer.first + i, buffer.first + i + 1)
            for i, second in enumerate(times)
            if second < at
        )
        return [entry for one in found for entry in one if isinstance(entry, LogLine)]

    @property
    def fell_out(self) -> int:
        """Lines that were forgotten to keep within `max_bytes`."""
        return self._model.buffer.fell_out

    @property
    def dropped(self) -> int:
        """Lines that were lost or sampled away before they got here."""
        return self._model.dropped

    @property
    def matched(self) -> int:
        """Lines and notes that the filter found so far; without a filter, all there are."""
        return self._model.hi - self._model.lo

    @property
    def scanning(self) -> float | None:
        """The share of the buffer that a filter has looked at; None when it is through."""
        return self._model.matches.scanning if self._model.matches else None

    @property
    def searched(self) -> int | None:
        """How many of the lines held a filter has looked at; None when it is through."""
        searched = self._model.matches.searched if self._model.matches else None
        return None if searched is None else min(searched, self.held)

    @property
    def live(self) -> bool:
        """The past that was asked for has been delivered."""
        return self._model.live

    @property
    def problem(self) -> Problem | None:
        """Why lines are missing at the moment."""
        return self._model.problem

    @property
    def filter_text(self) -> str:
        """The filter in force, as it was given; empty if there is none."""
        return self._model.pattern.text if self._model.matches else ""

    @property
    def filter_note(self) -> str:
        """What the user should know about how the filter was read or how it fares."""
        return self._model.pattern.note or self._model.missing_field()
