"""Plain requests to an API server, made without any of Topdeck's own code."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes import config as kubeconfig

PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}

AT_ONCE = 32
"""Requests in flight that `Api.each` allows itself."""


class Refused(Exception):  # noqa: N818
    """The server said no; `code` is its HTTP status, `reason` that of its Status."""

    def __init__(self, what: str, code: int, status: dict[str, Any]) -> None:
        self.code = code
        self.reason = status.get("reason", "")
        super().__init__(f"{what}: {code} {status.get('message', '')}")


class Api:
    """A session with an API server as the current user of a kubeconfig; bound to one event loop."""

    def __init__(self, path: Path) -> None:
        found = kubeconfig.new_client_from_config(config_file=str(path)).configuration
        self.url = found.host.rstrip("/")
        self._headers = {}
        if token := found.api_key.get("BearerToken"):
            self._headers["Authorization"] = token
        self._tls = _tls(found)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Api:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        **params: str | int,
    ) -> Any:
        """Send a request; return the JSON of the answer, or raise `Refused`."""
        assert self._session is not None
        async with self._session.request(
            method,
            self.url + path,
            data=None if body is None else json.dumps(body),
            params=params,
            headers={**self._headers, "Content-Type": content_type, "Accept": accept},
            ssl=self._tls,
        ) as answer:
            raw = await answer.read()
            try:
                found = json.loads(raw)
            except ValueError:
                found = {"message": raw.decode(errors="replace")}
            if answer.status >= 300:
                raise Refused(f"{method} {path}", answer.status, found)
            return found

    async def get(self, path: str, **params: str | int) -> Any:
        """GET a document."""
        return await self.request("GET", path, **params)

    async def post(self, path: str, body: Any) -> Any:
        """POST a document: create it."""
        return await self.request("POST", path, body)

    async def put(self, path: str, body: Any) -> Any:
        """PUT a document: replace it."""
        return await self.request("PUT", path, body)

    async def patch(self, path: str, body: Any, how: str = "merge") -> Any:
        """PATCH a document; `how` is ``merge``, ``strategic`` or ``json``."""
        return await self.request("PATCH", path, body, content_type=PATCHES[how])

    async def delete(self, path: str, body: Any = None, **params: str | int) -> Any:
        """DELETE what is at a path; `body` are DeleteOptions."""
        return await self.request("DELETE", path, body, **params)

    async def list(self, path: str, **params: str | int) -> list[dict[str, Any]]:
        """GET all items of a list in one go."""
        return (await self.get(path, **params))["items"]

    async def each(self, jobs: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
        """Await many requests, some at a time; the first failure ends it."""
        gate = asyncio.Semaphore(AT_ONCE)
        waiting = list(jobs)

        async def gated(job: Coroutine[Any, Any, Any]) -> Any:
            async with gate:
                return await job

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(gated(job)) for job in waiting]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            for job in waiting:
                job.close()
        return [task.result() for task in tasks]

    async def until(
        self, path: str, seen: Callable[[Any], object], *, deadline: float = 60.0
    ) -> Any:
        """GET a document again and again until it is as wanted; a 404 is no document yet: None."""
        found: Any = None
        try:
            async with asyncio.timeout(deadline):
                while True:
                    try:
                        found = await self.get(path)
                    except Refused as error:
                        if error.code != 404:
                            raise
                        found = None
                    if seen(found):
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"{path} did not become as wanted: {json.dumps(found)[:2000]}"
            ) from None

    @asynccontextmanager
    async def namespace(self, name: str) -> AsyncIterator[str]:
        """Have a namespace for as long as the block runs; it is deleted without waiting."""
        await self.post("/api/v1/namespaces", {"metadata": {"name": name}})
        try:
            # Pods are refused until the namespace has its default service account.
            await self.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)
            yield name
        finally:
            try:
                await self.delete(f"/api/v1/namespaces/{name}")
            except Refused as error:
                if error.code not in {404, 409}:
                    raise


def _tls(found: Any) -> Any:
    context = ssl.create_default_context(cafile=found.ssl_ca_cert)
    if not found.verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if found.cert_file:
        context.load_cert_chain(found.cert_file, found.key_file)
    return context
