"""A rollout that Topdeck undoes is undone as `kubectl rollout undo` undoes it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from undo_sides import Side, side

from backends.base import Conflict, Invalid
from backends.model import Difference, Rollback

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

LEDGER = ("deployments", "payments", "ledger")
WORKLOADS = [
    LEDGER,
    ("statefulsets", "payments", "redis"),
    ("daemonsets", "kube-system", "node-agent"),
]


@pytest.fixture
async def theirs(tmp_path: Path) -> AsyncIterator[Side]:
    async with side(tmp_path / "theirs") as made:
        yield made


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Side]:
    async with side(tmp_path / "ours") as made:
        yield made


def essence(doc: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what tells who changed it when, and without nulls."""
    dropped = {"managedFields", "resourceVersion"}
    kept: dict[str, Any] = without_nulls(
        doc | {"metadata": {k: v for k, v in doc["metadata"].items() if k not in dropped}}
    )
    return kept


def without_nulls(value: Any) -> Any:
    """Drop what kubectl sends as null, as an API server does."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


async def alike(ours: Side, theirs: Side, kind: str, namespace: str, name: str) -> None:
    """Fail unless a workload and its revisions are the same on both sides."""
    mine, their = await ours.get(kind, namespace, name), await theirs.get(kind, namespace, name)
    assert essence(mine) == essence(their)
    keeper = "replicasets" if kind == "deployments" else "controllerrevisions"
    lists = [(await one.get(keeper, namespace))["items"] for one in (ours, theirs)]
    assert [essence(doc) for doc in lists[0]] == [essence(doc) for doc in lists[1]]


@pytest.mark.parametrize(("kind", "namespace", "name"), WORKLOADS)
async def test_the_revision_before_comes_back_as_with_kubectl(
    kind: str, namespace: str, name: str, ours: Side, theirs: Side
) -> None:
    was = (await ours.get(kind, namespace, name))["spec"]["template"]
    for one in (ours, theirs):
        await one.release(kind, namespace, name, "registry.example.com/app:9.0.0")
    await alike(ours, theirs, kind, namespace, name)
    plan, accepted = await ours.undo(await ours.row(kind, namespace, name))
    assert accepted.summary.endswith("requested")
    code, said = await theirs.kubectl("-n", namespace, "rollout", "undo", f"{kind}/{name}")
    assert (code, "rolled back" in said) == (0, True), said
    assert (await ours.get(kind, namespace, name))["spec"]["template"] == was
    await alike(ours, theirs, kind, namespace, name)
    for one in (ours, theirs):
        await one.pass_time()
    await alike(ours, theirs, kind, namespace, name)
    differences = {one.what.partition(" ")[2]: one for one in plan.differences}
    assert differences["image"].now == "registry.example.com/app:9.0.0"
    assert differences["image"].then == was["spec"]["containers"][0]["image"]
    assert differences["memory limit"].now == "777Mi"
    release = differences["variable RELEASE"]
    assert release == Difference(release.what, "registry.example.com/app:9.0.0", "")
    assert (differences["variable API_TOKEN"].now, differences["variable API_TOKEN"].then) == (
        "(hidden)",
        "",
    )


async def test_a_replica_set_brings_its_own_revision_back(ours: Side, theirs: Side) -> None:
    first = max((await ours.get("replicasets", "payments"))["items"], key=revision_of("ledger"))
    for one in (ours, theirs):
        await one.release(*LEDGER, "registry.example.com/app:9.0.0")
        await one.release(*LEDGER, "registry.example.com/app:9.1.0")
    number = revision_of("ledger")(first)
    row = await ours.row("replicasets", "payments", first["metadata"]["name"])
    plan, _ = await ours.undo(row)
    assert plan.operation.ref.kind == "k8s/deployments"
    assert (plan.operation.ref.name, plan.operation.to) == ("ledger", str(number))
    code, said = await theirs.kubectl(
        "-n", "payments", "rollout", "undo", "deploy/ledger", f"--to-revision={number}"
    )
    assert code == 0, said
    await alike(ours, theirs, *LEDGER)
    for one in (ours, theirs):
        await one.pass_time()
    await alike(ours, theirs, *LEDGER)


def revision_of(owner: str) -> Any:
    def number(doc: dict[str, Any]) -> int:
        if doc["metadata"]["ownerReferences"][0]["name"] != owner:
            return 0
        return int(doc["metadata"]["annotations"]["deployment.kubernetes.io/revision"])

    return number


async def test_a_paused_rollout_is_refused_as_kubectl_refuses_it(ours: Side, theirs: Side) -> None:
    for one in (ours, theirs):
        await one.release(*LEDGER, "registry.example.com/app:9.0.0")
        await one.patch(*LEDGER, {"spec": {"paused": True}})
        await one.pass_time()
    code, said = await theirs.kubectl("-n", "payments", "rollout", "undo", "deploy/ledger")
    assert code == 1
    assert "cannot rollback a paused deployment" in said
    with pytest.raises(Invalid, match="paused") as caught:
        await ours.backend.rollback_plan(await ours.row(*LEDGER))
    assert "kubectl rollout resume" in caught.value.problem.remedy
    await alike(ours, theirs, *LEDGER)


@pytest.mark.parametrize(("kind", "namespace", "name"), WORKLOADS[1:])
async def test_the_first_revision_has_none_before_it(
    kind: str, namespace: str, name: str, ours: Side
) -> None:
    code, said = await ours.kubectl("-n", namespace, "rollout", "undo", f"{kind}/{name}")
    assert code == 1
    assert "no last revision to roll back to" in said
    with pytest.raises(Invalid, match="no earlier revision"):
        await ours.backend.rollback_plan(await ours.row(kind, namespace, name))


async def test_what_is_in_use_already_is_not_brought_back(ours: Side) -> None:
    newest = max((await ours.get("replicasets", "payments"))["items"], key=revision_of("ledger"))
    with pytest.raises(Invalid, match="already"):
        await ours.backend.rollback_plan(
            await ours.row("replicasets", "payments", newest["metadata"]["name"])
        )


async def test_nothing_is_sent_where_somebody_else_released_meanwhile(ours: Side) -> None:
    await ours.release(*LEDGER, "registry.example.com/app:9.0.0")
    plan = await ours.backend.rollback_plan(await ours.row(*LEDGER))
    await ours.release(*LEDGER, "registry.example.com/app:9.1.0")
    before = await ours.get(*LEDGER)
    with pytest.raises(Conflict, match="by now, not"):
        await ours.backend.perform(plan.operation)
    other = Rollback(plan.operation.ref, "4", "2", "another-uid")
    with pytest.raises(Conflict, match="made anew"):
        await ours.backend.perform(other)
    assert await ours.get(*LEDGER) == before


async def test_a_change_that_has_not_begun_to_roll_out_is_waited_for(ours: Side) -> None:
    await ours.release(*LEDGER, "registry.example.com/app:9.0.0")
    row = await ours.row(*LEDGER)
    await ours.patch(*LEDGER, {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}})
    with pytest.raises(Conflict, match="changed just now"):
        await ours.backend.rollback_plan(row)
