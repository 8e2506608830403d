"""Feeds: what a view sees, refresh by refresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest
from ecs_access import Eager, FakeAccess
from ecs_payloads import ACCOUNT, NOW, PLACE, SCOPE, cluster, event, service, stopped, task

from backends.base import Denied, Invalid, Sources, Throttled
from backends.clock import ManualClock
from backends.ecs.backend import EcsBackend
from backends.ecs.failures import BACKGROUND as LOOK_SELDOM
from backends.ecs.feed import BACKGROUND, VISIBLE
from backends.model import Change, FeedState, Health, Query, Ref, Scope
from backends.store import Shelf

SERVICES = Query(SCOPE, "ecs/services")
TASKS = Query(SCOPE, "ecs/tasks")
WEB = Ref(SCOPE, "ecs/services", "web")


class View:
    """A view of one query: its shelf, and the feed that fills it."""

    def __init__(self, access: FakeAccess, query: Query, *, visible: bool = True) -> None:
        self.clock = ManualClock(NOW)
        backend = EcsBackend(Sources(), self.clock)
        backend._access = cast(Any, access)
        self.demand = Eager(visible=visible)
        self.shelf = Shelf(query)
        self.changes = cast(AsyncGenerator[Change, None], backend.watch(query, self.demand))
        self.seen: list[Change] = []

    async def settle(self) -> Change:
        """Take changes in until a refresh has ended, well or badly; return its last one."""
        async with asyncio.timeout(10):
            while True:
                change = await anext(self.changes)
                self.seen.append(change)
                self.shelf.apply(change)
                if change.status.state is not FeedState.LOADING or change.status.problem:
                    return change

    def names(self) -> list[str]:
        return sorted(ref.name for ref in self.shelf.rows)


def many(number: int) -> list[dict[str, Any]]:
    return [
        service(serviceArn=f"{PLACE}:service/shop/s{n}", serviceName=f"s{n}") for n in range(number)
    ]


async def test_rows_come_before_all_are_known_and_then_a_resync() -> None:
    access = FakeAccess()
    access.services = many(25)
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        last = await view.settle()
    assert last.status.state is FeedState.LIVE
    assert last.resync
    assert len(last.upserts) == 25
    loading = [change for change in view.seen if change.status.state is FeedState.LOADING]
    assert loading[0].resync
    assert sum(len(change.upserts) for change in loading) == 25
    assert [change.status.loaded for change in loading][-1] == 25
    assert loading[-1].status.total == 25


async def test_then_only_what_changed_and_a_status_every_time() -> None:
    access = FakeAccess()
    access.services = many(3)
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        await view.settle()
        before = dict(view.shelf.rows)
        view.clock.advance(2)
        quiet = await view.settle()
        assert (quiet.upserts, quiet.deletes, quiet.resync) == ((), (), False)
        assert quiet.status.at == NOW + 2
        access.services[1] = access.services[1] | {"desiredCount": 4}
        del access.services[2]
        change = await view.settle()
    assert [row.ref.name for row in change.upserts] == ["s1"]
    assert [ref.name for ref in change.deletes] == ["s2"]
    assert (
        view.shelf.rows[Ref(SCOPE, "ecs/services", "s0")]
        is before[Ref(SCOPE, "ecs/services", "s0")]
    )


async def test_an_empty_account_is_live_and_empty() -> None:
    query = Query(Scope("ecs", profile="acme", region="us-east-1"), "ecs/clusters")
    view = View(FakeAccess(), query)
    async with aclosing(view.changes):
        last = await view.settle()
    assert last.status.state is FeedState.LIVE
    assert view.names() == []


async def test_clusters_are_given_the_account_that_their_arn_names() -> None:
    access = FakeAccess()
    access.clusters = [cluster("shop")]
    view = View(access, Query(Scope("ecs", profile="acme", region="us-east-1"), "ecs/clusters"))
    async with aclosing(view.changes):
        (row,) = (await view.settle()).upserts
    assert row.ref.scope == SCOPE
    assert row.ref.scope.account == ACCOUNT


async def test_how_often_depends_on_who_looks() -> None:
    access = FakeAccess()
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        await view.settle()
        await view.settle()
    assert view.demand.pauses == [(VISIBLE, BACKGROUND)]
    assert (VISIBLE, BACKGROUND) == (2.0, 30.0)


@pytest.mark.parametrize("visible", [True, False])
async def test_what_is_on_screen_goes_first(visible: bool) -> None:
    access = FakeAccess()
    access.services = many(1)
    view = View(access, SERVICES, visible=visible)
    async with aclosing(view.changes):
        await view.settle()
    assert set(access.urgent) == {visible}


async def test_a_failure_keeps_the_rows_and_says_why_and_is_tried_again() -> None:
    access = FakeAccess()
    access.services = many(2)
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        await view.settle()
        access.errors["ListServices"] = [Denied("ecs:ListServices", "no", "allow it")] * 2
        view.clock.advance(7)
        bad = await view.settle()
        assert bad.status.state is FeedState.STALE
        assert bad.status.at == NOW
        assert bad.status.problem is not None
        assert bad.status.problem.code == "denied"
        assert view.names() == ["s0", "s1"]
        await view.settle()
        good = await view.settle()
    assert good.status.state is FeedState.LIVE
    assert good.status.problem is None


async def test_a_first_failure_is_said_and_the_load_begins_again() -> None:
    access = FakeAccess()
    access.services = many(2)
    access.errors["DescribeServices"] = [Denied("ecs:DescribeServices", "no", "allow it")]
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        assert (await view.settle()).status.state is FeedState.STALE
        assert (await view.settle()).status.state is FeedState.LIVE
    assert view.names() == ["s0", "s1"]


async def test_throttling_is_slow_but_not_wrong() -> None:
    access = FakeAccess()
    access.services = many(2)
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        await view.settle()
        access.errors["ListServices"] = [Throttled("ecs:ListServices", "Rate exceeded", "wait")]
        slow = await view.settle()
    assert slow.status.state is FeedState.LIVE
    assert slow.status.problem is not None
    assert slow.status.problem.code == "throttled"


async def test_an_answer_that_makes_no_sense_does_not_end_the_feed() -> None:
    access = FakeAccess()
    access.services = many(1)
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        await view.settle()
        access.services = [cast(Any, {"serviceArn": 5})]
        odd = await view.settle()
        access.services = many(2)
        good = await view.settle()
    assert odd.status.state in (FeedState.STALE, FeedState.LIVE)
    assert good.status.state is FeedState.LIVE
    assert view.names() == ["s0", "s1"]


async def test_the_tasks_of_a_service_running_and_stopped() -> None:
    access = FakeAccess()
    access.tasks = [task("a"), stopped("b"), task("c", group="service:other")]
    view = View(access, Query(SCOPE, "ecs/tasks", WEB))
    async with aclosing(view.changes):
        await view.settle()
    assert view.names() == ["a", "b"]
    assert {row.ref.name for row in view.shelf.children(WEB)} == {"a", "b"}


async def test_the_tasks_of_a_cluster() -> None:
    access = FakeAccess()
    access.tasks = [task("a"), task("lone", group="family:migrate")]
    view = View(access, TASKS)
    async with aclosing(view.changes):
        await view.settle()
    assert view.names() == ["a", "lone"]


async def test_the_containers_of_a_task_and_the_events_of_a_service() -> None:
    access = FakeAccess()
    access.tasks = [task("a"), task("b")]
    access.services = [
        service(events=[event("has started 1 tasks: (task a).", 5, n) for n in range(3)])
    ]
    containers = View(access, Query(SCOPE, "ecs/containers", Ref(SCOPE, "ecs/tasks", "a")))
    events = View(access, Query(SCOPE, "ecs/events", WEB))
    async with aclosing(containers.changes), aclosing(events.changes):
        await containers.settle()
        await events.settle()
    assert containers.names() == ["a/app"]
    assert len(events.names()) == 3
    assert access.count["ListTasks"] == access.count["ListServices"] == 0


async def test_failed_tasks_are_counted_against_their_service_while_recent() -> None:
    access = FakeAccess()
    access.services = [service()]
    access.tasks = [task("a"), stopped("b")]
    view = View(access, SERVICES, visible=False)
    async with aclosing(view.changes):
        await view.settle()
        row = view.shelf.rows[WEB]
        assert row.health is Health.DEGRADED
        assert "OutOfMemoryError" in row.reason
        view.clock.advance(LOOK_SELDOM - 1)
        await view.settle()
        assert access.count["ListTasks"] == 1
        view.clock.advance(600)
        await view.settle()
        assert view.shelf.rows[WEB].health is Health.OK


async def test_without_permission_to_list_tasks_services_are_shown_all_the_same() -> None:
    access = FakeAccess()
    access.services = [service()]
    access.errors["ListTasks"] = [Denied("ecs:ListTasks", "no", "allow it")]
    view = View(access, SERVICES)
    async with aclosing(view.changes):
        last = await view.settle()
    assert last.status.state is FeedState.LIVE
    assert view.names() == ["web"]


@pytest.mark.parametrize(
    "query",
    [
        Query(Scope("ecs", profile="acme", region="us-east-1"), "ecs/services"),
        Query(SCOPE, "ecs/nothing"),
        Query(SCOPE, "ecs/services", Ref(SCOPE, "ecs/tasks", "a")),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(query: Query) -> None:
    with pytest.raises(Invalid):
        View(FakeAccess(), query)


async def test_closing_a_feed_leaves_nothing_behind() -> None:
    access = FakeAccess()
    access.services = many(30)
    access.gate = asyncio.Event()
    view = View(access, SERVICES)
    await anext(view.changes)
    waiting = asyncio.ensure_future(anext(view.changes))
    async with asyncio.timeout(10):
        while access.count["DescribeServices"] < 3:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await view.changes.aclose()
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0)
