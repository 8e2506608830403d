"""Where the rows of a browse screen come from: the fleet board, or feeds of a kind.

A source hides how many feeds are behind a view, which rows of a wider feed belong to it, and
that clusters may appear while it is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from backends.board import BOARD_KIND, Board
from backends.fleet import Fleet, Subscription
from backends.model import (
    Cell,
    Column,
    FeedState,
    FeedStatus,
    Kind,
    Problem,
    Query,
    Ref,
    Resource,
)
from backends.store import Delta

RowsChanged: TypeAlias = Callable[[Sequence[Resource], Sequence[Ref]], None]
"""Called with rows that are new or changed, and addresses that are gone."""


class SourceStatus(msgspec.Struct, frozen=True):
    """The feeds behind a view, taken together."""

    state: FeedState
    at: float
    """When the oldest of its rows were known to be true."""
    problem: Problem | None = None
    """The first problem of a feed that has one."""
    stale: int = 0
    """How many feeds are stale."""
    feeds: int = 0
    loaded: int = 0
    total: int | None = None
    by: str = ""
    """How live rows come, where there is a choice: ``queue`` if all do, else ``polling``."""


def combine(statuses: Iterable[FeedStatus | None], now: float) -> SourceStatus:
    """Join the statuses of several feeds: the worst state, the oldest time."""
    known = list(statuses)
    given = [status for status in known if status is not None]
    stale = [status for status in given if status.state is FeedState.STALE]
    loading = [status for status in given if status.state is FeedState.LOADING]
    state = FeedState.LIVE
    if stale:
        state = FeedState.STALE
    elif loading or len(given) < len(known):
        state = FeedState.LOADING
    absent = [status for status in given if _is_absent(status)]
    # A kind that one cluster does not have is worth no word where others have it.
    said = given if len(absent) == len(known) else [s for s in given if not _is_absent(s)]
    problems = [s.problem for s in (*stale, *said) if s.problem is not None]
    totals = [status.total for status in loading if status.total is not None]
    return SourceStatus(
        state=state,
        at=min((status.at for status in stale or given), default=now),
        problem=problems[0] if problems else None,
        stale=len(stale),
        feeds=len(known),
        loaded=sum(status.loaded for status in loading),
        total=sum(totals) if totals else None,
        by=_means(given) if state is FeedState.LIVE else "",
    )


def _means(statuses: Iterable[FeedStatus]) -> str:
    """Return how the rows of live feeds come: by queue only where all that have a choice do."""
    found = {status.by for status in statuses} - {""}
    return "polling" if "polling" in found else "".join(found)


def _is_absent(status: FeedStatus) -> bool:
    """Whether a feed has no rows because its cluster has no such kind."""
    problem = status.problem
    return status.state is FeedState.LIVE and problem is not None and problem.code == "not-found"


class RowSource(Protocol):
    """What a browse screen shows."""

    @property
    def kind(self) -> Kind:
        """The kind whose columns and verbs apply."""
        ...

    @property
    def crumbs(self) -> Sequence[str]:
        """Where this is, widest first."""
        ...

    @property
    def columns(self) -> Sequence[Column]:
        """The columns to draw, with those of the address where rows differ in it."""
        ...

    @property
    def empty(self) -> str:
        """Why there are no rows, if everything has answered and there are none."""
        ...

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Return a row's cells, aligned with `columns`."""
        ...

    def rows(self) -> Sequence[Resource]:
        """Return every row there is at this moment."""
        ...

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Begin; return the rows there are, and call `changed` from then on."""
        ...

    def status(self) -> SourceStatus:
        """Say how fresh the rows are."""
        ...

    def flush(self) -> None:
        """Deliver what has been held back; called some times a second."""
        ...

    def set_visible(self, visible: bool) -> None:
        """Say whether the view is on screen."""
        ...

    def refresh(self) -> None:
        """Ask for fresh rows now."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class BoardRows:
    """The fleet board as a source."""

    kind = BOARD_KIND
    columns = BOARD_KIND.columns
    crumbs = ("fleet",)
    empty = BOARD_KIND.empty

    def __init__(self, board: Board, fleet: Fleet) -> None:
        self._board = board
        self._fleet = fleet
        self._unlisten: Callable[[], None] | None = None

    def project(self, row: Resource) -> tuple[Cell, ...]:
        """Return the row's own cells."""
        return row.cells

    def rows(self) -> Sequence[Resource]:
        """Return the board's rows."""
        return self._board.rows

    def open(self, changed: RowsChanged) -> Sequence[Resource]:
        """Begin to listen to the board, which is open already."""
        self._unlisten = self._board.listen(changed)
        return self._board.rows

    def status(self) -> SourceStatus:
        """Join the statuses of the scopes."""
        known = self._board.statuses()
        return combine(known, self._fleet.clock.now())

    def flush(self) -> None:
        """Bring the board up to date."""
        self._board.flush()

    def set_visible(self, visible: bool) -> None:
        """Refresh clusters often while they are looked at."""
        self._board.set_visible(visible)

    def refresh(self) -> None:
        """Ask every scope and cluster anew."""
        self._board.refresh()

    def close(self) -> None:
        """Stop listening; the board goes on."""
        if self._unlisten is not None:
            self._unlisten()


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
        key = row.ref.kind if row.columns is None else id(row.columns)
        picks = self._indices.get(key)
        if picks is None or picks.columns is not row.columns:
            picks = self._picks(row)
            self._indices[key] = picks
        cells = row.cells
        return tuple(
            cells[pick] if isinstance(pick, int) else self._special(pick, row)
            for pick in picks.picks
        )

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
