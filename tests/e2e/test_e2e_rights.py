"""Users who may not do everything."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backends.base import Denied
from backends.model import FeedState, Scale
from tests.e2e.churn import workload
from tests.e2e.plane.accounts import READ, Account, rule
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import PACE, Eyes, looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.test_e2e_resume import pod

BRISK = msgspec.structs.replace(PACE, watch=3.0)


@pytest.fixture
async def other(api: Api) -> AsyncIterator[str]:
    """Another namespace, with a pod."""
    async with api.namespace(f"e2e-{uuid.uuid4().hex[:8]}") as name:
        await api.post(f"/api/v1/namespaces/{name}/pods", pod("theirs"))
        yield name


@pytest.fixture
async def account(api: Api, namespace: str) -> Account:
    """Somebody who may nothing yet, in a namespace with a pod."""
    await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("mine"))
    return await Account.make(api, namespace)


async def config(plane: Plane, account: Account, folder: Path, namespace: str = "") -> Path:
    user = {"token": (await account.token()).text}
    return plane.write_kubeconfig(folder / "user.kubeconfig", user, namespace)


def remedy(view: object) -> str:
    problem = view.status.problem  # type: ignore[attr-defined]
    return problem.remedy if problem is not None else ""


async def test_one_namespace_alone_is_found_among_all(
    plane: Plane, api: Api, namespace: str, other: str, account: Account, tmp_path: Path,
    shown: Shown,
) -> None:  # fmt: skip
    await account.grant(rule(["list"], "namespaces"))
    await account.grant(rule(READ, "pods"), namespace=namespace)
    async with looking(await config(plane, account, tmp_path)) as eyes:
        view = await eyes.on("pods")
        await view.until(lambda v: v.named(namespace).keys() == {"mine"}, "the pod")
        await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("new"))
        await view.until(lambda v: v.named(namespace).keys() == {"mine", "new"}, "the new pod")
        assert {row.ref.scope.namespace for row in view.rows} == {namespace}
        await view.live()
        nodes = await (await eyes.on("nodes")).stale("denied")
        assert remedy(nodes) == 'allow "list" on nodes for the whole cluster'
        # Rights that are given later are found by themselves.
        await account.grant(rule(READ, "pods"), namespace=other)
        await view.until(lambda v: v.named(other).keys() == {"theirs"}, "the other namespace")
        await account.grant(rule(READ, "pods"))
        async with api.namespace(f"{other}-third") as third:
            await api.post(f"/api/v1/namespaces/{third}/pods", pod("third"))
            await view.until(lambda v: v.named(third) and v.named(other), "the whole cluster")
            await view.live()
    shown("who may read one namespace sees that one, and is told what is missing", 2)


@pytest.mark.parametrize("named", [True, False], ids=["named", "default"])
async def test_the_namespace_of_the_context_counts_where_none_may_be_listed(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, named: bool,
    shown: Shown,
) -> None:  # fmt: skip
    home = namespace if named else "default"
    name = f"mine-{namespace}"
    await account.grant(rule(READ, "pods"), namespace=home)
    await api.post(f"/api/v1/namespaces/{home}/pods", pod(name))
    try:
        where = namespace if named else ""
        async with looking(await config(plane, account, tmp_path, where)) as eyes:
            view = await eyes.on("pods")
            await view.until(lambda v: name in v.named(home), "the pod")
            assert {row.ref.scope.namespace for row in view.rows} == {home}
            await view.live()
    finally:
        await api.delete(f"/api/v1/namespaces/{home}/pods/{name}")
    shown(f"who may not list namespaces sees the context's ({'named' if named else 'default'})", 1)


async def test_who_may_list_but_not_watch_sees_the_last_list(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    await account.grant(rule(["get", "list"], "pods"))
    async with looking(await config(plane, account, tmp_path)) as eyes:
        view = await (await eyes.on("pods")).stale("denied")
        assert remedy(view) == 'allow "watch" on pods for the whole cluster'
        assert view.named(namespace).keys() == {"mine"}
        await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("new"))
        await view.until(lambda v: v.named(namespace).keys() == {"mine", "new"}, "the new pod")
        await account.grant(rule(["watch"], "pods"))
        # Each list by itself makes it live for a moment; a watch, for good.
        await view.until(
            lambda v: {s.state for s in v.statuses[-6:]} == {FeedState.LIVE}, "a watch that lasts"
        )
        resyncs = view.resyncs
        await api.delete(f"/api/v1/namespaces/{namespace}/pods/new")
        await view.until(lambda v: v.named(namespace).keys() == {"mine"}, "its end")
        assert view.resyncs == resyncs
    shown("who may not watch is told so, and sees each list; then may, and it is live", 2)


async def test_who_may_not_scale_is_told_which_rule_is_missing(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    home = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    made = await api.post(home, workload("web", "deployments", 1))
    await account.grant(rule(READ, "deployments", group="apps"), namespace=namespace)
    async with looking(await config(plane, account, tmp_path, namespace)) as eyes:
        ref = eyes.ref("deployments", namespace, "web")
        scale = Scale(ref, 1, 3, made["metadata"]["uid"])
        with pytest.raises(Denied) as caught:
            await eyes.backend.perform(scale)
        problem = caught.value.problem
        assert problem.remedy == (f'allow "patch" on deployments/scale in namespace {namespace}'), (
            problem
        )
        assert (await api.get(f"{home}/web"))["spec"]["replicas"] == 1
        # The rule that it named is all that it takes.
        await account.grant(rule(["patch"], "deployments/scale", group="apps"), namespace=namespace)
        view = await (await eyes.on("deployments")).live()
        await scaled(eyes, scale)
        await view.until(lambda v: v.named(namespace)["web"].desired == 3, "three replicas")
    shown("who may not scale is told the rule, which is all that it takes", 1)


async def scaled(eyes: Eyes, scale: Scale) -> None:
    """Scale as soon as the API server has taken note of the new rule."""
    for _ in range(100):
        try:
            await eyes.backend.perform(scale)
        except Denied:
            continue
        return
    raise AssertionError("it is still denied")


async def test_a_right_that_is_withdrawn_and_given_back(
    plane: Plane, api: Api, namespace: str, account: Account, tmp_path: Path, shown: Shown
) -> None:
    binding = await account.grant(rule(READ, "pods"))
    async with looking(await config(plane, account, tmp_path), BRISK) as eyes:
        view = await (await eyes.on("pods")).live()
        await api.delete(binding)
        await view.stale("denied")
        assert "pods for the whole cluster" in remedy(view)
        assert view.named(namespace).keys() == {"mine"}
        await account.grant(rule(READ, "pods"))
        await view.live()
    shown("a right that is withdrawn in mid-watch, and given back", 1)


async def test_a_namespace_that_is_deleted_takes_its_rows_with_it(
    plane: Plane, api: Api, namespace: str, other: str, account: Account, tmp_path: Path,
    shown: Shown,
) -> None:  # fmt: skip
    held = pod("held")
    held["metadata"]["finalizers"] = ["topdeck.test/held"]
    home = f"/api/v1/namespaces/{other}/pods"
    await api.post(home, held)
    await api.post(
        f"/apis/apps/v1/namespaces/{other}/deployments", workload("web", "deployments", 2)
    )
    for space in (namespace, other):
        await account.grant(rule(READ, "pods"), namespace=space)
    await account.grant(rule(["list"], "namespaces"))
    limited = await config(plane, account, tmp_path)
    try:
        async with looking(plane.kubeconfig) as all_, looking(limited) as few:
            spaces, pods, sets = [
                await (await all_.on(kind)).live() for kind in ("namespaces", "pods", "deployments")
            ]
            theirs = await few.on("pods")
            await theirs.until(lambda v: v.named(other) and v.named(namespace), "both")
            await api.delete(f"/api/v1/namespaces/{other}")
            await spaces.until(
                lambda v: v.named(other)[other].status == "Terminating", "its end beginning"
            )
            await pods.until(lambda v: v.named(other).keys() == {"held"}, "one pod left")
            assert pods.named(other)["held"].status == "Terminating"
            # Pods go first; as long as one is held, the rest of the namespace is.
            assert sets.named(other).keys() == {"web"}
            await api.patch(f"{home}/held", {"metadata": {"finalizers": None}})
            await sets.until(lambda v: not v.named(other), "no deployment")
            await spaces.until(lambda v: not v.named(other), "its end")
            await pods.until(lambda v: not v.named(other), "no pod")
            # Who saw two namespaces one by one goes on seeing the other one.
            await theirs.until(lambda v: not v.named(other), "no pod there, either")
            await api.post(f"/api/v1/namespaces/{namespace}/pods", pod("after"))
            await theirs.until(lambda v: "after" in v.named(namespace), "the new pod")
            await theirs.live()
            assert all(s.state is not FeedState.STALE for s in pods.statuses)
    finally:
        found = await api.list("/api/v1/pods", fieldSelector=f"metadata.namespace={other}")
        if found:
            await api.patch(f"{home}/held", {"metadata": {"finalizers": None}})
    shown("a namespace being deleted: Terminating, emptied, gone", 4)
