"""The whole application, driven by keys, before a real control plane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.base import KubeSource, Sources
from backends.model import Health, Ref
from tests.e2e.plane.api import Api
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import MISSING, Apps
from tests.e2e.test_e2e_autoscaler import HPA, autoscaler
from tests.tui.app_help import Operator, operating
from widgets.confirm_dialog import ConfirmDialog
from widgets.resource_table import ResourceTable
from widgets.scale_dialog import ScaleDialog

pytestmark = pytest.mark.usefixtures("kubelet")

HERD = 300
HASTE = {"log_rate": "0", "events": "none", "start_seconds": "0", "ready_after": "0",
         "stop_seconds": "3"}  # fmt: skip
"""Pods that cost their kubelet little, and whose end takes long enough to be seen."""

LONG = 120.0
"""Seconds that so many pods may take to roll; about 20 where nothing else runs."""


@pytest.fixture
async def operator(plane: Plane, namespace: str, tmp_path: Path) -> AsyncIterator[Operator]:
    sources = Sources(kube=(KubeSource(str(plane.kubeconfig)),))
    async with operating(sources, tmp_path / "state", size=(160, 45)) as made:
        yield made


async def into(operator: Operator, plane: Plane, namespace: str, name: str) -> Ref:
    """Go by keys to a deployment of a namespace; return its address."""
    await operator.until(lambda: operator.app.board.rows, "the cluster on the board")
    await operator.on_row(operator.app.board.rows[0].ref.name)
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "k8s/workloads")
    await operator.press("slash")
    await operator.type(namespace)
    await operator.press("enter")
    await operator.on_row(name)
    row = operator.browse.table.current
    assert row is not None
    assert row.ref.scope.namespace == namespace
    return row.ref


async def test_a_rollout_that_fails_is_followed_by_keys_until_it_is_undone(
    operator: Operator, plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.make("deployments", "web", 3, {"progressDeadlineSeconds": 3})
    await apps.ready("deployments", "web", 3)
    ref = await into(operator, plane, namespace, "web")
    good = (await api.get(apps.path("deployments", "web")))["spec"]["template"]
    await apps.change("deployments", "web", MISSING)
    await operator.press("w")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref == ref and pane.settled, "the end of the rollout")
    seen = operator.seen()
    assert "✗ failed after" in seen
    assert "progress deadline exceeded" in seen
    assert "ImagePullBackOff" in seen
    await operator.until(
        lambda: operator.browse.table.find(ref).health >= Health.DEGRADED, "a row in trouble"
    )
    undo = [{"op": "replace", "path": "/spec/template", "value": good}]
    await api.patch(apps.path("deployments", "web"), undo, "json")
    await operator.press("escape", "w")
    await operator.until(lambda: pane.display and pane.settled and "3 of 3" in operator.seen())
    assert "✗ failed after" not in operator.seen()
    await operator.until(
        lambda: operator.browse.table.find(ref).health is Health.OK, "a row that is well"
    )
    shown("by keys: a rollout that fails, and is undone", 3)


async def test_the_scale_dialog_tells_of_the_autoscaler(
    operator: Operator, plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.make("deployments", "web", 2, cpu="25m")
    await api.post(f"/apis/autoscaling/v2/namespaces/{namespace}/{HPA}", autoscaler(2, 6, 50))
    await apps.ready("deployments", "web", 2)
    ref = await into(operator, plane, namespace, "web")
    await operator.press("s")
    await operator.until(lambda: isinstance(operator.app.screen, ScaleDialog))
    await operator.until(lambda: "HorizontalPodAutoscaler web" in operator.seen())
    assert "cpu at 50%" in operator.seen()
    await operator.press("up", "up", "enter", "y")
    pane = await operator.rollout()
    await operator.until(lambda: pane.ref == ref and pane.settled)
    # The autoscaler is of another mind, and its way is what is shown in the end.
    await apps.ready("deployments", "web", 2)
    await operator.until(
        lambda: (
            (row := operator.browse.table.find(ref)) is not None
            and (row.ready, row.desired) == (2, 2)
        ),
        "two again",
    )
    assert '"desired":4' in (operator.state / "audit.jsonl").read_text().replace(" ", "")
    shown("by keys: a scale dialog's autoscaler, which has its way", 2)


class Cursor:
    """Holds the table to its promise: what the cursor is on only a key changes."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self.keys = 0
        self.gone = 0
        """How often what it was on went away under it."""

    @property
    def table(self) -> ResourceTable:
        return self._operator.browse.table

    async def press(self, key: str) -> None:
        """Press a key that is to move the cursor, and see that it did."""
        before = self.table.cursor_ref
        await self._operator.press(key)
        await self._operator.until(lambda: self.table.cursor_ref != before, f"an answer to {key}")
        self.keys += 1

    async def holds(self, moments: int) -> None:
        """See that it stays where it is for some moments while rows come and go."""
        ref = self.table.cursor_ref
        assert ref is not None
        for _ in range(moments):
            await self._operator.pilot.pause(0.03)
            self._is_on(ref)
        await self._operator.until(lambda: ref.name in self._operator.seen(), "its row")

    async def outlives(self) -> None:
        """See that it stays where it is until that goes, and then says so."""
        ref = self.table.cursor_ref
        assert ref is not None

        def gone() -> bool:
            self._is_on(ref)
            return self.table.current is None

        await self._operator.until(gone, f"the end of {ref.name}")
        await self._operator.until(
            lambda: f"{ref.name} — gone" in self._operator.seen(), "a word that it is gone"
        )
        self.gone += 1

    def _is_on(self, ref: Ref) -> None:
        assert self.table.cursor_ref == ref
        assert self.table.current is self.table.find(ref)


