"""Undoing rollouts, against real controllers, as kubectl does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backends.base import Conflict, Denied, Invalid, KubeSource, Sources
from backends.eks.rest import KubeClient
from backends.model import Health, Resource, RolloutState
from tests.e2e.plane.accounts import READ, Account, rule
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import Eyes, looking
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import MISSING, Apps, follow
from tests.tui.app_help import operating
from widgets.rollback_dialog import RollbackDialog

pytestmark = pytest.mark.usefixtures("kubelet")

NEXT = "registry.test/shop/web:2"
QUICKER = "registry.test/shop/web:3"
KEEPERS = {"deployments": "replicasets"}


@pytest.fixture
async def apps(api: Api, namespace: str) -> Apps:
    return Apps(api, namespace)


@pytest.fixture
async def eyes(plane: Plane) -> AsyncIterator[Eyes]:
    async with looking(plane.kubeconfig) as made:
        yield made


async def row(eyes: Eyes, apps: Apps, kind: str, name: str) -> Resource:
    """Return a row whose object the controller has caught up with."""
    if kind in ("deployments", "statefulsets", "daemonsets"):
        await settled(apps, kind, name)
    view = await eyes.on(kind, apps.namespace)
    ref = eyes.ref(kind, apps.namespace, name)
    await view.until(lambda v: ref in v.shelf.rows, f"{kind}/{name}")
    return view.shelf.rows[ref]


async def settled(apps: Apps, kind: str, name: str) -> None:
    def seen(found: Any) -> bool:
        return bool(found["status"].get("observedGeneration", 0) == found["metadata"]["generation"])

    await apps.api.until(apps.path(kind, name), seen)


async def revisions(apps: Apps, kind: str, name: str) -> list[tuple[int, str]]:
    """Return (number, image) of the revisions that are kept of a workload, by number."""
    found = await apps.api.list(
        apps.path(KEEPERS.get(kind, "controllerrevisions")), labelSelector=f"app={name}"
    )
    number = "deployment.kubernetes.io/revision"
    made = []
    for doc in found:
        template = (doc.get("data") or doc)["spec"]["template"]
        count = doc.get("revision") or int(doc["metadata"]["annotations"][number])
        made.append((count, template["spec"]["containers"][0]["image"]))
    return sorted(made)


def undone(doc: Any) -> Any:
    """Return what an undo changes of a workload; its name apart, two that are alike agree."""
    template = doc["spec"]["template"]
    return template["spec"], template["metadata"].get("annotations"), doc["metadata"]["generation"]


@needs_kubectl
@pytest.mark.parametrize("kind", ["deployments", "statefulsets", "daemonsets"])
async def test_a_workload_goes_back_as_kubectl_brings_it_back(
    kind: str, plane: Plane, apps: Apps, eyes: Eyes, shown: Shown, tmp_path: Path
) -> None:
    kubectl = Kubectl(plane.kubeconfig, tmp_path)
    count = None if kind == "daemonsets" else 2
    for name in ("mine", "theirs"):
        await apps.make(kind, name, count)
        await settled(apps, kind, name)
        await apps.change(kind, name, NEXT, log_rate="3")
        await settled(apps, kind, name)
    ref = eyes.ref(kind, apps.namespace, "mine")
    plan = await eyes.backend.rollback_plan(await row(eyes, apps, kind, "mine"))
    assert (plan.current, plan.to) == ("revision 2", "revision 1")
    (image,) = [one for one in plan.differences or () if one.what == "app image"]
    assert (image.now, image.then) == (NEXT, NEXT.replace(":2", ":1"))
    accepted = await eyes.backend.perform(plan.operation)
    assert accepted.summary == "revision 2 -> 1 requested"
    said = await kubectl("-n", apps.namespace, "rollout", "undo", f"{kind}/theirs")
    assert "rolled back" in said
    for name in ("mine", "theirs"):
        await settled(apps, kind, name)
    mine, theirs = [await apps.api.get(apps.path(kind, name)) for name in ("mine", "theirs")]
    assert undone(mine) == undone(theirs)
    assert await revisions(apps, kind, "mine") == await revisions(apps, kind, "theirs")
    states = await follow(eyes.backend, ref)
    assert states[-1].state is RolloutState.SETTLED
    shown(f"{kind}: undone as kubectl undoes it")


async def test_a_replica_set_brings_its_own_revision_back(
    apps: Apps, eyes: Eyes, shown: Shown
) -> None:
    await apps.make("deployments", "web", 1)
    await settled(apps, "deployments", "web")
    for number in (2, 3):
        await apps.change("deployments", "web", f"registry.test/shop/web:{number}")
        await settled(apps, "deployments", "web")
    first = next(
        doc["metadata"]["name"]
        for doc in await apps.api.list(apps.path("replicasets"), labelSelector="app=web")
        if doc["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    )
    plan = await eyes.backend.rollback_plan(await row(eyes, apps, "replicasets", first))
    assert plan.operation.ref == eyes.ref("deployments", apps.namespace, "web")
    await eyes.backend.perform(plan.operation)
    states = await follow(eyes.backend, plan.operation.ref)
    assert states[-1].state is RolloutState.SETTLED
    images = [image for _, image in await revisions(apps, "deployments", "web")]
    assert images[-1].endswith(":1")
    with pytest.raises(Invalid, match="already"):
        await eyes.backend.rollback_plan(await row(eyes, apps, "replicasets", first))
    shown("a replica set brings its own revision back")


async def test_the_server_refuses_what_was_meant_for_another_state(
    apps: Apps, eyes: Eyes, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else is quicker, between the last look and the patch."""
    for kind in ("deployments", "statefulsets"):
        await apps.make(kind, "web", 1)
        await settled(apps, kind, "web")
        await apps.change(kind, "web", NEXT)
        plan = await eyes.backend.rollback_plan(await row(eyes, apps, kind, "web"))

        async def late(client: KubeClient, *args: Any, plural: str = kind, **more: Any) -> Any:
            monkeypatch.undo()
            await apps.change(plural, "web", QUICKER)
            return await KubeClient.patch(client, *args, **more)

        monkeypatch.setattr(KubeClient, "patch", late)
        with pytest.raises(Conflict, match="at the same moment"):
            await eyes.backend.perform(plan.operation)
        doc = await apps.api.get(apps.path(kind, "web"))
        assert doc["spec"]["template"]["spec"]["containers"][0]["image"] == QUICKER
    shown("an undo that comes late is refused by the server", 2)


