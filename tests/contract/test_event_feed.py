"""ECS live by events from a queue: seen at once, asked for seldom, and true after every loss."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aws_facts import ACCOUNT, HOME, SHOP
from feed_site import QUEUE, FeedSite, world

from backends.aws.poll import RECONCILE
from backends.ecs.eventfeed import GRACE, LATE
from backends.model import Scale
from backends.sim.blueprint import Blueprint, SimCluster, SimWorkload
from backends.sim.faults import Fault

WEB = "web"


@pytest.fixture
async def site(tmp_path: Path, _clean_environment: None) -> AsyncIterator[FeedSite]:
    """The world of the contract, with a queue that the backend is told of."""
    async with world() as sim:
        made = FeedSite(sim, tmp_path, (QUEUE,))
        yield made
        await made.close()


def stir(site: FeedSite) -> None:
    """Have something happen elsewhere in the account, of which an event tells."""
    site.sim.world.ecs.update(site.sim.world.ecs.service("prod", "parcel"), force=True)


async def live(site: FeedSite) -> None:
    """Let the first event come."""
    stir(site)
    await site.pass_time(4)


async def test_a_task_shows_within_a_second_and_nothing_is_polled(site: FeedSite) -> None:
    site.make_queue()
    tasks, services = site.watch("ecs/tasks", SHOP), site.watch("ecs/services", SHOP)
    await site.rest()
    assert tasks.by == services.by == "polling", "no event has come yet"
    await live(site)
    assert tasks.by == services.by == "queue"
    assert not tasks.problem
    await site.pass_time(60)
    before = site.sim.world.faults.calls.copy()
    web = site.sim.world.ecs.service(SHOP, WEB)
    site.sim.world.ecs.update(web, desired=web.desired + 1)
    known = set(web.tasks)
    while not (new := set(web.tasks) - known):
        await site.pass_time(0.1, 0.1)
    (task,) = new
    await site.pass_time(1, 0.5)
    assert task in tasks.payloads(), "it is there within a second of its start"
    assert services.payloads()[WEB]["desiredCount"] == web.desired
    await site.pass_time(20)
    assert tasks.payloads()[task]["lastStatus"] == "RUNNING"
    assert services.payloads()[WEB]["runningCount"] == web.desired
    made = site.sim.world.faults.calls - before
    assert set(made) == {"ecs:DescribeServices", "sqs:ReceiveMessage", "sqs:DeleteMessageBatch"}
    assert made["ecs:DescribeServices"] <= 12


async def test_rows_by_events_are_those_of_a_listing(site: FeedSite) -> None:
    site.make_queue()
    tasks = site.watch("ecs/tasks", SHOP)
    await site.rest()
    await live(site)
    for service in (WEB, "cart"):
        site.sim.world.ecs.update(site.sim.world.ecs.service(SHOP, service), force=True)
    await site.pass_time(40)
    assert tasks.by == "queue"
    by_events = tasks.payloads()
    tasks.demand.refresh()
    await site.rest()
    fresh = site.watch("ecs/tasks", SHOP)
    await site.rest()
    assert by_events == fresh.payloads()


async def test_what_topdeck_itself_changed_is_looked_at_at_once(site: FeedSite) -> None:
    site.make_queue()
    services = site.watch("ecs/services", SHOP)
    await site.rest()
    await live(site)
    ref = next(ref for ref in services.shelf.rows if ref.name == WEB)
    web = site.sim.world.ecs.service(SHOP, WEB)
    web.hold_until = site.clock.now() + 3600  # ECS finds no room: no task starts, no event comes
    await site.backend.perform(Scale(ref, web.desired, web.desired + 2))
    await site.pass_time(2.5)
    assert services.payloads()[WEB]["desiredCount"] == web.desired


async def test_events_that_are_lost_are_made_up_for(site: FeedSite) -> None:
    queue = site.make_queue()
    tasks = site.watch("ecs/tasks", SHOP)
    await site.rest()
    await live(site)
    site.sim.world.ecs.update(site.sim.world.ecs.service(SHOP, WEB), force=True)
    while queue._messages or not site.sim.world.ecs.service(SHOP, WEB).stopped:
        queue._messages.clear()
        await site.sim.advance(0.5)
        queue._messages.clear()
    await site.pass_time(RECONCILE + 5, 5)
    web = site.sim.world.ecs.service(SHOP, WEB)
    shown = {n for n, raw in tasks.payloads().items() if raw["group"] == f"service:{WEB}"}
    assert shown == {*web.tasks, *web.stopped}


async def test_a_queue_that_falls_silent_is_not_believed_for_ever(site: FeedSite) -> None:
    queue = site.make_queue()
    tasks = site.watch("ecs/tasks", SHOP)
    await site.rest()
    await live(site)
    await site.pass_time(30)
    queue.muted = True
    site.sim.world.ecs.update(site.sim.world.ecs.service(SHOP, WEB), force=True)
    await site.pass_time(RECONCILE + GRACE + 15, 5)
    assert tasks.by == "polling"
    queue.muted = False
    await live(site)
    await site.pass_time(4)
    assert tasks.by == "queue"


async def test_without_access_to_the_queue_ecs_is_polled_and_the_reason_said(
    site: FeedSite,
) -> None:
    site.make_queue()
    tasks = site.watch("ecs/tasks", SHOP)
    await site.rest()
    await live(site)
    assert tasks.by == "queue"
    denied = Fault(
        action="sqs:*", times=-1, code="AccessDeniedException", message="not authorized", status=400
    )
    site.sim.world.faults.add(denied)
    stir(site)
    await site.sim.advance(25)
    await site.until(lambda: tasks.by == "polling")
    assert "so ECS is polled" in tasks.problem
    assert "sqs:ReceiveMessage" in tasks.problem or "sqs:DeleteMessage" in tasks.problem
    before = site.calls("ecs:ListTasks")
    await site.pass_time(10)
    assert site.calls("ecs:ListTasks") >= before + 6, "normal polling"
    site.sim.world.faults.clear()
    await site.until(lambda: site.queue_reached)
    await live(site)
    await site.pass_time(4)
    assert (tasks.by, tasks.problem) == ("queue", "")


async def test_a_queue_that_is_not_there_is_no_more_than_a_problem(site: FeedSite) -> None:
    tasks = site.watch("ecs/tasks", SHOP)
    await site.until(lambda: "does not exist" in tasks.problem)
    assert tasks.by == "polling"
    assert tasks.shelf.rows


async def test_a_backlog_is_drained_before_it_is_believed(site: FeedSite) -> None:
    queue = site.make_queue()
    stir(site)
    await site.sim.advance(10)
    assert len(queue)
    await site.sim.advance(LATE + 30)
    tasks = site.watch("ecs/tasks", SHOP)
    await site.until(lambda: not len(queue) and site.queue_reached)
    await site.rest()
    await site.pass_time(2)
    assert tasks.by == "polling"
    assert "late" in tasks.problem
    await live(site)
    await site.pass_time(4)
    assert (tasks.by, tasks.problem) == ("queue", "")


@pytest.mark.usefixtures("_clean_environment")
async def test_a_queue_of_another_account_is_left_alone(tmp_path: Path) -> None:
    async with world() as sim:
        site = FeedSite(sim, tmp_path, (QUEUE.replace(ACCOUNT.account_id, "999999999999"),))
        tasks = site.watch("ecs/tasks", SHOP)
        await site.rest()
        await site.pass_time(4)
        assert not site.calls("sqs")
        assert (tasks.by, tasks.problem) == ("polling", "")
        await site.close()


SERVICES = int(os.environ.get("TOPDECK_FEED_SERVICES", "50"))
"""Of 20 tasks each; `make feed` has 500."""


def many() -> Blueprint:
    services = tuple(
        SimWorkload(f"svc-{n:03d}", "shop", 20, "repo/app:1", 256, 512) for n in range(SERVICES)
    )
    cluster = SimCluster("ecs", SHOP, ACCOUNT, HOME, services)
    other = SimCluster("ecs", "prod", ACCOUNT, HOME, (SimWorkload("parcel", "p", 2, "a:1", 1, 1),))
    return Blueprint(1, "small", (ACCOUNT,), (HOME,), (cluster, other))


SHARE = 600
"""Calls a minute of each bucket of ECS that Topdeck takes by default: half of 20 a second."""


@pytest.mark.usefixtures("_clean_environment")
async def test_calls_drop_by_a_factor_of_twenty(tmp_path: Path) -> None:
    async with world(many()) as sim:
        polled = FeedSite(sim, tmp_path, ())
        polled.watch("ecs/tasks", SHOP)
        polled.watch("ecs/services", SHOP)
        await polled.rest()
        before = sim.world.faults.calls.copy()
        await polled.pass_time(4, 2)
        rounds = sim.world.faults.calls - before
        await polled.close()
        tasks = min(15 * (rounds["ecs:ListTasks"] + rounds["ecs:DescribeTasks"]), SHARE)
        services = min(15 * (rounds["ecs:ListServices"] + rounds["ecs:DescribeServices"]), SHARE)

        site = FeedSite(sim, tmp_path, (QUEUE,))
        site.make_queue()
        site.watch("ecs/tasks", SHOP)
        site.watch("ecs/services", SHOP)
        await site.rest()
        await live(site)
        before_queue = sim.world.faults.calls.copy()
        minutes = 2 * RECONCILE / 60
        for minute in range(int(minutes)):
            if minute % 4 == 0:
                sim.world.ecs.update(sim.world.ecs.service(SHOP, f"svc-{minute:03d}"), desired=21)
            await site.pass_time(60, 2)
        made = sim.world.faults.calls - before_queue
        await site.close()
    assert made["ecs:DescribeTasks"] >= 2 * SERVICES // 5, "both reconciliations are counted"
    each = ", ".join(f"{name} {number / minutes:.1f}" for name, number in made.items())
    print(f"\n{20 * SERVICES} tasks, calls a minute: polled {tasks} + {services}, by queue {each}")
    assert tasks + services >= 20 * made.total() / minutes
