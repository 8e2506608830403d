"""The fleet shares feeds among views, and nothing changes but through its audit log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import CLUSTERS, SERVICES, ScriptedBackend, cluster, resource, until

from backends import fleet as fleet_module
from backends.audit import AuditLog
from backends.base import Denied, Invalid
from backends.clock import ManualClock
from backends.fleet import Fleet
from backends.model import (
    FeedState,
    Query,
    Ref,
    Resource,
    Restart,
    Rollback,
    RollbackPlan,
    Scale,
    Scope,
)

SERVICE = Ref(SERVICES.scope, "ecs/services", "web")


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
async def fleet(backend: ScriptedBackend, tmp_path: Path) -> AsyncIterator[Fleet]:
    clock = ManualClock()
    made = Fleet(clock=clock, audit=AuditLog(tmp_path / "state" / "audit.jsonl", clock))
    made.attach(backend)
    yield made
    await made.close()


def entries(tmp_path: Path) -> list[dict[str, object]]:
    text = (tmp_path / "state" / "audit.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


async def test_two_views_share_one_watch(fleet: Fleet, backend: ScriptedBackend) -> None:
    one, two = fleet.open(SERVICES), fleet.open(SERVICES)
    backend.say(SERVICES, resource(SERVICES.scope, "ecs/services", "web"))
    await one.settled()
    assert backend.watched == [SERVICES]
    assert list(two.shelf.rows) == [SERVICE]


async def test_demand_is_that_of_the_views_on_screen(
    fleet: Fleet, backend: ScriptedBackend
) -> None:
    one, two = fleet.open(SERVICES), fleet.open(SERVICES, visible=False)
    await until(lambda: SERVICES in backend.demands)
    demand = backend.demands[SERVICES]
    assert demand.visible
    one.visible = False
    assert not demand.visible
    two.visible = True
    assert demand.visible
    two.close()
    assert not demand.visible


async def test_a_feed_ends_some_time_after_its_last_view(
    fleet: Fleet, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_module, "LINGER", 0.0)
    view = fleet.open(SERVICES)
    await until(lambda: backend.watched)
    view.close()
    await until(lambda: backend.ended == [SERVICES])
    assert fleet.store.find(SERVICE) is None


async def test_coming_back_soon_finds_the_rows_there(
    fleet: Fleet, backend: ScriptedBackend
) -> None:
    view = fleet.open(SERVICES)
    backend.say(SERVICES, resource(SERVICES.scope, "ecs/services", "web"))
    await view.settled()
    view.close()
    again = fleet.open(SERVICES)
    assert list(again.shelf.rows) == [SERVICE]
    assert backend.watched == [SERVICES]


async def test_a_watch_that_breaks_keeps_its_rows_and_says_why(
    fleet: Fleet, backend: ScriptedBackend
) -> None:
    view = fleet.open(SERVICES)
    backend.say(SERVICES, resource(SERVICES.scope, "ecs/services", "web"))
    await view.settled()
    backend.feed(SERVICES).put_nowait(ZeroDivisionError("a token=hush defect"))
    await until(lambda: view.shelf.status.state is FeedState.STALE)
    assert list(view.shelf.rows) == [SERVICE]
    problem = view.shelf.status.problem  # type: ignore[union-attr]
    assert problem is not None
    assert "ZeroDivisionError" in problem.message
    assert "hush" not in problem.message


async def test_enter_narrows_the_scope_or_names_the_parent(fleet: Fleet) -> None:
    shop = cluster()
    assert fleet.children(shop, "ecs/services") == SERVICES
    web = resource(SERVICES.scope, "ecs/services", "web")
    assert fleet.children(web, "ecs/tasks") == Query(SERVICES.scope, "ecs/tasks", SERVICE)


async def test_an_unknown_provider_is_said(fleet: Fleet) -> None:
    with pytest.raises(Invalid, match="nomad"):
        fleet.open(Query(Scope("nomad"), "nomad/jobs"))


async def test_an_operation_is_written_before_it_is_sent_and_after_it_is_answered(
    fleet: Fleet, backend: ScriptedBackend, tmp_path: Path
) -> None:
    operation = Scale(SERVICE, current=2, desired=5)
    await fleet.perform(operation)
    assert backend.sent == [operation]
    sending, accepted = entries(tmp_path)
    assert sending["phase"] == "sending"
    assert sending["address"] == SERVICE.address
    assert sending["operation"]["desired"] == 5  # type: ignore[index]
    assert accepted["phase"] == "accepted"
    assert accepted["id"] == sending["id"]
    assert accepted["request_id"] == "request-1"
    assert (tmp_path / "state" / "audit.jsonl").stat().st_mode & 0o077 == 0


async def test_a_refusal_is_written_and_raised_once(
    fleet: Fleet, backend: ScriptedBackend, tmp_path: Path
) -> None:
    backend.refusal = Denied("ecs:UpdateService", "not authorized", "allow ecs:UpdateService")
    with pytest.raises(Denied):
        await fleet.perform(Restart(SERVICE))
    assert len(backend.sent) == 1
    assert entries(tmp_path)[-1]["phase"] == "refused"
    assert entries(tmp_path)[-1]["problem"]["action"] == "ecs:UpdateService"  # type: ignore[index]


async def test_an_answer_that_was_not_waited_for_is_written_as_unknown(
    fleet: Fleet, backend: ScriptedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def hang(operation: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(backend, "perform", hang)
    task = asyncio.create_task(fleet.perform(Restart(SERVICE)))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert entries(tmp_path)[-1]["phase"] == "unknown"


async def test_read_only_sends_and_writes_nothing(
    fleet: Fleet, backend: ScriptedBackend, tmp_path: Path
) -> None:
    fleet.read_only = True
    with pytest.raises(Invalid, match="read-only"):
        await fleet.perform(Restart(SERVICE))
    assert not backend.sent
    assert not (tmp_path / "state").exists()


async def test_a_backend_without_a_past_says_so_instead_of_a_plan(
    fleet: Fleet, backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third party's need not know how to roll back."""
    row = resource(SERVICE.scope, SERVICE.kind, SERVICE.name)
    with pytest.raises(Invalid, match="not known to be done here"):
        await fleet.rollback_plan(row)
    plan = RollbackPlan(Rollback(SERVICE, "2", "1"), "2", "1", ())

    async def look_up(target: Resource) -> RollbackPlan:
        assert target is row
        return plan

    monkeypatch.setattr(backend, "rollback_plan", look_up, raising=False)
    assert await fleet.rollback_plan(row) is plan


async def test_what_cannot_be_written_down_is_not_sent(
    fleet: Fleet, backend: ScriptedBackend, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(Invalid, match="can't be written"):
        await fleet.perform(Restart(SERVICE))
    assert not backend.sent


async def test_a_backend_that_cannot_be_configured_is_remembered(tmp_path: Path) -> None:
    class Misconfigured(ScriptedBackend):
        def roots(self) -> list[Query]:
            raise Invalid("read profiles", "no profile 'prdo'", "did you mean prod?")

    clock = ManualClock()
    fleet = Fleet(clock=clock, audit=AuditLog(tmp_path / "audit.jsonl", clock))
    fleet.attach(Misconfigured())
    fleet.attach(ScriptedBackend())
    assert [problem.message for problem in fleet.failures] == ["no profile 'prdo'"]
    assert list(fleet.roots) == [CLUSTERS]
