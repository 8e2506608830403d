"""Events: what happened to an object, in the words of whoever did it."""

from __future__ import annotations

from datetime import datetime

from backends.eks.kinds.spec import NAMESPACE, OWNER_KINDS, KindSpec, View
from backends.eks.wire import Meta, Wire, epoch
from backends.model import Column, FleetEvent, Format, Health, Kind, Ref, Resource, Verb
from backends.text import clean


class Involved(Wire, frozen=True, gc=False):
    """The object that an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class Series(Wire, frozen=True, gc=False):
    """EventSeries: how often it happened, and last when."""

    count: int = 0
    last_observed_time: datetime | None = None


class Event(Wire, frozen=True, gc=False):
    """A core/v1 event, of old or new form: one has counts and two times, the other eventTime."""

    metadata: Meta = Meta()
    involved_object: Involved = Involved()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    event_time: datetime | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    series: Series | None = None


def seen(event: Event) -> float | None:
    """Return when an event last happened, as the epoch second."""
    series = event.series.last_observed_time if event.series is not None else None
    moment = series or event.last_timestamp or event.event_time or event.first_timestamp
    return epoch(moment or event.metadata.creation_timestamp)


def times(event: Event) -> int:
    """Return how often an event happened."""
    return event.series.count if event.series is not None else event.count or 1


def to_fleet_event(event: Event) -> FleetEvent:
    """Return an event as one message of its object's history."""
    about = event.involved_object
    return FleetEvent(
        at=seen(event) or 0.0,
        text=f"{clean(about.kind)} {clean(about.name)}: {clean(event.reason)}: "
        f"{clean(event.message, 500)}",
        warning=event.type == "Warning",
        count=times(event),
    )


def _rows(event: Event, view: View) -> tuple[Resource, ...]:
    about, meta = event.involved_object, event.metadata
    kind = OWNER_KINDS.get(about.kind)
    parents: tuple[Ref, ...] = ()
    if kind == "k8s/namespaces":
        parents = (view.ref(kind, about.name, about.name),)
    elif kind:
        parents = (view.ref(kind, about.namespace, about.name),)
    scope, reason, message = view.at(meta.namespace), view.text(event.reason), clean(event.message)
    warning, last = event.type == "Warning", seen(event)
    return (
        Resource(
            ref=Ref(scope, "k8s/events", clean(meta.name)),
            health=Health.DEGRADED if warning else Health.OK,
            status=reason,
            reason=message if warning else "",
            cells=(
                f"{view.text(about.kind).lower()}/{clean(about.name)}",
                scope.namespace,
                last,
                view.text(event.type),
                reason,
                times(event),
                message,
            ),
            uid=meta.uid,
            created=last,
            parents=parents,
            raw=event,
        ),
    )


EVENTS = KindSpec(
    kind=Kind(
        id="k8s/events",
        title="Events",
        singular="event",
        columns=(
            Column("name", "Object"),
            NAMESPACE,
            Column("seen", "Last seen", Format.AGE),
            Column("type", "Type"),
            Column("reason", "Reason", Format.STATUS),
            Column("count", "Count", Format.NUMBER),
            Column("message", "Message"),
        ),
        verbs=frozenset({Verb.DESCRIBE, Verb.YAML}),
        aliases=("k8s-events", "events", "event", "ev"),
        namespaced=True,
        empty="Nothing happened here lately: a cluster keeps events for an hour.",
    ),
    api="/api/v1",
    plural="events",
    object_kind="Event",
    wire=Event,
    rows=_rows,
)
