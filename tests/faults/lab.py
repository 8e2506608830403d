"""A simulated world with a door before every cluster, and what is true in it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp

from backends.base import AwsSource, Sources
from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload
from backends.sim.server import SimServer
from tests.faults import certs
from tests.faults.catalogue import BY_NAME
from tests.faults.proxy import Door
from tests.faults.truth import REGION, SCALED, STEADY, Truth
from tests.faults.wire import Request

CONTROL = "control"
"""The name of the clusters that are left alone."""

SUFFIX = ".faults.test"
"""Host names that only the resolver stub knows."""

REMEMBERED = 10.5
"""Seconds after which aiohttp has forgotten what a name resolved to; it remembers it for 10."""


def _workloads(kind: str) -> tuple[SimWorkload, ...]:
    return tuple(
        SimWorkload(name, "shop", 2, f"registry.test/{name}:1.0.0", 256, 512, kind=kind)
        for name in (STEADY, SCALED)
    )


class Lab:
    """Clusters of one backend (``ecs`` or ``eks``), each called as the fault that it will have.

    ECS clusters are each alone in an account of their own; EKS clusters share one, since their
    trouble is that of their own API server. Both are reached as users reach them: by profiles,
    through the AWS APIs; an EKS cluster is found by DescribeCluster, its tokens are minted.
    """

    def __init__(
        self, backend: str, names: Sequence[str], folder: Path, *, timeout: float, seed: int = 1
    ) -> None:
        self.backend = backend
        self.names = tuple(names)
        self.folder = folder
        self.timeout = timeout
        self._seed = seed
        self.doors: dict[str, Door] = {}
        self.unknown: set[str] = set()
        """Host names that cannot be resolved at the moment."""
        self.sim = SimServer(seed, throttling=False, lively=False, layout=self._layout())
        self._stack = AsyncExitStack()

    def _layout(self) -> Blueprint:
        shared = SimAccount("eks-faults", "999900000000", "AKIAEKSFAULTS0000001", "made-up")
        accounts, clusters = [shared], []
        for number, name in enumerate(self.names):
            account = shared
            if self.backend == "ecs":
                key = f"AKIAFAULTS{number:010d}"
                account = SimAccount(f"ecs-{name}", f"{number + 1:012d}", key, "made-up")
                accounts.append(account)
            kind = "service" if self.backend == "ecs" else "deployment"
            clusters.append(
                SimCluster(
                    "ecs" if self.backend == "ecs" else "eks", name, account, REGION,
                    _workloads(kind), version="1.36" if self.backend == "eks" else "",
                )
            )  # fmt: skip
        used = accounts[1:] if self.backend == "ecs" else accounts
        return Blueprint(self._seed, "small", tuple(used), (REGION,), tuple(clusters))

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.sim)
        http = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.truth = Truth(self.backend, self.sim, http)
        self._stack.enter_context(self._resolving())
        self._stack.enter_context(_without("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_PROFILE"))
        port = int(self.sim.url.rpartition(":")[2])
        self.authority, contexts = certs.make(self.folder)
        for name in self.names:
            tls = contexts if name == "tls" else None
            door = Door(port, name=f"{self.backend}-{name}", tls=tls, seed=self._seed)
            self.doors[name] = await self._stack.enter_async_context(door)
        if self.backend == "eks":
            front = await self._stack.enter_async_context(Door(port, name="aws"))
            front.rewrite = self._readdress
            self._front = front
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def address(self, name: str) -> str:
        """Return the URL at which a client finds a door."""
        door = self.doors[name]
        return door.url.replace("127.0.0.1", name + SUFFIX) if name == "dns" else door.url

    @property
    def flag(self) -> Path:
        """A file that is there while host names can't be resolved, for other processes."""
        return self.folder / "no-resolver"

    @property
    def sources(self) -> Sources:
        """Return what points Topdeck at the doors, having written the files that it names."""
        config, credentials = self.folder / "config", self.folder / "credentials"
        profiles, keys = [], []
        sources = []
        for account in self.sim.world.blueprint.accounts:
            name = account.profile
            bundle = f"ca_bundle = {self.authority}\n" if name == "ecs-tls" else ""
            url = self._front.url if self.backend == "eks" else ""
            url = url or self.address(name.removeprefix("ecs-"))
            profiles.append(f"[profile {name}]\nregion = {REGION}\nendpoint_url = {url}\n{bundle}")
            keys.append(
                f"[{name}]\naws_access_key_id = {account.access_key}\n"
                f"aws_secret_access_key = {account.secret_key}\n"
            )
            sources.append(AwsSource(name, (REGION,), url, str(config), str(credentials)))
        config.write_text("".join(profiles))
        credentials.touch(mode=0o600)
        credentials.write_text("".join(keys))
        return Sources(
            aws=tuple(sources),
            eks=self.backend == "eks",
            budget_share=1.0,
            request_timeout=self.timeout,
        )

    def command(self) -> tuple[Path, dict[str, str]]:
        """Return a configuration file and an environment that do for the command what `sources`
        do for the parts."""
        names = [source.profile for source in self.sources.aws]
        path = self.folder / "config.toml"
        path.write_text(
            f"request_timeout = {self.timeout}\n[aws]\nprofiles = {json.dumps(names)}\n"
            f'regions = ["{REGION}"]\nbudget_share = 1.0\n'
            f"eks = {str(self.backend == 'eks').lower()}\n"
        )
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return path, {
            **os.environ,
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "KUBECONFIG": str(home / "none"),
        }

    def _readdress(self, request: Request, body: bytes) -> bytes:
        """Put the doors' addresses, and our authority, into what DescribeCluster answers."""
        name = request.path.rpartition("/clusters/")[2]
        if name not in self.doors:
            return body
        answered = json.loads(body)
        found = answered.get("cluster", {})
        found["endpoint"] = f"{self.address(name)}/k8s/{name}"
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        found["certificateAuthority"] = {"data": authority}
        return json.dumps(answered).encode()

    @contextmanager
    def _resolving(self) -> Iterator[None]:
        """Resolve the host names of doors here, as long as they are not `unknown`."""
        original = socket.getaddrinfo

        def stub(host: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(host, str) and host.endswith(SUFFIX):
                if host in self.unknown:
                    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
                host = "127.0.0.1"
            return original(host, *args, **kwargs)

        socket.getaddrinfo = stub
        try:
            yield
        finally:
            socket.getaddrinfo = original

    async def strike(self, name: str) -> None:
        """Let a cluster have the fault of its name."""
        fault = BY_NAME[name]
        await self.doors[name].strike(fault)
        if name == "dns":
            self.unknown.add(name + SUFFIX)
            self.flag.touch()
            # Who resolved the name lately may connect once more: that is to break, too.
            loop = asyncio.get_running_loop()
            again = loop.create_task(_later(REMEMBERED, lambda: self.doors[name].strike(fault)))
            self._stack.callback(again.cancel)

    async def lift(self, name: str) -> None:
        """End it."""
        self.unknown.discard(name + SUFFIX)
        if name == "dns":
            self.flag.unlink(missing_ok=True)
        await self.doors[name].lift()


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Leave out variables of the environment that would count more than the sources do."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


async def _later(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await act()
