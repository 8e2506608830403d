"""The Kubernetes API of the simulated clusters over HTTP: one request from arrival to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from backends.sim.kube_face import discovery, logs, reviews, status
from backends.sim.kube_face.accept import form
from backends.sim.kube_face.lists import Lister
from backends.sim.kube_face.path import RequestInfo, read
from backends.sim.kube_face.render import Renderer
from backends.sim.kube_face.status import ApiError, answer, method_not_allowed
from backends.sim.kube_face.users import forbidden, identify, signer
from backends.sim.kube_face.watches import Watch
from backends.sim.kube_face.writes import Writer, check_body_type, read_json
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.kube_world.kinds import KINDS, KubeKind

FUTURE_WAIT = 3.0
"""Seconds that a list waits for a resource version of the future."""


class KubeWorld(Protocol):
    """What the face needs of the simulated world; one with `faults` has them met."""

    @property
    def kube(self) -> Mapping[str, Any]:
        """The clusters by name."""
        ...

    def advance(self) -> None:
        """Make happen what is due."""
        ...


class Face:
    """Handles every request below ``/k8s/<cluster>``."""

    def __init__(self, world: KubeWorld) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; refusals are Status objects."""
        cluster = self._world.kube.get(request.match_info["cluster"])
        if cluster is None:
            return status.page_not_found()
        self._world.advance()
        exchange = Exchange(cluster, request)
        try:
            await self._suffer(cluster, exchange)
            self._check_key(request)
            return await exchange.run()
        except ApiError as error:
            return error.response()
        except ConnectionError:
            # The client has gone while it was being told something; nobody is left to answer.
            return web.Response()

    def _check_key(self, request: web.Request) -> None:
        """Refuse an EKS token that was signed with a key which is no longer good."""
        logins = getattr(self._world, "logins", None)
        if logins is not None and logins.ended(signer(request.headers)):
            raise status.unauthorized()

    async def _suffer(self, cluster: KubeCluster, exchange: Exchange) -> None:
        """Meet the trouble that somebody has asked for."""
        info, request = exchange.info, exchange.request
        trouble = cluster.trouble.take(info.path)
        if trouble is not None and trouble.drop and request.transport is not None:
            request.transport.abort()
            raise ConnectionResetError
        if trouble is not None and trouble.hang:
            await asyncio.Event().wait()
        if trouble is not None:
            raise ApiError(trouble.status, trouble.message, trouble.reason)
        faults = getattr(self._world, "faults", None)
        if faults is not None:
            action = f"k8s:{info.verb} {info.resource or info.path}"
            fault = await faults.meet(action, cluster.name)
            if fault is not None:
                raise ApiError(fault.status, fault.message or fault.code, fault.code)


