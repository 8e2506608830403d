"""The doors do what they are told, as another client sees it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.faults import certs
from tests.faults.catalogue import AGAIN, BY_NAME
from tests.faults.proxy import Door

LINES = 50
"""Events of the watch that the server behind the doors answers."""


async def _answer(request: web.Request) -> web.StreamResponse:
    if "watch" in request.query:
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        for number in range(LINES):
            await response.write(b'{"number": %d}\n' % number)
            await asyncio.sleep(0.01)
        return response
    return web.json_response({"items": list(range(100)), "metadata": {}})


@pytest.fixture
async def server() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def door(server: int) -> AsyncIterator[Door]:
    async with Door(server, name="test") as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


LIST, WATCH = "/k8s/test/api/v1/pods", "/k8s/test/api/v1/pods?watch=1"


async def ask(client: aiohttp.ClientSession, door: Door, path: str = LIST) -> tuple[int, bytes]:
    limit = aiohttp.ClientTimeout(total=20, sock_read=1.0, sock_connect=1.0)
    async with client.get(door.url + path, timeout=limit) as response:
        return response.status, await response.read()


async def test_without_a_fault_a_door_is_not_noticed(
    door: Door, client: aiohttp.ClientSession
) -> None:
    status, body = await ask(client, door)
    assert (status, body[:8]) == (200, b'{"items"')
    _, body = await ask(client, door, WATCH)
    assert body.count(b"\n") == LINES


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("refuse", aiohttp.ClientConnectorError),
        ("reset", aiohttp.ClientError),
        ("truncate", aiohttp.ClientPayloadError),
        ("black-hole", aiohttp.SocketTimeoutError),
        ("gone", aiohttp.ConnectionTimeoutError),
    ],
)
async def test_connections_break_as_they_should_and_are_whole_again(
    door: Door, client: aiohttp.ClientSession, name: str, raised: type[Exception]
) -> None:
    await door.strike(BY_NAME[name])
    with pytest.raises(raised):
        await ask(client, door)
    await door.lift()
    assert (await ask(client, door))[0] == 200


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410, 429, 500, 502, 503, 504])
async def test_refusals_are_those_of_kubernetes(
    door: Door, client: aiohttp.ClientSession, status: int
) -> None:
    await door.strike(BY_NAME[str(status)])
    answered, body = await ask(client, door)
    assert answered == status
    assert b'"kind": "Status"' in body


async def test_bodies_are_spoilt(door: Door, client: aiohttp.ClientSession) -> None:
    await door.strike(BY_NAME["corrupt"])
    _, body = await ask(client, door)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    await door.strike(BY_NAME["content-type"])
    assert b"<html>" in (await ask(client, door))[1]
    await door.strike(BY_NAME["endless"])
    for _ in range(2):
        assert AGAIN.encode() in (await ask(client, door))[1]


async def test_a_stream_that_is_open_falls_silent_or_is_cut(
    door: Door, client: aiohttp.ClientSession
) -> None:
    limit = aiohttp.ClientTimeout(sock_read=1.0)
    for name, raised in (("silent", aiohttp.SocketTimeoutError), ("refuse", aiohttp.ClientError)):
        async with client.get(door.url + WATCH, timeout=limit) as response:
            assert await response.content.readline() == b'{"number": 0}\n'
            await door.strike(BY_NAME[name])
            with pytest.raises(raised):
                await response.read()
        await door.lift()


async def test_only_what_a_fault_is_about_meets_it(
    door: Door, client: aiohttp.ClientSession
) -> None:
    await door.strike(BY_NAME["silent"])
    assert (await ask(client, door))[0] == 200


async def test_drops_come_one_by_one_until_the_fault_ends(
    door: Door, client: aiohttp.ClientSession
) -> None:
    await door.strike(BY_NAME["drip"])
    async with client.get(door.url + LIST) as response:
        assert len(await response.content.readany()) < 20
        await door.lift()
        assert (await response.read()).endswith(b"}")


async def test_changes_are_counted_where_they_came_and_where_they_went(
    door: Door, client: aiohttp.ClientSession
) -> None:
    await door.strike(BY_NAME["403"])
    await client.patch(door.url + LIST)
    assert (len(door.arrived), len(door.passed)) == (1, 0)
    await door.strike(BY_NAME["504"])
    await client.patch(door.url + LIST)
    assert (len(door.arrived), len(door.passed)) == (2, 1)


async def test_a_certificate_expires_while_the_door_is_open(server: int, tmp_path: Path) -> None:
    authority, contexts = certs.make(tmp_path)
    trusting = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(authority)))
    async with (
        Door(server, tls=contexts) as door,
        aiohttp.ClientSession(connector=trusting) as client,
    ):
        assert (await ask(client, door))[0] == 200
        await door.strike(BY_NAME["tls"])
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="expired"):
            await ask(client, door)
        await door.lift()
        assert (await ask(client, door))[0] == 200
