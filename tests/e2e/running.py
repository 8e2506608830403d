"""Workloads that run on the fake kubelet's nodes, and looking at them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from backends.eks.backend import KubeBackend
from backends.model import Ref, Rollout
from tests.e2e.kubelet.behaviour import PREFIX
from tests.e2e.kubelet.process import place
from tests.e2e.plane.api import Api

DEADLINE = 60.0
IMAGE = "registry.test/shop/web:1"
MISSING = "registry.test/shop/web:missing"


def notes(said: Mapping[str, str]) -> dict[str, str]:
    """Return behaviours as annotations: ``exit_after="1"`` as ``topdeck.test/exit-after``."""
    return {PREFIX + key.replace("_", "-"): value for key, value in said.items()}


def template(app: str, image: str = IMAGE, **said: str) -> dict[str, Any]:
    """Return the template of a workload's pods, which behave as is said."""
    container = {
        "name": "app",
        "image": image,
        "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    # No token is mounted: that would be one more thing to make for each pod.
    spec = place({"containers": [container], "automountServiceAccountToken": False})
    meta = {"labels": {"app": app}, "annotations": notes(said)}
    return {"metadata": meta, "spec": {**spec, "terminationGracePeriodSeconds": 5}}


class Apps:
    """Makes workloads in one namespace, by requests that Topdeck has no part in."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.pods = f"/api/v1/namespaces/{namespace}/pods"

    def path(self, plural: str, name: str = "") -> str:
        """Return where workloads are."""
        found = f"/apis/apps/v1/namespaces/{self.namespace}/{plural}"
        return f"{found}/{name}" if name else found

    async def make(
        self,
        plural: str,
        name: str,
        replicas: int | None = 1,
        spec: Mapping[str, Any] | None = None,
        *,
        image: str = IMAGE,
        **said: str,
    ) -> None:
        """Make a workload."""
        body: dict[str, Any] = {
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, image, **said),
            **(spec or {}),
        }
        if replicas is not None:
            body["replicas"] = replicas
        if plural == "statefulsets":
            body["serviceName"] = name
        await self.api.post(self.path(plural), {"metadata": {"name": name}, "spec": body})

    async def pod(self, name: str, policy: str = "Always", **said: str) -> None:
        """Make a pod by itself."""
        made = template(name, **said)
        made["metadata"]["name"] = name
        made["spec"]["restartPolicy"] = policy
        await self.api.post(self.pods, made)

    async def change(self, plural: str, name: str, image: str = IMAGE, **said: str) -> None:
        """Have another version rolled out."""
        change = {
            "metadata": {"annotations": notes(said)},
            "spec": {"containers": [{"name": "app", "image": image}]},
        }
        await self.api.patch(self.path(plural, name), {"spec": {"template": change}}, "strategic")

    async def annotate(self, pod: str, **said: str) -> None:
        """Change how one pod behaves."""
        await self.api.patch(f"{self.pods}/{pod}", {"metadata": {"annotations": notes(said)}})

    async def of(self, name: str) -> list[dict[str, Any]]:
        """Return the pods of a workload."""
        return await self.api.list(self.pods, labelSelector=f"app={name}")

    async def ready(self, plural: str, name: str, count: int) -> None:
        """Wait until so many pods of a workload are ready, and it has no others."""
        key = "numberReady" if plural == "daemonsets" else "readyReplicas"
        total = "currentNumberScheduled" if plural == "daemonsets" else "replicas"

        def seen(found: Any) -> bool:
            status = found["status"]
            return status.get(key, 0) == count and status.get(total, 0) == count

        await self.api.until(self.path(plural, name), seen)


async def follow(
    backend: KubeBackend, ref: Ref, *, until: Callable[[Rollout], object] | None = None
) -> list[Rollout]:
    """Return the states of a rollout, to its end or until one is as wanted."""
    states: list[Rollout] = []
    try:
        async with asyncio.timeout(DEADLINE), aclosing(backend.rollout(ref)) as found:
            async for state in found:
                states.append(state)
                if until is not None and until(state):
                    break
    except TimeoutError:
        raise AssertionError(f"it did not come to its end: {states[-1:]}") from None
    return states
