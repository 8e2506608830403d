"""The kinds of ECS: their columns, and how each is made from what the API answers.

A further kind is a module with its `from_wire` and its `EcsKind`, named once more below: feeds,
table, search and the command line follow from it.
"""

from __future__ import annotations

from backends.ecs.kinds import clusters, containers, events, services, tasks
from backends.ecs.kinds.base import EcsKind

KINDS: dict[str, EcsKind] = {
    spec.kind.id: spec
    for spec in (clusters.KIND, services.KIND, tasks.KIND, containers.KIND, events.KIND)
}
"""Every kind by id, in the order in which they are listed."""
