"""Pages and watch events from bytes, one bad object not spoiling the others."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from backends.eks.errors import Act, Garbled, Status, from_status
from backends.eks.wire import Event, ListMeta, Object, page_type
from backends.model import Column

T = TypeVar("T")

_EVENT = msgspec.json.Decoder(Event)
_META = msgspec.json.Decoder(Object)
_STATUS = msgspec.json.Decoder(Status)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    meta: ListMeta


class Happening(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """One event of a watch; `obj` is None for a bookmark, and for an object that can't be read."""

    type: str
    version: str
    obj: T | None = None


class Codec(Generic[T]):
    """Decodes the lists and watches of one kind; `unreadable` counts what had to be skipped."""

    def __init__(self, item: type[T]) -> None:
        self.unreadable = 0
        self.why = ""
        """What was wrong with the last object that could not be read; names fields, no values."""
        self._item = msgspec.json.Decoder(item)
        self._page = msgspec.json.Decoder(page_type(item))
        self._loose = msgspec.json.Decoder(page_type(msgspec.Raw))

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """The columns that the server chose for what was decoded; None: it has no say in them."""
        return None

    def page(self, body: bytes, act: Act) -> Page[T]:
        """Decode a list; raises `Garbled` where the body is no list at all."""
        try:
            page: Any = self._page.decode(body)
            return Page(page.items or [], page.metadata)
        except msgspec.ValidationError:
            return self._one_by_one(body, act)
        except msgspec.DecodeError as error:
            raise broken(act, error) from error

    def _one_by_one(self, body: bytes, act: Act) -> Page[T]:
        try:
            page: Any = self._loose.decode(body)
        except msgspec.MsgspecError as error:
            raise broken(act, error) from error
        items = []
        for raw in page.items or []:
            try:
                items.append(self._item.decode(raw))
            except msgspec.ValidationError as error:
                self._skip(error)
        return Page(items, page.metadata)

    def event(self, line: bytes, act: Act) -> Happening[T]:
        """Decode one line of a watch.

        Raises what an ERROR event says (`Gone` for 410), and `Garbled` for a line that is no
        event.
        """
        try:
            event = _EVENT.decode(line)
            if event.type == "ERROR":
                raise from_status(act, _STATUS.decode(event.object))
            return self._happening(event.type, event.object, act)
        except msgspec.MsgspecError as error:
            raise broken(act, error) from error

    def _happening(self, kind: str, body: msgspec.Raw, act: Act) -> Happening[T]:
        if kind != "BOOKMARK":
            try:
                obj: Any = self._item.decode(body)
                return Happening(kind, obj.metadata.resource_version, obj)
            except msgspec.ValidationError as error:
                self._skip(error)
        return Happening(kind, _META.decode(body).metadata.resource_version)

    def _skip(self, error: Exception) -> None:
        self.unreadable += 1
        self.why = str(error)


def broken(act: Act, error: Exception) -> Garbled:
    """Return the error for a body that is not what the API promises."""
    return Garbled(
        str(act),
        f"the answer is broken: {str(error)[:200]}",
        "check what answers at the cluster's address; it is asked again",
    )
