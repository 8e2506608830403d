"""A custom resource definition with printer columns of every sort, and an API that is down."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.e2e.plane.api import Api, Refused

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"

COLUMNS: list[dict[str, Any]] = [
    {"name": "Schedule", "type": "string", "jsonPath": ".spec.schedule"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
    {"name": "Suspended", "type": "boolean", "jsonPath": ".spec.suspended"},
    {"name": "Tags", "type": "string", "jsonPath": ".spec.tags", "priority": 1},
    {"name": "Cluster", "type": "string", "jsonPath": ".spec.cluster"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


class CronTabs:
    """The kind of one test: its group is its own, so that tests do not meet."""

    plural, kind = "crontabs", "CronTab"

    def __init__(self, api: Api, group: str) -> None:
        self._api = api
        self.group = group
        self.name = f"{self.plural}.{group}"

    @property
    def definition(self) -> str:
        """The path of the definition."""
        return f"{DEFINITIONS}/{self.name}"

    def path(self, namespace: str) -> str:
        """Return the path of the objects of one namespace."""
        return f"/apis/{self.group}/v1/namespaces/{namespace}/{self.plural}"

    async def define(self, columns: list[dict[str, Any]]) -> None:
        """Have the cluster serve the kind."""
        names = {"plural": self.plural, "singular": "crontab", "kind": self.kind}
        spec = {
            "group": self.group,
            "scope": "Namespaced",
            "names": names | {"shortNames": [f"ct{self.group[:6]}"]},
            "versions": [self._version(columns)],
        }
        await self._api.post(DEFINITIONS, {"metadata": {"name": self.name}, "spec": spec})
        await self._served()

    async def _served(self) -> None:
        """Wait until objects can be listed: at first the server says 404, then 429."""
        async with asyncio.timeout(60.0):
            while True:
                try:
                    await self._api.get(f"/apis/{self.group}/v1/{self.plural}")
                    return
                except Refused as error:
                    if error.code not in {404, 429}:
                        raise
                await asyncio.sleep(0.1)

    async def redefine(self, columns: list[dict[str, Any]]) -> None:
        """Have the cluster show other columns."""
        body = {"spec": {"versions": [self._version(columns)]}}
        await self._api.patch(self.definition, body)

    def _version(self, columns: list[dict[str, Any]]) -> dict[str, Any]:
        loose = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        return {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": loose},
            "additionalPrinterColumns": columns,
        }

    def body(self, name: str, **spec: Any) -> dict[str, Any]:
        """Return an object to be created."""
        head = {"apiVersion": f"{self.group}/v1", "kind": self.kind}
        return {**head, "metadata": {"name": name}, "spec": spec}


@asynccontextmanager
async def crontabs(api: Api) -> AsyncIterator[CronTabs]:
    """Have a kind for as long as the block runs."""
    made = CronTabs(api, f"{uuid.uuid4().hex[:8]}.example.com".replace("0", "a", 1))
    await made.define(COLUMNS)
    try:
        yield made
    finally:
        await gone(api, made.definition)


@asynccontextmanager
async def broken_api(api: Api) -> AsyncIterator[str]:
    """Have an API whose server is not there; yields its group."""
    group = f"down-{uuid.uuid4().hex[:6]}.example.com"
    name = f"v1.{group}"
    spec = {
        "group": group,
        "version": "v1",
        "service": {"namespace": "default", "name": "nobody-home"},
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    await api.post(SERVICES, {"metadata": {"name": name}, "spec": spec})

    def down(found: Any) -> bool:
        conditions = (found.get("status") or {}).get("conditions") or []
        return any(c["type"] == "Available" and c["status"] == "False" for c in conditions)

    try:
        await api.until(f"{SERVICES}/{name}", down)
        yield group
    finally:
        await gone(api, f"{SERVICES}/{name}")


async def gone(api: Api, path: str) -> None:
    """Delete what is at a path if it is there, and wait until it is not."""
    try:
        await api.delete(path)
    except Refused as error:
        if error.code != 404:
            raise
    await api.until(path, lambda found: found is None)
