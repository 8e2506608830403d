"""Events of ECS: what is read of them, and that their order and number do not matter."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from ecs_access import FakeAccess
from ecs_payloads import ACCOUNT, NOW, PLACE, SCOPE, task
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.base import Demand
from backends.clock import ManualClock
from backends.ecs.events import TASK, Event, parse
from backends.ecs.fetch import Fetcher
from backends.ecs.inbox import SPACING, Inbox
from backends.ecs.listing import TASKS

REGION = PLACE.split(":")[3]


def envelope(detail: Any, kind: str = TASK, **more: Any) -> str:
    body = {
        "source": "aws.ecs", "detail-type": kind, "account": ACCOUNT, "region": REGION,
        "detail": detail, **more,
    }  # fmt: skip
    return json.dumps(body)


def test_a_task_is_read_as_describe_tasks_would_give_it() -> None:
    detail = task() | {
        "version": 4,
        "createdAt": "2026-01-02T03:04:05.678Z",
        "stoppedAt": "never",
        "updatedAt": "2026-01-02T03:04:06Z",
        "group": "service:web",
        "containers": [
            {"name": "web", "managedAgents": [{"lastStartedAt": "2026-01-02T03:04:05Z"}]}
        ],
    }
    event = parse(envelope(detail))
    assert event is not None
    assert (event.account, event.region) == (ACCOUNT, REGION)
    assert (event.cluster, event.service) == ("shop", "web")
    assert event.task is not None
    assert event.task["createdAt"] == 1767323045.678
    assert event.task["containers"][0]["managedAgents"][0]["lastStartedAt"] == 1767323045.0
    assert event.task["stoppedAt"] is None
    assert "updatedAt" not in event.task


@pytest.mark.parametrize(
    ("kind", "arn", "detail"),
    [
        ("ECS Service Action", f"{PLACE}:service/shop/web", {}),
        ("ECS Service Action", f"{PLACE}:service/web", {"clusterArn": f"{PLACE}:cluster/shop"}),
        ("ECS Deployment State Change", f"{PLACE}:service/shop/web", {"deploymentId": "x"}),
    ],
)
def test_a_services_event_names_the_service(kind: str, arn: str, detail: dict[str, str]) -> None:
    event = parse(envelope(detail, kind, resources=[arn]))
    assert event == Event(ACCOUNT, REGION, "shop", "web")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("clusterArn", "taskArn", "version", "containers", "group", "createdAt", "managedAgents")


@given(
    st.one_of(st.text(), json_values.map(json.dumps)),
    st.dictionaries(st.sampled_from(FIELDS), json_values),
    st.sampled_from([TASK, "ECS Service Action", "ECS Deployment State Change", "Other"]),
    json_values,
)
def test_nothing_in_a_queue_breaks_the_reading(
    body: str, detail: dict[str, Any], kind: str, resources: Any
) -> None:
    parse(body)
    parse(envelope(detail, kind, resources=resources))
    parse(envelope({**detail, "taskArn": "a/b", "clusterArn": "a/b", "version": 1}, kind))


LIVES = ("PROVISIONING", "PENDING", "RUNNING", "RUNNING", "STOPPED")


def life(name: str) -> list[dict[str, Any]]:
    """Return everything that is ever told of a task, in order."""
    return [
        task(
            taskArn=f"{PLACE}:task/shop/{name}",
            group="service:web",
            version=number,
            lastStatus=status,
            desiredStatus="STOPPED" if number > 4 else "RUNNING",
        )
        for number, status in enumerate(LIVES, 1)
    ]


HISTORY = [told for name in ("a", "b", "c") for told in life(name)]


class Server(FakeAccess):
    """What the server has after everything, or a part of it, has happened."""

    def have(self, upto: dict[str, int]) -> None:
        self.tasks = [life(name)[step] for name, step in upto.items()]


def watch(server: FakeAccess) -> tuple[Fetcher, Inbox]:
    clock = ManualClock(NOW)
    return (
        Fetcher(cast(Any, server), TASKS, SCOPE, clock),
        Inbox(SCOPE, Demand(), clock),
    )


def apply(fetcher: Fetcher, inbox: Inbox) -> None:
    for payload, fresh in inbox.take().tasks:
        fetcher.learn(payload, fresh=fresh)


def known(fetcher: Fetcher) -> dict[str, Any]:
    return {arn: entry.payload for arn, entry in fetcher._known.items()}


def by_arn(server: FakeAccess) -> dict[str, Any]:
    return {one["taskArn"]: one for one in server.tasks}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_order_and_any_number_of_events_end_in_the_servers_state(data: st.DataObject) -> None:
    server = Server()
    server.have(data.draw(st.dictionaries(st.sampled_from("abc"), st.integers(0, 4)), "at first"))
    extra = data.draw(st.lists(st.sampled_from(HISTORY)), "delivered twice")
    deliveries = data.draw(st.permutations(HISTORY + extra), "order")
    cuts = data.draw(st.sets(st.integers(0, len(deliveries))), "when they are applied")

    async def run() -> None:
        fetcher, inbox = watch(server)
        await fetcher.load(urgent=True)
        server.have(dict.fromkeys("abc", len(LIVES) - 1))
        for number, told in enumerate(deliveries):
            inbox.hear(Event(ACCOUNT, REGION, "shop", "web", told), fresh=True)
            if number in cuts:
                apply(fetcher, inbox)
        apply(fetcher, inbox)
        assert known(fetcher) == by_arn(server)

    asyncio.run(run())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_lost_is_there_after_the_next_listing(data: st.DataObject) -> None:
    server = Server()
    delivered = data.draw(st.lists(st.sampled_from(HISTORY)), "delivered at all")
    at_last = {name: data.draw(st.integers(0, 4), name) for name in "abc"}
    possible = [t for t in delivered if t["version"] <= at_last[t["taskArn"][-1]] + 1]

    async def run() -> None:
        fetcher, inbox = watch(server)
        server.have({"a": 0})
        at_last["a"] = max(at_last["a"], 0)
        await fetcher.load(urgent=True)
        for told in possible:
            inbox.hear(Event(ACCOUNT, REGION, "shop", "web", told), fresh=True)
            apply(fetcher, inbox)
        server.have(at_last)
        assert await fetcher.load(urgent=False) == by_arn(server)

    asyncio.run(run())


async def test_an_answer_that_is_behind_an_event_does_not_undo_it() -> None:
    server = Server()
    server.have({"a": 1})
    fetcher, _ = watch(server)
    await fetcher.load(urgent=True)
    assert fetcher.learn(life("a")[2], fresh=True)
    assert list((await fetcher.load(urgent=True)).values()) == [life("a")[2]]
    named = Fetcher(cast(Any, server), TASKS, SCOPE, ManualClock(NOW), names=("a",))
    await named.load(urgent=True)
    named.learn(life("a")[2], fresh=True)
    assert list((await named.load(urgent=True)).values()) == [life("a")[2]]


def test_an_old_event_brings_back_nothing_that_is_gone() -> None:
    fetcher, _ = watch(Server())
    assert not fetcher.learn(life("a")[0], fresh=False)
    assert fetcher.learn(life("a")[0], fresh=True)
    assert fetcher.learn(life("a")[1], fresh=False)


def test_an_inbox_takes_only_what_concerns_its_watch() -> None:
    clock = ManualClock(NOW)
    event = Event(ACCOUNT, REGION, "shop", "web", life("a")[0])
    for inbox, wanted in (
        (Inbox(SCOPE, Demand(), clock), 1),
        (Inbox(SCOPE, Demand(), clock, service="web"), 1),
        (Inbox(SCOPE, Demand(), clock, service="cart"), 0),
        (Inbox(SCOPE, Demand(), clock, only="a"), 1),
        (Inbox(SCOPE, Demand(), clock, only="b"), 0),
    ):
        inbox.hear(event, fresh=True)
        inbox.hear(Event(ACCOUNT, REGION, "other", "web", life("a")[0]), fresh=True)
        assert len(inbox.take().tasks) == wanted


def test_services_are_described_at_once_and_then_at_most_every_two_seconds() -> None:
    clock = ManualClock(NOW)
    inbox = Inbox(SCOPE, Demand(), clock, tasks=False)
    event = Event(ACCOUNT, REGION, "shop", "web")
    inbox.hear(event, fresh=True)
    assert inbox.due() == 0.0
    assert list(inbox.take().services) == ["web"]
    inbox.hear(event, fresh=True)
    assert inbox.due() == SPACING
    assert not inbox.take().services
    clock.advance(SPACING)
    assert list(inbox.take().services) == ["web"]
    assert inbox.due() == float("inf")
