"""What stands above a log: its lines and errors by the minute, and the names of its columns."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.widget import Widget

from backends.clock import Clock
from widgets.cells import fit
from widgets.fit import clip, plain
from widgets.log_counts import MINUTE, Minute, MinuteCounts
from widgets.log_reading import LogReading
from widgets.sparkline import BARS

LEAST_ROWS: Final = 20
"""Rows that a log keeps at least; where there are fewer, there is no histogram."""

SPANS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
"""Minutes that a bar may stand for."""

RECENT: Final = 10
"""Minutes whose errors are told as a number."""

LABEL: Final = 13
"""Cells of what the rows are called."""

TAIL: Final = 44
"""Cells of what is said behind the bars, at most."""

LEAST_BARS: Final = 10
"""Bars that there is room for at least; where there is less, the words behind them go."""

STALE: Final = 3600.0
"""Seconds without a line after which the newest line and not now is where the bars end."""

REST: Final = 1.0
"""Seconds between two looks at the counts."""

NOTHING: Final = "·"
"""A bar of no errors at all, so that it is told from few."""


class LogTop(Widget):
    """Reads off a log pane once a second; takes no rows where the pane has none to spare."""

    DEFAULT_CSS = """
    LogTop { height: auto; text-wrap: nowrap; display: none; color: $foreground-muted; }
    LogTop.-shown { display: block; }
    """

    def __init__(self, pane: LogReading, clock: Clock, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pane = pane
        self._clock = clock
        self._shown = Content()
        self._heeded = "", True

    def on_mount(self) -> None:
        """Look at the counts every second."""
        self.set_interval(REST, self.look)

    def heed(self) -> None:
        """Look at once where the columns or what is wanted have changed; may be called often."""
        asked = self._pane.heading, self._pane.histogram
        if asked != self._heeded:
            self._heeded = asked
            self.look()

    def look(self) -> None:
        """Bring what is said up to date, if there is room for it."""
        rows = self._pane.size.height + self.size.height * self.display
        width = self._pane.size.width
        lines: list[Content] = []
        if self._pane.histogram and rows >= LEAST_ROWS + 2:
            lines += histogram(self._pane.counts, self._clock.now(), width)
        if heading := self._pane.heading:
            lines.append(plain(fit(heading, width), "underline"))
        shown = Content("\n").join(lines)
        if shown == self._shown:
            return
        taller = len(lines) != len(self._shown.plain.splitlines())
        self._shown = shown
        self.set_class(bool(lines), "-shown")
        self.refresh(layout=taller)

    def render(self) -> Content:
        """Return what was last looked at."""
        return self._shown


def histogram(counts: MinuteCounts, now: float, width: int) -> list[Content]:
    """Return a row of all lines and one of errors; none where no line has a time.

    The newest minute is at the right. `now` is in epoch seconds, `width` in cells.
    """
    if not counts.minutes:
        return []
    oldest, newest = min(counts.minutes), max(counts.minutes)
    end = now if now - newest * MINUTE < STALE else newest * MINUTE
    room = width - LABEL - TAIL
    if room < LEAST_BARS:
        room = max(1, width - LABEL)
    minutes = max(1, int(end // MINUTE) - oldest + 1)
    span = next((span for span in SPANS if minutes <= (room - 1) * span), SPANS[-1])
    columns = counts.columns(end, min(room, -(-minutes // span) + 1), span)
    since = end - (RECENT - 1) * MINUTE
    known = len(columns) - 1 - int(end // MINUTE) // span + oldest // span
    columns = columns[max(0, known) :]
    every = "lines/min" if span == 1 else f"lines/{span}min"
    total = sum(minute.lines for minute in counts.minutes.values())
    return [
        _row(
            every, bars([c.lines for c in columns]), f"{total:,} lines in {_span(minutes)}", width
        ),
        _row(
            "errors",
            bars([c.errors for c in columns], NOTHING),
            recent_words(counts, since),
            width,
            "$text-error" if any(c.errors for c in columns) else "",
        ),
    ]


def _row(label: str, drawn: str, said: str, width: int, style: str = "") -> Content:
    cells = clip(f"{label:<{LABEL}}", LABEL), drawn, f"  {said}"
    if sum(map(len, cells)) > width:
        cells = (*cells[:2], "")
    return Content.assemble(cells[0], (cells[1], style), cells[2])


def recent_words(counts: MinuteCounts, since: float) -> str:
    """Return how many errors and warnings there were since a moment, in words."""
    first = int(since // MINUTE)
    recent = [c for minute, c in counts.minutes.items() if minute >= first]
    total = Minute(errors=sum(c.errors for c in recent), warnings=sum(c.warnings for c in recent))
    errors = f"{total.errors:,} error{'' if total.errors == 1 else 's'}"
    warnings = f"{total.warnings:,} warning{'' if total.warnings == 1 else 's'}"
    return f"{errors}, {warnings} in the last {RECENT} min"


def bars(series: list[int], nothing: str = " ") -> str:
    """Return a bar for each number; the highest is a full one, zero is `nothing`."""
    most = max(series, default=0)
    top = len(BARS) - 1
    return "".join(
        BARS[min(top, -(-number * top // most))] if number > 0 else nothing for number in series
    )


def _span(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 2880 else f"{minutes / 1440:.0f} d"
