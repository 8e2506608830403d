"""The filter of a browse screen: its line, made when it is first needed, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.place_screen import PlaceScreen

if TYPE_CHECKING:
    from widgets.filter_bar import FilterBar

FAULTS = "health:degraded|failing"
"""The filter of the faults-only key."""


class Filtering(PlaceScreen):
    """The part of a browse screen that narrows its table."""

    _filter_bar: FilterBar | None = None

    @property
    def filter_text(self) -> str:
        """The filter as it stands; empty: none."""
        return self._filter_bar.text if self._filter_bar is not None else ""

    async def filter_bar(self) -> FilterBar:
        """Return the filter line; made at its first use."""
        from widgets.filter_bar import FilterBar

        async with self.growing:
            if self._filter_bar is None:
                self._filter_bar = FilterBar()
                await self.add_late(self._filter_bar)
        return self._filter_bar

    async def narrow(self, text: str) -> None:
        """Filter by a text that was not typed into the line, and show it there."""
        if text or self._filter_bar is not None:
            (await self.filter_bar()).set_text(text)
        self.table.set_filter(text)

    async def action_filter(self) -> None:
        """Open the filter line, and have the rows prepared for it."""
        self.table.expect_filter(True)
        (await self.filter_bar()).open()

    async def action_faults(self) -> None:
        """Switch between faults only and everything."""
        await self.narrow("" if self.filter_text == FAULTS else FAULTS)

    def clear_filter(self) -> bool:
        """Take the filter back; returns whether there was one."""
        if self._filter_bar is None or not self._filter_bar.text:
            return False
        self._filter_bar.clear()
        self.table.set_filter("")
        return True

    def note_filter(self) -> None:
        """Say behind the filter what it lets through, or what was not understood of it."""
        if self._filter_bar is not None and self._filter_bar.text:
            note = self.table.note or f"{self.table.shown} of {self.table.total}"
            self._filter_bar.set_note(note, problem=bool(self.table.note))

    # By name, not by class: the class is imported when the line is made.

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        """Narrow the table while one types."""
        self.table.set_filter(event.text)
        self.note_filter()

    def on_filter_bar_kept(self) -> None:
        """Go back to the rows."""
        self.table.expect_filter(False)
        self.table.focus()

    def on_filter_bar_dismissed(self) -> None:
        """Go back to the rows."""
        self.table.expect_filter(False)
        self.table.focus()
