"""An API server on loopback that answers just what a test tells it to: the fake at the transport.

Lists are paged, watches replay what happened since a version and then follow, as the real one
does; anything else (refusals, hangs, garbage) is scripted per request.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

from aiohttp import web
from kube_docs import Doc, merge

Script: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers a request in place of the fake; None: let the fake do it after all."""

PATHS = {
    "namespaces": ("/api/v1", "Namespace"),
    "pods": ("/api/v1", "Pod"),
    "nodes": ("/api/v1", "Node"),
    "events": ("/api/v1", "Event"),
    "deployments": ("/apis/apps/v1", "Deployment"),
    "statefulsets": ("/apis/apps/v1", "StatefulSet"),
    "daemonsets": ("/apis/apps/v1", "DaemonSet"),
    "replicasets": ("/apis/apps/v1", "ReplicaSet"),
    "horizontalpodautoscalers": ("/apis/autoscaling/v2", "HorizontalPodAutoscaler"),
}


class Seen:
    """One request as it arrived."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.method = request.method
        self.path = request.path
        self.query = dict(request.query)
        self.headers = request.headers.copy()
        is_json = request.content_type.endswith("json")
        self.body = json.loads(body) if body and is_json else body

    @property
    def watch(self) -> bool:
        return "watch" in self.query

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {self.query}"


def status(code: int, reason: str, message: str = "", **more: Any) -> web.Response:
    body = {
        "kind": "Status", "apiVersion": "v1", "metadata": more.pop("metadata", {}),
        "status": "Failure", "message": message or reason, "reason": reason, "code": code, **more,
    }  # fmt: skip
    return web.json_response(body, status=code)


class FakeKube:
    """A cluster's worth of objects behind HTTP."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[tuple[str, str], Doc]] = {name: {} for name in PATHS}
        self.requests: list[Seen] = []
        self.version = 100
        self.logs: dict[tuple[str, str, str], LogFile] = {}
        self.page = 500
        self._history: dict[str, list[tuple[int, str, Doc]]] = {name: [] for name in PATHS}
        self._moved = asyncio.Condition()
        self._scripts: list[tuple[Callable[[web.Request], bool], Script, bool]] = []
        self._runner: web.AppRunner | None = None
        self._open: set[asyncio.Task[Any]] = set()
        self._watches: list[web.Request] = []
        self.url = ""

    async def start(self) -> FakeKube:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        for task in self._open:
            task.cancel()
        assert self._runner is not None
        await self._runner.cleanup()

    # What the cluster holds

    def put(self, plural: str, doc: Doc) -> Doc:
        """Add or change an object; watches hear of it."""
        self.version += 1
        doc = copy.deepcopy(doc)
        meta = doc["metadata"]
        meta.setdefault("uid", f"uid-{meta['name']}")
        meta["resourceVersion"] = str(self.version)
        key = (meta.get("namespace", ""), meta["name"])
        kind = "MODIFIED" if key in self.objects[plural] else "ADDED"
        self.objects[plural][key] = doc
        self._happened(plural, kind, doc)
        return doc

    def remove(self, plural: str, namespace: str, name: str) -> None:
        self.version += 1
        doc = self.objects[plural].pop((namespace, name))
        doc = {**doc, "metadata": {**doc["metadata"], "resourceVersion": str(self.version)}}
        self._happened(plural, "DELETED", doc)

    def forget_silently(self, plural: str, namespace: str, name: str) -> None:
        """Take an object away without a word, as if the watch had missed it."""
        self.version += 1
        del self.objects[plural][namespace, name]

    def bookmark(self, plural: str) -> None:
        self.version += 1
        self._happened(
            plural,
            "BOOKMARK",
            {
                "kind": PATHS[plural][1],
                "metadata": {"resourceVersion": str(self.version)},
                "spec": {"containers": None},
            },
        )

    def _happened(self, plural: str, kind: str, doc: Doc) -> None:
        self._history[plural].append((self.version, kind, copy.deepcopy(doc)))
        task = asyncio.ensure_future(self._tell())
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    # What goes wrong

    def cut(self) -> None:
        """Break the connection of every open watch."""
        for request in tuple(self._watches):
            if request.transport is not None:
                request.transport.close()

    def script(
        self,
        answer: Script | web.Response,
        *,
        path: str = "",
        watch: bool | None = None,
        method: str = "GET",
        once: bool = True,
    ) -> None:
        """Answer the next request (or with `once` off, every one) that fits with `answer`."""

        def fits(request: web.Request) -> bool:
            return (
                request.method == method
                and (not path or request.path == path)
                and (watch is None or ("watch" in request.query) is watch)
            )

        async def fixed(_: web.Request) -> web.StreamResponse:
            assert isinstance(answer, web.Response)
            return web.Response(
                status=answer.status, body=answer.body, content_type=answer.content_type
            )

        made = fixed if isinstance(answer, web.Response) else answer
        self._scripts.append((fits, made, once))

    def unscript(self) -> None:
        self._scripts.clear()

    def seen(self, *, watch: bool | None = None, method: str = "GET", path: str = "") -> list[Seen]:
        return [
            r
            for r in self.requests
            if r.method == method
            and (watch is None or r.watch is watch)
            and (not path or r.path == path)
        ]

    # How it answers

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Seen(request, await request.read()))
        for index, (fits, script, once) in enumerate(self._scripts):
            if fits(request):
                if once:
                    del self._scripts[index]
                answer = await script(request)
                if answer is not None:
                    return answer
                break
        return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.36.2", "platform": "linux/amd64"})
        for plural, (root, kind) in PATHS.items():
            if not request.path.startswith(f"{root}/"):
                continue
            rest = request.path.removeprefix(f"{root}/").split("/")
            namespace = ""
            if rest[0] == "namespaces" and len(rest) > 2:
                namespace, rest = rest[1], rest[2:]
            if rest[0] != plural:
                continue
            if len(rest) == 1:
                return await self._collection(request, plural, kind, namespace)
            return await self._one(request, plural, kind, namespace, rest[1:])
        return status(404, "NotFound", "the server could not find the requested resource")

    async def _collection(
        self, request: web.Request, plural: str, kind: str, namespace: str
    ) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch(request, plural, namespace)
        items = [doc for doc in self.objects[plural].values() if fits(doc, request, namespace)]
        begin = int(request.query.get("continue") or 0)
        asked = int(request.query.get("limit") or 0)
        limit = min(asked, self.page) if asked else len(items) + 1
        meta: Doc = {"resourceVersion": str(self.version)}
        if begin + limit < len(items):
            meta |= {
                "continue": str(begin + limit),
                "remainingItemCount": len(items) - begin - limit,
            }
        root = PATHS[plural][0].removeprefix("/apis/").removeprefix("/api/")
        return web.json_response(
            {
                "kind": f"{kind}List",
                "apiVersion": root,
                "metadata": meta,
                "items": items[begin : begin + limit],
            }
        )

    async def _watch(self, request: web.Request, plural: str, namespace: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = int(request.query.get("resourceVersion") or 0)
        self._watches.append(request)
        try:
            async for line in self._events(request, plural, namespace, since):
                await response.write(line)
        finally:
            self._watches.remove(request)
        return response

    async def _events(
        self, request: web.Request, plural: str, namespace: str, since: int
    ) -> AsyncIterator[bytes]:
        history, index = self._history[plural], 0
        while True:
            while index < len(history):
                version, kind, doc = history[index]
                index += 1
                if version > since and (kind == "BOOKMARK" or fits(doc, request, namespace)):
                    yield json.dumps({"type": kind, "object": doc}).encode() + b"\n"
            async with self._moved:
                if index >= len(history):
                    await self._moved.wait()

    async def _one(
        self, request: web.Request, plural: str, kind: str, namespace: str, rest: list[str]
    ) -> web.StreamResponse:
        name, sub = rest[0], rest[1] if len(rest) > 1 else ""
        doc = self.objects[plural].get((namespace, name))
        if doc is None:
            return status(404, "NotFound", f'{plural} "{name}" not found')
        if sub == "log":
            return await self._log(request, namespace, name)
        if request.method == "PATCH":
            change = json.loads(await request.read())
            uid = (change.get("metadata") or {}).get("uid")
            if uid and uid != doc["metadata"]["uid"]:
                return status(409, "Conflict", "Precondition failed: UID in precondition")
            doc = self.put(plural, merge(doc, change))
        if sub == "scale":
            return web.json_response(
                {
                    "kind": "Scale",
                    "metadata": {"name": name},
                    "spec": {"replicas": doc["spec"].get("replicas", 0)},
                    "status": {"replicas": doc.get("status", {}).get("replicas", 0)},
                },
                headers={"Audit-Id": "audit-1"},
            )
        root = PATHS[plural][0].removeprefix("/apis/").removeprefix("/api/")
        return web.json_response(
            {"kind": kind, "apiVersion": root, **doc}, headers={"Audit-Id": "audit-1"}
        )

    async def _log(self, request: web.Request, namespace: str, pod: str) -> web.StreamResponse:
        log = self.logs.get((namespace, pod, request.query["container"]))
        if log is None:
            return status(
                400,
                "BadRequest",
                f'container "{request.query["container"]}" in pod "{pod}" is waiting to start: '
                "ContainerCreating",
            )
        return await log.serve(request)


def fits(doc: Doc, request: web.Request, namespace: str) -> bool:
    """Whether an object is in a namespace and matches the selectors of a request."""
    meta = doc["metadata"]
    if namespace and meta.get("namespace") != namespace:
        return False
    labels = meta.get("labels") or {}
    for part in filter(None, request.query.get("labelSelector", "").split(",")):
        key, _, value = part.partition("=")
        if labels.get(key) != value:
            return False
    for part in filter(None, request.query.get("fieldSelector", "").split(",")):
        key, _, value = part.partition("=")
        found: Any = doc
        for step in key.split("."):
            found = (found or {}).get(step)
        if found != value:
            return False
    return True


class LogFile:
    """A container's log: lines with nanosecond stamps, that grows and ends."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self.lines = list(lines)
        self.previous: list[tuple[str, str]] | None = None
        self.ended = False
        self.cuts = 0
        self._grown = asyncio.Condition()

    async def write(self, *lines: tuple[str, str]) -> None:
        async with self._grown:
            self.lines.extend(lines)
            self._grown.notify_all()

    async def end(self) -> None:
        async with self._grown:
            self.ended = True
            self._grown.notify_all()

    async def cut(self) -> None:
        """Break every open stream off, in the middle of a line."""
        async with self._grown:
            self.cuts += 1
            self._grown.notify_all()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        lines = self.lines
        if "previous" in request.query:
            if self.previous is None:
                return status(400, "BadRequest", "previous terminated container not found")
            lines = self.previous
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        begin = 0
        if tail := request.query.get("tailLines"):
            begin = max(0, len(lines) - int(tail))
        since = request.query.get("sinceTime", "").removesuffix("Z")
        cuts = self.cuts
        index = begin
        while True:
            while index < len(lines):
                stamp, text = lines[index]
                index += 1
                if stamp >= since:
                    await response.write(f"{stamp} {text}\n".encode())
            if "follow" not in request.query or self.ended:
                return response
            async with self._grown:
                if index >= len(lines) and not self.ended and self.cuts == cuts:
                    await self._grown.wait()
            if self.cuts != cuts:
                await response.write(b"2026-11-22T21:30:47.9 half a li")
                assert request.transport is not None
                request.transport.close()
                return response