@needs_kubectl
async def test_three_hundred_pods_roll_while_keys_are_pressed(
    operator: Operator, plane: Plane, api: Api, namespace: str, shown: Shown, tmp_path: Path
) -> None:
    apps = Apps(api, namespace)
    surge = {"strategy": {"rollingUpdate": {"maxSurge": "20%", "maxUnavailable": "20%"}}}
    await apps.make("deployments", "herd", HERD, surge, **HASTE)
    await apps.ready("deployments", "herd", HERD)
    before = {pod["metadata"]["uid"] for pod in await apps.of("herd")}
    await into(operator, plane, namespace, "herd")
    await operator.press("r")
    await operator.until(lambda: isinstance(operator.app.screen, ConfirmDialog))
    await operator.press("y")
    await operator.until(lambda: not isinstance(operator.app.screen, ConfirmDialog))
    await operator.press("enter")
    await operator.until(lambda: operator.browse.place.kind == "k8s/pods")
    table = operator.browse.table
    await operator.until(lambda: table.total >= HERD)

    def old() -> set[Ref]:
        return {row.ref for row in table.resources if row.uid in before}

    cursor = Cursor(operator)
    keys = ("G", "k", "g", "j", "ctrl+f", "ctrl+b")
    async with asyncio.timeout(LONG):
        while old():
            for key in keys:
                await cursor.press(key)
                await cursor.holds(4)
            ending = [row for row in table.resources if row.status == "Terminating"]
            if ending and table.move_to(ending[-1].ref):
                await cursor.outlives()
    assert cursor.gone, "nothing went away under the cursor"
    shown(f"by keys: pods roll while {cursor.keys} keys are answered, {cursor.gone} rows go", HERD)

    await apps.ready("deployments", "herd", HERD)
    kubectl = Kubectl(plane.kubeconfig, tmp_path)
    printed = {
        (line["NAME"], line["READY"], line["STATUS"], line["RESTARTS"])
        for line in await kubectl.table("pods")
        if line["NAMESPACE"] == namespace
    }
    assert len(printed) == HERD

    def rows() -> set[tuple[str, ...]]:
        return {(r.ref.name, str(r.cells[2]), r.status, str(r.cells[4])) for r in table.resources}

    await operator.until(lambda: rows() == printed, "what kubectl says")
    assert not before & {row.uid for row in table.resources}
    assert {row.health for row in table.resources} == {Health.OK}
