"""What Topdeck shows is what is there: every kind, by thousands, while it changes."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from backends.eks.kinds import SPECS
from backends.model import FeedState, Resource
from tests.e2e.churn import Churn
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import View, looking
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown

pytestmark = needs_kubectl

OBJECTS = int(os.environ.get("TOPDECK_E2E_OBJECTS", "2000"))
"""How many objects are made, besides those that controllers make of them."""

SEED = 7
MOMENTS = 3
"""Looks at the pods in the middle of each wave of changes."""

LONG = 240.0
"""Seconds until what is seen must be what is there."""

Known = dict[tuple[str, str], tuple[str, str]]
"""Of each object, by namespace and name, its uid and resourceVersion."""


@pytest.fixture
async def namespaces(api: Api) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        names = [f"churn-{uuid.uuid4().hex[:6]}" for _ in range(3)]
        yield [await stack.enter_async_context(api.namespace(name)) for name in names]


def known(items: list[dict[str, Any]]) -> Known:
    metas = [item["metadata"] for item in items]
    return {(m.get("namespace", ""), m["name"]): (m["uid"], m["resourceVersion"]) for m in metas}


def seen(view: View) -> Known:
    return dict(known_as(row) for row in view.rows)


def known_as(row: Resource) -> tuple[tuple[str, str], tuple[str, str]]:
    """An entry of `Known`; that of a container is its pod's, as whose part it is named."""
    if isinstance(row.raw, str):
        name, uid = row.ref.name.partition("/")[0], row.uid.partition("/")[0]
        return (row.ref.scope.namespace, name), (uid, row.raw)
    meta = row.raw.metadata
    return (meta.namespace, meta.name), (meta.uid, meta.resource_version)


async def same(view: View, kind: str, kubectl: Kubectl) -> int:
    """Wait until the view is what kubectl says; controllers may be at work meanwhile."""
    plural = SPECS[f"k8s/{kind}"].plural
    ours: Known = {}
    theirs: Known = {}
    try:
        async with asyncio.timeout(LONG):
            while True:
                items = await kubectl.items(plural)
                theirs = known(items)
                try:
                    await view.until(lambda v: seen(v) == theirs, deadline=5.0)  # noqa: B023
                except AssertionError:
                    ours = seen(view)
                    continue
                return compare_counts(view, kind, items)
    except TimeoutError:
        wrong = {k: (ours.get(k), theirs.get(k)) for k in ours.keys() ^ theirs.keys()}
        wrong |= {k: (v, theirs[k]) for k, v in ours.items() if theirs.get(k, v) != v}
        raise AssertionError(f"{kind}: {dict(list(wrong.items())[:5])}") from None


def compare_counts(view: View, kind: str, items: list[dict[str, Any]]) -> int:
    """Compare what the rows say with the documents; returns how many rows there are."""
    if kind == "containers":
        theirs = {
            (pod["metadata"]["namespace"], f"{pod['metadata']['name']}/{container['name']}")
            for pod in items
            for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
        }
        ours = {(row.ref.scope.namespace, row.ref.name) for row in view.rows}
        assert ours == theirs
    elif kind in {"deployments", "statefulsets", "replicasets", "daemonsets"}:
        wanted, ready = ("replicas", "readyReplicas")
        counts = {}
        for item in items:
            meta, status = item["metadata"], item.get("status", {})
            desired = item["spec"].get(wanted)
            if kind == "daemonsets":
                desired, ready = status["desiredNumberScheduled"], "numberReady"
            counts[meta["namespace"], meta["name"]] = (desired, status.get(ready, 0))
        assert {
            (row.ref.scope.namespace, row.ref.name): (row.desired, row.ready) for row in view.rows
        } == counts
    else:
        names = {item["metadata"]["name"] for item in items}
        assert {row.ref.name for row in view.rows} == names
    return len(view.rows)


class Moments:
    """Checks, in the middle of the changes, that what is seen at a version is what was there.

    Rows are a prefix of history: up to the highest version V among them, and perhaps some
    deletions after it. So each of them is in the list at exactly V, as it is, and what that list
    has besides is gone from every later one.
    """

    def __init__(self, view: View, path: str, kubectl: Kubectl) -> None:
        self.taken = 0
        self._view = view
        self._path = path
        self._kubectl = kubectl

    async def amid(self, churn: Churn, work: Coroutine[Any, Any, Any]) -> None:
        """Look a few times while some work goes on."""
        task = asyncio.create_task(work)
        try:
            await self._view.until(lambda _: churn.planned > churn.done, deadline=LONG)
            before, planned = churn.done, churn.planned
            for number in range(1, MOMENTS + 1):
                share = before + (planned - before) * number / (MOMENTS + 2)
                await self._view.until(lambda _: churn.done >= share, deadline=LONG)  # noqa: B023
                await self._take()
        finally:
            await task

    async def _take(self) -> None:
        mark = len(self._view.statuses)
        await self._view.until(lambda v: len(v.statuses) > mark, deadline=LONG)
        ours = seen(self._view)
        if not ours:
            return
        version = max(int(found) for _, found in ours.values())
        raw = await self._kubectl(
            "get",
            "--raw",
            f"{self._path}?resourceVersion={version}&resourceVersionMatch=Exact",
        )
        then = known(json.loads(raw)["items"])
        wrong = {key: (one, then.get(key)) for key, one in ours.items() if then.get(key) != one}
        assert not wrong, f"at {version}: {dict(list(wrong.items())[:5])}"
        missing = {then[key][0] for key in then.keys() - ours.keys()}
        if missing:
            now = await self._kubectl("get", "--raw", self._path)
            still = {uid for uid, _ in known(json.loads(now)["items"]).values()}
            assert not missing & still, f"at {version}: {len(missing & still)} were not seen"
        self.taken += 1


async def everything(views: dict[str, View], kubectl: Kubectl) -> int:
    """Compare all kinds with kubectl; returns how many rows there are."""
    return sum([await same(view, kind, kubectl) for kind, view in views.items()])


async def test_every_kind_is_what_kubectl_says_while_thousands_of_objects_change(
    plane: Plane, api: Api, namespaces: list[str], tmp_path: Path, shown: Shown
) -> None:
    kubectl = Kubectl(plane.kubeconfig, tmp_path)
    churn = Churn(api, namespaces, OBJECTS, SEED)
    async with looking(plane.kubeconfig) as eyes:
        kinds = [kind.removeprefix("k8s/") for kind in SPECS]
        views = {kind: await (await eyes.on(kind)).live() for kind in kinds}
        resyncs = {kind: view.resyncs for kind, view in views.items()}
        moments = Moments(views["pods"], "/api/v1/pods", kubectl)
        try:
            await moments.amid(churn, churn.create(0.7))
            rows = await everything(views, kubectl)
            shown("rows of all 9 kinds as kubectl says, after creating", rows)
            await moments.amid(churn, churn.all_at_once())
            rows = await everything(views, kubectl)
            shown("the same after creating, changing and deleting at once", rows)
        finally:
            await churn.nodes_gone()
        shown("moments of the pods amid it, as a list at exactly that version", moments.taken)
        # It was followed, not listed over and over.
        assert {kind: view.resyncs for kind, view in views.items()} == resyncs
        for kind, view in views.items():
            assert all(s.state is not FeedState.STALE for s in view.statuses), kind
