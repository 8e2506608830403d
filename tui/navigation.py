"""Places: what a browse screen can be opened on, as values, for history and commands."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backends.board import BOARD_KIND, Board
from backends.calls import CALLS_KIND
from backends.fleet import Fleet
from backends.model import Kind, Query, Ref, Resource
from tui.call_rows import CallRows
from tui.commands import Command, CommandError
from tui.query_rows import EverywhereRows, QueryRows
from tui.rows import BoardRows, RowSource


class Place(msgspec.Struct, frozen=True):
    """Where one can be: a kind, in some queries or everywhere."""

    kind: str = BOARD_KIND.id
    queries: tuple[Query, ...] = ()
    """Empty: everywhere."""
    crumbs: tuple[str, ...] = ("fleet",)
    filter: str = ""
    cursor: Ref | None = None
    """The row to begin on, if it is there."""

    @property
    def family(self) -> str:
        """The first part of the kind's id: ``ecs``, ``k8s``, ``cloudmap`` or ``fleet``."""
        return self.kind.partition("/")[0]


HOME = Place()
"""The fleet board."""


def source_of(place: Place, fleet: Fleet, board: Board) -> RowSource:
    """Return the rows of a place."""
    if place.kind == BOARD_KIND.id:
        return BoardRows(board, fleet)
    if place.kind == CALLS_KIND.id:
        return CallRows(fleet)
    kind = _kind(fleet, place.kind)
    if place.queries:
        return QueryRows(fleet, kind, place.queries, place.crumbs)
    return EverywhereRows(fleet, board, kind)


def child_of(fleet: Fleet, board: Board, resource: Resource, crumbs: Sequence[str]) -> Place | None:
    """Return the place that enter leads to, or None for a resource with nothing below it."""
    below = board.cluster(resource.ref) or resource
    kind = fleet.kind(below.ref.kind)
    if kind is None or not kind.child or kind.child not in fleet.kinds:
        return None
    query = fleet.children(below, kind.child)
    return Place(kind.child, (query,), (*crumbs, below.ref.name))


class UnknownPlaceError(CommandError):
    """No cluster on the board is called what a command says."""


def place_of(
    command: Command, fleet: Fleet, board: Board, here: Place, cluster: Resource | None
) -> Place:
    """Return the place that a command names.

    Raises `CommandError`: an `UnknownPlaceError` where no cluster is called so.
    Without ``@`` it stays within the cluster where one is, if that has the kind; `cluster` is
    that cluster.
    """
    if command.kind == BOARD_KIND.id:
        return _board_place(command, fleet, board)
    if command.kind == CALLS_KIND.id:
        return _calls_place(command)
    kind = _kind(fleet, command.kind)
    family = kind.id.partition("/")[0]
    chosen: Sequence[Resource] = ()
    if command.where and command.where != "all":
        chosen = [c for c in board.clusters if _is_at(c, command.where, family)]
        if not chosen:
            names = sorted(c.ref.name for c in board.clusters if _family(c) == family)
            raise UnknownPlaceError(
                f"No cluster with {kind.title.lower()} is called {command.where!r}. "
                f"There are: {', '.join(names) or 'none'}."
            )
    elif not command.where and cluster is not None and _family(cluster) == family:
        chosen = [cluster]
    if not chosen:
        title = f"all {kind.title.lower()}"
        return Place(kind.id, (), ("fleet", title), command.filter)
    queries = tuple(Query(c.ref.scope, kind.id) for c in chosen)
    name = chosen[0].ref.name if len(chosen) == 1 else command.where
    return Place(kind.id, queries, ("fleet", name), command.filter)


def _board_place(command: Command, fleet: Fleet, board: Board) -> Place:
    """``:ctx name`` goes into the cluster of that name; anything else filters the board."""
    name = command.filter
    for cluster in board.clusters:
        if name and name in (cluster.ref.name, cluster.ref.scope.profile):
            place = child_of(fleet, board, cluster, ("fleet",))
            if place is not None:
                return place
    return Place(filter=name)


def _calls_place(command: Command) -> Place:
    """``:api`` filters as everything does; it has no cluster to be narrowed to."""
    if command.where not in ("", "all"):
        raise CommandError(
            "Calls are counted by account and region, not by cluster: try :api us-east-1."
        )
    return Place(CALLS_KIND.id, (), ("fleet",), command.filter)


def _kind(fleet: Fleet, kind_id: str) -> Kind:
    kind = fleet.kind(kind_id)
    if kind is None:
        raise CommandError(f"There is no kind {kind_id!r}.")
    return kind


def _family(cluster: Resource) -> str:
    return cluster.ref.kind.partition("/")[0]


def _is_at(cluster: Resource, where: str, family: str) -> bool:
    scope = cluster.ref.scope
    known = (cluster.ref.name, scope.profile, scope.account, scope.region)
    return _family(cluster) == family and where in known


def place_with(resource: Resource) -> Place:
    """Return the place that shows a resource among its own kind, the cursor on it."""
    ref = resource.ref
    above = next((parent for parent in resource.parents if parent.kind in _SHOWN_UNDER), None)
    query = Query(ref.scope, ref.kind, above)
    crumbs = ("fleet", *(ref.scope.cluster, ref.scope.namespace, above.name if above else ""))
    return Place(ref.kind, (query,), tuple(part for part in crumbs if part), cursor=ref)


_SHOWN_UNDER = frozenset({"ecs/services", "ecs/tasks", "k8s/pods", "cloudmap/services"})
"""Kinds whose children are listed by parent, because listing them all is dear or impossible."""
