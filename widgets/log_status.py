"""What a log pane says of itself, for the status line of a screen."""

from __future__ import annotations

from textual.message import Message

from backends.model import Problem
from widgets.lean_view import LeanView
from widgets.log_model import LogModel


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
