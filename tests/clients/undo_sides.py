"""Two clusters that are alike: in one kubectl undoes a rollout, in the other Topdeck."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from backends.base import Demand, KubeSource, Sources
from backends.clock import ManualClock
from backends.eks.backend import KubeBackend
from backends.model import Accepted, FeedState, Query, Resource, RollbackPlan
from backends.sim.files import TOKEN
from backends.sim.server import SimServer
from backends.store import Shelf

CLUSTER = "payments-prod"
DEADLINE = 60.0
APPS = "/apis/apps/v1"
STRATEGIC = "application/strategic-merge-patch+json"


class Side:
    """One cluster, and ways to change it and look at it."""

    def __init__(self, sim: SimServer, http: aiohttp.ClientSession, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.kubeconfig = sim.write_kubeconfig(folder / "kubeconfig")
        self._http = http
        source = KubeSource(str(self.kubeconfig), (CLUSTER,))
        self.backend = KubeBackend(Sources(kube=(source,)), sim.world.clock)
        (self._root,) = self.backend.roots()

    def _path(self, kind: str, namespace: str, name: str) -> str:
        base = self.sim.kubernetes_endpoints[CLUSTER]
        return f"{base}{APPS}/namespaces/{namespace}/{kind}" + (f"/{name}" if name else "")

    async def get(self, kind: str, namespace: str, name: str = "") -> dict[str, Any]:
        async with self._http.get(self._path(kind, namespace, name)) as answer:
            assert answer.status == 200, await answer.text()
            return dict(await answer.json())

    async def patch(self, kind: str, namespace: str, name: str, change: dict[str, Any]) -> None:
        headers = {"Content-Type": STRATEGIC}
        path = self._path(kind, namespace, name)
        async with self._http.patch(path, json=change, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def release(self, kind: str, namespace: str, name: str, image: str) -> None:
        """Roll out another image, with another variable and memory limit, to the end."""
        spec = (await self.get(kind, namespace, name))["spec"]["template"]["spec"]
        container = {
            "name": spec["containers"][0]["name"],
            "image": image,
            "env": [{"name": "RELEASE", "value": image}, {"name": "API_TOKEN", "value": image}],
            "resources": {"limits": {"memory": "777Mi"}},
        }
        template = {
            "metadata": {"annotations": {"release": image}},
            "spec": {"containers": [container]},
        }
        marks = {"annotations": {"kubernetes.io/change-cause": f"release {image}", "team": image}}
        await self.patch(kind, namespace, name, {"metadata": marks, "spec": {"template": template}})
        await self.pass_time()

    async def pass_time(self) -> None:
        for _ in range(60):
            await self.sim.advance(2)

    async def row(self, kind: str, namespace: str, name: str) -> Resource:
        query = self.backend.plan(Query(await self._scope(namespace), f"k8s/{kind}"))
        return next(
            row
            for row in await self._rows(query)
            if row.ref.name == name and row.ref.scope.namespace == namespace
        )

    async def _scope(self, namespace: str) -> Any:
        (cluster,) = await self._rows(self._root)
        return cluster.ref.scope.at(namespace=namespace)

    async def _rows(self, query: Query) -> list[Resource]:
        shelf = Shelf(query)
        async with asyncio.timeout(DEADLINE), aclosing(self.backend.watch(query, Demand())) as feed:
            async for change in feed:
                shelf.apply(change)
                if change.status.state is FeedState.LIVE:
                    break
        return list(shelf.rows.values())

    async def undo(self, row: Resource) -> tuple[RollbackPlan, Accepted]:
        """Plan and perform, as the dialog does."""
        plan = await self.backend.rollback_plan(row)
        return plan, await self.backend.perform(plan.operation)

    async def kubectl(self, *arguments: str) -> tuple[int, str]:
        """Run kubectl; return its exit code and all that it said."""
        env = {**os.environ, "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig)}
        process = await asyncio.create_subprocess_exec(
            "kubectl", f"--cache-dir={self.folder / 'cache'}", f"--context={CLUSTER}",
            *arguments, env=env, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        async with asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode() + err.decode()


@asynccontextmanager
async def side(folder: Path) -> AsyncIterator[Side]:
    """Serve one of the clusters; all that are served are alike, and stay so for like changes."""
    folder.mkdir()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        SimServer(clock=ManualClock(), throttling=False, lively=False) as sim,
        aiohttp.ClientSession(headers=headers) as http,
    ):
        made = Side(sim, http, folder)
        yield made
        await made.backend.close()
