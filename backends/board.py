"""The fleet board: one row for every cluster of every scope, kept up to date from the feeds.

A cluster's row is its own feed's status joined with counts over the feeds of its workloads. A
scope that has no answer, or a bad one, has a row of its own, so that trouble is never a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from msgspec import structs

from backends.base import sentence
from backends.fleet import Fleet, Subscription
from backends.model import (
    Cell,
    Column,
    FeedState,
    FeedStatus,
    Format,
    Health,
    Kind,
    Query,
    Ref,
    Resource,
    Verb,
)
from backends.store import Delta

BOARD_KIND = Kind(
    id="fleet/clusters",
    title="Clusters",
    singular="cluster",
    columns=(
        Column("name", "Cluster", width=16),
        Column("status", "Status", Format.STATUS, 11),
        Column("failing", "Fail", Format.NUMBER, 4),
        Column("degraded", "Degr", Format.NUMBER, 4),
        Column("healthy", "OK", Format.NUMBER, 4),
        Column("running", "Run", Format.NUMBER, 4),
        Column("pending", "Pend", Format.NUMBER, 4),
        Column("desired", "Want", Format.NUMBER, 4),
        Column("provider", "On"),
        Column("region", "Region"),
        Column("updated", "Seen", Format.AGE, 4),
        Column("why", "Why", width=24),
        Column("account", "Account", width=12),
        Column("profile", "Profile"),
        Column("version", "Version", wide=True),
    ),
    verbs=frozenset({Verb.DESCRIBE, Verb.YAML}),
    aliases=("clusters", "fleet", "board", "contexts", "ctx"),
    empty="No clusters: none of the accounts and contexts in use has any.",
)
"""The board as a kind, so that the one browse screen shows it like any other."""

BoardListener: TypeAlias = Callable[[tuple[Resource, ...], tuple[Ref, ...]], None]
"""Called with rows that are new or changed, and addresses that are gone."""

PATIENCE = 2.0
"""Seconds that a scope may take to answer before it gets a row that says it is being asked."""

QUIET = 2.0
"""Seconds between two looks at clusters of which nothing is new but how old their rows are."""

WORST_KEPT = 200
"""Rows of a cluster that are searched for its worst workload; beyond that the first is as good."""


class _Entry:
    """One cluster: its own row, and the feeds of its workloads."""

    def __init__(self, cluster: Resource, root: Subscription) -> None:
        self.cluster = cluster
        self.root = root
        self.feeds: list[Subscription] = []
        self.shows_counts = False
        """Whether its row, as last made, has counts."""


class Board:
    """Follows every cluster of a fleet. Rows are recomputed in `flush`, once for any number of
    changes, so its cost does not grow with the rate of events."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._roots: list[Subscription] = []
        self._begun = False
        self._entries: dict[Ref, _Entry] = {}
        self._rows: dict[Ref, Resource] = {}
        self._dirty_roots: set[Query] = set()
        self._dirty: set[Ref] = set()
        self._aged: set[Ref] = set()
        self._uncounted: set[Ref] = set()
        self._looked = float("-inf")
        self._listeners: dict[BoardListener, None] = {}
        self._opened: dict[Query, float] = {}

    @property
    def rows(self) -> Sequence[Resource]:
        """The board as of the last flush."""
        return tuple(self._rows.values())

    @property
    def clusters(self) -> Sequence[Resource]:
        """The clusters' own rows, as their backends made them."""
        return tuple(entry.cluster for entry in self._entries.values())

    @property
    def settled(self) -> bool:
        """Whether every scope and every cluster's workloads have had a first answer."""
        feeds = (feed for entry in self._entries.values() for feed in entry.feeds)
        return self.surveyed and all(feed.shelf.settled for feed in feeds)

    @property
    def surveyed(self) -> bool:
        """Whether every scope has had its first answer: no other cluster is to be expected."""
        return self._begun and all(self._taken_up(root) for root in self._roots)

    def _taken_up(self, root: Subscription) -> bool:
        """Whether a scope has answered, and its clusters are followed: a flush sees to that."""
        return root.shelf.settled and all(ref in self._entries for ref in root.shelf.rows)

    @property
    def progress(self) -> tuple[int, int, int]:
        """How many scopes there are, how many have answered, and how many have failed."""
        states = [root.shelf.status.state for root in self._roots if root.shelf.status is not None]
        return (
            len(self._roots),
            sum(state is FeedState.LIVE for state in states),
            sum(state is FeedState.STALE for state in states),
        )

    @property
    def counted(self) -> tuple[int, int]:
        """How many clusters' workloads have had a first answer, and how many clusters there are."""
        answered = [
            ref
            for ref in self._uncounted
            if ref not in self._entries or _is_counted(self._entries[ref])
        ]
        self._uncounted.difference_update(answered)
        known = len(self._entries)
        return known - len(self._uncounted), known

    def statuses(self) -> Sequence[FeedStatus | None]:
        """The status of every scope's feed, None where nothing has come yet; and, while clusters
        are still being counted, one that tells how many are."""
        found = [root.shelf.status for root in self._roots]
        done, known = self.counted
        if done < known:
            found = [_without_counts(status) for status in found]
            now = self._fleet.clock.now()
            found.append(FeedStatus(FeedState.LOADING, now, loaded=done, total=known))
        return found

    def cluster(self, ref: Ref) -> Resource | None:
        """Return the cluster's own row behind a row of the board."""
        entry = self._entries.get(ref)
        return None if entry is None else entry.cluster

    def open(self) -> None:
        """Begin to follow the fleet's clusters. Called again, it takes up roots that are new."""
        self._begun = True
        known = {root.query for root in self._roots}
        for query in self._fleet.roots:
            if query.kind.endswith("/clusters") and query not in known:
                subscription = self._fleet.open(query)
                self._roots.append(subscription)
                self._opened[subscription.query] = self._fleet.clock.monotonic()
                subscription.listen(self._root_changed)
                self._dirty_roots.add(subscription.query)

    def set_visible(self, visible: bool) -> None:
        """Say whether the board is on screen; off screen it is refreshed rarely."""
        for root in self._roots:
            root.visible = visible

    def refresh(self) -> None:
        """Ask every scope and cluster for fresh rows now."""
        for root in self._roots:
            root.refresh()
        for entry in self._entries.values():
            for feed in entry.feeds:
                feed.refresh()

    def listen(self, listener: BoardListener) -> Callable[[], None]:
        """Call `listener` at every flush that changed rows; return what ends that."""
        self._listeners[listener] = None
        return lambda: self._listeners.pop(listener, None)

    def close(self) -> None:
        """Let go of every feed."""
        for entry in self._entries.values():
            for feed in entry.feeds:
                feed.close()
        for root in self._roots:
            root.close()
        self._entries.clear()
        self._roots.clear()

    def flush(self) -> None:
        """Bring the rows up to date with what changed since the last flush."""
        now = self._fleet.clock.monotonic()
        if self._aged and not 0 <= now - self._looked < QUIET:
            self._dirty |= self._aged
            self._aged.clear()
            self._looked = now
        if not self._dirty and not self._dirty_roots:
            return
        gone: list[Ref] = []
        for root in self._roots:
            if root.query in self._dirty_roots:
                gone.extend(self._settle_root(root))
        changed = [self._row(self._entries[ref]) for ref in self._dirty if ref in self._entries]
        changed.extend(self._scope_rows(gone))
        self._dirty.clear()
        # A scope that is silent is looked at again, since its row depends on the time.
        self._dirty_roots = {root.query for root in self._roots if not root.shelf.settled}
        if not changed and not gone:
            return
        for row in changed:
            self._rows[row.ref] = row
        for ref in gone:
            self._rows.pop(ref, None)
        for listener in tuple(self._listeners):
            listener(tuple(changed), tuple(gone))

    def _feed_changed(self, ref: Ref, delta: Delta) -> None:
        """Note what to look at: at the next flush, or some time where only its age is new."""
        row = self._rows.get(ref)
        live = delta.status.state is FeedState.LIVE and delta.status.problem is None
        quiet = live and not delta.upserts and not delta.deletes and self._shows_counts(ref)
        if quiet and row is not None and row.health is not Health.UNKNOWN:
            self._aged.add(ref)
        else:
            self._dirty.add(ref)

    def _shows_counts(self, ref: Ref) -> bool:
        """Whether a cluster's row has its counts; the first word of its last kind brings them."""
        entry = self._entries.get(ref)
        return entry is not None and entry.shows_counts

    def _root_changed(self, delta: Delta) -> None:
        self._dirty_roots.add(delta.query)

    def _settle_root(self, root: Subscription) -> Iterable[Ref]:
        """Take up new clusters of a root, let go of those that went; return the latter."""
        seen = root.shelf.rows
        for ref, cluster in seen.items():
            entry = self._entries.get(ref)
            if entry is None:
                self._adopt(cluster, root)
            else:
                entry.cluster = cluster
            self._dirty.add(ref)
        gone = [r for r, e in self._entries.items() if e.root is root and r not in seen]
        for ref in gone:
            for feed in self._entries.pop(ref).feeds:
                feed.close()
        return gone

    def _adopt(self, cluster: Resource, root: Subscription) -> None:
        entry = self._entries[cluster.ref] = _Entry(cluster, root)
        ref = cluster.ref
        self._uncounted.add(ref)
        for query in self._fleet.workloads(ref):
            feed = self._fleet.open(query, visible=False)
            feed.listen(partial(self._feed_changed, ref))
            entry.feeds.append(feed)

    def _scope_rows(self, gone: list[Ref]) -> Iterable[Resource]:
        """Rows for scopes that have no cluster to show and have failed or not answered yet."""
        for root in self._roots:
            if root.query not in self._dirty_roots:
                continue
            ref = Ref(root.query.scope, BOARD_KIND.id, _scope_name(root.query))
            status = root.shelf.status
            failed = status is not None and status.state is FeedState.STALE
            if not root.shelf.rows and (failed or self._keeps_waiting(root)):
                if failed or ref not in self._rows:
                    yield _scope_row(ref, status, self._fleet.clock.now())
            elif ref in self._rows:
                gone.append(ref)

    def _keeps_waiting(self, root: Subscription) -> bool:
        """Whether a scope has taken long enough over its first answer to be mentioned."""
        if root.shelf.settled:
            return False
        waited = self._fleet.clock.monotonic() - self._opened[root.query]
        return waited >= PATIENCE

    def _row(self, entry: _Entry) -> Resource:
        cluster = entry.cluster
        health = [0] * len(Health)
        running = pending = desired = 0
        for feed in entry.feeds:
            tally = feed.shelf.tally
            health = [a + b for a, b in zip(health, tally.health, strict=True)]
            running += tally.running
            pending += tally.pending
            desired += tally.desired
        statuses = [f.shelf.status for f in (entry.root, *entry.feeds)]
        overall, status, reason = self._verdict(entry, health, statuses)
        counted = entry.shows_counts = all(_has_counts(feed) for feed in entry.feeds)
        counts: tuple[Cell, ...] = (None,) * 6
        if counted:
            healthy = health[Health.OK] + health[Health.PROGRESSING] + health[Health.IDLE]
            failing, degraded = health[Health.FAILING], health[Health.DEGRADED]
            counts = (failing, degraded, healthy, running, pending, desired)
        scope = cluster.ref.scope
        seen = min((s.at for s in statuses if s is not None), default=None)
        version = _version(self._fleet, cluster)
        on = f"{scope.provider.upper()} {version or ''}".rstrip()
        where = (scope.account, scope.profile, version)
        cells = (cluster.ref.name, status, *counts, on, scope.region, seen, reason or None, *where)
        return Resource(
            ref=cluster.ref,
            health=overall,
            status=status,
            cells=cells,
            reason=reason,
            ready=running,
            desired=desired,
            pending=pending,
            created=cluster.created,
            raw=cluster,
        )

    def _verdict(
        self, entry: _Entry, health: list[int], statuses: list[FeedStatus | None]
    ) -> tuple[Health, str, str]:
        """Say in a word how a cluster is, and why in a line."""
        for status in statuses:
            if status is not None and status.state is FeedState.STALE:
                problem = status.problem
                why = sentence(problem) if problem is not None else ""
                return Health.UNKNOWN, f"stale: {problem.code}" if problem else "stale", why
        cluster = entry.cluster
        if cluster.health is Health.FAILING:
            return cluster.health, cluster.status, cluster.reason
        if health[Health.FAILING]:
            return Health.FAILING, "failing", _worst(entry)
        if health[Health.DEGRADED]:
            return Health.DEGRADED, "degraded", _worst(entry)
        if any(status is None or status.state is FeedState.LOADING for status in statuses):
            return Health.UNKNOWN, "loading", ""
        if health[Health.PROGRESSING]:
            return Health.PROGRESSING, "deploying", _worst(entry)
        if cluster.health is not Health.OK:
            return cluster.health, cluster.status, cluster.reason
        return Health.OK, "healthy", ""


