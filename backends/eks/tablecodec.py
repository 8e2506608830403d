"""Tables and watches of them from bytes: the server's own columns for any kind."""

from __future__ import annotations

from typing import Any

import msgspec

from backends.eks.codec import Codec, Happening, Page, broken
from backends.eks.errors import Act, Gone
from backends.eks.kinds.tables import Definition, Layout, TableRow, layout_of
from backends.eks.wire import ListMeta, Object, Wire, epoch
from backends.model import Column

ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
"""Asks for a Table, and takes plain objects of a server that makes none."""

PARAMS = {"includeObject": "Metadata"}
"""Has each row bring its object's metadata: its namespace, its age, its version."""


class _Row(Wire, frozen=True, gc=False):
    cells: tuple[Any, ...] = ()
    object: Object = Object()


class _Table(Wire, frozen=True, gc=False):
    """A Table, or what a server that makes none answers in its place: a list, or an object."""

    metadata: ListMeta = ListMeta()
    column_definitions: tuple[Definition, ...] | None = None
    rows: tuple[msgspec.Raw, ...] | None = None
    items: tuple[msgspec.Raw, ...] | None = None


_TABLE = msgspec.json.Decoder(_Table)
_ROW = msgspec.json.Decoder(_Row)
_OBJECT = msgspec.json.Decoder(Object)


class TableCodec(Codec[TableRow]):
    """Decodes the Tables of one kind; `columns` are those of the last list."""

    def __init__(self, *, namespaced: bool) -> None:
        super().__init__(TableRow)
        self._namespaced = namespaced
        self._layout = layout_of((), namespaced=namespaced)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that its rows have."""
        return self._layout.columns

    def page(self, body: bytes, act: Act) -> Page[TableRow]:
        """Decode one page; raises `Garbled` where the body is no list at all."""
        table = self._table(body, act)
        if table.rows is None and table.items is None and table.column_definitions is None:
            raise broken(act, ValueError("neither a Table nor a list"))
        if table.column_definitions is not None:
            self._layout = self._laid_out(table.column_definitions)
        return Page(self._rows(table), table.metadata)

    def _happening(self, kind: str, body: msgspec.Raw, act: Act) -> Happening[TableRow]:
        table = self._table(body, act)
        if kind == "BOOKMARK":
            return Happening(kind, table.metadata.resource_version)
        heads = table.column_definitions
        if heads is not None and self._laid_out(heads) != self._layout:
            raise Gone(str(act), "its columns have changed", "list again")
        found = self._rows(table) if table.rows is not None else self._objects((body,))
        version = found[0].metadata.resource_version if found else table.metadata.resource_version
        return Happening(kind, version, found[0] if found else None)

    def _table(self, body: bytes | msgspec.Raw, act: Act) -> _Table:
        try:
            return _TABLE.decode(body)
        except msgspec.MsgspecError as error:
            raise broken(act, error) from error

    def _laid_out(self, definitions: tuple[Definition, ...]) -> Layout:
        made = layout_of(definitions, namespaced=self._namespaced)
        return self._layout if made == self._layout else made

    def _rows(self, table: _Table) -> list[TableRow]:
        if table.rows is None:
            return self._objects(table.items or ())
        made: list[TableRow] = []
        for raw in table.rows:
            try:
                row = _ROW.decode(raw)
            except msgspec.MsgspecError as error:
                self._skip(error)
                continue
            self._take(made, row.object, row.cells)
        return made

    def _objects(self, raws: Any) -> list[TableRow]:
        """Make rows of plain objects, of which only name, namespace and age are known."""
        made: list[TableRow] = []
        for raw in raws:
            try:
                self._take(made, _OBJECT.decode(raw), ())
            except msgspec.MsgspecError as error:
                self._skip(error)
        return made

    def _take(self, made: list[TableRow], obj: Object, cells: tuple[Any, ...]) -> None:
        meta = obj.metadata
        if not meta.name:
            self._skip(ValueError("a row without the name of its object"))
            return
        arranged = self._layout.arrange(cells, epoch(meta.creation_timestamp))
        made.append(TableRow(meta, arranged, self._layout))
