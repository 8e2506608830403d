"""The events of ECS services."""

from __future__ import annotations

from collections.abc import Iterable

from backends.ecs.kinds.base import READ, EcsKind, Facts
from backends.ecs.listing import SERVICES
from backends.ecs.reasons import gist, is_trouble
from backends.ecs.wire import Payload, items, moment, text
from backends.model import Column, Format, Health, Kind, Ref, Resource, Scope


def from_wire(scope: Scope, payload: Payload, facts: Facts) -> Iterable[Resource]:
    """Make every event of a service of DescribeServices; ECS keeps the latest hundred."""
    service = text(payload, "serviceName")
    parents = (Ref(scope, "ecs/services", service),)
    for event in items(payload, "events"):
        message, at = gist(text(event, "message")), moment(event, "createdAt")
        trouble = is_trouble(message)
        yield Resource(
            ref=Ref(scope, "ecs/events", text(event, "id")),
            health=Health.DEGRADED if trouble else Health.OK,
            status="warning" if trouble else "normal",
            reason=message if trouble else "",
            cells=(message, "warning" if trouble else "normal", at, service),
            created=at,
            parents=parents,
            raw={"service": service, "event": event},
        )


KIND = EcsKind(
    Kind(
        id="ecs/events",
        title="Service events",
        singular="event",
        columns=(
            Column("name", "Event", width=60),
            Column("status", "Type", Format.STATUS),
            Column("at", "When", Format.AGE),
            Column("service", "Service"),
        ),
        verbs=READ,
        aliases=("events", "event", "ev"),
        empty="Nothing has happened to this service; ECS keeps its latest 100 events.",
    ),
    SERVICES,
    from_wire,
    container="ecs/services",
)
"""The events of ECS services."""
