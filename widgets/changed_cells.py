"""Which cells in view changed lately, so that a table can show them and let them fade."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from backends.model import Column, Format, Ref, Resource
from widgets.cells import cell_text
from widgets.sorted_rows import Row

LASTING = 6.0
"""Seconds for which a change is shown, where nobody set it otherwise."""

STEPS = 3
"""Weights that a change goes through while it fades, the strongest first."""

MOST = 1_000
"""Rows whose changes are remembered: more than any screen shows, so that memory is bounded."""

_OF_THEMSELVES = frozenset({Format.AGE, Format.SPARK})
"""Formats whose texts change as time goes by, which is no news."""

Fading = tuple[tuple[int, int], ...]
"""Pairs of a cell's index and its weight, from `STEPS` down to 1."""


class ChangedCells:
    """Compares rows with what they were when they were last in view.

    A row that was not in view has nothing to be compared with: what scrolling, sorting or
    filtering brings into view is no change. Times are those of one monotonic clock, in seconds.
    """

    def __init__(self, row_of: Callable[[Resource], Row], lasting: float = LASTING) -> None:
        """Show changes for `lasting` seconds; 0: never. `row_of` makes a row of a resource."""
        self.lasting = lasting
        self._row_of = row_of
        self._columns: tuple[Column, ...] = ()
        self._seen: Mapping[Ref, Row] = {}
        self._moved: dict[Ref, Resource] = {}
        self._at: dict[Ref, dict[int, float]] = {}

    def __len__(self) -> int:
        """How many rows have changes that are remembered."""
        return len(self._at)

    def __contains__(self, ref: object) -> bool:
        """Whether a row has changes that are remembered."""
        return ref in self._at

    def forget(self, columns: Sequence[Column] | None = None) -> None:
        """Begin anew: what is seen next is not compared; `columns` are what rows have then."""
        if columns is not None:
            self._columns = tuple(columns)
        self._seen = {}
        self._moved = {}
        self._at = {}

    def expect(self, upserts: Iterable[Resource], known: Callable[[Ref], Resource | None]) -> None:
        """Keep, as they are `known`, resources whose health is about to change: where the worst
        come first, that may bring them into view."""
        if not self.lasting:
            return
        moved, seen = self._moved, self._seen
        for resource in upserts:
            ref = resource.ref
            if ref in seen or ref in moved or len(moved) >= MOST:
                continue
            was = known(ref)
            if was is not None and was.health is not resource.health:
                moved[ref] = was

    def look(self, rows: Iterable[Row], now: float) -> None:
        """Compare the rows that are in view with what was; call it before they are drawn."""
        if not self.lasting:
            return
        last, moved = self._seen, self._moved
        self._seen = {row.resource.ref: row for row in rows}
        self._moved = {}
        for ref, row in self._seen.items():
            was = last.get(ref)
            if was is None and ref in moved:
                was = self._row_of(moved[ref])
            if was is not None and was.resource is not row.resource:
                changed = self._differing(was, row)
                if changed:
                    self._note(ref, changed, now)
        self._drop_old(now)

    def fading(self, ref: Ref, now: float) -> Fading:
        """Return the cells of a row that changed lately, with their weights."""
        cells = self._at.get(ref)
        if cells is None:
            return ()
        ages = ((cell, (now - at) / self.lasting) for cell, at in cells.items())
        return tuple((cell, STEPS - int(max(0.0, age) * STEPS)) for cell, age in ages if age < 1.0)

    def _differing(self, was: Row, row: Row) -> Sequence[int]:
        old, new = was.resource.health, row.resource.health
        pairs = zip(self._columns, was.cells, row.cells, strict=False)
        return [
            index
            for index, (column, before, after) in enumerate(pairs)
            if column.format not in _OF_THEMSELVES
            and (before != after or column.format is Format.STATUS)
            and cell_text(before, column, old, 0.0) != cell_text(after, column, new, 0.0)
        ]

    def _note(self, ref: Ref, changed: Iterable[int], now: float) -> None:
        cells = self._at.pop(ref, {})  # what changed last is last, so that the oldest go first
        cells.update(dict.fromkeys(changed, now))
        self._at[ref] = cells

    def _drop_old(self, now: float) -> None:
        """Forget rows whose changes have faded, and the oldest of too many."""
        while self._at:
            ref, cells = next(iter(self._at.items()))
            if len(self._at) <= MOST and now - max(cells.values()) < self.lasting:
                return
            del self._at[ref]
