"""What a browse screen does with its table alone: order, filter, width, clipboard."""

from __future__ import annotations

from backends.model import Format
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
        """Copy the row's name."""
        if self.target is not None:
            verbs.copy(self, self.target.ref.name)

    def action_copy_address(self) -> None:
        """Copy the row's full address."""
        if self.target is not None:
            verbs.copy(self, self.target.ref.address)
