"""A server that answers AWS calls as a test says, and the files that point a profile at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from backends.base import AwsSource, Sources

ACCOUNT = "111122223333"
JSON = "application/x-amz-json-1.1"

Answer = Callable[["Call"], Coroutine[Any, Any, web.StreamResponse]]


class Call:
    """One call that arrived."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.request = request
        self.operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.authorization = request.headers.get("Authorization", "")
        self.body = body

    @property
    def params(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))

    @property
    def access_key(self) -> str:
        return self.authorization.partition("Credential=")[2].partition("/")[0]


def ok(body: Any) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), content_type=JSON, headers={"x-amzn-RequestId": "request-1"}
    )


def error(code: str, message: str = "", status: int = 400) -> web.Response:
    body = {"__type": f"com.amazonaws.ecs#{code}", "message": message}
    return web.Response(body=orjson.dumps(body), content_type=JSON, status=status)


class AwsServer:
    """Answers from a script: what `answers` holds first, and `default` from then on."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[web.Response | Answer] = []
        self.default: web.Response | Answer | None = None
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(request, await request.read())
        self.calls.append(call)
        answer = self.answers.pop(0) if self.answers else self.default
        if answer is None:
            return ok({})
        if isinstance(answer, web.Response):
            return web.Response(
                body=answer.body, status=answer.status, headers=dict(answer.headers)
            )
        return await answer(call)

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]


async def hang(_call: Call) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def drop(call: Call) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert call.request.transport is not None
    call.request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serve() -> AsyncIterator[AwsServer]:
    server = AwsServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


class Files:
    """A config and a credentials file."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "config"
        self.credentials = directory / "credentials"
        self.write(
            "[profile acme]\nregion = us-east-1\n[profile other]\nregion = eu-west-1\n",
            "[acme]\naws_access_key_id = AKIATESTTESTTEST0001\naws_secret_access_key = s1\n",
        )

    def write(self, config: str | None = None, credentials: str | None = None) -> None:
        if config is not None:
            self.config.write_text(config)
        if credentials is not None:
            self.credentials.write_text(credentials)

    def source(self, profile: str = "acme", **more: Any) -> AwsSource:
        return AwsSource(
            profile=profile,
            config_file=str(self.config),
            credentials_file=str(self.credentials),
            **more,
        )

    def sources(self, *sources: AwsSource, **more: Any) -> Sources:
        return Sources(aws=sources or (self.source(),), **{"budget_share": 1.0, **more})
