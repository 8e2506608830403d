"""The Kubernetes API of the simulated clusters over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from backends.sim.kube_face import status
from backends.sim.kube_face.accept import form
from backends.sim.kube_face.lists import Lister
from backends.sim.kube_face.path import RequestInfo, read
from backends.sim.kube_face.render import Renderer
from backends.sim.kube_face.status import ApiError, answer
from backends.sim.kube_face.watches import Watch
from backends.sim.kube_face.writes import Writer, check_body_type, read_json
from backends.sim.kube_world.cluster import KubeCluster
from backends.sim.kube_world.kinds import KINDS, KubeKind


class KubeWorld(Protocol):
    """What the face needs of the simulated world."""

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
        try:
            return await Exchange(cluster, request).run()
        except ApiError as error:
            return error.response()


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
        """Answer."""
        info = self.info
        if not info.resource:
            return status.page_not_found()
        if not any(k.group == info.group and k.version == info.version for k in KINDS.values()):
            return status.page_not_found()
        kind = KINDS.get((info.group, info.resource))
        if kind is None or kind.version != info.version:
            raise status.no_such_resource()
        if info.subresource:
            return await self._subresource(kind)
        if info.verb not in kind.verbs:
            raise status.method_not_allowed()
        if info.verb in ("get", "list"):
            return self._read(kind)
        if info.verb == "watch":
            return await self._watch(kind)
        return await self._write(kind)

    def _renderer(self, kind: KubeKind) -> Renderer:
        include = self.query.get("includeObject") or "Metadata"
        wanted = form(self.request.headers.get("Accept", ""))
        return Renderer(kind, wanted, self.cluster.state.now, include)

    def _read(self, kind: KubeKind) -> web.Response:
        renderer, info = self._renderer(kind), self.info
        if info.verb == "list":
            lister = Lister(self.cluster.state)
            return answer(lister.page(renderer, info.namespace, self.query))
        found = Writer(self.cluster).find(kind, self._namespace(kind), info.name)
        return answer(renderer.one(found))

    def _namespace(self, kind: KubeKind) -> str:
        return self.info.namespace if kind.namespaced else ""

    async def _watch(self, kind: KubeKind) -> web.StreamResponse:
        namespace = self._namespace(kind)
        watch = Watch(self.cluster, self._renderer(kind), namespace, self.query)
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "application/json"
        response.enable_chunked_encoding()
        await response.prepare(self.request)
        async for events in watch.events():
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

    async def _subresource(self, kind: KubeKind) -> web.StreamResponse:
        if self.info.subresource not in kind.subresources:
            raise status.no_such_resource()
        return await self._scale(kind)

    async def _scale(self, kind: KubeKind) -> web.Response:
        writer, verb = Writer(self.cluster), self.info.verb
        if verb not in ("get", "update", "patch"):
            raise status.method_not_allowed()
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
