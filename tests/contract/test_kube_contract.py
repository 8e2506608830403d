"""The Kubernetes backend against API servers, over real HTTP: the simulator's, and a real one.

The real one is that of ``TOPDECK_TEST_KUBECONFIG`` (its current context's cluster must hold the
deployment ``TOPDECK_TEST_DEPLOYMENT``, written ``namespace/name``, which is scaled and
restarted); without these only the simulator is asked.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from backends.base import AwsSource, Conflict, Demand, Denied, KubeSource, NotFound, Sources
from backends.clock import Clock, ManualClock, SystemClock
from backends.eks import reflector
from backends.eks.backend import KubeBackend
from backends.eks.kinds import SPECS
from backends.eks.pace import Pace
from backends.model import (
    Change,
    FeedState,
    Health,
    LogBatch,
    LogRequest,
    Query,
    Ref,
    Resource,
    Restart,
    Rollout,
    RolloutState,
    Scale,
    Scope,
)
from backends.sim.faults import Fault
from backends.sim.server import SimServer
from backends.store import Shelf

DEADLINE = 60.0
TICK = 0.02
"""Seconds between two moments of a simulator's time."""

STEP = 0.5
"""Seconds of its own time by which the simulator is moved on at each."""

PACE = Pace(backoff=0.02, backoff_max=0.2, denied=0.2, steady=0.0, heartbeat=0.2)


class View:
    """A shelf that is filled by one watch."""

    def __init__(self, backend: KubeBackend, query: Query) -> None:
        self.shelf = Shelf(backend.plan(query))
        self.changes: list[Change] = []
        self._watch = backend.watch(self.shelf.query, Demand())

    async def until(self, seen: Callable[[View], object]) -> View:
        async with asyncio.timeout(DEADLINE):
            while not (self.changes and seen(self)):
                change = await anext(self._watch)
                self.changes.append(change)
                self.shelf.apply(change)
        return self

    async def live(self) -> View:
        return await self.until(lambda v: v.changes[-1].status.state is FeedState.LIVE)

    @property
    def rows(self) -> list[Resource]:
        return list(self.shelf.rows.values())

    def row(self, name: str) -> Resource:
        return next(row for row in self.rows if row.ref.name == name)

    async def close(self) -> None:
        await self._watch.aclose()


