"""A simulated world with a door before every cluster, and what is true in it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp

from backends.base import AwsSource, Sources
from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload
from backends.sim.files import TOKEN
from backends.sim.server import SimServer
from tests.faults import certs
from tests.faults.catalogue import BY_NAME
from tests.faults.proxy import Door
from tests.faults.wire import Request

REGION = "us-east-1"
CONTROL = "control"
"""The name of the clusters that are left alone."""

STEADY, SCALED = "web", "api"
"""The workload whose log is tailed, and the one that is scaled from all sides."""

SUFFIX = ".faults.test"
"""Host names that only the resolver stub knows."""

REMEMBERED = 10.5
"""Seconds after which aiohttp has forgotten what a name resolved to; it remembers it for 10."""

_ECS = "AmazonEC2ContainerServiceV20141113"
_LOGS = "Logs_20140328"


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
        self._http: aiohttp.ClientSession | None = None

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
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
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
    def sources(self) -> Sources:
        """Return what points Topdeck at the doors."""
        config, credentials = self.folder / "config", self.folder / "credentials"
        profiles, keys = [], []
        sources = []
        for account in self.sim.world.blueprint.accounts:
            bundle = f"ca_bundle = {self.authority}\n" if account.profile == "ecs-tls" else ""
            profiles.append(f"[profile {account.profile}]\nregion = {REGION}\n{bundle}")
            keys.append(
                f"[{account.profile}]\naws_access_key_id = {account.access_key}\n"
                f"aws_secret_access_key = {account.secret_key}\n"
            )
            url = self._front.url if self.backend == "eks" else ""
            url = url or self.address(account.profile.removeprefix("ecs-"))
            sources.append(
                AwsSource(account.profile, (REGION,), url, str(config), str(credentials))
            )
        config.write_text("".join(profiles))
        credentials.touch(mode=0o600)
        credentials.write_text("".join(keys))
        return Sources(
            aws=tuple(sources),
            eks=self.backend == "eks",
            budget_share=1.0,
            request_timeout=self.timeout,
        )

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
            # Who resolved the name lately may connect once more: that is to break, too.
            loop = asyncio.get_running_loop()
            again = loop.create_task(_later(REMEMBERED, lambda: self.doors[name].strike(fault)))
            self._stack.callback(again.cancel)

    async def lift(self, name: str) -> None:
        """End it."""
        self.unknown.discard(name + SUFFIX)
        await self.doors[name].lift()

    async def truth(self, name: str) -> dict[str, tuple[int, int]]:
        """Return (ready, desired) of every workload as the server itself has it."""
        if self.backend == "ecs":
            found = await self._aws(
                name, "ecs", f"{_ECS}.DescribeServices",
                {"cluster": name, "services": [STEADY, SCALED]},
            )  # fmt: skip
            return {
                s["serviceName"]: (s["runningCount"], s["desiredCount"]) for s in found["services"]
            }
        found = await self._kube(name, "GET", "/apis/apps/v1/deployments")
        return {
            d["metadata"]["name"]: (d["status"].get("readyReplicas", 0), d["spec"]["replicas"])
            for d in found["items"]
        }

    async def scale(self, name: str, desired: int) -> None:
        """Scale a workload behind the operator's back: straight at the server."""
        if self.backend == "ecs":
            change = {"cluster": name, "service": SCALED, "desiredCount": desired}
            await self._aws(name, "ecs", f"{_ECS}.UpdateService", change)
            return
        path = f"/apis/apps/v1/namespaces/shop/deployments/{SCALED}/scale"
        await self._kube(name, "PATCH", path, {"spec": {"replicas": desired}})

    async def written(self, name: str, since: float, until: float) -> dict[str, list[str]]:
        """Return what was logged by `STEADY` between two moments, by where it was."""
        if self.backend == "ecs":
            return await self._events(name, since, until)
        found: dict[str, list[str]] = {}
        pods = await self._kube(
            name, "GET", f"/api/v1/namespaces/shop/pods?labelSelector=app={STEADY}"
        )
        for pod in pods["items"]:
            for container in pod["spec"]["containers"]:
                path = f"/api/v1/namespaces/shop/pods/{pod['metadata']['name']}/log"
                text = await self._text(
                    name, f"{path}?container={container['name']}&timestamps=true&sinceSeconds=600"
                )
                lines = [line.partition(" ") for line in text.splitlines()]
                found[f"{pod['metadata']['name']}/{container['name']}"] = [
                    said for at, _, said in lines if since <= _epoch(at) < until
                ]
        return found

    async def _events(self, name: str, since: float, until: float) -> dict[str, list[str]]:
        listed = {"cluster": name, "serviceName": STEADY}
        tasks = (await self._aws(name, "ecs", f"{_ECS}.ListTasks", listed))["taskArns"]
        mine = tuple(task.rpartition("/")[2] for task in tasks)
        groups = await self._aws(name, "logs", f"{_LOGS}.DescribeLogGroups", {})
        found: dict[str, list[str]] = {}
        for group in groups["logGroups"]:
            asked = {"logGroupName": group["logGroupName"], "startTime": int(since * 1000),
                     "endTime": int(until * 1000)}  # fmt: skip
            while True:
                page = await self._aws(name, "logs", f"{_LOGS}.FilterLogEvents", asked)
                for event in page["events"]:
                    if event["logStreamName"].endswith(mine):
                        found.setdefault(event["logStreamName"], []).append(event["message"])
                if not page.get("nextToken"):
                    break
                asked["nextToken"] = page["nextToken"]
        return found

    async def _aws(self, name: str, service: str, target: str, params: dict[str, Any]) -> Any:
        account = next(a for a in self.sim.world.blueprint.accounts if a.profile == f"ecs-{name}")
        scope = f"{account.access_key}/20260101/{REGION}/{service}/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        headers = {
            "X-Amz-Target": target,
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": signed,
        }
        assert self._http is not None
        async with self._http.post(self.sim.url, headers=headers, data=json.dumps(params)) as got:
            assert got.status == 200, await got.text()
            return await got.json(content_type=None)

    async def _kube(self, name: str, method: str, path: str, body: Any = None) -> Any:
        return json.loads(await self._text(name, path, method, body))

    async def _text(self, name: str, path: str, method: str = "GET", body: Any = None) -> str:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        assert self._http is not None
        url = f"{self.sim.kubernetes_endpoints[name]}{path}"
        data = None if body is None else json.dumps(body)
        async with self._http.request(method, url, headers=headers, data=data) as got:
            text = await got.text()
            assert got.status == 200, text
            return text


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


def _epoch(stamp: str) -> float:
    import datetime

    whole, _, part = stamp.removesuffix("Z").partition(".")
    at = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return at + float(f"0.{part or 0}")


def chosen(names: Collection[str]) -> list[str]:
    """Return the clusters for some faults: one each, and one that is left alone."""
    return [*names, CONTROL]