def _worst(entry: _Entry) -> str:
    """Name the worst workload of a cluster and why it is so."""
    worst: Resource | None = None
    for feed in entry.feeds:
        for index, row in enumerate(feed.shelf.rows.values()):
            if worst is None or row.health > worst.health:
                worst = row
            if index >= WORST_KEPT and worst.health >= Health.DEGRADED:
                break
    if worst is None:
        return ""
    return f"{worst.ref.name}: {worst.reason or worst.status}"


def _has_counts(feed: Subscription) -> bool:
    """Whether a feed's tally says anything: none of a feed that never answered is no 0."""
    status = feed.shelf.status
    return status is not None and (status.state is FeedState.LIVE or bool(feed.shelf.rows))


def _is_counted(entry: _Entry) -> bool:
    return all(feed.shelf.settled for feed in entry.feeds)


def _without_counts(status: FeedStatus | None) -> FeedStatus | None:
    """Return a scope's status without the clusters that it has found so far."""
    if status is None or status.state is not FeedState.LOADING:
        return status
    return structs.replace(status, loaded=0, total=None)


def _scope_name(query: Query) -> str:
    scope = query.scope
    return " ".join(part for part in (scope.profile or "default", scope.region) if part)


def _scope_row(ref: Ref, status: FeedStatus | None, now: float) -> Resource:
    """A row that stands for a whole scope, until or instead of its clusters."""
    scope = ref.scope
    problem = None if status is None else status.problem
    if problem is not None:
        word, health, why = problem.code, Health.FAILING, sentence(problem)
    else:
        word, health, why = "asking", Health.UNKNOWN, ""
    seen = now if status is None else status.at
    counts: tuple[Cell, ...] = (None,) * 6
    cells = (
        ref.name,
        word,
        *counts,
        scope.provider.upper(),
        scope.region,
        seen,
        why,
        scope.account,
        scope.profile,
        None,
    )
    return Resource(ref=ref, health=health, status=word, cells=cells, reason=why)


def _version(fleet: Fleet, cluster: Resource) -> Cell:
    """Pick the version cell of a cluster's own row, if its kind has one."""
    kind = fleet.kinds.get(cluster.ref.kind)
    if kind is None:
        return None
    for column, cell in zip(kind.columns, cluster.cells, strict=False):
        if column.key == "version":
            return cell
    return None
