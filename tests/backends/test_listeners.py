"""A view that fails on a change: the feed goes on, and so do the others that listen."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scripted import CLUSTERS, ScriptedBackend, cluster, status, until

from backends.audit import AuditLog
from backends.clock import ManualClock
from backends.fleet import Fleet
from backends.model import Health
from backends.store import Delta


async def test_a_view_that_fails_on_a_change_costs_neither_the_feed_nor_the_others(
    tmp_path: Path,
) -> None:
    clock, backend = ManualClock(), ScriptedBackend()
    fleet = Fleet(clock=clock, audit=AuditLog(tmp_path / "audit.jsonl", clock))
    fleet.attach(backend)

    def fails(_delta: Delta) -> None:
        raise LookupError("the table has gone")

    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, said: told.append(said))
    first, second = fleet.open(CLUSTERS), fleet.open(CLUSTERS)
    heard: list[Delta] = []
    first.listen(fails)
    second.listen(heard.append)
    for health in (Health.OK, Health.FAILING):
        backend.say(CLUSTERS, cluster(health=health))
    await until(lambda: len(heard) == 2)
    assert second.shelf.status == status()
    assert [type(said["exception"]) for said in told] == [LookupError, LookupError]
    await fleet.close()
