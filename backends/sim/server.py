"""The simulator as a server: one aiohttp application on one loopback port."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from backends.clock import Clock, ManualClock, SystemClock
from backends.sim import files, kube_face
from backends.sim.aws.face import AwsFace
from backends.sim.aws.portal import Portal
from backends.sim.blueprint import Blueprint, ScaleName, blueprint
from backends.sim.control import Control
from backends.sim.world import World

HOST = "127.0.0.1"
"""The only address the simulator listens on."""

TICK = 0.1
"""Seconds between looks at what is due, so that watches hear of it unasked."""

MAX_BODY = 16 * 2**20
"""Bytes of a request that are accepted; nothing that either API takes is near that."""


class PortTaken(OSError):  # noqa: N818 - reads as what happened
    """Somebody else listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} on {HOST} is taken")
        self.port = port


class SimServer:
    """A simulated world behind HTTP, serving while its ``async with`` block runs.

    `clock` left out: the machine's own, and the world moves by itself. With a `ManualClock`
    it stands still until `advance`. `port` 0 takes any free one; a taken one raises
    `PortTaken`. `throttling` off lifts AWS's request rates; `lively` off leaves out the
    incidents and the comings and goings that nobody asked for. `layout` is a world of the
    caller's own instead of the blueprint of `seed` and `scale`.
    """

    def __init__(
        self,
        seed: int = 1,
        scale: ScaleName = "small",
        clock: Clock | None = None,
        port: int = 0,
        *,
        throttling: bool = True,
        lively: bool = True,
        layout: Blueprint | None = None,
    ) -> None:
        self._port = port
        self._clock = clock or SystemClock()
        self.world = World(layout or blueprint(seed, scale), self._clock, lively=lively)
        self._aws = AwsFace(self.world, throttling=throttling)
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The AWS endpoint, ``http://127.0.0.1:<port>``; empty before it listens."""
        return self.world.base_url

    @property
    def kubernetes_endpoints(self) -> dict[str, str]:
        """The URL of each EKS cluster's Kubernetes API, by the cluster's name."""
        return {
            cluster.name: f"{self.url}/k8s/{cluster.name}"
            for cluster in self.world.blueprint.clusters
            if cluster.provider == "eks"
        }

    def write_kubeconfig(self, path: Path | str) -> Path:
        """Write a kubeconfig with a context per EKS cluster, named as the cluster; mode 0600."""
        return files.write_private(Path(path), files.kubeconfig(self.kubernetes_endpoints))

    def write_aws_config(self, directory: Path | str) -> tuple[Path, Path]:
        """Write (config file, shared credentials file) into `directory`, both mode 0600."""
        blueprint_ = self.world.blueprint
        config = files.write_private(
            Path(directory) / "config", files.aws_config(blueprint_, self.url)
        )
        credentials = files.write_private(
            Path(directory) / "credentials", files.aws_credentials(blueprint_)
        )
        return config, credentials

    async def advance(self, seconds: float) -> None:
        """Move a manual clock on, let happen what is due, and let open streams hear of it."""
        if not isinstance(self._clock, ManualClock):
            raise TypeError("only a ManualClock can be moved on")
        self._clock.advance(seconds)
        self.world.advance()
        await asyncio.sleep(0)

    async def start(self) -> None:
        """Begin to listen; `__aenter__` calls it."""
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(Control(self.world).routes())
        app.add_routes(kube_face.routes(self.world))
        app.add_routes(Portal(self.world).routes())
        app.router.add_route("*", "/{path:.*}", self._aws.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(self._port) from error
            raise
        self.world.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        if not isinstance(self._clock, ManualClock):
            self._ticker = asyncio.create_task(self._tick(), name="simulator")

    async def stop(self) -> None:
        """Close every connection; `__aexit__` calls it."""
        if self._ticker is not None:
            self._ticker.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticker
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.world.advance()
            self.world.prepare()
