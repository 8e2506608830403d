"""Rows of a kind from the feeds of one cluster, of several, or of all there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from backends.board import Board
from backends.fleet import Fleet, Subscription
from backends.model import Cell, Column, FeedState, Kind, Query, Ref, Resource
from backends.store import Delta
from tui.row_status import SourceStatus, combine
from tui.rows import RowsChanged


class _Picks(NamedTuple):
    """Where the cells of rows stand that have the same columns."""

    columns: tuple[Column, ...] | None
    picks: tuple[int | str, ...]
    """For each column shown the index of its cell, or what is special about it."""


class QueryRows:
    """Rows of one kind, or of a kind's members, from any number of queries."""

    def __init__(
        self, fleet: Fleet, kind: Kind, queries: Sequence[Query], crumbs: Sequence[str]
    ) -> None:
        self.kind = kind
        self.crumbs = tuple(crumbs)
        self._fleet = fleet
        self._pending = list(queries)
        self._asked: dict[Query, Subscription] = {}
        self._changed: RowsChanged | None = None
        self._visible = True
        self._spans = len({query.scope.at(namespace="") for query in queries}) > 1
        self._in_clusters = f"{kind.id.partition('/')[0]}/clusters" in fleet.kinds
        self._chosen: dict[Query, tuple[Column, ...] | None] = {}
        self._columns: tuple[Column, ...] | None = None
        self._indices: dict[str | int, _Picks] = {}

    @property
    def empty(self) -> str:
        """What the kind says of itself where there is none of it."""
        return self.kind.empty or f"There are no {self.kind.title.lower()} here."

    @property
    def columns(self) -> Sequence[Column]:
        """The kind's columns, or those that the servers chose, with the cluster's after the name
        where rows are of several, and why a row is as it is in the end."""
        if self._columns is None:
            chosen = [feed.shelf.columns for feed in self._asked.values()]
            self._chosen = dict(zip(self._asked, chosen, strict=True))
            self._columns = tuple(self._laid_out([each for each in chosen if each is not None]))
            self._indices.clear()
        return self._columns

    def _laid_out(self, chosen: Sequence[Sequence[Column]]) -> Sequence[Column]:
        own = self.kind.columns
        if chosen:
            # Clusters may differ in the version of a kind, and so in its columns.
            own = tuple({column.key: column for each in chosen for column in each}.values())
        have = {column.key for column in own}
        where = (_CLUSTER, _REGION) if self._in_clusters else (_REGION, _PROFILE)
        extra = [c for c in where if self._spans and c.key not in have]
        why = () if "why" in have else (_WHY,)
        return (own[0], *extra, *own[1:], *why)

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Pick a row's cells by key, since members differ in their columns."""
        cells = row.cells
        return tuple(
            cells[pick] if isinstance(pick, int) else self._special(pick, row)
            for pick in self._picks_of(row)
        )

    def pick(self, rows: Collection[Resource], index: int) -> Sequence[Cell]:
        """Pick the cells of one column: whoever sorts a large table needs no others."""
        found: list[Cell] = []
        kind, columns, pick = "", None, None
        for row in rows:
            if pick is None or row.columns is not columns or row.ref.kind != kind:
                kind, columns, pick = row.ref.kind, row.columns, self._picks_of(row)[index]
            found.append(row.cells[pick] if isinstance(pick, int) else self._special(pick, row))
        return found

    def _picks_of(self, row: Resource) -> tuple[int | str, ...]:
        key = row.ref.kind if row.columns is None else id(row.columns)
        picks = self._indices.get(key)
        if picks is None or picks.columns is not row.columns:
            picks = self._indices[key] = self._picks(row)
        return picks.picks

    def rows(self) -> Sequence[Resource]:
        """Return every row there is."""
        return [
            r for asked, feed in self._asked.items() for r in self._matching(asked, feed.shelf.rows)
        ]

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Open every query's feed."""
        self._changed = changed
        pending, self._pending = self._pending, []
        for query in pending:
            self.add(query, tell=False)
        found: list[Resource] = []
        for asked, feed in self._asked.items():
            found.extend(self._matching(asked, feed.shelf.rows))
        return found

    def add(self, query: Query, *, tell: bool = True) -> None:
        """Take up one more query, such as that of a cluster that appeared."""
        for kind in self.kind.members or (self.kind.id,):
            asked = msgspec.structs.replace(query, kind=kind)
            if asked in self._asked:
                continue
            feed = self._asked[asked] = self._fleet.open(asked, visible=self._visible)
            self._columns = None
            feed.listen(lambda delta, asked=asked: self._delta(asked, delta))  # type: ignore[misc]
            if tell and self._changed is not None and feed.shelf.rows:
                self._changed(list(self._matching(asked, feed.shelf.rows)), ())

    def status(self) -> SourceStatus:
        """Join the statuses of the feeds."""
        statuses = [feed.shelf.status for feed in self._asked.values()]
        return combine(statuses, self._fleet.clock.now())

    def flush(self) -> None:
        """Nothing is held back: deltas go straight on."""

    def set_visible(self, visible: bool) -> None:
        """Refresh often while looked at."""
        self._visible = visible
        for feed in self._asked.values():
            feed.visible = visible

    def refresh(self) -> None:
        """Ask for fresh rows now."""
        for feed in self._asked.values():
            feed.refresh()

    def close(self) -> None:
        """Let go of the feeds."""
        for feed in self._asked.values():
            feed.close()
        self._asked.clear()

    def _delta(self, asked: Query, delta: Delta) -> None:
        if self._asked[asked].shelf.columns is not self._chosen.get(asked):
            self._columns = None
        if self._changed is not None and (delta.upserts or delta.deletes):
            rows = [row for row in delta.upserts if belongs(asked, row)]
            if rows or delta.deletes:
                self._changed(rows, delta.deletes)

    def _matching(self, asked: Query, rows: Mapping[Ref, Resource]) -> Iterable[Resource]:
        return [row for row in rows.values() if belongs(asked, row)]

    def _picks(self, row: Resource) -> _Picks:
        kind = self._fleet.kind(row.ref.kind) or self.kind
        columns = kind.columns if row.columns is None else row.columns
        at = {column.key: index for index, column in enumerate(columns)}
        picks = tuple(at.get(column.key, column.key) for column in self.columns)
        return _Picks(row.columns, picks)

    def _special(self, key: str, row: Resource) -> Cell:
        """Cells that stand in no kind's own columns."""
        scope = row.ref.scope
        if key == "kind":
            kind = self._fleet.kind(row.ref.kind)
            return kind.singular if kind is not None else row.ref.kind
        if key == "status":
            return row.status
        if key == "why":
            return row.reason or None
        where = {"cluster": scope.cluster, "region": scope.region, "profile": scope.profile}
        return where.get(key)


