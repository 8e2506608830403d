"""One row of an answer in full: all the fields of its event, or of the row where it has none."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backends.logs.insights_model import POINTER
from backends.model import Description, Resource, Section
from backends.questions import Questions
from tui.screens.detail import DetailScreen


class RecordScreen(DetailScreen):
    """Describes a row as other screens describe a resource: to be read, searched and copied.

    The event is fetched once: it does not change.
    """

    def __init__(self, row: Resource, questions: Questions) -> None:
        super().__init__(row)
        self._questions = questions
        self._described: Description | None = None

    async def fetch(self) -> Description:
        """Return the description of the row; asks for its event the first time."""
        if self._described is None:
            row: Mapping[str, str] = self.resource.raw
            pointer = row.get(POINTER)
            record = row
            if pointer:
                record = await self._questions.record(self.resource.ref.scope, pointer)
            now = self.topdeck.fleet.clock.now()
            self._described = described(self.resource, row, record, now)
        return self._described


def described(
    resource: Resource, row: Mapping[str, str], record: Mapping[str, str], at: float
) -> Description:
    """Return a row and its event as a description; a message of JSON is read in its document."""
    own = tuple((name, value) for name, value in row.items() if name != POINTER)
    sections = [Section("Row", pairs=own)]
    message = record.get("@message", "")
    if record is not row:
        given = sorted(record.items(), key=lambda pair: (not pair[0].startswith("@"), pair[0]))
        sections.append(Section("Event", pairs=tuple(given)))
    document: object = dict(record)
    if message.startswith("{"):
        try:
            document = {**record, "@message": msgspec.json.decode(message)}
        except msgspec.MsgspecError:
            pass  # it only looks like JSON
    return Description(resource.ref, tuple(sections), document, at)