class Exchange:
    """One request to one cluster and its answer."""

    def __init__(self, cluster: KubeCluster, request: web.Request) -> None:
        self.cluster = cluster
        self.request = request
        path = "/" + request.match_info["path"].lstrip("/")
        self.query = request.query
        self.info: RequestInfo = read(request.method, path, self.query)
        agent = request.headers.get("User-Agent", "unknown")
        self.manager = self.query.get("fieldManager") or agent.partition("/")[0]

    async def run(self) -> web.StreamResponse:
        """Answer: first who asks, then whether they may, then whether there is such a thing."""
        info, cluster = self.info, self.cluster
        user = identify(self.request.headers, cluster.home, require_token=cluster.require_token)
        if (info.group, info.resource) in reviews.REVIEWS:
            content_type = self.request.headers.get("Content-Type", "")
            body = await self.request.read()
            made = reviews.answer(info, user, body, content_type, cluster.state.now)
            return answer(made, 201)
        if not user.may(info):
            raise forbidden(user, info)
        if not info.resource:
            return discovery.serve(info.path, self.request, cluster.version)
        kind = self._kind()
        if kind is None:
            return status.page_not_found()
        if info.subresource:
            return await self._subresource(kind)
        return await self._object(kind)

    def _kind(self) -> KubeKind | None:
        """Return the kind that is asked for; None where not even its group is known."""
        info = self.info
        if (info.group, info.version) not in [("", "v1"), *discovery.groups()]:
            return None
        kind = KINDS.get((info.group, info.resource))
        if kind is None or kind.version != info.version:
            raise status.no_such_resource()
        return kind

    async def _object(self, kind: KubeKind) -> web.StreamResponse:
        info = self.info
        named = info.verb not in ("list", "watch", "create", "deletecollection")
        if info.verb not in kind.verbs or named != bool(info.name):
            raise method_not_allowed()
        if info.verb == "list":
            return await self._list(kind)
        if info.verb == "watch":
            return await self._watch(kind)
        if info.verb == "get":
            found = Writer(self.cluster).find(kind, self._namespace(kind), info.name)
            return answer(self._renderer(kind).one(found))
        return await self._write(kind)

    def _renderer(self, kind: KubeKind) -> Renderer:
        include = self.query.get("includeObject") or "Metadata"
        wanted = form(self.request.headers.get("Accept", ""))
        return Renderer(kind, wanted, self.cluster.state.now, include)

    def _namespace(self, kind: KubeKind) -> str:
        return self.info.namespace if kind.namespaced else ""

    async def _list(self, kind: KubeKind) -> web.Response:
        renderer, lister = self._renderer(kind), Lister(self.cluster.state)
        try:
            return answer(lister.page(renderer, self._namespace(kind), self.query))
        except ApiError as error:
            if error.code == 504:
                await asyncio.sleep(FUTURE_WAIT)
            raise

    async def _watch(self, kind: KubeKind) -> web.StreamResponse:
        namespace, request = self._namespace(kind), self.request
        watch = Watch(self.cluster, self._renderer(kind), namespace, self.query)
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "application/json"
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for events in watch.events(lambda: _gone(request)):
            if events:
                await response.write(events)
        return response

    async def _write(self, kind: KubeKind) -> web.Response:
        writer, info, renderer = Writer(self.cluster), self.info, self._renderer(kind)
        body, content_type = await self.request.read(), self.request.headers.get("Content-Type", "")
        version = writer.find(kind, self._namespace(kind), info.name)
        if info.verb == "patch":
            changed = writer.patch(kind, version, content_type, body, self.query, self.manager)
            return answer(renderer.one(changed))
        check_body_type(content_type)
        if info.verb == "update":
            wanted = read_json(body, kind.kind)
            changed = writer.update(kind, version, wanted, self.query, self.manager)
            return answer(renderer.one(changed))
        options = read_json(body, "DeleteOptions") if body else {}
        left = writer.delete(kind, version, options, self.query)
        return answer(left if isinstance(left, dict) else renderer.one(left))

    # -- subresources -----------------------------------------------------------------------

    async def _subresource(self, kind: KubeKind) -> web.StreamResponse:
        served: dict[str, Callable[[KubeKind], Awaitable[web.StreamResponse]]] = {
            "scale": self._scale,
            "log": self._log,
        }
        if self.info.subresource not in kind.subresources:
            raise status.no_such_resource()
        return await served[self.info.subresource](kind)

    async def _log(self, kind: KubeKind) -> web.StreamResponse:
        if self.info.verb != "get":
            raise method_not_allowed()
        pod = Writer(self.cluster).find(kind, self.info.namespace, self.info.name)
        return await logs.serve(self.cluster, pod, self.request)

    async def _scale(self, kind: KubeKind) -> web.StreamResponse:
        writer, verb = Writer(self.cluster), self.info.verb
        if verb not in ("get", "update", "patch"):
            raise method_not_allowed()
        version = writer.find(kind, self.info.namespace, self.info.name)
        if verb == "get":
            return answer(writer.scale(version))
        body, content_type = await self.request.read(), self.request.headers.get("Content-Type", "")
        if verb == "patch":
            return answer(writer.patch_scale(
                kind, version, content_type, body, self.query, self.manager
            ))  # fmt: skip
        check_body_type(content_type)
        wanted = read_json(body, "Scale")
        return answer(writer.rescale(kind, version, wanted, self.query, self.manager))


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
