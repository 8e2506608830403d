"""What a browse screen does with its table alone: order, filter, width, clipboard."""

from __future__ import annotations

from collections.abc import Callable

from backends.model import Format, Ref
from tui import verbs
from tui.screens.place_screen import PlaceScreen
from widgets.row_view import HEALTH_FIRST


class TableActions(PlaceScreen):
    """The part of a browse screen whose actions need no more than the table and its source."""

    def action_sort_next(self) -> None:
        """Sort by the column after the present one; after the last by health."""
        keys = [column.key for column in self.source.columns]
        here = keys.index(self.table.sort_key) if self.table.sort_key in keys else -1
        if here + 1 < len(keys):
            self.table.sort_by(keys[here + 1], False)
        else:
            self.table.sort_by(HEALTH_FIRST, True)

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        self.table.sort_by(self.table.sort_key, not self.table.sort_reverse)

    def action_sort_by(self, key: str) -> None:
        """Sort by a column."""
        self.table.sort_by(key, False)

    def action_sort_age(self) -> None:
        """Sort by the first column that holds an age."""
        ages = [column.key for column in self.source.columns if column.format is Format.AGE]
        if ages:
            self.table.sort_by(ages[0], False)

    def action_sort_health(self) -> None:
        """Sort worst first."""
        self.table.sort_by(HEALTH_FIRST, True)

    def action_wide(self) -> None:
        """Show or hide the wide columns."""
        self.table.show_wide = not self.table.show_wide

    def action_refresh(self) -> None:
        """Ask for fresh rows now."""
        self.source.refresh()

    def action_copy(self) -> None:
        """Copy the name of the row, or of each that is marked, one a line."""
        self._copy(lambda ref: ref.name, "names")

    def action_copy_address(self) -> None:
        """Copy the full address of the row, or of each that is marked, one a line."""
        self._copy(lambda ref: ref.address, "addresses")

    def _copy(self, of: Callable[[Ref], str], what: str) -> None:
        if marked := self.table.marked:
            said = f"{len(marked)} {what} of what is marked" if len(marked) > 1 else ""
            verbs.copy(self, "\n".join(of(row.ref) for row in marked), said)
        elif self.target is not None:
            verbs.copy(self, of(self.target.ref))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or unmark it."""
        self.table.toggle_mark()

    def action_mark_range(self) -> None:
        """Mark all rows from what was marked last to the cursor."""
        self.table.mark_range()

    def action_mark_shown(self) -> None:
        """Mark every row that the filter shows; where it is not done yet, nothing."""
        if self.table.searching:
            told = "The filter is still at work: press the key again when it is done."
            self.notify(told, severity="warning", timeout=4, markup=False)
        else:
            self.table.mark_shown()

    def action_unmark(self) -> None:
        """Unmark every row."""
        self.table.unmark()
