"""Requests: who they are from, what is done when that is refused, and what is never repeated."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from kube_docs import deployment, pod
from kube_fake import FakeKube, status

from backends.base import Denied, Expired, Invalid, Unreachable
from backends.eks import tls
from backends.eks.errors import Act, Interrupted, NotSent
from backends.eks.rest import MERGE_PATCH, Identity, KubeClient, Server
from backends.model import Renewal

TLS = Path(__file__).parents[2] / "golden" / "kubernetes" / "tls"
LIST = Act("list", "pods")
PODS = "/api/v1/pods"


class Issued:
    """An authority whose identities are numbered."""

    renewal = Renewal("context dev", "log in again")

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.number = 1
        self.context = context

    async def identity(self) -> Identity:
        return Identity(f"Bearer token-{self.number}", self.context)

    def reject(self, identity: Identity) -> None:
        self.number += 1


@pytest.fixture
async def client(kube: FakeKube) -> AsyncIterator[KubeClient]:
    made = KubeClient(Server(kube.url), Issued(), 2.0)
    yield made
    await made.close()


async def test_a_plain_endpoint_gets_the_token_too(kube, client) -> None:
    await client.get(PODS, LIST)
    (seen,) = kube.requests
    assert seen.headers["Authorization"] == "Bearer token-1"
    assert seen.headers["User-Agent"].startswith("topdeck/")


async def test_an_identity_that_is_refused_is_renewed_once(kube, client) -> None:
    kube.script(status(401, "Unauthorized"))
    await client.get(PODS, LIST)
    assert [r.headers["Authorization"] for r in kube.requests] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


async def test_refused_twice_is_expired_with_what_renews_it(kube, client) -> None:
    kube.script(status(401, "Unauthorized"), once=False)
    with pytest.raises(Expired) as caught:
        await client.get(PODS, LIST)
    assert len(kube.requests) == 2
    assert caught.value.problem.remedy == "log in again"


async def test_a_permission_that_is_missing_renews_nothing(kube, client) -> None:
    kube.script(status(403, "Forbidden"))
    with pytest.raises(Denied):
        await client.get(PODS, LIST)
    assert len(kube.requests) == 1


PATCH = Act("patch", "deployments/scale", "shop", "web")
WEB = "/apis/apps/v1/namespaces/shop/deployments/web/scale"


@pytest.mark.parametrize("code", [401, 409, 429, 500, 503])
async def test_a_patch_is_sent_once_whatever_comes_back(kube, client, code) -> None:
    kube.put("deployments", deployment("web"))
    kube.script(status(code, "No"), method="PATCH", once=False)
    with pytest.raises(Exception, match="No"):
        await client.patch(WEB, PATCH, MERGE_PATCH, b"{}")
    assert len(kube.seen(method="PATCH")) == 1


async def test_a_patch_whose_answer_is_lost_is_sent_once_and_says_so(kube, client) -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    kube.script(drop, method="PATCH", once=False)
    with pytest.raises(Unreachable) as caught:
        await client.patch(WEB, PATCH, MERGE_PATCH, b"{}")
    assert len(kube.seen(method="PATCH")) == 1
    assert "may have been done" in caught.value.problem.remedy


async def test_a_patch_that_never_left_says_that(kube, client) -> None:
    await kube.stop()
    with pytest.raises(NotSent) as caught:
        await client.patch(WEB, PATCH, MERGE_PATCH, b"{}")
    assert "may have been" not in caught.value.problem.remedy
    kube._runner = (await FakeKube().start())._runner


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def test_a_server_that_hangs_is_unreachable(kube) -> None:
    client = KubeClient(Server(kube.url), Issued(), 0.1)
    kube.script(hang)
    with pytest.raises(Unreachable, match="in time"):
        await client.get(PODS, LIST)
    await client.close()


async def test_a_body_that_stops_half_way_is_unreachable(kube) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"items": [')
        return await hang(request)

    client = KubeClient(Server(kube.url), Issued(), 0.1)
    kube.script(half)
    with pytest.raises(Unreachable):
        await client.get(PODS, LIST)
    await client.close()


async def test_a_stream_outlives_the_timeout_but_not_its_silence(kube) -> None:
    client = KubeClient(Server(kube.url), Issued(), 0.2)
    kube.put("pods", pod("web-0"))
    async with client.stream(PODS, LIST, 0.4, watch=1, resourceVersion=0) as chunks:
        assert b"web-0" in await anext(chunks)
        with pytest.raises(Interrupted, match="nothing was heard"):
            await anext(chunks)
    await client.close()


async def test_a_redirect_is_not_followed_with_the_token(kube, client) -> None:
    kube.script(web.Response(status=302, headers={"Location": "http://evil.invalid/"}))
    with pytest.raises(Invalid):
        await client.get(PODS, LIST)
    assert len(kube.requests) == 1


async def test_a_proxy_is_gone_through(kube) -> None:
    client = KubeClient(Server("http://cluster.invalid", proxy=kube.url), Issued(), 2.0)
    kube.put("pods", pod("web-0"))
    assert b"web-0" in await client.get(PODS, LIST)
    assert kube.requests[0].headers["Host"] == "cluster.invalid"
    await client.close()


async def test_all_groups_of_an_impersonation_are_sent(kube) -> None:
    headers = (("Impersonate-User", "me"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    client = KubeClient(Server(kube.url, headers=headers), Issued(), 2.0)
    await client.get(PODS, LIST)
    assert kube.requests[0].headers.getall("Impersonate-Group") == ["a", "b"]
    await client.close()


def test_nothing_secret_is_in_a_repr() -> None:
    server = Server("https://h", proxy="http://me:hunter2@proxy")
    assert "hunter2" not in repr(server) + repr(Identity("Bearer hunter2"))


def pem(name: str) -> bytes:
    return (TLS / name).read_bytes()


@pytest.fixture
async def secure() -> AsyncIterator[str]:
    """A server that wants a client's certificate and says whose it is."""

    async def who(request: web.Request) -> web.Response:
        assert request.transport is not None
        cert = request.transport.get_extra_info("peercert")
        name = dict(pair[0] for pair in cert["subject"])["commonName"] if cert else "nobody"
        return web.Response(text=name)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    context.load_verify_locations(TLS / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    app = web.Application()
    app.router.add_get("/{path:.*}", who)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def ask(url: str, context: ssl.SSLContext, tls_name: str = "") -> bytes:
    client = KubeClient(Server(url, tls_name=tls_name), Issued(context), 5.0)
    try:
        return await client.get("/who", LIST)
    finally:
        await client.close()


async def test_a_client_certificate_is_shown_to_a_server_known_by_another_name(secure) -> None:
    context = tls.context(pem("ca.pem"), cert=pem("client.pem"), key=pem("client.key"))
    assert await ask(secure, context, "kube.internal") == b"client"


async def test_a_certificate_of_an_unknown_authority_is_told(secure) -> None:
    with pytest.raises(Unreachable) as caught:
        await ask(secure, tls.context())
    assert "certificate-authority" in caught.value.problem.remedy


async def test_a_certificate_for_another_name_is_told(secure) -> None:
    with pytest.raises(Unreachable) as caught:
        await ask(secure, tls.context(pem("ca.pem")))
    assert "tls-server-name" in caught.value.problem.remedy


async def test_verification_can_be_skipped(secure) -> None:
    assert await ask(secure, tls.context(verify=False)) == b"nobody"


def test_an_encrypted_key_asks_nobody() -> None:
    with pytest.raises(Invalid, match="encrypted"):
        tls.context(cert=pem("client.pem"), key=pem("client-encrypted.key"))


@pytest.mark.parametrize(
    "parts",
    [{"ca": b"no pem"}, {"cert": b"no pem"}, {"cert": b"\xff"}],
)
def test_what_is_no_certificate_is_invalid(parts) -> None:
    with pytest.raises(Invalid, match="PEM"):
        tls.context(**parts)
