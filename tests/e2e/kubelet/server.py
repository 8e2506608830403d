"""The HTTPS face of the nodes, each at a port of its own, and of metrics.k8s.io."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from aiohttp import web

from backends.clock import Clock
from tests.e2e.kubelet.agent import Agent, Worker
from tests.e2e.kubelet.logserver import serve_log
from tests.e2e.kubelet.metrics import Metrics
from tests.e2e.kubelet.streams import serve_exec, serve_forward


def listen() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def tls(cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    """Return how to serve: only to clients whose certificate the cluster's own CA signed."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(cert, key)
    return made


class Face:
    """Serves what the API server passes on."""

    def __init__(self, agent: Agent, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock
        self._runner: list[web.AppRunner] = []

    async def open(self, sockets: list[socket.socket], context: ssl.SSLContext) -> None:
        """Serve the nodes on these sockets."""
        app = web.Application()
        pod = "{namespace}/{pod}"
        app.router.add_get(f"/containerLogs/{pod}/{{container}}", self._log)
        for method in ("GET", "POST"):
            app.router.add_route(method, f"/exec/{pod}/{{container}}", self._exec)
            app.router.add_route(method, f"/portForward/{pod}", self._forward)
        await self._serve(app, sockets, context)

    async def open_metrics(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        """Serve metrics.k8s.io on this socket."""
        app = web.Application()
        Metrics(self._agent, self._clock).route(app)
        await self._serve(app, [listening], context)

    async def close(self) -> None:
        """Serve no longer."""
        for runner in self._runner:
            await runner.cleanup()

    async def _serve(
        self, app: web.Application, sockets: list[socket.socket], context: ssl.SSLContext
    ) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._runner.append(runner)
        await runner.setup()
        for listening in sockets:
            await web.SockSite(runner, listening, ssl_context=context).start()

    def _worker(self, request: web.Request) -> Worker:
        """Return who keeps the pod that is asked for; 404 where it is not on this node."""
        namespace, pod = request.match_info["namespace"], request.match_info["pod"]
        found = self._agent.find(namespace, pod)
        assert request.transport is not None
        port = request.transport.get_extra_info("sockname")[1]
        if found is None or found.node.port != port:
            raise web.HTTPNotFound(text=f'pod "{pod}" does not exist')
        return found

    async def _log(self, request: web.Request) -> web.StreamResponse:
        return await serve_log(request, self._worker(request), self._clock)

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        return await serve_exec(request, self._worker(request))

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        return await serve_forward(request, self._worker(request))
