"""The part of a table that knows which of its resources are marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from backends.model import Ref, Resource
from widgets.table_facts import TableFacts
from widgets.table_messages import MarksChanged, MarksGone

if TYPE_CHECKING:
    from widgets.resource_table import ResourceTable


class MarkingTable(TableFacts):
    """Marks belong to Refs: they survive sorting, filtering and refreshing, and end with the
    resource."""

    @property
    def marked(self) -> Sequence[Resource]:
        """The marked resources as last seen, in the order of marking, shown or not."""
        found = (self._view.find(ref) for ref in self._marks)
        return [resource for resource in found if resource is not None]

    @property
    def marked_count(self) -> int:
        """How many are marked."""
        return len(self._marks)

    @property
    def marked_hidden(self) -> Sequence[Ref]:
        """Those of the marked that the filter does not let through."""
        view = self._view
        if view.shown == view.total:
            return []
        return [ref for ref in self._marks if not view.shows(ref) and view.find(ref) is not None]

    def is_marked(self, ref: Ref) -> bool:
        """Return whether a resource is marked."""
        return ref in self._marks

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or unmark it; one that is gone can't be."""
        if (current := self._port.current) is not None:
            self._marks.toggle(current.ref)
            self._marks_changed()

    def mark_range(self) -> None:
        """Mark all from what was marked last to the cursor; where that is not shown, the
        cursor's row alone."""
        current, last = self._port.current, self._marks.last
        if current is None:
            return
        begin = self._view.get(last) if last is not None else None
        end = self._view.get(current.ref)
        if begin is None or end is None or not self._view.shows(begin.resource.ref):
            self._marks.add((current.ref,))
        else:
            ends = sorted((self._view.place(begin), self._view.place(end)))
            rows = self._view.visible[ends[0] : ends[1] + 1]
            self._marks.add(row.resource.ref for row in rows)
        self._marks_changed()

    def mark_shown(self) -> None:
        """Mark every row that passes the filter."""
        self._marks.add(resource.ref for resource in self._view.resources)
        self._marks_changed()

    def unmark(self, refs: Iterable[Ref] | None = None) -> None:
        """Unmark some resources; None: all of them."""
        if refs is None:
            self._marks.clear()
        else:
            self._marks.discard(refs)
        self._marks_changed()

    def _drop_gone_marks(self, among: Iterable[Ref] | None = None) -> None:
        """Unmark what has gone, and say so; called after the rows changed, before a repaint."""
        view = self._view
        gone = self._marks.drop_gone(lambda ref: view.find(ref) is not None, among)
        if gone:
            self.post_message(MarksGone(self._table, gone))
            self.post_message(MarksChanged(self._table))

    def _marks_changed(self) -> None:
        self._refresh_changed()
        self.post_message(MarksChanged(self._table))

    @property
    def _table(self) -> ResourceTable:
        return cast("ResourceTable", self)
