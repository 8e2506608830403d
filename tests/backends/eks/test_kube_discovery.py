"""What a cluster serves, in the new form and the old one, with servers of it down."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from kube_fake import FakeKube, status
from kube_help import SCOPE

from backends.base import BackendError, NotFound, Unreachable
from backends.clock import ManualClock
from backends.eks.backend import KubeBackend
from backends.eks.catalog import Catalog
from backends.eks.discovery import Found, Served, discover
from backends.eks.kinds.tables import spec_of
from backends.eks.rest import KubeClient

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "kubernetes" / "tables.json").read_text()
)["discovery"]

PLAIN = {"/api", "/apis"}


def serve(kube: FakeKube, documents: dict[str, Any], *, aggregated: bool) -> None:
    """Have the fake answer discovery; the new form only to those who ask for it."""

    for path, document in documents.items():

        async def answer(request: web.Request, found: Any = document) -> web.Response:
            asked = "as=APIGroupDiscoveryList" in request.headers["Accept"]
            assert asked is (request.path in PLAIN)
            return web.json_response(found)

        kube.script(answer, path=path, once=False)
    assert aggregated == ("items" in documents["/apis"])


@pytest.fixture
async def client(backend: KubeBackend) -> KubeClient:
    return await backend._connections.client(SCOPE)


def by_name(found: Found) -> dict[str, Served]:
    return {f"{s.plural}.{s.group}".rstrip("."): s for s in found.kinds}


async def test_the_new_form_takes_two_requests(kube: FakeKube, client: KubeClient) -> None:
    serve(kube, GOLDEN["aggregated"], aggregated=True)
    found = await discover(client)
    assert found.problem is None
    assert [seen.path for seen in kube.requests] == ["/api", "/apis"]
    named = by_name(found)
    assert named["configmaps"] == Served("", "v1", "configmaps", "ConfigMap", "configmap", ("cm",))
    queues = named["queues.example.com"]
    assert (queues.api, queues.short, queues.watchable) == ("/apis/example.com/v1", ("q",), True)
    assert not named["nodes"].namespaced
    assert not named["pods.metrics.k8s.io"].watchable
    assert named["horizontalpodautoscalers.autoscaling"].version == "v2"  # the preferred one


async def test_what_cannot_be_listed_is_no_kind(kube: FakeKube, client: KubeClient) -> None:
    serve(kube, GOLDEN["aggregated"], aggregated=True)
    named = by_name(await discover(client))
    assert not {"bindings", "selfsubjectaccessreviews.authorization.k8s.io"} & named.keys()
    assert not [name for name in named if "/" in name]


async def test_the_old_form_says_the_same(kube: FakeKube, client: KubeClient) -> None:
    serve(kube, GOLDEN["aggregated"], aggregated=True)
    new = by_name(await discover(client))
    kube.unscript()
    serve(kube, GOLDEN["legacy"], aggregated=False)
    old = by_name(await discover(client))
    assert {"queues.example.com", "deployments.apps", "configmaps"} <= old.keys()
    assert old == {name: new[name] for name in old}


async def test_a_group_that_is_down_costs_itself_in_the_old_form(
    kube: FakeKube, client: KubeClient
) -> None:
    kube.script(status(503, "ServiceUnavailable", "no endpoints"), path="/apis/apps/v1", once=False)
    serve(kube, GOLDEN["legacy"], aggregated=False)
    found = await discover(client)
    assert "queues.example.com" in by_name(found)
    assert "deployments.apps" not in by_name(found)
    assert found.problem is not None
    assert "apps/v1" in found.problem.message
    assert "no endpoints" in found.problem.message


async def test_a_group_that_is_down_costs_itself_in_the_new_form(
    kube: FakeKube, client: KubeClient
) -> None:
    documents = json.loads(json.dumps(GOLDEN["aggregated"]))
    group = next(g for g in documents["/apis"]["items"] if g["metadata"]["name"] == "apps")
    group["versions"] = [{"version": "v1", "freshness": "Stale"}]
    serve(kube, documents, aggregated=True)
    found = await discover(client)
    assert "queues.example.com" in by_name(found)
    assert found.problem is not None
    assert "apps/v1" in found.problem.message


async def test_no_core_group_is_no_answer(kube: FakeKube, client: KubeClient) -> None:
    kube.script(status(500, "InternalError"), path="/api/v1", once=False)
    serve(kube, GOLDEN["legacy"], aggregated=False)
    with pytest.raises(Unreachable):
        await discover(client)


@pytest.mark.parametrize("name", ["../../secrets", "a/b", "A", "", "x y", "a" * 300, "ä", "-a"])
async def test_names_that_are_no_names_reach_no_path(
    kube: FakeKube, client: KubeClient, name: str
) -> None:
    documents = json.loads(json.dumps(GOLDEN["aggregated"]))
    core = documents["/api"]["items"][0]["versions"][0]["resources"]
    core.append({**core[0], "resource": name, "verbs": ["list"]})
    hostile = {"versions": [{"version": "v1", "resources": core}], "metadata": {"name": name}}
    if name:
        documents["/apis"]["items"].append(hostile)
    serve(kube, documents, aggregated=True)
    found = await discover(client)
    assert name not in {part for s in found.kinds for part in (s.plural, s.group) if part}


class Answering:
    """A client that answers every path with the same."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def get(self, *_: object) -> bytes:
        return self._body


