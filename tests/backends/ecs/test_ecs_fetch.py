"""Fetching: full pages, all of them, and nothing that need not be asked."""

from __future__ import annotations

import asyncio

import pytest
from ecs_access import FakeAccess
from ecs_payloads import PLACE, SCOPE, cluster, service, stopped, task
from hypothesis import given
from hypothesis import strategies as st

from backends.base import Denied
from backends.clock import ManualClock
from backends.ecs.fetch import STEADY_FOR, Batch, Fetcher
from backends.ecs.listing import CLUSTERS, SERVICES, TASKS, Listing
from backends.model import Scope


def fetcher(access: FakeAccess, listing: Listing, **more: object) -> Fetcher:
    return Fetcher(access, listing, SCOPE, ManualClock(), **more)  # type: ignore[arg-type]


def services(number: int) -> list[dict[str, object]]:
    return [
        service(serviceArn=f"{PLACE}:service/shop/s{n}", serviceName=f"s{n}") for n in range(number)
    ]


@given(st.integers(0, 230))
def test_services_are_all_described_in_full_pages_of_ten(number: int) -> None:
    access = FakeAccess()
    access.services = services(number)
    found = asyncio.run(fetcher(access, SERVICES).load(urgent=True))
    assert len(found) == number
    sizes = access.described()
    assert all(size == 10 for size in sizes[:-1])
    assert sum(sizes) == number
    assert all(params["cluster"] == "shop" for _, params in access.calls)


@given(st.integers(0, 150), st.integers(0, 150))
def test_running_and_stopped_tasks_share_their_pages(running: int, gone: int) -> None:
    access = FakeAccess()
    access.tasks = [task(f"r{n}") for n in range(running)] + [stopped(f"s{n}") for n in range(gone)]
    found = asyncio.run(fetcher(access, TASKS).load(urgent=True))
    assert len(found) == running + gone
    assert sum(access.described()) == running + gone
    assert len(access.described()) == -(-(running + gone) // 100)
    assert access.count["ListTasks"] == 2


async def test_clusters_are_listed_without_a_cluster() -> None:
    access = FakeAccess()
    access.clusters = [cluster("a"), cluster("b")]
    scope = Scope("ecs", profile="acme", region="us-east-1")
    found = await Fetcher(access, CLUSTERS, scope, ManualClock()).load(urgent=True)  # type: ignore[arg-type]
    assert len(found) == 2
    assert all("cluster" not in params for _, params in access.calls)


async def test_one_services_tasks_are_listed_by_its_name() -> None:
    access = FakeAccess()
    access.tasks = [task("a"), task("b", group="service:other")]
    found = await fetcher(access, TASKS, service="web").load(urgent=True)
    assert list(found) == [f"{PLACE}:task/shop/a"]
    assert {params["serviceName"] for op, params in access.calls if op == "ListTasks"} == {"web"}


async def test_what_is_named_is_described_without_a_list() -> None:
    access = FakeAccess()
    access.tasks = [task("a"), task("b")]
    named = fetcher(access, TASKS, names=("a",))
    assert list(await named.load(urgent=True)) == [f"{PLACE}:task/shop/a"]
    assert access.count == {"DescribeTasks": 1}
    access.tasks = []
    assert await named.load(urgent=True) == {}


async def test_a_stopped_task_is_described_once() -> None:
    access = FakeAccess()
    access.tasks = [task("up"), stopped("down")]
    fetch = fetcher(access, TASKS)
    await fetch.load(urgent=True)
    await fetch.load(urgent=True)
    assert access.described() == [2, 1]


async def test_in_the_background_running_tasks_are_described_now_and_then() -> None:
    access = FakeAccess()
    access.tasks = [task("up"), task("coming", lastStatus="PENDING")]
    clock = ManualClock()
    fetch = Fetcher(access, TASKS, SCOPE, clock)  # type: ignore[arg-type]
    await fetch.load(urgent=False)
    await fetch.load(urgent=False)
    assert access.described() == [2, 1]
    clock.advance(STEADY_FOR)
    await fetch.load(urgent=False)
    assert access.described() == [2, 1, 2]
    assert not any(access.urgent)


async def test_a_task_that_moved_to_the_other_list_is_described_again() -> None:
    access = FakeAccess()
    access.tasks = [task("up")]
    fetch = fetcher(access, TASKS)
    await fetch.load(urgent=False)
    access.tasks = [stopped("up")]
    (payload,) = (await fetch.load(urgent=False)).values()
    assert payload["lastStatus"] == "STOPPED"


async def test_what_is_gone_is_forgotten() -> None:
    access = FakeAccess()
    access.tasks = [stopped("a"), stopped("b")]
    fetch = fetcher(access, TASKS)
    await fetch.load(urgent=True)
    access.tasks = [stopped("b")]
    assert list(await fetch.load(urgent=True)) == [f"{PLACE}:task/shop/b"]


async def test_batches_are_reported_as_they_come_with_the_total() -> None:
    access = FakeAccess()
    access.services = services(25)
    batches: list[Batch] = []
    await fetcher(access, SERVICES).load(urgent=True, report=batches.append)
    assert sorted(len(batch.payloads) for batch in batches) == [5, 10, 10]
    assert batches[-1].total == 25


async def test_describe_calls_run_at_the_same_time() -> None:
    access = FakeAccess()
    access.services = services(40)
    access.gate = asyncio.Event()
    loading = asyncio.ensure_future(fetcher(access, SERVICES).load(urgent=True))
    async with asyncio.timeout(10):
        while access.count["DescribeServices"] < 4:
            await asyncio.sleep(0)
    access.gate.set()
    assert len(await loading) == 40


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
async def test_one_error_speaks_for_the_whole_load(operation: str) -> None:
    access = FakeAccess()
    access.tasks = [task(f"t{n}") for n in range(250)]
    denied = Denied(f"ecs:{operation}", "no", "allow it")
    access.errors[operation] = [denied]
    fetch = fetcher(access, TASKS)
    with pytest.raises(Denied) as caught:
        await fetch.load(urgent=True)
    assert caught.value is denied
    assert len(await fetch.load(urgent=True)) == 250
