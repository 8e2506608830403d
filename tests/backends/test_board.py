"""The fleet board: clusters appear as they answer, and trouble is never a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import CLUSTERS, SERVICES, ScriptedBackend, cluster, resource, status, until

from backends.audit import AuditLog
from backends.board import BOARD_KIND, PATIENCE, QUIET, Board
from backends.clock import ManualClock
from backends.fleet import Fleet
from backends.model import (
    Cell,
    Change,
    FeedState,
    FeedStatus,
    Health,
    Problem,
    Query,
    Ref,
    Resource,
    Scope,
)

OTHER = Query(Scope("ecs", profile="dev", region="eu-west-1"), "ecs/clusters")


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend((CLUSTERS, OTHER))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def board(
    backend: ScriptedBackend, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Board]:
    fleet = Fleet(clock=clock, audit=AuditLog(tmp_path / "audit.jsonl", clock))
    fleet.attach(backend)
    made = Board(fleet)
    made.open()
    yield made
    made.close()
    await fleet.close()


def cell(row: Resource, key: str) -> Cell:
    return row.cells[[column.key for column in BOARD_KIND.columns].index(key)]


def named(board: Board, name: str) -> Resource | None:
    board.flush()
    return next((row for row in board.rows if row.ref.name == name), None)


async def test_a_scope_that_keeps_waiting_has_a_row_until_it_answers(
    board: Board, clock: ManualClock
) -> None:
    board.flush()
    assert not board.rows
    clock.advance(PATIENCE)
    board.flush()
    assert {row.status for row in board.rows} == {"asking"}
    assert {row.ref.name for row in board.rows} == {"prod us-east-1", "dev eu-west-1"}


async def test_a_cluster_appears_while_another_scope_is_silent(
    board: Board, backend: ScriptedBackend, clock: ManualClock
) -> None:
    backend.say(CLUSTERS, cluster())
    await until(lambda: named(board, "shop") is not None)
    clock.advance(PATIENCE)
    assert named(board, "prod us-east-1") is None
    assert named(board, "dev eu-west-1") is not None
    backend.say(OTHER)
    await until(lambda: named(board, "dev eu-west-1") is None)


async def test_a_scope_that_fails_shows_what_to_do(board: Board, backend: ScriptedBackend) -> None:
    problem = Problem("expired", "ecs:ListClusters", "token has expired", "aws sso login")
    backend.feed(OTHER).put_nowait(Change(status(FeedState.STALE, problem=problem)))
    backend.say(CLUSTERS, cluster())
    await until(lambda: (row := named(board, "dev eu-west-1")) and row.status == "expired")
    row = named(board, "dev eu-west-1")
    assert row is not None
    assert row.health is Health.FAILING
    assert "aws sso login" in row.reason
    assert board.progress == (2, 1, 1)


async def test_counts_are_those_of_the_services(board: Board, backend: ScriptedBackend) -> None:
    backend.say(CLUSTERS, cluster())
    scope, kind = SERVICES.scope, "ecs/services"
    backend.say(
        SERVICES,
        resource(scope, kind, "a", ready=2, desired=2, pending=0),
        resource(scope, kind, "b", Health.DEGRADED, ready=1, desired=3, pending=1, reason="slow"),
        resource(scope, kind, "c", Health.FAILING, ready=0, desired=1, reason="OOM"),
    )
    await until(lambda: (row := named(board, "shop")) and row.status == "failing")
    row = named(board, "shop")
    assert row is not None
    counts = ("failing", "degraded", "healthy", "running", "pending", "desired")
    assert [cell(row, key) for key in counts] == [1, 1, 1, 3, 1, 6]
    assert cell(row, "why") == "c: OOM"
    assert cell(row, "account") == "111122223333"


async def test_a_cluster_that_is_gone_leaves_the_board(
    board: Board, backend: ScriptedBackend
) -> None:
    gone: list[Ref] = []
    board.listen(lambda _rows, deletes: gone.extend(deletes))
    backend.say(CLUSTERS, cluster("one"), cluster("two"))
    await until(lambda: named(board, "two") is not None)
    backend.say(CLUSTERS, cluster("one"))
    await until(lambda: named(board, "two") is None)
    assert cluster("two").ref in gone


async def test_counts_are_blank_rather_than_zero_before_services_answered(
    board: Board, backend: ScriptedBackend
) -> None:
    backend.say(CLUSTERS, cluster())
    await until(lambda: named(board, "shop") is not None)
    row = named(board, "shop")
    assert row is not None
    assert cell(row, "running") is None
    assert row.status == "loading"


async def test_settled_waits_for_every_scope_and_cluster(
    board: Board, backend: ScriptedBackend
) -> None:
    backend.say(CLUSTERS, cluster())
    backend.say(OTHER)
    await until(lambda: named(board, "shop") is not None)
    assert not board.settled
    backend.say(SERVICES)
    await until(lambda: board.settled)


async def test_a_row_of_which_only_the_age_is_new_waits_for_others(
    board: Board, backend: ScriptedBackend, clock: ManualClock
) -> None:
    backend.say(CLUSTERS, cluster())
    backend.say(OTHER)
    backend.say(SERVICES, resource(SERVICES.scope, "ecs/services", "a", ready=1, desired=1))
    await until(lambda: (row := named(board, "shop")) and row.status == "healthy")
    clock.advance(QUIET)
    board.flush()
    heard: list[Resource] = []
    board.listen(lambda rows, _deletes: heard.extend(rows))
    shelf = board._fleet.store.shelf(SERVICES)

    def age() -> None:
        shelf.apply(Change(FeedStatus(FeedState.LIVE, clock.now())))
        board.flush()

    clock.advance(QUIET)
    age()
    assert [cell(row, "updated") for row in heard] == [1000.0]  # of the scope's answer
    age()
    age()
    assert len(heard) == 1
    clock.advance(QUIET)
    board.flush()
    assert len(heard) == 2
    shelf.apply(Change(FeedStatus(FeedState.STALE, clock.now())))
    board.flush()
    assert [row.status for row in heard[2:]] == ["stale"]


async def test_it_says_how_many_clusters_are_counted(
    board: Board, backend: ScriptedBackend
) -> None:
    backend.say(CLUSTERS, cluster("shop"), cluster("late"))
    await until(lambda: named(board, "late") is not None)
    assert board.counted == (0, 2)
    backend.say(SERVICES)
    await until(lambda: board.counted == (1, 2))
    told = [status for status in board.statuses() if status is not None and status.total]
    assert [(status.state, status.loaded, status.total) for status in told] == [
        (FeedState.LOADING, 1, 2)
    ]
    late = Query(cluster("late").ref.scope, "ecs/services")
    backend.feed(late).put_nowait(
        Change(status(FeedState.STALE, problem=Problem("unreachable", "list", "no answer", "wait")))
    )
    await until(lambda: board.counted == (2, 2))
    assert [status.total for status in board.statuses() if status is not None] == [None]
    assert len(board.statuses()) == 2


async def test_clusters_of_a_scope_that_still_answers_are_counted_once(
    board: Board, backend: ScriptedBackend
) -> None:
    loading = FeedStatus(FeedState.LOADING, 1000.0, loaded=1, total=5)
    backend.feed(CLUSTERS).put_nowait(Change(loading, (cluster("shop"),)))
    await until(lambda: named(board, "shop") is not None)
    assert [s.total for s in board.statuses() if s is not None] == [None, 1]


@pytest.mark.parametrize("state", [FeedState.LOADING, FeedState.STALE])
async def test_counts_are_blank_where_services_never_answered(
    board: Board, backend: ScriptedBackend, state: FeedState
) -> None:
    backend.say(CLUSTERS, cluster())
    backend.feed(SERVICES).put_nowait(Change(status(state)))
    word = "loading" if state is FeedState.LOADING else "stale"
    shelf = board._fleet.store.shelf(SERVICES)
    await until(lambda: named(board, "shop") and shelf.status is not None)
    row = named(board, "shop")
    assert row is not None
    assert (row.status, cell(row, "running"), cell(row, "failing")) == (word, None, None)
    backend.say(SERVICES)
    await until(lambda: (now := named(board, "shop")) and cell(now, "running") == 0)
