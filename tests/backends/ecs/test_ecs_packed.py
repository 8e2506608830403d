"""Tasks are many: what is kept of their payloads is small, and as good as the payload."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest
from ecs_access import FakeAccess
from ecs_payloads import NOW, SCOPE, task
from test_ecs_feed import TASKS, View

from backends.clock import ManualClock
from backends.ecs.fetch import Fetcher
from backends.ecs.listing import SERVICES, STOPPED_TASKS
from backends.ecs.listing import TASKS as LISTING
from backends.ecs.wire import Packed, opened

ARN = "arn:aws:ecs:us-east-1:111122223333:task/shop/0a"


def payloads() -> list[dict[str, Any]]:
    odd = {"startedAt": 1.5, "version": 2**53, "tags": [], "note": "café 🚀", "gone": None}
    return [task(), task(**odd)]


@pytest.mark.parametrize("payload", payloads())
def test_what_was_packed_is_what_it_was(payload: dict[str, Any]) -> None:
    packed = Packed(payload, ARN)
    assert packed.opened == payload
    assert opened(packed) == payload
    assert opened(payload) is payload
    assert dict(packed) == payload
    assert len(packed) == len(payload)
    assert packed["taskArn"] == payload["taskArn"]
    assert packed.get("absent") is None
    assert packed.arn == ARN


def test_two_are_equal_where_their_payloads_are() -> None:
    payload = task()
    turned = dict(reversed(payload.items()))
    assert Packed(payload, ARN) == Packed(dict(payload), ARN)
    assert Packed(payload, ARN) == Packed(turned, ARN)
    assert Packed(payload, ARN) == payload
    assert Packed(payload, ARN) != Packed(payload | {"lastStatus": "STOPPED"}, ARN)
    assert Packed(payload, ARN) != None  # noqa: E711 - that comparison is what is tested


async def test_tasks_are_kept_packed_and_their_rows_stay_until_they_change() -> None:
    access = FakeAccess()
    access.tasks = [task()]
    view = View(access, TASKS)
    async with aclosing(view.changes):
        (row,) = (await view.settle()).upserts
        assert isinstance(row.raw, Packed)
        assert row.raw.opened == access.tasks[0]
        access.tasks = [dict(access.tasks[0])]
        assert (await view.settle()).upserts == ()
        access.tasks = [access.tasks[0] | {"healthStatus": "UNHEALTHY"}]
        (changed,) = (await view.settle()).upserts
    assert changed.raw["healthStatus"] == "UNHEALTHY"


@pytest.mark.parametrize(("listing", "packed"), [(LISTING, True), (STOPPED_TASKS, False)])
async def test_only_what_is_many_is_packed(listing: Any, packed: bool) -> None:
    access: Any = FakeAccess()
    access.tasks = [task(desiredStatus="STOPPED", lastStatus="STOPPED")]
    fetcher = Fetcher(access, listing, SCOPE, ManualClock(NOW))
    (kept,) = (await fetcher.load(urgent=True)).values()
    assert isinstance(kept, Packed) is packed
    assert not SERVICES.packed
