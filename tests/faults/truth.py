"""What is true in a simulated world, asked of the simulator itself, past every door."""

from __future__ import annotations

import datetime
import json
from typing import Any

import aiohttp

from backends.sim.files import TOKEN
from backends.sim.server import SimServer

REGION = "us-east-1"

STEADY, SCALED = "web", "api"
"""The workload whose log is tailed, and the one that is scaled from all sides."""

_ECS = "AmazonEC2ContainerServiceV20141113"
_LOGS = "Logs_20140328"


class Truth:
    """Asks and changes the clusters of one backend (``ecs`` or ``eks``)."""

    def __init__(self, backend: str, sim: SimServer, http: aiohttp.ClientSession) -> None:
        self.backend = backend
        self.sim = sim
        self._http = http

    async def counts(self, name: str) -> dict[str, tuple[int, int]]:
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

    async def written(self, name: str, first: int, end: int) -> dict[str, list[str]]:
        """Return what was logged by `STEADY` from a millisecond on and before another, by where
        it was."""
        if self.backend == "ecs":
            return await self._events(name, first, end)
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
                    said for at, _, said in lines if first <= round(_epoch(at) * 1000) < end
                ]
        return found

    async def _events(self, name: str, first: int, end: int) -> dict[str, list[str]]:
        listed = {"cluster": name, "serviceName": STEADY}
        tasks = (await self._aws(name, "ecs", f"{_ECS}.ListTasks", listed))["taskArns"]
        mine = tuple(task.rpartition("/")[2] for task in tasks)
        groups = await self._aws(name, "logs", f"{_LOGS}.DescribeLogGroups", {})
        found: dict[str, list[str]] = {}
        for group in groups["logGroups"]:
            asked = {"logGroupName": group["logGroupName"], "startTime": first,
                     "endTime": end - 1}  # fmt: skip
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
        async with self._http.post(self.sim.url, headers=headers, data=json.dumps(params)) as got:
            assert got.status == 200, await got.text()
            return await got.json(content_type=None)

    async def _kube(self, name: str, method: str, path: str, body: Any = None) -> Any:
        return json.loads(await self._text(name, path, method, body))

    async def _text(self, name: str, path: str, method: str = "GET", body: Any = None) -> str:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        url = f"{self.sim.kubernetes_endpoints[name]}{path}"
        data = None if body is None else json.dumps(body)
        async with self._http.request(method, url, headers=headers, data=data) as got:
            text = await got.text()
            assert got.status == 200, text
            return text


def _epoch(stamp: str) -> float:
    whole, _, part = stamp.removesuffix("Z").partition(".")
    at = datetime.datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return at + float(f"0.{part or 0}")
