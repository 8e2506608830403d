"""What a kind of ECS is made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from backends.ecs.listing import Listing
from backends.ecs.wire import Payload
from backends.model import Kind, Resource, Scope, Verb

READ = frozenset({Verb.DESCRIBE, Verb.YAML})
"""What can be done to anything."""


class Facts(msgspec.Struct, frozen=True):
    """What rows are judged by besides their own payload."""

    now: float
    """The time by the wall clock."""
    failures: Mapping[str, Sequence[Payload]] = {}
    """Tasks that failed lately, by service, the latest first."""


FromWire: TypeAlias = Callable[[Scope, Payload, Facts], Iterable[Resource]]
"""Makes the rows of one described thing of a scope."""


class EcsKind(msgspec.Struct, frozen=True):
    """A kind, how its things are found, and how its rows are made of them."""

    kind: Kind
    listing: Listing
    from_wire: FromWire
    container: str = ""
    """The kind that `listing` lists, where rows are parts of one: containers of a task."""
    counts_failures: bool = False
    """Whether its rows are judged by `Facts.failures` as well."""


@functools.lru_cache(maxsize=1024)
def cloud_map(scope: Scope) -> Scope:
    """Return where the Cloud Map beside a scope is: the same credentials and region."""
    return Scope("cloudmap", profile=scope.profile, region=scope.region)