class Site:
    """An API server, and a backend pointed at it by a kubeconfig."""

    def __init__(
        self, kubeconfig: Path, context: str, target: str, sim: SimServer | None, clock: Clock
    ) -> None:
        self.sim = sim
        self.sources = Sources(kube=(KubeSource(str(kubeconfig), (context,)),))
        self.backend = KubeBackend(self.sources, clock, PACE)
        self.scope = self.backend.roots()[0].scope
        self.namespace, _, self.deployment = target.partition("/")
        self._views: list[View] = []

    def view(self, kind: str, **query: Any) -> View:
        self._views.append(View(self.backend, Query(self.scope, f"k8s/{kind}", **query)))
        return self._views[-1]

    async def target(self) -> Resource:
        """Return the deployment to operate on, at rest."""
        view = self.view("deployments")
        async with self.time():
            await view.until(
                lambda v: any(
                    row.ref.name == self.deployment
                    and row.ref.scope.namespace == self.namespace
                    and row.health is Health.OK
                    for row in v.rows
                )
            )
        return next(
            row
            for row in view.rows
            if (row.ref.scope.namespace, row.ref.name) == (self.namespace, self.deployment)
        )

    @asynccontextmanager
    async def time(self) -> AsyncIterator[None]:
        """Let time pass: in a simulator it does not by itself."""

        async def tick(sim: SimServer) -> None:
            while True:
                await sim.advance(STEP)
                await asyncio.sleep(TICK)

        task = asyncio.create_task(tick(self.sim)) if self.sim is not None else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def raw(self, path: str, accept: str = "application/json") -> Any:
        """Ask the API server without the backend."""
        client = await self.backend._connections.client(self.scope)
        identity = await client.authority.identity()
        headers = {"Accept": accept, "Authorization": identity.authorization}
        tls = identity.tls if identity.tls is not None else True
        async with (
            aiohttp.ClientSession() as session,
            session.get(client.server.url + path, headers=headers, ssl=tls) as answer,
        ):
            return await answer.json()

    async def close(self) -> None:
        for view in self._views:
            await view.close()
        await self.backend.close()


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [n for n in os.environ if n.startswith("AWS_") or n == "KUBECONFIG"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
async def sim() -> AsyncIterator[SimServer]:
    async with SimServer(clock=ManualClock(), throttling=False, lively=False) as server:
        yield server


def site_of(sim: SimServer, tmp_path: Path) -> Site:
    path = sim.write_kubeconfig(tmp_path / "kubeconfig")
    return Site(path, "payments-prod", "payments/ledger", sim, sim.world.clock)


@pytest.fixture
async def simulated(sim: SimServer, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that only the simulator can be: its faults and its time are at hand."""
    made = site_of(sim, tmp_path)
    yield made
    await made.close()


REAL = tuple(os.environ.get(f"TOPDECK_TEST_{name}", "") for name in ("KUBECONFIG", "DEPLOYMENT"))


@pytest.fixture(params=["simulator", "real"] if all(REAL) else ["simulator"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    """Each API server that the contract holds for."""
    if request.param == "simulator":
        async with SimServer(clock=ManualClock(), throttling=False, lively=False) as server:
            made = site_of(server, tmp_path)
            yield made
            await made.close()
        return
    path, target = REAL
    context = yaml.safe_load(Path(path).read_text())["current-context"]
    made = Site(Path(path), context, target, None, SystemClock())
    yield made
    await made.close()


async def test_a_context_is_a_cluster_that_answers(site: Site) -> None:
    (row,) = (await site.view("clusters").live()).rows
    assert row.ref == Ref(site.scope, "k8s/clusters", site.scope.cluster)
    assert (row.health, row.status) == (Health.OK, "Reachable")
    assert str(row.cells[2]).startswith("1.")


@pytest.mark.parametrize("kind", SPECS)
async def test_every_kind_is_listed_and_live(site: Site, kind: str) -> None:
    view = await site.view(kind.removeprefix("k8s/")).live()
    assert view.changes[-1].status.problem is None
    columns = len(site.backend.kinds[kind].columns)
    for row in view.rows:
        assert len(row.cells) == columns
        assert row.uid
        assert row.reason or row.health < Health.DEGRADED
    if kind not in {"k8s/statefulsets", "k8s/events"}:
        assert view.rows


async def test_pages_add_up_to_the_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {row.ref for row in (await site.view("pods").live()).rows}
    monkeypatch.setattr(reflector, "PAGE", 3)
    paged = await site.view("pods").live()
    assert {row.ref for row in paged.rows} == whole
    assert len(whole) > 3


async def test_pods_say_what_the_servers_own_table_says(site: Site) -> None:
    table = await site.raw(
        "/api/v1/pods?includeObject=Metadata",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
    )
    names = [column["name"] for column in table["columnDefinitions"]]
    rows = {(r.ref.scope.namespace, r.ref.name): r for r in (await site.view("pods").live()).rows}
    assert rows
    compared = 0
    for line in table["rows"]:
        meta = line["object"]["metadata"]
        row = rows.get((meta["namespace"], meta["name"]))
        if row is None or row.raw != meta["resourceVersion"]:
            continue
        cells = dict(zip(names, line["cells"], strict=True))
        assert row.status == cells["Status"]
        assert row.cells[2] == cells["Ready"]
        assert str(row.cells[4]) == str(cells["Restarts"]).split(" ")[0]
        compared += 1
    assert compared


async def test_pods_are_found_from_their_workload_and_their_node(site: Site) -> None:
    target = await site.target()
    pods = await site.view("pods", parent=target.ref).live()
    mine = [row for row in pods.rows if target.ref in row.parents]
    assert len(mine) == target.desired
    sets = (await site.view("replicasets").live()).rows
    nodes = {row.ref for row in (await site.view("nodes").live()).rows}
    for row in mine:
        assert any(parent in nodes for parent in row.parents)
        assert any(r.ref in row.parents and target.ref in r.parents for r in sets)
    containers = View(site.backend, Query(mine[0].ref.scope, "k8s/containers", mine[0].ref))
    await containers.live()
    assert {row.ref.name.partition("/")[0] for row in containers.rows} == {mine[0].ref.name}
    await containers.close()


async def settle(site: Site, ref: Ref) -> list[Rollout]:
    """Follow a rollout to its end."""
    async with site.time(), asyncio.timeout(DEADLINE), aclosing(site.backend.rollout(ref)) as all_:
        return [state async for state in all_]


async def test_scaling_there_and_back_is_seen_by_the_watch(site: Site) -> None:
    target = await site.target()
    view = await site.view("deployments").live()
    wanted = target.desired or 0
    for current, desired in ((wanted, wanted + 1), (wanted + 1, wanted)):
        info = await site.backend.scale_info(target)
        assert (info.desired, info.running) == (current, current)
        accepted = await site.backend.perform(Scale(target.ref, current, desired, target.uid))
        assert accepted.summary == f"{current} -> {desired} requested"
        states = await settle(site, target.ref)
        assert states[0].state is RolloutState.RUNNING or len(states) == 1
        assert states[-1].state is RolloutState.SETTLED
        async with site.time():
            await view.until(
                lambda v, n=desired: (
                    v.shelf.rows[target.ref].ready == n and v.shelf.rows[target.ref].desired == n
                )
            )


async def test_restarting_replaces_every_pod(site: Site) -> None:
    target = await site.target()

    def uids(view: View) -> set[str]:
        return {row.uid for row in view.rows if target.ref in row.parents}

    before = uids(await site.view("pods").live())
    assert (await site.backend.perform(Restart(target.ref, target.uid))).summary
    states = await settle(site, target.ref)
    assert states[-1].state is RolloutState.SETTLED
    both = [state for state in states if len(state.revisions) == 2]
    assert both
    assert {revision.role for revision in both[0].revisions} == {"new", "old"}
    assert states[-1].events
    async with site.time():
        after = await site.view("pods").until(lambda v: uids(v) and not uids(v) & before)
    assert len(uids(after)) >= (target.desired or 0)


async def test_another_incarnation_is_not_touched(site: Site) -> None:
    target = await site.target()
    other = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(Conflict):
        await site.backend.perform(Scale(target.ref, 1, 9, other))
    with pytest.raises(Conflict):
        await site.backend.perform(Restart(target.ref, other))
    assert (await site.backend.scale_info(target)).desired == target.desired


async def test_what_is_not_there_is_not_found(site: Site) -> None:
    gone = Ref(site.scope.at(namespace=site.namespace), "k8s/deployments", "no-such-thing")
    with pytest.raises(NotFound):
        await site.backend.perform(Scale(gone, 1, 2))
    with pytest.raises(NotFound):
        await anext(site.backend.rollout(gone))


@pytest.mark.parametrize("kind", [k for k in SPECS if k != "k8s/events"])
async def test_everything_can_be_described(site: Site, kind: str) -> None:
    rows = (await site.view(kind.removeprefix("k8s/")).live()).rows
    if not rows:
        pytest.skip(f"no {kind} there")
    found = await site.backend.describe(rows[0])
    assert found.document["metadata"]["name"]
    assert "managedFields" not in found.document["metadata"]
    assert all(s.pairs or s.rows or s.lines for s in found.sections)


class Tail:
    """A log that is being read."""

    def __init__(self, batches: AsyncGenerator[LogBatch, None]) -> None:
        self._batches = batches
        self.lines: list[tuple[float, str, str]] = []
        self.notes: list[str] = []
        self.live = False

    async def until(self, found: Callable[[Tail], object]) -> Tail:
        async with asyncio.timeout(DEADLINE):
            while not found(self):
                batch = await anext(self._batches)
                assert batch.problem is None
                self.lines += [(line.at, line.source, line.text) for line in batch.lines]
                self.notes += batch.notes
                self.live = self.live or batch.live
        return self


async def test_a_workloads_log_is_that_of_all_its_pods_in_order(site: Site) -> None:
    target = await site.target()
    async with aclosing(site.backend.logs(target, LogRequest(since=600))) as batches:
        tail = await Tail(batches).until(lambda t: t.live)
        past = len(tail.lines)
        times = [at for at, _, _ in tail.lines]
        assert times == sorted(times)
        if site.sim is not None:
            assert len({source for _, source, _ in tail.lines}) == target.desired
            async with site.time():
                await tail.until(lambda t: len(t.lines) > past + 20)
    assert len(tail.lines) == len(set(tail.lines))


async def test_head_is_the_first_lines_and_then_the_end(site: Site) -> None:
    target = await site.target()
    request = LogRequest(since=3600, head=5)
    batches = [batch async for batch in site.backend.logs(target, request)]
    lines = [line for batch in batches for line in batch.lines]
    assert len(lines) <= 5
    assert batches[-1].live or not lines


# What only a simulator can be made to do.


async def test_a_crash_looping_pod_has_a_reason_and_a_previous_log(simulated: Site) -> None:
    view = simulated.view("pods")
    async with simulated.time():
        await view.until(lambda v: any(r.status == "CrashLoopBackOff" for r in v.rows))
    row = next(row for row in view.rows if row.status == "CrashLoopBackOff")
    assert row.health is Health.FAILING
    assert "restarted" in row.reason
    request = LogRequest(since=None, previous=True)
    batches = [batch async for batch in simulated.backend.logs(row, request)]
    assert any(batch.lines for batch in batches)


async def test_versions_that_expire_lead_to_a_new_list_without_a_blank(simulated: Site) -> None:
    view = await simulated.view("pods").live()
    names = {row.ref for row in view.rows}
    mark = len(view.changes)
    cluster = simulated.sim.world.kube["payments-prod"]  # type: ignore[union-attr]
    cluster.expire_watches()
    cluster.disconnect_watches()
    async with simulated.time():
        await view.until(lambda v: any(c.resync for c in v.changes[mark:]))
    for change in view.changes[mark:]:
        assert not change.resync or {r.ref for r in change.upserts} & names
    assert view.changes[-1].status.state is FeedState.LIVE


async def test_a_server_that_restarts_is_caught_up_with(simulated: Site) -> None:
    view = await simulated.view("deployments").live()
    target = next(row for row in view.rows if row.ref.name == simulated.deployment)
    cluster = simulated.sim.world.kube["payments-prod"]  # type: ignore[union-attr]
    cluster.disconnect_watches()
    await simulated.backend.perform(Scale(target.ref, 1, (target.desired or 0) + 2))
    cluster.disconnect_watches()
    await view.until(lambda v: v.shelf.rows[target.ref].desired == (target.desired or 0) + 2)
    assert all(c.status.state is not FeedState.STALE for c in view.changes)


async def test_a_limited_user_is_told_which_rule_is_missing(simulated: Site) -> None:
    sim = simulated.sim
    assert sim is not None
    sim.world.faults.add(
        Fault(action="k8s:list nodes", times=-1, code="Forbidden", status=403, message="no")
    )
    view = await simulated.view("nodes").until(
        lambda v: v.changes[-1].status.state is FeedState.STALE
    )
    problem = view.changes[-1].status.problem
    assert problem is not None
    assert (problem.code, problem.remedy) == (
        "denied",
        'allow "list" on nodes for the whole cluster',
    )
    sim.world.faults.add(
        Fault(action="k8s:patch *", times=-1, code="Forbidden", status=403, message="no")
    )
    target = await simulated.target()
    with pytest.raises(Denied) as caught:
        await simulated.backend.perform(Restart(target.ref))
    assert caught.value.problem.remedy == (
        f'allow "patch" on deployments in namespace {simulated.namespace}'
    )


async def test_eks_clusters_are_found_and_entered(sim: SimServer, tmp_path: Path) -> None:
    config, credentials = sim.write_aws_config(tmp_path)
    source = AwsSource(
        "acme-prod", ("us-east-1",), config_file=str(config), credentials_file=str(credentials)
    )
    backend = KubeBackend(Sources(aws=(source,)), sim.world.clock, PACE)
    clusters = View(backend, backend.roots()[0])
    (row,) = (await clusters.live()).rows
    assert row.ref.scope == Scope(
        "eks", "acme-prod", account="111122223333", region="us-east-1", cluster="payments-prod"
    )
    sim.world.kube["payments-prod"].require_token = True
    pods = View(backend, Query(row.ref.scope, "k8s/pods"))
    await pods.live()
    assert pods.rows
    described = await backend.describe(row)
    assert described.document["arn"] == row.uid
    for view in (clusters, pods):
        await view.close()
    await backend.close()
