"""Nodes: registered, their status refreshed, their leases renewed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from backends.clock import Clock
from tests.e2e.kubelet.container import rfc3339
from tests.e2e.plane.api import Api, Refused

RENEW = 3.0
"""Seconds between two renewals of a lease; its duration is that of a kubelet, 40 s."""

TAINT = "topdeck.test/kubelet"
"""Only pods that tolerate this run on these nodes; a label of the same name selects them."""

FEATURES = ["ExtendWebSocketsToKubelet"]
"""What a node declares so that the API server passes websockets on instead of turning them
into SPDY (Kubernetes 1.36)."""


class Node:
    """One node: what it says of itself, and the addresses of its pods."""

    def __init__(self, index: int, name: str, port: int, version: str) -> None:
        self.name = name
        self.port = port
        self._index = index
        self._version = version
        self._pods = 0

    def next_ip(self) -> str:
        """Return an address for another pod, never one that was given before."""
        self._pods += 1
        high, low = divmod(self._pods, 250)
        return f"10.{100 + self._index}.{high % 250}.{low + 1}"

    async def register(self, api: Api, clock: Clock) -> None:
        """Make the node known and ready."""
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            TAINT: "true",
        }
        taint = {"key": TAINT, "value": "true", "effect": "NoSchedule"}
        node = {"metadata": {"name": self.name, "labels": labels}, "spec": {"taints": [taint]}}
        try:
            await api.post("/api/v1/nodes", node)
        except Refused as error:
            if error.code != 409:
                raise
        await self.report(api, clock)
        await self.renew(api, clock)

    async def report(self, api: Api, clock: Clock) -> None:
        """Say how it is."""
        await api.patch(
            f"/api/v1/nodes/{self.name}/status", {"status": self._status(clock)}, "strategic"
        )

    async def renew(self, api: Api, clock: Clock) -> None:
        """Say that it is still there."""
        leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        moment = f"{datetime.fromtimestamp(clock.now(), UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": moment}
        try:
            await api.patch(f"{leases}/{self.name}", {"spec": spec})
        except Refused as error:
            if error.code != 404:
                raise
            await api.post(leases, {"metadata": {"name": self.name}, "spec": spec})

    async def remove(self, api: Api) -> None:
        """Take the node away."""
        await api.delete(f"/api/v1/nodes/{self.name}")

    def _status(self, clock: Clock) -> dict[str, Any]:
        size = {"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "500Gi"}
        now = rfc3339(clock.now())
        calm = {
            "MemoryPressure": "kubelet has sufficient memory available",
            "DiskPressure": "kubelet has no disk pressure",
            "PIDPressure": "kubelet has sufficient PID available",
        }
        conditions = [
            {"type": t, "status": "False", "reason": f"KubeletHas{t}"[:60], "message": m}
            for t, m in calm.items()
        ]
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        conditions.append({**ready, "message": "kubelet is posting ready status"})
        for condition in conditions:
            condition |= {"lastHeartbeatTime": now}
        return {
            "capacity": size,
            "allocatable": size,
            "conditions": conditions,
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": self.name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            "declaredFeatures": FEATURES,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0",
                "kubeProxyVersion": "",
                "kubeletVersion": self._version,
                "machineID": self.name,
                "operatingSystem": "linux",
                "osImage": "Amazon Linux 2023",
                "systemUUID": self.name,
            },
        }


async def heartbeat(nodes: list[Node], api: Api, clock: Clock) -> None:
    """Renew the leases for ever."""
    while True:
        await asyncio.sleep(RENEW)
        for node in nodes:
            try:
                await node.renew(api, clock)
            except (Refused, OSError, TimeoutError):
                continue  # the server is away: the next one counts