async def test_who_may_not_is_told_what_is_missing(
    plane: Plane, api: Api, apps: Apps, namespace: str, shown: Shown, tmp_path: Path
) -> None:
    await apps.make("deployments", "web", 1)
    await apps.make("statefulsets", "db", 1)
    account = await Account.make(api, namespace)
    apart = rule(READ, "deployments", "replicasets", "statefulsets", group="apps")
    await account.grant(apart, namespace=namespace)
    await settled(apps, "deployments", "web")
    await apps.change("deployments", "web", NEXT)
    user = {"token": (await account.token()).text}
    config = plane.write_kubeconfig(tmp_path / "user.kubeconfig", user, namespace)
    async with looking(config) as theirs:
        plan = await theirs.backend.rollback_plan(await row(theirs, apps, "deployments", "web"))
        with pytest.raises(Denied) as caught:
            await theirs.backend.perform(plan.operation)
        assert "patch" in caught.value.problem.remedy
        assert "deployments" in caught.value.problem.remedy
        with pytest.raises(Denied) as caught:
            await theirs.backend.rollback_plan(await row(theirs, apps, "statefulsets", "db"))
        assert "controllerrevisions" in caught.value.problem.remedy
    shown("an undo without the right to it names what is missing", 2)


async def test_a_rollout_that_fails_is_undone_by_keys(
    plane: Plane, apps: Apps, shown: Shown, tmp_path: Path
) -> None:
    await apps.make("deployments", "web", 3, {"progressDeadlineSeconds": 3})
    await apps.ready("deployments", "web", 3)
    good = (await apps.api.get(apps.path("deployments", "web")))["spec"]["template"]
    sources = Sources(kube=(KubeSource(str(plane.kubeconfig)),))
    async with operating(sources, tmp_path / "state", size=(160, 45)) as operator:
        await operator.until(lambda: operator.app.board.rows, "the cluster on the board")
        await operator.on_row(operator.app.board.rows[0].ref.name)
        await operator.press("enter")
        await operator.until(lambda: operator.browse.place.kind == "k8s/workloads")
        await operator.press("slash")
        await operator.type(apps.namespace)
        await operator.press("enter")
        await operator.on_row("web")
        target = operator.browse.table.current
        assert target is not None
        await apps.change("deployments", "web", MISSING)
        await operator.press("w")
        pane = await operator.rollout()
        await operator.until(lambda: "✗ failed after" in operator.seen(), "a failed rollout")
        await operator.press("ctrl+l")
        await operator.until(lambda: isinstance(operator.app.screen, RollbackDialog), "the dialog")
        dialog = operator.app.screen
        assert isinstance(dialog, RollbackDialog)
        await operator.until(lambda: dialog.plan, "what there is to go back to")
        await operator.until(lambda: MISSING in operator.seen(), "the image that is not there")
        await operator.press("y")
        await operator.until(
            lambda: pane.settled and "3 of 3" in operator.seen() and "✗" not in operator.seen(),
            "the old revision, running",
        )
        await operator.until(
            lambda: operator.browse.table.find(target.ref).health is Health.OK, "a healthy row"
        )
    now = (await apps.api.get(apps.path("deployments", "web")))["spec"]["template"]
    assert now == good
    shown("by keys: a rollout that fails, undone with ctrl-l", 3)
