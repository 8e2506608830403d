"""Clusters are reached on their own: one that is broken is no other's trouble."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from kube_docs import pod
from kube_fake import FakeKube, status
from kube_help import QUICK, Watching, write_kubeconfig

from backends.base import AwsSource, Expired, Invalid, KubeSource, Sources
from backends.eks import connections as connections_module
from backends.eks.backend import KubeBackend
from backends.eks.connections import Connections
from backends.eks.mint import Minter
from backends.eks.token import GetToken
from backends.model import FeedState, Health, Query, Ref, Scope


def live(shown) -> bool:
    return shown.last.status.state is FeedState.LIVE


def aws_source(tmp_path: Path, endpoint: str, **more: str) -> AwsSource:
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[acme]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hunter2\n"
    )
    config = tmp_path / "aws-config"
    config.write_text("[profile acme]\nregion = us-east-1\n")
    return AwsSource(
        "acme",
        ("us-east-1",),
        endpoint,
        config_file=str(config),
        credentials_file=str(credentials),
    )


def serve_eks(kube: FakeKube, *names: str) -> None:
    """Let the fake also be the EKS API, of clusters that are the fake itself."""
    for name in names:
        described = {
            "name": name,
            "arn": f"arn:aws:eks:us-east-1:111122223333:cluster/{name}",
            "status": "ACTIVE",
            "version": "1.36",
            "endpoint": kube.url,
            "createdAt": 1_790_000_000.0,
            "certificateAuthority": {"data": base64.b64encode(b"").decode()},
        }
        kube.script(web.json_response({"cluster": described}), path=f"/clusters/{name}", once=False)
    kube.script(web.json_response({"clusters": list(names)}), path="/clusters", once=False)


@pytest.fixture
async def eks(kube, clock, tmp_path) -> AsyncIterator[KubeBackend]:
    sources = Sources(aws=(aws_source(tmp_path, kube.url),), request_timeout=5.0)
    made = KubeBackend(sources, clock, QUICK)
    yield made
    await made.close()


async def test_eks_clusters_are_found_and_their_token_is_minted(kube, eks) -> None:
    serve_eks(kube, "payments")
    kube.put("pods", pod("web-0"))
    (root,) = eks.roots()
    feed = Watching(eks, root)
    shown = await feed.until(live)
    await feed.close()
    (row,) = shown.rows.values()
    scope = Scope("eks", "acme", "111122223333", "us-east-1", "payments")
    assert row.ref == Ref(scope, "k8s/clusters", "payments")
    assert (row.health, row.status, row.cells[2]) == (Health.OK, "ACTIVE", "1.36")

    pods = Watching(eks, eks.plan(Query(scope, "k8s/pods")))
    await pods.until(lambda s: s.names == {"web-0"})
    await pods.close()
    (listed,) = kube.seen(path="/api/v1/pods", watch=False)
    assert listed.headers["Authorization"].startswith("Bearer k8s-aws-v1.")
    (usage,) = eks.usage()
    assert (usage.action_class, usage.region) == ("eks:other", "us-east-1")


async def test_what_a_listing_described_is_not_asked_for_again(kube, eks) -> None:
    serve_eks(kube, "payments", "search")
    feed = Watching(eks, eks.roots()[0])
    await feed.until(live)
    assert [change.status.state for change in feed.shown.changes[:2]] == [FeedState.LOADING] * 2
    assert {change.status.total for change in feed.shown.changes[1:-1]} == {2}
    scope = Scope("eks", "acme", "111122223333", "us-east-1", "payments")
    assert (await eks._connections.client(scope)).server.url == kube.url
    asked = len(kube.seen(path="/clusters"))
    asyncio.get_running_loop().call_soon(feed.demand.nudge)  # once it is waited for
    await feed.until(lambda _: len(kube.seen(path="/clusters")) > asked)
    await feed.close()
    assert len(kube.seen(path="/clusters/payments")) == 1
    eks._connections.doubt(scope)
    await eks._connections.client(scope)
    assert len(kube.seen(path="/clusters/payments")) == 2


async def test_a_cluster_is_described_again_when_somebody_asks_or_it_is_not_well(
    kube, eks, clock
) -> None:
    creating = {"name": "new", "status": "CREATING", "arn": "arn:aws:eks:us-east-1:1:cluster/new"}
    kube.script(web.json_response({"cluster": creating}), path="/clusters/new", once=False)
    serve_eks(kube, "payments", "new")
    feed = Watching(eks, eks.roots()[0])
    await feed.until(live)
    asyncio.get_running_loop().call_soon(feed.demand.nudge)  # once it is waited for
    await feed.until(lambda _: len(kube.seen(path="/clusters/new")) == 2)
    assert len(kube.seen(path="/clusters/payments")) == 1
    clock.advance(10)  # for the call budget
    asyncio.get_running_loop().call_soon(feed.demand.refresh)
    await feed.until(lambda _: len(kube.seen(path="/clusters/payments")) == 2)
    await feed.close()


async def test_a_minted_token_is_renewed_before_it_ends(kube, eks, clock) -> None:
    serve_eks(kube, "payments")
    scope = Scope("eks", "acme", "111122223333", "us-east-1", "payments")
    client = await eks._connections.client(scope)
    first = await client.authority.identity()
    assert await client.authority.identity() is first
    clock.advance(14 * 60)
    assert await client.authority.identity() is not first


async def test_a_cluster_that_may_not_be_described_is_told_of(kube, eks) -> None:
    denied = web.json_response(
        {"__type": "AccessDeniedException", "message": "not authorized"}, status=403
    )
    kube.script(denied, path="/clusters/secret", once=False)
    kube.script(web.json_response({"clusters": ["secret"]}), path="/clusters", once=False)
    feed = Watching(eks, eks.roots()[0])
    shown = await feed.until(live)
    await feed.close()
    assert shown.names == {"secret"}
    assert shown.last.status.problem.code == "denied"


async def test_an_unknown_profile_is_invalid_at_the_roots(clock, tmp_path) -> None:
    source = AwsSource("nobody", ("us-east-1",), config_file=aws_source(tmp_path, "").config_file)
    backend = KubeBackend(Sources(aws=(source,)), clock, QUICK)
    with pytest.raises(Invalid, match="nobody"):
        backend.roots()
    await backend.close()


async def test_eks_can_be_left_out(clock, tmp_path) -> None:
    sources = Sources(aws=(aws_source(tmp_path, "http://127.0.0.1:1"),), eks=False)
    backend = KubeBackend(sources, clock, QUICK)
    assert backend.roots() == []
    assert backend.usage() == []


async def test_a_broken_context_hurts_no_other(kube, clock, tmp_path) -> None:
    good = write_kubeconfig(tmp_path / "good", kube.url)
    document = json.loads(good.read_text())
    document["contexts"].append(
        {"name": "broken", "context": {"cluster": "absent", "user": "dev-user"}}
    )
    document["contexts"].append(
        {"name": "plugin", "context": {"cluster": "dev-cluster", "user": "plugged"}}
    )
    document["users"].append({"name": "plugged", "user": {"exec": {"command": "no-such-plugin"}}})
    good.write_text(json.dumps(document))
    backend = KubeBackend(Sources(kube=(KubeSource(str(good)),)), clock, QUICK)
    feeds = {root.scope.profile: Watching(backend, root) for root in backend.roots()}
    problems = {}
    for name in ("broken", "plugin"):
        shown = await feeds[name].until(lambda s: s.last.status.state is FeedState.STALE and s.rows)
        problems[name] = shown.last.status.problem
    assert "absent" in problems["broken"].message
    assert "not installed" in problems["plugin"].message
    await feeds["dev"].until(live)
    for feed in feeds.values():
        await feed.close()
    await backend.close()


async def test_an_endpoint_that_hangs_delays_no_other(kube, clock, tmp_path) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    slow = await FakeKube().start()
    slow.script(hang, once=False)
    paths = []
    for name, url in (("slow", slow.url), ("quick", kube.url)):
        path = write_kubeconfig(tmp_path / name, url)
        path.write_text(path.read_text().replace('"dev', f'"{name}'))
        paths.append(KubeSource(str(path)))
    backend = KubeBackend(Sources(kube=tuple(paths), request_timeout=0.3), clock, QUICK)
    first, second = (Watching(backend, root) for root in backend.roots())
    await second.until(live)
    shown = await first.until(lambda s: s.last.status.state is FeedState.STALE)
    assert "in time" in shown.last.status.problem.message
    for feed in (first, second):
        await feed.close()
    await backend.close()
    await slow.stop()


async def test_a_cluster_that_moved_is_found_again(kube, clock, tmp_path) -> None:
    old = await FakeKube().start()
    old.put("pods", pod("web-0"))
    path = write_kubeconfig(tmp_path / "k", old.url)
    backend = KubeBackend(Sources(kube=(KubeSource(str(path)),)), clock, QUICK)
    scope = backend.roots()[0].scope
    feed = Watching(backend, Query(scope, "k8s/pods"))
    await feed.until(lambda s: s.names == {"web-0"})
    await old.stop()
    write_kubeconfig(path, kube.url)
    kube.put("pods", pod("web-1"))
    await feed.until(lambda s: s.names == {"web-1"} and live(s))
    await feed.close()
    await backend.close()


async def test_a_401_reads_the_kubeconfig_again(kube, clock, tmp_path) -> None:
    path = write_kubeconfig(tmp_path / "k", kube.url, token="old")
    connections = Connections(Sources(kube=(KubeSource(str(path)),)), clock)
    client = await connections.client(connections.roots()[0].scope)
    await client.get("/version", _act())
    write_kubeconfig(path, kube.url, token="a-newer-one")
    kube.script(status(401, "Unauthorized"))
    await client.get("/version", _act())
    assert kube.requests[-1].headers["Authorization"] == "Bearer a-newer-one"
    await connections.close()


def _act():
    from backends.eks.errors import Act

    return Act("get", "/version")


@pytest.mark.parametrize(
    ("server", "proxy", "environ", "expected"),
    [
        ("https://h:6443", "http://p:1", {}, "http://p:1"),
        ("https://h:6443", "", {"HTTPS_PROXY": "http://q:2"}, "http://q:2"),
        ("https://h:6443", "", {"HTTPS_PROXY": "http://q:2", "NO_PROXY": "h"}, ""),
        ("https://h:6443", "", {}, ""),
    ],
)
def test_proxies(server, proxy, environ, expected, monkeypatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert connections_module._proxy(server, proxy) == expected


def test_a_proxy_of_another_sort_is_invalid_without_its_password() -> None:
    with pytest.raises(Invalid, match="socks5") as caught:
        connections_module._proxy("https://h", "socks5://me:hunter2@p")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("server", ["", "h:6443", "ftp://h", "https://"])
async def test_a_server_that_is_no_url_is_invalid(server, clock, tmp_path) -> None:
    path = write_kubeconfig(tmp_path / "k", server)
    connections = Connections(Sources(kube=(KubeSource(str(path)),)), clock)
    with pytest.raises(Invalid):
        await connections.client(connections.roots()[0].scope)


async def test_an_unknown_context_is_invalid(clock, tmp_path) -> None:
    path = write_kubeconfig(tmp_path / "k", "https://h")
    connections = Connections(Sources(kube=(KubeSource(str(path)),)), clock)
    with pytest.raises(Invalid, match="nope") as caught:
        await connections.client(Scope("k8s", "nope", cluster="x"))
    assert "dev" in caught.value.problem.remedy


async def test_impersonation_is_kept(kube, clock, tmp_path) -> None:
    user = {"token": "t", "as": "jane", "as-groups": ["a", "b"]}
    path = write_kubeconfig(tmp_path / "k", kube.url, **user)
    connections = Connections(Sources(kube=(KubeSource(str(path)),)), clock)
    client = await connections.client(connections.roots()[0].scope)
    await client.get("/version", _act())
    sent = kube.requests[0].headers
    assert sent["Impersonate-User"] == "jane"
    assert sent.getall("Impersonate-Group") == ["a", "b"]
    await connections.close()


async def test_in_a_pod_the_service_account_is_used(kube, clock, tmp_path, monkeypatch) -> None:
    source = Sources(kube=(KubeSource(in_cluster=True),))
    connections = Connections(source, clock)
    (root,) = connections.roots()
    with pytest.raises(Invalid, match="host/port"):
        await connections.client(root.scope)

    (tmp_path / "token").write_text("pod-token")
    tls = Path(__file__).parents[2] / "golden" / "kubernetes" / "tls"
    monkeypatch.setattr(connections_module, "TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setattr(connections_module, "CA_FILE", str(tls / "ca.pem"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    client = await connections.client(root.scope)
    assert client.server.url == "https://10.96.0.1:443"
    identity = await client.authority.identity()
    assert identity.authorization == "Bearer pod-token"
    assert identity.tls is not None
    await connections.close()


async def test_minting_for_a_kubeconfig_uses_the_profile_it_names(clock, tmp_path) -> None:
    minter = Minter(Sources(aws=(aws_source(tmp_path, ""),)), clock)
    token, expires = await minter.mint(GetToken("payments", "", "acme"))
    assert token.startswith("k8s-aws-v1.")
    assert expires == clock.now() + 14 * 60


async def test_minting_without_credentials_is_expired(clock) -> None:
    minter = Minter(Sources(), clock)
    with pytest.raises(Expired, match="absent") as caught:
        await minter.mint(GetToken("payments", "eu-west-1", "absent"))
    assert "--profile absent" in caught.value.problem.remedy


async def test_minting_with_a_role_assumes_it(kube, clock, tmp_path) -> None:
    answer = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        "<AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>assumed</SessionToken><Expiration>2026-11-22T22:30:47Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    kube.script(web.Response(text=answer, content_type="text/xml"), method="POST")
    minter = Minter(Sources(aws=(aws_source(tmp_path, kube.url),)), clock)
    wish = GetToken("payments", "us-east-1", "acme", "arn:aws:iam::111122223333:role/ops")
    token, _ = await minter.mint(wish)
    body = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert "AKIAROLE" in url
    assert "X-Amz-Security-Token=assumed" in url


def test_nothing_is_read_before_it_is_needed(clock, tmp_path) -> None:
    from backends.eks import create

    sources = Sources(kube=(KubeSource(str(tmp_path / "absent")),))
    assert create(sources, clock).kinds
