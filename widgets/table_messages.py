"""What a `ResourceTable` tells its screen; it is handled as ``on_resource_table_...``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from backends.model import Ref, Resource

if TYPE_CHECKING:
    from widgets.resource_table import ResourceTable


class TableMessage(Message, namespace="resource_table"):
    """What all messages of a table have in common."""

    def __init__(self, table: ResourceTable) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> ResourceTable:
        """The table that sent it."""
        return self.table


class RowHighlighted(TableMessage, namespace="resource_table"):
    """The cursor is on another resource now; None: on none, or on one that is gone."""

    def __init__(self, table: ResourceTable, resource: Resource | None) -> None:
        super().__init__(table)
        self.resource = resource


class RowUpdated(TableMessage, namespace="resource_table"):
    """The resource under the cursor changed, but is the same one."""

    def __init__(self, table: ResourceTable, resource: Resource) -> None:
        super().__init__(table)
        self.resource = resource


class RowActivated(TableMessage, namespace="resource_table"):
    """The operator opened a resource: enter, a double click, a click on the cursor's row."""

    def __init__(self, table: ResourceTable, resource: Resource) -> None:
        super().__init__(table)
        self.resource = resource


class CursorGone(TableMessage, namespace="resource_table"):
    """The resource under the cursor is no longer shown; its line is kept and says so."""

    def __init__(self, table: ResourceTable, ref: Ref, next: Resource | None) -> None:  # noqa: A002
        super().__init__(table)
        self.ref = ref
        self.next = next
        """What stands nearest to that line; None when the table is empty."""


class HeaderClicked(TableMessage, namespace="resource_table"):
    """A column's title was clicked."""

    def __init__(self, table: ResourceTable, column_key: str) -> None:
        super().__init__(table)
        self.column_key = column_key


class MarksChanged(TableMessage, namespace="resource_table"):
    """Something was marked or unmarked."""


class MarksGone(TableMessage, namespace="resource_table"):
    """Resources that were marked are there no longer, and so no longer marked."""

    def __init__(self, table: ResourceTable, refs: Sequence[Ref]) -> None:
        super().__init__(table)
        self.refs = refs
