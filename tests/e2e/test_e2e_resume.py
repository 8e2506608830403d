"""Watches that break, versions that are forgotten, servers that restart."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backends.eks import errors, feed, reflector
from backends.eks.errors import Act
from backends.eks.rest import KubeClient
from backends.model import FeedState
from tests.e2e import podmix
from tests.e2e.churn import workload
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import DEADLINE, PACE, View, looking, version_of
from tests.e2e.plane.line import Line
from tests.e2e.plane.plane import OwnPlane, Plane
from tests.e2e.plane.shown import Shown

PODS = 120


@pytest.fixture
def own(plane: Plane) -> OwnPlane:
    return plane.needs_own("restarting the API server and compacting etcd")


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server says where a version is too old, while the test runs."""
    said: list[str] = []
    plain = errors.Gone.__init__

    def told(self: errors.Gone, action: str, message: str, *more: str, **named: str) -> None:
        said.append(message)
        plain(self, action, message, *more, **named)

    monkeypatch.setattr(errors.Gone, "__init__", told)
    return said


def pod(name: str) -> dict[str, Any]:
    spec = {
        "schedulerName": podmix.NOBODY,
        "containers": [{"name": "app", "image": "registry.example.com/app:1"}],
    }
    return {"metadata": {"name": name}, "spec": spec}


@pytest.fixture
async def pods(api: Api, namespace: str) -> str:
    """The path of a namespace's pods, of which there are some."""
    home = f"/api/v1/namespaces/{namespace}/pods"
    await api.each(api.post(home, pod(f"p{n:03d}")) for n in range(PODS))
    return home


async def same(view: View, api: Api, home: str) -> None:
    """Wait until the rows of a namespace are the objects that are there."""
    namespace = home.split("/")[-2]
    ours, theirs = {}, {"": ""}
    try:
        async with asyncio.timeout(DEADLINE):
            while ours != theirs:
                mark = len(view.statuses)  # controllers may be at work
                await view.until(lambda v: len(v.statuses) > mark)  # noqa: B023
                metas = [item["metadata"] for item in await api.list(home)]
                theirs = {meta["name"]: meta["resourceVersion"] for meta in metas}
                rows = view.named(namespace)
                ours = {name: version_of(row) for name, row in rows.items()}
    except TimeoutError:
        odd = {key: (ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys()}
        wrong = [(key, *pair) for key, pair in odd.items() if pair[0] != pair[1]]
        raise AssertionError(f"{home}: {wrong[:5]}; {view.status}") from None


async def forget(own: OwnPlane) -> None:
    """Make both etcd and the API server's cache forget all that is past."""

    def both() -> None:
        own.stop_api(signal.SIGKILL)
        own.compact()
        own.start_api()

    await asyncio.to_thread(both)


async def test_a_watch_from_a_version_that_was_compacted_lists_again_without_a_blank(
    own: OwnPlane, api: Api, pods: str, gone: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, shown: Shown,
) -> None:  # fmt: skip
    # After some failures an address is looked up anew, and everything listed anew: not here.
    monkeypatch.setattr(feed, "DOUBT", 1 << 30)
    async with (
        Line(own.url).open() as line,
        looking(own.write_kubeconfig(tmp_path / "user", own.admin, server=line.url)) as eyes,
    ):
        view = await (await eyes.on("pods")).live()
        await same(view, api, pods)
        resyncs = view.resyncs
        line.cut()
        await view.stale("unreachable")
        assert len(view.within(pods.split("/")[-2])) == PODS
        await api.each(api.delete(f"{pods}/p{n:03d}") for n in range(0, PODS, 3))
        await api.each(api.post(pods, pod(f"new{n:03d}")) for n in range(PODS // 4))
        await forget(own)
        view.lowest = len(view.rows)
        line.mend()
        await view.live()
        async with own.api() as fresh:
            await same(view, fresh, pods)
        assert any("too old resource version" in message for message in gone), gone
        assert view.resyncs == resyncs + 1
        assert view.lowest >= PODS - PODS // 3
    shown("a watch from a compacted version (410): listed again, never blank", len(view.rows))


async def test_a_paged_list_whose_token_expires_shows_nothing_that_is_gone(
    own: OwnPlane, api: Api, pods: str, gone: list[str], monkeypatch: pytest.MonkeyPatch,
    shown: Shown,
) -> None:  # fmt: skip
    plain, pages = KubeClient.get, 0

    async def get(self: KubeClient, path: str, act: Act, *more: str, **params: str | int) -> bytes:
        nonlocal pages
        pages += 1
        if "continue" in params and not gone:
            # Shown already, and gone before the next page comes.
            await api.each(api.delete(f"{pods}/p{n:03d}") for n in range(10))
            await forget(own)
        return await plain(self, path, act, *more, **params)

    monkeypatch.setattr(reflector, "PAGE", 50)
    monkeypatch.setattr(KubeClient, "get", get)
    async with looking(own.kubeconfig) as eyes:
        view = await eyes.on("pods")
        await view.live()
        assert any("continue" in message for message in gone), gone
        async with own.api() as fresh:
            await same(view, fresh, pods)
    shown("a list whose continue token expired: whole, and without ghosts", len(view.rows))


class Watches:
    """The versions that watches of a path were opened at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
        self.versions: list[int] = []
        plain = KubeClient.stream

        def stream(
            client: KubeClient, at: str, *more: Any, **params: str | int
        ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
            if at == path:
                self.versions.append(int(params["resourceVersion"]))
            return plain(client, at, *more, **params)

        monkeypatch.setattr(KubeClient, "stream", stream)


async def test_a_quiet_watch_goes_on_from_its_bookmark(
    plane: Plane, api: Api, pods: str, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    watches = Watches(monkeypatch, "/apis/apps/v1/daemonsets")
    pace = msgspec.structs.replace(PACE, watch=10.0)
    async with looking(plane.kubeconfig, pace) as eyes:
        view = await (await eyes.on("daemonsets")).live()
        resyncs = view.resyncs
        # Others' changes carry the version on; the daemon sets have none.
        await api.each(api.delete(f"{pods}/p{n:03d}") for n in range(40))
        await view.until(lambda _: len(watches.versions) >= 2, "a second watch")
        assert watches.versions[1] >= watches.versions[0] + 40
        assert view.resyncs == resyncs
        assert all(status.state is not FeedState.STALE for status in view.statuses)
    shown("a watch without events resumed from its bookmark", 1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_an_api_server_that_restarts_is_caught_up_with(
    own: OwnPlane, api: Api, pods: str, how: signal.Signals, shown: Shown
) -> None:
    namespace = pods.split("/")[-2]
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await api.post(deployments, workload("web", "deployments", 2))
    async with looking(own.kubeconfig) as eyes:
        views = [await eyes.on(kind) for kind in ("pods", "deployments")]
        for view, home in zip(views, (pods, deployments), strict=True):
            await view.live()
            await same(view, api, home)
            view.lowest = len(view.rows)
        await asyncio.to_thread(own.stop_api, how)
        for view in views:
            await view.stale("unreachable")
        await asyncio.to_thread(own.start_api)
        async with own.api() as fresh:
            await fresh.post(pods, pod("after"))
            for view, home in zip(views, (pods, deployments), strict=True):
                await view.live()
                await same(view, fresh, home)
        lowest = [view.lowest for view in views]
        assert lowest[0] >= PODS
        assert lowest[1] >= 1
    shown(f"an API server {how.name} in mid-watch: stale, kept, caught up", PODS)
