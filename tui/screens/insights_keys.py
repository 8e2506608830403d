"""The keys of the Insights screen, and what they do with its table alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from backends.logs.insights_model import POINTER
from backends.text import escaped
from tui.compose import state_folder
from widgets.filter_bar import FilterBar
from widgets.resource_table import ResourceTable


def _bind(key: str, action: str, label: str, text: str, *, show: bool = True) -> Binding:
    name = action.partition("(")[0]
    return Binding(key, action, label, show=show, tooltip=text, id=f"insights.{name}")


class InsightsKeys(Screen[None]):
    """Keys; and copying, saving, sorting and filtering of the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _bind("escape,q", "back", "Back", "Clear the filter, leave the editor, stop the query, or "
              "go back: the first of these that there is to do."),
        _bind("ctrl+r", "run", "Run", "Run the query; shows what it costs and asks first."),
        _bind("x", "stop", "Stop", "Stop the query; what it has found stays."),
        _bind("e", "edit", "Edit", "Edit the query."),
        _bind("l", "groups", "Log groups", "Choose the log groups."),
        _bind("r", "range", "Range", "Choose the time range."),
        _bind("h", "queries", "Queries", "Take one of the last queries, or a good one to begin."),
        _bind("p", "place", "Place", "Choose the account and region."),
        _bind("slash", "filter", "Filter", "Show only rows that match, as you type."),
        _bind("t", "times", "UTC", "Show times in UTC, or in local time."),
        _bind("o", "sort_next", "Sort", "Sort by the next column.", show=False),
        _bind("O", "sort_reverse", "Reverse", "Reverse the order.", show=False),
        _bind("c", "copy", "Copy", "Copy the row as JSON."),
        _bind("ctrl+s", "save", "Save", "Write the rows that are shown to a file, as JSON lines."),
        _bind("question_mark", "help", "Help", "Every key of this screen."),
    ]  # fmt: skip

    @property
    def table(self) -> ResourceTable:
        """The rows of the answer."""
        return self.query_one(ResourceTable)

    @property
    def column_keys(self) -> list[str]:
        """The keys of the table's columns."""
        raise NotImplementedError

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(FilterBar).open()

    def action_sort_next(self) -> None:
        """Sort by the column after the present one; after the last by the order of the answer."""
        keys = self.column_keys
        here = keys.index(self.table.sort_key) if self.table.sort_key in keys else 0
        if keys:
            self.table.sort_by(keys[(here + 1) % len(keys)], False)

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        self.table.sort_by(self.table.sort_key, not self.table.sort_reverse)

    def action_copy(self) -> None:
        """Copy the row under the cursor."""
        row = self.table.current
        if row is not None:
            self.app.copy_to_clipboard(as_json(row.raw))
            self.notify("The row was copied as JSON", timeout=2, markup=False)

    @work(exclusive=True, group="save")
    async def action_save(self) -> None:
        """Write the rows that are shown to a file, without holding up the screen."""
        rows = [row.raw for row in self.table.resources]
        path = state_folder() / "logs" / time.strftime("insights-%Y%m%d-%H%M%S.jsonl")
        try:
            await asyncio.to_thread(_write, path, rows)
        except OSError as error:
            text = f"{path}: {error.strerror or error}. Free some room or change its permissions."
            self.notify(text, title="Not saved", severity="error", timeout=15, markup=False)
            return
        self.notify(f"{len(rows):,} rows saved to {path}", timeout=8, markup=False)

    def action_help(self) -> None:
        """Show every key of this screen."""
        from tui.prompts import help_panel

        self.app.push_screen(help_panel(self))


def as_json(record: dict[str, str]) -> str:
    """Return a row as one line of JSON, safe to be printed; its pointer is left out."""
    own = {name: value for name, value in record.items() if name != POINTER}
    return escaped(msgspec.json.encode(own).decode())


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("x", encoding="utf-8") as file:
        path.chmod(0o600)
        file.writelines(f"{as_json(row)}\n" for row in rows)
