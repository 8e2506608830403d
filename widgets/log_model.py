"""All of a log pane but the screen: what is held, what is shown of it, and where one looks.

Entries have ids (their place in the log), those that the filter lets through have ordinals
(their place in what is shown); without a filter the two are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backends.clock import Clock
from backends.model import LogBatch, LogLine, Problem
from widgets.log_buffer import MAX_BYTES, Classify, Entry, LogBuffer, Note, NoteKind, unmarked
from widgets.log_filter import Pattern
from widgets.log_folds import HAS_TRACE, Folds, next_failure
from widgets.log_format import LogFormat, saved_line
from widgets.log_query import Query, read_filter
from widgets.log_rows import RowIndex, Viewport
from widgets.log_scan import SLICE, Matches, pick
from widgets.log_text import tidy
from widgets.log_traces import TraceReader

_UNMARKED = b"\0"
_SOME_LINES = 1000


class LogModel:
    """A bounded log, a filter on it and a window on what that leaves."""

    def __init__(
        self, clock: Clock, max_bytes: int = MAX_BYTES, classify: Classify = unmarked
    ) -> None:
        self.clock = clock
        """Where the time comes from."""
        self.buffer = LogBuffer(max_bytes, classify)
        """What is held."""
        self.format = LogFormat(clock)
        """How it is written."""
        self.pattern = Pattern("")
        """The filter; `Pattern.empty` if there is none."""
        self.matches: Matches | None = None
        """What the filter lets through."""
        self.folds = Folds(self.buffer)
        """Which entries are folded away."""
        self.viewport = Viewport(RowIndex())
        """Where one looks."""
        self.wrap_width = 0
        """Cells at which lines wrap; 0: they don't."""
        self.dropped = 0
        """Lines lost upstream."""
        self.live = False
        """The past has been delivered."""
        self.problem: Problem | None = None
        """Why lines are missing at the moment."""
        self.grown = False
        """Columns are wider than when the window was laid out; `relay` takes note."""
        self._missing = "", 0, ""  # a filter, how much was held, what is said of it
        self._traced = False  # some line goes on with another
        self._wanted: int | None = None  # the id to be at the top once the scan gets there

    @property
    def lo(self) -> int:
        """The ordinal of the first entry shown."""
        return self.matches.lo if self.matches else self.buffer.first

    @property
    def hi(self) -> int:
        """The ordinal behind the last entry shown."""
        return self.matches.hi if self.matches else self.buffer.end

    def id_at(self, ordinal: int) -> int:
        """Return the id of a shown entry; that of the entry to come where there is none."""
        if not self.lo <= ordinal < self.hi:
            return self.buffer.end
        return self.matches.id_at(ordinal) if self.matches else ordinal

    def entry(self, ordinal: int) -> Entry:
        """Return a shown entry."""
        return self.buffer[self.id_at(ordinal)]

    def feed(self, batch: LogBatch) -> None:
        """Take in a batch: what was lost before it, what is said about it, its lines."""
        if batch.dropped:
            self.dropped += batch.dropped
            noun = "line" if batch.dropped == 1 else "lines"
            self._note(f"{batch.dropped:,} {noun} lost upstream", "lost")
        for note in batch.notes:
            self._note(note)
        if batch.problem != self.problem:
            self.problem = batch.problem
            if told := batch.problem:
                self._note(f"{told.action}: {told.message} · {told.remedy}", "problem")
        if batch.lines:
            end = self.buffer.end
            self.buffer.extend(batch.lines)
            self.grown |= self.format.admit({line.source for line in batch.lines})
            self._heed(end, self.buffer.end)
        self.live = self.live or batch.live

    def prepend(self, lines: Sequence[LogLine]) -> int:
        """Put older lines before the oldest one held; what is in view stays there.

        Returns how many there was room for, those next to the oldest first (see
        `LogBuffer.prepend`).
        """
        if self.matches:
            self.matches.rewind()
        taken = self.buffer.prepend(lines)
        if taken:
            self.grown |= self.format.admit({line.source for line in lines[-taken:]})
            self._heed(self.buffer.first, self.buffer.first + taken)
        return taken

    def _heed(self, start: int, stop: int) -> None:
        """Take note of the first levels and the first trace among entries that came in."""
        if self._traced and self.format.show_levels:
            return
        marks = self.buffer.marks(start, stop)
        if not self.format.show_levels and marks.strip(_UNMARKED):
            self.format.show_levels = self.grown = True
        if not self._traced and HAS_TRACE.search(marks):
            self._traced = self.grown = True

    def clear(self) -> None:
        """Begin anew: no lines, no counts, but the same filter and modes."""
        self.buffer = LogBuffer(self.buffer.max_bytes, self.buffer.classify)
        folding, self.folds = self.folds.folding, Folds(self.buffer)
        self.folds.folding = folding
        self._traced = self.format.show_levels = False
        self.matches = None
        self.dropped, self.live, self.problem = 0, False, None
        self.viewport.following = True
        self._show_only(self.pattern, None)

    def set_filter(self, pattern: Pattern) -> None:
        """Show only what a pattern lets through; the entry at the top stays there or close."""
        if not self.viewport.following:
            self._wanted = self.id_at(self.viewport.top[0])
        old = self.matches if self.matches and pattern.narrows(self.pattern) else None
        self._show_only(pattern, old)

    def _show_only(self, pattern: Pattern, within: Matches | None) -> None:
        self.pattern = pattern
        self.matches = None
        if not pattern.empty:
            self.matches = Matches(self.buffer, pattern, within=within)
        self.viewport.index = self._index()
        self.viewport.index.resize(self.lo, self.hi)
        self.viewport.top = (self.lo, 0)

    def step(self) -> bool:
        """Look on for matches for a few milliseconds; return whether there is more to do."""
        return self.matches is not None and self.matches.step(self.clock)

    def update(self, height: int) -> None:
        """Bring the window, of so many rows, up to date with what there is."""
        if self.matches:
            self.matches.forget()
        self.viewport.height = height
        self.viewport.index.resize(self.lo, self.hi)
        if self._wanted is not None and not self.viewport.following:
            wanted = self._wanted
            ordinal = self.matches.ordinal_of(wanted) if self.matches else wanted
            self.viewport.top = (ordinal, 0)
            if self.matches is None or self.matches.reached <= wanted:
                self._wanted = None
        self.viewport.settle()

    def catch_up(self) -> bool:
        """Take note of what came and fell out since `update`, and stay where one looks.

        Returns whether what was at the top has fallen out. Whatever uses the window between
        two updates has to: what it names is not held any more otherwise.
        """
        if self.matches:
            self.matches.forget()
        viewport = self.viewport
        viewport.index.resize(self.lo, self.hi)
        if viewport.top[0] >= self.lo:
            return False
        viewport.top = (self.lo, 0)
        return True

    def relay(self, wrap_width: int) -> None:
        """Lay out anew, wrapped at a width or (0) not."""
        self.wrap_width = wrap_width
        self.grown = False
        self.viewport.reindex(self._index())

    def moved(self, *, following: bool) -> None:
        """Take note that the user went elsewhere; whoever reads back is given room to."""
        self._wanted = None
        self.viewport.following = following
        self.buffer.stretched = not following

    def seek(self, pattern: Pattern, ordinal: int, step: int) -> Iterator[int | None]:
        """Look for a shown entry that matches, from an ordinal on in steps of 1 or -1.

        Yields None each time that a few milliseconds have passed, and at last the ordinal;
        ends without one if nothing is found.
        """
        deadline = self.clock.monotonic() + SLICE

        def over() -> bool:
            return self.clock.monotonic() >= deadline

        at = self.id_at(ordinal) if self.lo <= ordinal < self.hi else self.buffer.end
        while self.id_at(self.lo) <= at <= self.id_at(self.hi - 1):
            chunk = self.buffer.chunk_at(at)
            ids = range(at, chunk.end if step > 0 else chunk.first - 1, step)
            hits, looked = pick(pattern, chunk, ids, over)
            for hit in hits:
                if (found := self._shown(hit)) is not None:
                    yield found
                    return
            at += looked * step
            if over():
                yield None
                deadline = self.clock.monotonic() + SLICE

    def seek_failure(self, ordinal: int, step: int) -> Iterator[int | None]:
        """Look for a shown entry that reports an error, as `seek` does."""
        deadline = self.clock.monotonic() + SLICE
        while self.lo <= ordinal < self.hi:
            entry_id = next_failure(self.buffer, self.id_at(ordinal), step)
            if entry_id is None:
                return
            found = self._shown(entry_id)
            if found is not None:
                yield found
                return
            ordinal = self.ordinal_of(entry_id) - (step < 0)
            if self.clock.monotonic() >= deadline:
                yield None
                deadline = self.clock.monotonic() + SLICE

    def ordinal_of(self, entry_id: int) -> int:
        """Return the ordinal of the first entry shown whose id is at least `entry_id`."""
        return self.matches.ordinal_of(entry_id) if self.matches else entry_id

    def _shown(self, entry_id: int) -> int | None:
        """Return the ordinal of an entry, None if the filter holds it back."""
        if self.matches is None:
            return entry_id
        ordinal = self.matches.ordinal_of(entry_id)
        return ordinal if ordinal < self.hi and self.id_at(ordinal) == entry_id else None

    def visible(self) -> list[Entry]:
        """Return the entries in view, in whole or in part."""
        self.catch_up()
        ordinals = dict.fromkeys(ordinal for ordinal, _ in self.viewport.window())
        return [self.entry(ordinal) for ordinal in ordinals]

    def snapshot_text(self, *, filtered: bool) -> Iterator[str]:
        """Return the entries held now as text, formatted as they are read, in any thread."""
        entries = self.buffer.snapshot()
        pattern = read_filter(self.pattern.text if filtered else "")
        return _saved(entries, pattern)

    def missing_field(self) -> str:
        """Return what to say of a field in the filter that no line has, usually nothing."""
        pattern = self.pattern
        if (
            not isinstance(pattern, Query)
            or self.matches is None
            or self.matches.lo < self.matches.hi
        ):
            return ""
        if self.matches.scanning is not None:
            return ""
        held = self.buffer.end // _SOME_LINES
        if self._missing[:2] != (pattern.text, held):
            self._missing = pattern.text, held, pattern.missing(self.buffer)
        return self._missing[2]

    def why_empty(self, default: str) -> str:
        """Return what to say where nothing is shown; `default` where nothing is held."""
        held = len(self.buffer)
        if self.matches is None or not held:
            return default
        text = tidy(self.pattern.text)[0]
        if self.matches.scanning is not None:
            return f"Looking for {text} …"
        return f"None of {held:,} {'line' if held == 1 else 'lines'} matches {text}"

    @property
    def folding(self) -> bool:
        """Whether traces may be folded: not where single lines are looked for by their text."""
        pattern = self.pattern
        return self._traced and (
            pattern.empty or (isinstance(pattern, Query) and not pattern.textual)
        )

    def folded(self, entry_id: int) -> int:
        """Return how many entries are folded away beneath one."""
        return self.folds.folded(entry_id) if self.folding else 0

    def _index(self) -> RowIndex:
        return RowIndex(self._measure if self.wrap_width or self.folding else None)

    def _measure(self, lo: int, hi: int) -> list[int]:
        return [self._rows_of(self.id_at(ordinal)) for ordinal in range(lo, hi)]

    def _rows_of(self, entry_id: int) -> int:
        if self.folding and self.folds.hides(entry_id):
            return 0
        if not self.wrap_width:
            return 1
        mark = self.buffer.mark(entry_id)
        return self.format.layout(self.buffer[entry_id], self.wrap_width, mark).rows

    def _note(self, text: str, kind: NoteKind = "note") -> None:
        self.buffer.note(Note(at=self.clock.now(), text=text, kind=kind))


def _saved(entries: Iterable[Entry], pattern: Pattern) -> Iterator[str]:
    """Yield the lines of a file, and at last what the pattern could not be looked for in."""
    traces = TraceReader()
    for entry in entries:
        if pattern.marks is not None:
            if isinstance(entry, Note) or traces((entry,))[0] not in pattern.marks:
                continue
            accepted = pattern.decide((entry,))[0]
        else:
            accepted = pattern.empty or pattern.accepts(entry)
        if accepted:
            yield saved_line(entry)
    if pattern.note:
        yield saved_line(Note(at=0.0, text=f"filter {pattern.text}: {pattern.note}"))