KEYS = st.sampled_from(
    ["kind", "items", "groups", "versions", "resources", "metadata", "name", "version", "verbs"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.one_of(st.binary(max_size=50), JSON.map(lambda v: json.dumps(v).encode())))
def test_any_answer_is_kinds_or_an_error(body: bytes) -> None:
    try:
        found = asyncio.run(discover(Answering(body)))  # type: ignore[arg-type]
    except BackendError:
        return
    assert all(served.plural for served in found.kinds)


def test_a_title_has_the_capitals_of_the_kind() -> None:
    served = Served("g", "v1", "networkpolicies", "NetworkPolicy", "networkpolicy", ("netpol",))
    kind = spec_of(served).kind
    assert (kind.title, kind.id) == ("NetworkPolicies", "k8s/networkpolicies.g")
    assert kind.aliases == ("networkpolicies", "networkpolicy", "netpol")


@pytest.fixture
async def catalog(kube: FakeKube, backend: KubeBackend, clock: ManualClock) -> Catalog:
    serve(kube, GOLDEN["aggregated"], aggregated=True)
    return Catalog(backend._connections, clock)


async def test_a_catalog_asks_once_for_as_long_as_the_answer_is_young(
    kube: FakeKube, catalog: Catalog, clock: ManualClock
) -> None:
    await asyncio.gather(*(catalog.offer(SCOPE, 60.0) for _ in range(3)))
    await catalog.offer(SCOPE.at(namespace="shop"), 60.0)
    assert len(kube.seen(path="/apis")) == 1
    clock.advance(61.0)
    offer = await catalog.offer(SCOPE, 60.0)
    assert len(kube.seen(path="/apis")) == 2
    assert "k8s/queues.example.com" in {kind.id for kind in offer.kinds}


async def test_designed_kinds_are_not_offered_again(catalog: Catalog) -> None:
    ids = {kind.id for kind in (await catalog.offer(SCOPE, 60.0)).kinds}
    assert not {"k8s/pods", "k8s/deployments.apps", "k8s/nodes", "k8s/events"} & ids
    assert {"k8s/pods.metrics.k8s.io", "k8s/events.events.k8s.io"} <= ids


async def test_an_unknown_kind_is_asked_for_anew_before_it_is_denied(
    kube: FakeKube, catalog: Catalog, clock: ManualClock
) -> None:
    await catalog.offer(SCOPE, 60.0)
    clock.advance(1.0)
    documents = json.loads(json.dumps(GOLDEN["aggregated"]))
    queue = next(g for g in documents["/apis"]["items"] if g["metadata"]["name"] == "example.com")
    queue["versions"][0]["resources"][0]["resource"] = "topics"
    kube.unscript()
    serve(kube, documents, aggregated=True)
    spec = await catalog.spec(SCOPE, "k8s/topics.example.com")
    assert spec.path("shop") == "/apis/example.com/v1/namespaces/shop/topics"
    with pytest.raises(NotFound, match="serves no nonsense"):
        await catalog.spec(SCOPE, "k8s/nonsense")
