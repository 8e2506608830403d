"""Undoing a rollout by keys, over the simulator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from app_help import Operator, demo_sources, operating

from backends.model import Ref
from backends.sim.ecs.definitions import next_image, renew
from backends.sim.files import TOKEN
from backends.sim.server import SimServer
from widgets.rollback_dialog import RollbackDialog

BROKEN = "registry.example.com/nosuch:1.0.0"
"""An image that is not there."""


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    """A world in which nobody else deploys anything meanwhile."""
    async with SimServer(seed=1, lively=False) as server:
        yield server


async def into(operator: Operator, cluster: str, workload: str) -> Ref:
    await operator.on_row(cluster)
    await operator.press("enter")
    await operator.on_row(workload)
    row = operator.browse.table.current
    assert row is not None
    return row.ref


async def ask(operator: Operator) -> RollbackDialog:
    """Press the key, and wait until the dialog knows what it asks about."""
    await operator.press("ctrl+l")
    await operator.until(lambda: isinstance(operator.app.screen, RollbackDialog), "the dialog")
    dialog = operator.app.screen
    assert isinstance(dialog, RollbackDialog)
    await operator.until(lambda: dialog.plan or dialog.problem, "what there is to go back to")
    await operator.pilot.pause()
    return dialog


def audited(operator: Operator) -> list[dict[str, object]]:
    path = operator.state / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_service_goes_back_to_what_was_deployed_before(
    operator: Operator, sim: SimServer
) -> None:
    service = sim.world.ecs.service("shop-prod", "catalog")
    before = service.primary.definition
    image = next_image(before.containers[0].image, steps=1)
    now = renew(before, image, sim.world.clock.now())
    sim.world.ecs.definitions.register(now)
    sim.world.ecs.update(service, definition=now)
    await operator.until(lambda: service.primary.outcome == "SUCCESSFUL", "a second deployment")
    ref = await into(operator, "shop-prod", "catalog")
    dialog = await ask(operator)
    seen = operator.seen()
    for part in (ref.scope.account, ref.scope.region, "shop-prod", "catalog"):
        assert part in seen
    assert f"shop-prod-catalog:{now.revision}" in seen
    assert f"shop-prod-catalog:{before.revision}" in seen
    assert before.containers[0].image.rpartition("/")[2] in seen
    focused = operator.app.focused
    assert focused is not None
    assert focused.id == "cancel"
    await operator.press("enter")
    await operator.until(lambda: operator.app.screen is not dialog, "the dialog closed")
    assert audited(operator) == []

    await ask(operator)
    await operator.press("y")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref == ref and pane.settled, "the rollout settled")
    assert service.primary.definition is before
    sent, accepted = audited(operator)
    assert sent["operation"]["type"] == "rollback"  # type: ignore[index]
    assert (sent["phase"], accepted["phase"]) == ("sending", "accepted")
    assert sim.world.faults.calls["ecs:UpdateService"] == 1


async def test_a_deployment_under_way_is_stopped_and_rolled_back(
    operator: Operator, sim: SimServer
) -> None:
    service = sim.world.ecs.service("shop-prod", "cart")
    good = service.primary.definition
    bad = renew(good, BROKEN, sim.world.clock.now())
    sim.world.ecs.definitions.register(bad)
    ref = await into(operator, "shop-prod", "cart")
    sim.world.ecs.update(service, definition=bad)
    dialog = await ask(operator)
    assert dialog.plan is not None
    assert dialog.plan.operation.deployment
    assert "The deployment under way is stopped" in operator.seen()
    assert "nosuch" in operator.seen()
    await operator.press("y")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref == ref and pane.settled, "the rollout's end")
    assert service.primary.definition is good
    assert sim.world.faults.calls["ecs:StopServiceDeployment"] == 1
    assert sim.world.faults.calls["ecs:UpdateService"] == 0


async def test_a_rollout_that_fails_is_undone(operator: Operator, sim: SimServer) -> None:
    ref = await into(operator, "payments-prod", "ledger")
    url = f"{sim.kubernetes_endpoints['payments-prod']}/apis/apps/v1/namespaces/payments"
    change = {"spec": {"template": {"spec": {"containers": [{"name": "ledger", "image": BROKEN}]}}}}
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/strategic-merge-patch+json",
    }
    async with aiohttp.ClientSession(headers=headers) as http:
        was = await (await http.get(f"{url}/deployments/ledger")).json()
        await http.patch(f"{url}/deployments/ledger", json=change)
        await operator.press("w")
        pane = await operator.rollout()
        await operator.until(lambda: "ImagePull" in operator.seen(), "a pod in trouble")
        dialog = await ask(operator)
        assert dialog.plan is not None
        assert BROKEN in operator.seen()
        await operator.press("y")
        await operator.until(
            lambda: pane.ref == ref and pane.settled and "✓ settled" in operator.seen(),
            "the old revision, running",
        )
        now = await (await http.get(f"{url}/deployments/ledger")).json()
    assert now["spec"]["template"] == was["spec"]["template"]


async def test_where_there_is_nothing_before_only_the_safe_answer_is_left(
    operator: Operator,
) -> None:
    await into(operator, "payments-prod", "redis")
    dialog = await ask(operator)
    assert dialog.problem is not None
    assert "it has no earlier revision" in operator.seen()
    await operator.press("y", "tab", "tab", "enter")
    await operator.until(lambda: operator.app.screen is not dialog, "the dialog closed")
    assert audited(operator) == []


async def test_pods_and_tasks_are_not_rolled_back(operator: Operator) -> None:
    await into(operator, "shop-prod", "web")
    assert "Roll back" in operator.seen()
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "ecs/tasks")
    await operator.until(lambda: operator.browse.table.resources, "tasks")
    await operator.until(lambda: "Roll back" not in operator.seen(), "a foot without the key")
    await operator.press("ctrl+l")
    assert not isinstance(operator.app.screen, RollbackDialog)


async def test_read_only_mode_greys_the_key(sim: SimServer, tmp_path: Path) -> None:
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", read_only=True) as operator:
        await into(operator, "shop-prod", "catalog")
        assert operator.browse.check_action("rollback", ()) is None
        await operator.press("ctrl+l")
        assert not isinstance(operator.app.screen, RollbackDialog)
