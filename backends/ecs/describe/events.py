"""Descriptions of service events."""

from __future__ import annotations

from backends.ecs.describe.sections import pairs, present, when
from backends.ecs.wire import Payload, moment, text
from backends.model import Section


def event_sections(service: str, event: Payload) -> tuple[Section, ...]:
    """Describe one event of a service."""
    return present(
        pairs(
            "Summary",
            ("Service", service),
            ("When", when(moment(event, "createdAt"))),
            ("Id", text(event, "id")),
        ),
        Section("Message", lines=(text(event, "message"),)),
    )
