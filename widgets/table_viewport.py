"""Where a table's cursor and window are, on rows that come, go and change places.

The cursor belongs to a Ref. The window keeps the cursor's row on its line of the screen, or the
topmost row where the cursor is out of sight. Lines count from 0 and are those of the content:
the rows that are shown and, while the cursor's row is gone, one line that says so in its place.
"""

from __future__ import annotations

from backends.model import Ref, Resource
from widgets.row_view import RowView
from widgets.sorted_rows import Row


class Viewport:
    """The cursor and the window over a `RowView`, without anything that draws.

    After each change of the view call `settle`, and before painting `follow`.
    """

    def __init__(self, view: RowView) -> None:
        self._view = view
        self.reset()

    def reset(self) -> None:
        """Forget everything: the rows are about something else now."""
        self._row: Row | None = None
        self._wanted: Row | None = None
        self.gone = False
        self.touched = False
        self.top = 0
        self._anchor: tuple[Row, int] | None = None

    @property
    def ref(self) -> Ref | None:
        """What the cursor is on; still the same Ref when that is gone."""
        return self._row.resource.ref if self._row is not None else None

    @property
    def current(self) -> Resource | None:
        """The resource under the cursor as last seen; None without one and when it is gone."""
        return None if self.gone or self._row is None else self._row.resource

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self._view.shown + self.gone

    @property
    def cursor(self) -> int | None:
        """The line of the cursor."""
        return None if self._row is None else self._view.place(self._row)

    @property
    def last_seen(self) -> Resource | None:
        """The resource the cursor is on, gone or not, as it last was."""
        return self._row.resource if self._row is not None else None

    def row_at(self, line: int) -> Row | None:
        """Return the row of a line; None for the gone one and beyond the end."""
        if self.gone and self._row is not None:
            hole = self._view.place(self._row)
            if line == hole:
                return None
            line -= line > hole
        return self._view.at(line)

    def settle(self, *, asked: bool) -> None:
        """Find the cursor's row again after the view changed.

        `asked`: the operator changed what is shown, so that a cursor whose row is not among it
        may go to the row that was chosen last, or to the one nearest to that.
        """
        if self._wanted is None:
            self._wanted = self._row = self._view.visible[0] if self._view.visible else None
            return
        if self._row is not None and (live := self._shown(self._row)) is not None:
            self._row, self.gone = live, False
        elif asked or self._row is None:
            self._row = self._shown(self._wanted) or self._near(self._wanted)
            self.gone = False
        else:
            self.gone = True

    def _shown(self, row: Row) -> Row | None:
        ref = row.resource.ref
        return self._view.get(ref) if self._view.shows(ref) else None

    def _near(self, row: Row) -> Row | None:
        rows = self._view.visible
        return rows[min(self._view.place(row), len(rows) - 1)] if rows else None

    def neighbour(self) -> Row | None:
        """Return the row that the next cursor key would move to from one that is gone."""
        return self._near(self._row) if self._row is not None else None

    def move_to(self, ref: Ref) -> bool:
        """Put the cursor on a Ref; False, and nothing moves, if that is not shown."""
        row = self._view.get(ref)
        if row is None or not self._view.shows(ref):
            return False
        self._take(row)
        return True

    def move_by(self, lines: int) -> None:
        """Move the cursor up (negative) or down, at most to either end."""
        at = self.cursor
        if at is not None:
            self.move_to_index(at + lines - (self.gone and lines > 0))

    def move_to_index(self, index: int) -> None:
        """Put the cursor on the row of an index among the shown ones, or on the nearest."""
        rows = self._view.visible
        if rows:
            self._take(rows[max(0, min(index, len(rows) - 1))])
        else:
            self._row = None
            self.gone = False

    def rewind(self) -> None:
        """Put a cursor that nobody has moved yet on the first row; it stays untouched."""
        rows = self._view.visible
        if rows and not self.touched:
            self._row = self._wanted = rows[0]
            self.gone = False

    def _take(self, row: Row) -> None:
        self._row = self._wanted = row
        self.gone = False
        self.touched = True

    def reveal(self, height: int) -> None:
        """Move the window just so far that the cursor is in it."""
        at = self.cursor
        if at is not None:
            self.top = max(min(self.top, at), at - height + 1)
        self._clamp(height)

    def scroll_to(self, top: int, height: int) -> None:
        """Move the window and leave the cursor where it is."""
        self.touched = True
        self.top = top
        self._clamp(height)
        self.remember(height)

    def remember(self, height: int) -> None:
        """Note which row is on which line of the screen, for `follow` to keep it there."""
        at = self.cursor
        row = self._row
        if at is None or not self.top <= at < self.top + height:
            at, row = self.top, self.row_at(self.top)
        self._anchor = (row, at - self.top) if row is not None else None

    def follow(self, height: int) -> None:
        """Move the window with the row that it was left on; call it before painting.

        Before the operator has moved anything it stays at the top while the cursor is in it.
        """
        if not self.touched:
            self.top = 0
            self.reveal(height)
        elif self._anchor is not None:
            row, line = self._anchor
            row = self._view.get(row.resource.ref) or row
            self.top = self._line_of(row) - line
            self._clamp(height)
            if row.resource.ref == self.ref:
                self.reveal(height)
        else:
            self._clamp(height)
        self.remember(height)

    def _line_of(self, row: Row) -> int:
        at = self._view.place(row)
        hole = self._view.place(self._row) if self.gone and self._row is not None else at
        return at + (hole < at)

    def _clamp(self, height: int) -> None:
        self.top = max(0, min(self.top, self.lines - height))