_CLUSTER = Column("cluster", "Cluster")
_REGION = Column("region", "Region")
_PROFILE = Column("profile", "Profile")
_WHY = Column("why", "Why", width=36, wide=True)


def belongs(asked: Query, row: Resource) -> bool:
    """Whether a row of a feed, which may be wider than asked, answers the query."""
    scope = asked.scope
    if scope.namespace and row.ref.scope.namespace != scope.namespace:
        return False
    return asked.parent is None or asked.parent in row.parents


class EverywhereRows(QueryRows):
    """Rows of a kind from every cluster there is, and from those that appear later."""

    def __init__(self, fleet: Fleet, board: Board, kind: Kind) -> None:
        super().__init__(fleet, kind, (), ("fleet", f"all {kind.title.lower()}"))
        self._board = board
        self._spans = True
        self._unlisten: Callable[[], None] | None = None
        self._parents: QueryRows | None = None

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Open a feed in every cluster, and follow the board for new ones."""
        self._changed = changed
        roots = [query for query in self._fleet.roots if query.kind == self.kind.id]
        family = self.kind.id.partition("/")[0]
        if roots:
            for query in roots:
                self.add(query)
        elif f"{family}/clusters" in self._fleet.kinds:
            self._unlisten = self._board.listen(lambda _rows, _gone: self._follow_clusters())
            self._follow_clusters()
        else:
            self._follow_parents()
        return super().open(changed)

    @property
    def empty(self) -> str:
        """Say that there is nowhere to look, where that is so."""
        clusters = self._fleet.kinds.get(f"{self.kind.id.partition('/')[0]}/clusters")
        if self._asked or clusters is None:
            return super().empty
        title = self.kind.title.lower()
        return f"There are no {title}, since there are no clusters: {clusters.empty}"

    def _follow_clusters(self) -> None:
        family = self.kind.id.partition("/")[0]
        for cluster in self._board.clusters:
            if cluster.ref.kind == f"{family}/clusters":
                self.add(Query(cluster.ref.scope, self.kind.id))

    def _follow_parents(self) -> None:
        """Find the kind that this one is the child of, and follow all of its rows."""
        above = [kind for kind in self._fleet.kinds.values() if kind.child == self.kind.id]
        if not above:
            return
        self._parents = EverywhereRows(self._fleet, self._board, above[0])
        for row in self._parents.open(self._parents_changed):
            self.add(self._fleet.children(row, self.kind.id))

    def _parents_changed(self, rows: Sequence[Resource], gone: Sequence[Ref]) -> None:
        for row in rows:
            self.add(self._fleet.children(row, self.kind.id))

    def status(self) -> SourceStatus:
        """Join the statuses of the feeds with those of the feeds above them; where there is none
        yet, it is for the scopes to say which clusters there are."""
        own = super().status()
        if self._parents is None:
            known = self._board.statuses()
            return own if own.feeds else combine(known, self._fleet.clock.now())
        above = self._parents.status()
        return own if above.state is FeedState.LIVE and own.feeds else above

    def close(self) -> None:
        """Let go of the feeds, and of the board."""
        if self._unlisten is not None:
            self._unlisten()
        if self._parents is not None:
            self._parents.close()
        super().close()
