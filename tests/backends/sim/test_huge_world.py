"""The huge world as it is laid out, and pods that are made to change at a rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from backends.clock import ManualClock
from backends.sim.blueprint import blueprint, places
from backends.sim.churn import GOES, restarted, tally
from backends.sim.kube_world import AT_ONCE, build
from backends.sim.server import SimServer
from backends.sim.world import World

Pods = dict[str, dict[tuple[str, str], int]]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(http: aiohttp.ClientSession, url: str, **body: Any) -> Any:
    """Post a wish, or get where there is none."""
    request = http.post(url, json=body) if body else http.get(url)
    async with request as answer:
        return await answer.json(content_type=None)


async def pods_of(http: aiohttp.ClientSession, sim: SimServer) -> Pods:
    found = await ask(http, f"{sim.url}/_sim/pods")
    return {
        cluster: {(namespace, name): restarts for namespace, name, restarts in pods}
        for cluster, pods in found.items()
    }


def test_it_has_what_it_is_called_for() -> None:
    laid_out, seen = blueprint(1, "huge"), places("huge")
    count = Counter(cluster.provider for cluster in laid_out.clusters)
    wanted: Counter[str] = Counter()
    for cluster in laid_out.clusters:
        wanted[cluster.provider] += sum(workload.desired for workload in cluster.workloads)
    assert count == {"ecs": 100, "eks": 100}
    assert wanted == {"ecs": 50_000, "eks": 50_000}
    assert len(seen.accounts) * len(seen.regions) + len(seen.contexts) == 20
    assert len({cluster.name for cluster in laid_out.clusters}) == 200


def test_every_cluster_of_it_is_found_by_account_and_region_or_else_by_context() -> None:
    seen = places("huge")
    for cluster in blueprint(1, "huge").clusters:
        by_account = cluster.account in seen.accounts and cluster.region in seen.regions
        assert by_account != (cluster.name in seen.contexts)


def test_its_kubernetes_clusters_are_laid_out_one_by_one_when_they_are_asked_for() -> None:
    clock = ManualClock()
    world = World(blueprint(1, "huge"), clock, lively=False)
    assert "eks-huge-050" in world.kube
    assert len(world.kube) == 100
    cluster = world.kube["eks-huge-050"]
    assert len(tally(cluster)) == 100
    assert world.kube["eks-huge-050"] is cluster
    made = world.kube._made
    assert list(made) == ["eks-huge-050"]
    world.prepare()
    world.prepare()
    assert len(made) == 3
    clock.advance(60)
    world.advance()
    assert len(made) == 3
    with pytest.raises(KeyError):
        world.kube["eks-huge-100"]


def test_clusters_laid_out_late_are_those_that_they_would_have_been() -> None:
    clock = ManualClock()
    layout = blueprint(1, "huge")
    assert sum(cluster.provider == "eks" for cluster in layout.clusters) > AT_ONCE
    one, other = (build(layout, clock, World(layout, clock).rng("kube")) for _ in range(2))
    assert one["eks-huge-010"] is not other["eks-huge-010"]
    first = tally(one["eks-huge-005"])
    other["eks-huge-015"]
    assert tally(other["eks-huge-005"]) == first


async def test_pods_change_as_often_as_was_asked(
    calm: SimServer, http: aiohttp.ClientSession
) -> None:
    before = await pods_of(http, calm)
    made = await ask(http, f"{calm.url}/_sim/churn", rate=2000, seconds=0.02)
    after = await pods_of(http, calm)
    assert made == {"changes": 40}
    more = sum(
        count - before[cluster][pod] for cluster, pods in after.items()
        for pod, count in pods.items()
    )  # fmt: skip
    assert more == 40
    assert {len(pods) for pods in after.values()} == {len(pods) for pods in before.values()}


async def test_some_of_them_go_and_are_made_again(
    calm: SimServer, http: aiohttp.ClientSession
) -> None:
    before = await pods_of(http, calm)
    named = ("search-prod",)
    await ask(http, f"{calm.url}/_sim/churn", rate=10_000, seconds=GOES / 10_000, clusters=named)
    for _ in range(200):
        await calm.advance(1)
    after = await pods_of(http, calm)
    gone = {c: before[c].keys() - after[c].keys() for c in before}
    assert {cluster: len(pods) for cluster, pods in gone.items() if pods} == {"search-prod": 1}
    assert len(after["search-prod"]) == len(before["search-prod"])


@pytest.mark.parametrize(
    "wish",
    [
        {"rate": 0, "seconds": 1},
        {"rate": 5, "seconds": -1},
        {"rate": 5, "seconds": 1, "clusters": ["nowhere"]},
        {"rate": 5},
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(
    calm: SimServer, http: aiohttp.ClientSession, wish: dict[str, Any]
) -> None:
    assert "error" in await ask(http, f"{calm.url}/_sim/churn", **wish)


def test_a_restarted_pod_says_what_a_kubelet_says() -> None:
    world = World(blueprint(), ManualClock(), lively=False)
    cluster = world.kube["payments-prod"]
    namespace, name, restarts = next(iter(tally(cluster)))
    from backends.sim.kube_world import kinds

    version = cluster.state.get(kinds.PODS, namespace, name)
    assert version is not None
    status = restarted(version.doc, world.clock.now())["status"]["containerStatuses"][0]
    assert status["restartCount"] == restarts + 1
    assert status["ready"]
    assert "running" in status["state"]
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert status["containerID"] != version.doc["status"]["containerStatuses"][0]["containerID"]
