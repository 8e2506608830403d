"""Kinds that only a cluster knows, over HTTP: lists, watches, refusals, descriptions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from kube_fake import FakeKube, status
from kube_help import QUICK, Shown, Watching

from backends.base import KubeSource, NotFound, Sources
from backends.clock import ManualClock
from backends.eks import reflector
from backends.eks.backend import KubeBackend
from backends.model import FeedState, Health, Query, Resource, Scope
from backends.sim.kube_world import kinds
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.server import SimServer

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "kubernetes" / "tables.json").read_text()
)
CERTIFICATES = "k8s/certificates.cert-manager.io"


class World:
    """A simulated cluster and a backend that looks at it as some user."""

    def __init__(self, sim: SimServer, tmp_path: Path) -> None:
        self.cluster: KubeCluster = sim.world.kube["payments-prod"]
        self._path = sim.write_kubeconfig(tmp_path / "sim-kubeconfig")
        self._clock = sim.world.clock
        self._opened: list[Watching] = []
        self._backends: list[KubeBackend] = []
        self.backend = self.through()

    def through(self, token: str = "") -> KubeBackend:
        path = self._path
        if token:
            path = path.with_name(token)
            document = json.loads(_as_json(self._path))
            for user in document["users"]:
                user["user"] = {"token": token}
            path.write_text(json.dumps(document))
        sources = Sources(kube=(KubeSource(str(path), ("payments-prod",)),), request_timeout=10.0)
        self._backends.append(KubeBackend(sources, self._clock, QUICK))
        self.scope: Scope = self._backends[-1].roots()[0].scope
        return self._backends[-1]

    def watch(self, kind: str, backend: KubeBackend | None = None, namespace: str = "") -> Watching:
        used = backend or self.backend
        query = used.plan(Query(self.scope.at(namespace=namespace), kind))
        self._opened.append(Watching(used, query))
        return self._opened[-1]

    def put(self, name: str, **spec: Any) -> None:
        """Change the spec of a certificate."""
        state = self.cluster.state
        old = next(v.doc for v in state.of(kinds.CERTIFICATES).select() if v.name == name)
        meta = {**old["metadata"], "generation": old["metadata"]["generation"] + 1}
        state.put(kinds.CERTIFICATES, {**old, "metadata": meta, "spec": {**old["spec"], **spec}})

    async def close(self) -> None:
        for watching in self._opened:
            await watching.close()
        for backend in self._backends:
            await backend.close()


def _as_json(path: Path) -> str:
    import yaml

    return json.dumps(yaml.safe_load(path.read_text()))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with SimServer(clock=ManualClock(), throttling=False, lively=False) as sim:
        made = World(sim, tmp_path)
        yield made
        await made.close()


def live(shown: Shown) -> bool:
    return shown.last.status.state is FeedState.LIVE


def row(shown: Shown, name: str) -> Resource:
    return next(r for ref, r in shown.rows.items() if ref.name == name)


async def test_rows_have_the_servers_columns(world: World) -> None:
    shown = await world.watch(CERTIFICATES).until(live)
    found = row(shown, "ledger-tls")
    assert found.columns is shown.last.columns
    titles = [column.title for column in found.columns or ()]
    assert titles == ["Name", "Namespace", "Ready", "Secret", "Issuer", "Status", "Age"]
    assert found.cells[:5] == ("ledger-tls", "payments", "True", "ledger-tls", "letsencrypt")
    assert found.cells[-1] == found.created
    assert (found.health, found.status) == (Health.UNKNOWN, "")
    assert found.uid


async def test_pages_add_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (await world.watch(CERTIFICATES).until(live)).names
    monkeypatch.setattr(reflector, "PAGE", 2)
    assert (await world.watch(CERTIFICATES).until(live)).names == whole
    assert len(whole) > 2


async def test_a_change_is_one_row_and_no_new_list(world: World) -> None:
    watching = world.watch(CERTIFICATES)
    shown = await watching.until(live)
    mark, others = len(shown.changes), dict(shown.rows)
    world.put("ledger-tls", secretName="moved")
    await watching.until(lambda s: row(s, "ledger-tls").cells[3] == "moved")
    assert not any(change.resync for change in shown.changes[mark:])
    changed = [ref.name for ref, found in shown.rows.items() if others[ref] is not found]
    assert changed == ["ledger-tls"]


async def test_what_is_deleted_goes(world: World) -> None:
    watching = world.watch(CERTIFICATES)
    shown = await watching.until(live)
    gone = row(shown, "ledger-tls").ref
    world.cluster.state.remove(kinds.CERTIFICATES, gone.scope.namespace, gone.name)
    await watching.until(lambda s: gone not in s.rows)


async def test_versions_that_expire_lead_to_a_new_list_without_a_blank(world: World) -> None:
    watching = world.watch(CERTIFICATES)
    shown = await watching.until(live)
    names, mark = set(shown.names), len(shown.changes)
    world.cluster.expire_watches()
    world.cluster.disconnect_watches()
    await watching.until(lambda s: any(change.resync for change in s.changes[mark:]))
    for change in shown.changes[mark:]:
        assert not change.resync or {r.ref.name for r in change.upserts} == names


async def test_a_version_that_stays_the_same_keeps_its_row(world: World) -> None:
    watching = world.watch(CERTIFICATES)
    before = dict((await watching.until(live)).rows)
    mark = len(watching.shown.changes)
    world.cluster.disconnect_watches()
    await watching.until(lambda s: any(change.resync for change in s.changes[mark:]))
    assert all(found is before[ref] for ref, found in watching.shown.rows.items())


async def test_a_refusal_names_the_permission_with_its_group(world: World) -> None:
    watching = world.watch(CERTIFICATES, world.through("limited"))
    shown = await watching.until(lambda s: s.last.status.problem)
    problem = shown.last.status.problem
    assert problem is not None
    assert problem.code == "denied"
    assert 'allow "list" on certificates.cert-manager.io' in problem.remedy


async def test_a_kind_that_the_cluster_lacks_has_none_and_says_so(world: World) -> None:
    shown = await world.watch("k8s/crontabs.example.com").until(live)
    assert not shown.rows
    problem = shown.last.status.problem
    assert problem is not None
    assert problem.code == "not-found"
    assert "serves no crontabs.example.com" in problem.message


async def test_a_description_has_what_any_object_has(world: World) -> None:
    shown = await world.watch("k8s/ingresses.networking.k8s.io").until(live)
    found = await world.backend.describe(row(shown, "ledger"))
    facts = {name: value for s in found.sections for name, value in s.pairs}
    assert facts["rules.0.host"] == "ledger.payments.example.com"
    assert facts["Name"] == "ledger"
    assert found.document["kind"] == "Ingress"
    assert "managedFields" not in found.document["metadata"]


async def test_conditions_come_first(world: World) -> None:
    shown = await world.watch(CERTIFICATES).until(live)
    found = await world.backend.describe(row(shown, "ledger-tls"))
    conditions = next(s for s in found.sections if s.title == "Conditions")
    assert conditions.rows[0][:2] == ("Ready", "True")


async def test_describing_what_is_gone_is_not_found(world: World) -> None:
    shown = await world.watch(CERTIFICATES).until(live)
    found = row(shown, "ledger-tls")
    world.cluster.state.remove(kinds.CERTIFICATES, found.ref.scope.namespace, found.ref.name)
    with pytest.raises(NotFound):
        await world.backend.describe(found)


# What a scripted server does.


def table(*names: str, columns: tuple[str, ...] = ("Depth",)) -> dict[str, Any]:
    rows = [
        {"cells": [name, 1], "object": {"metadata": {"name": name, "namespace": "shop"}}}
        for name in names
    ]
    heads = [{"name": "Name", "type": "string", "format": "name"}]
    heads += [{"name": title, "type": "integer", "format": ""} for title in columns]
    return {
        "kind": "Table",
        "metadata": {"resourceVersion": "5"},
        "columnDefinitions": heads,
        "rows": rows,
    }


PODS = "/apis/metrics.k8s.io/v1beta1/pods"
QUEUES = "/apis/example.com/v1/queues"


@pytest.fixture
async def scripted(kube: FakeKube) -> FakeKube:
    for path, document in GOLDEN["discovery"]["aggregated"].items():
        kube.script(web.json_response(document), path=path, once=False)
    return kube


async def test_what_cannot_be_watched_is_listed_again(
    scripted: FakeKube, watch: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.script(web.json_response(table("a")), path=PODS)
    scripted.script(web.json_response(table("a", "b")), path=PODS, once=False)
    watching = watch("k8s/pods.metrics.k8s.io")
    await watching.until(lambda s: s.names == {"a"} and live(s))
    await watching.until(lambda s: s.names == {"a", "b"})
    assert not [seen for seen in scripted.seen(watch=True) if seen.path == PODS]


async def test_it_asks_for_a_table_with_metadata(
    scripted: FakeKube, watch: Callable[..., Watching]
) -> None:
    scripted.script(web.json_response(table("a")), path=QUEUES, watch=False, once=False)
    await watch("k8s/queues.example.com").until(lambda s: s.names == {"a"} and live(s))
    for seen in scripted.seen(path=QUEUES):
        assert seen.query["includeObject"] == "Metadata"
        assert seen.headers["Accept"].startswith("application/json;as=Table;v=v1;g=meta.k8s.io")


async def test_columns_that_change_come_with_rows_that_fit(
    scripted: FakeKube, watch: Callable[..., Watching]
) -> None:
    scripted.script(web.json_response(table("a")), path=QUEUES, watch=False)
    other = table("a", columns=("Weight", "Size"))
    scripted.script(web.json_response(other), path=QUEUES, watch=False, once=False)
    changed = {"type": "MODIFIED", "object": other}
    scripted.script(web.json_response(changed), path=QUEUES, watch=True)
    watching = watch("k8s/queues.example.com")
    shown = await watching.until(
        lambda s: s.last.columns is not None and "Weight" in {c.title for c in s.last.columns}
    )
    await watching.until(live)
    for change in shown.changes:
        for found in change.upserts:
            assert found.columns is not None
            assert len(found.cells) == len(found.columns)
    assert row(shown, "a").columns == shown.last.columns


async def test_a_kind_that_ends_leaves_no_rows_and_is_found_again(
    scripted: FakeKube, watch: Callable[..., Watching]
) -> None:
    scripted.script(web.json_response(table("a")), path=QUEUES, watch=False)
    ended = asyncio.Event()

    async def until_ended(_: web.Request) -> web.Response:
        await ended.wait()
        return status(404, "NotFound")

    scripted.script(until_ended, path=QUEUES, watch=True)
    scripted.script(status(404, "NotFound"), path=QUEUES, watch=False)
    scripted.script(web.json_response(table("z")), path=QUEUES, watch=False, once=False)
    watching = watch("k8s/queues.example.com")
    await watching.until(lambda s: s.names == {"a"})
    ended.set()
    shown = await watching.until(lambda s: not s.names and live(s))
    assert shown.last.status.problem is not None
    asked = len(scripted.seen(path="/apis"))
    await watching.until(lambda s: s.names == {"z"})
    assert len(scripted.seen(path="/apis")) > asked


async def test_a_discovery_that_fails_is_stale_and_tried_again(
    kube: FakeKube, watch: Callable[..., Watching]
) -> None:
    kube.script(status(500, "InternalError"), path="/api")
    watching = watch("k8s/queues.example.com")
    shown = await watching.until(lambda s: s.last.status.state is FeedState.STALE)
    assert shown.last.status.problem is not None
    for path, document in GOLDEN["discovery"]["aggregated"].items():
        kube.script(web.json_response(document), path=path, once=False)
    kube.script(web.json_response(table("a")), path=QUEUES, watch=False, once=False)
    await watching.until(lambda s: s.names == {"a"})


async def test_a_user_of_some_namespaces_sees_those(
    scripted: FakeKube, watch: Callable[..., Watching]
) -> None:
    for name in ("shop", "bank"):
        scripted.put("namespaces", {"metadata": {"name": name}})
    scripted.script(status(403, "Forbidden"), path=QUEUES, once=False)
    shop = QUEUES.replace("queues", "namespaces/shop/queues")
    scripted.script(web.json_response(table("a")), path=shop, watch=False, once=False)
    bank = shop.replace("shop", "bank")
    scripted.script(status(403, "Forbidden"), path=bank, once=False)
    shown = await watch("k8s/queues.example.com").until(lambda s: s.names == {"a"} and live(s))
    assert shown.last.columns is not None
    assert "Depth" in {column.title for column in shown.last.columns}
