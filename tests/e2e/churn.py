"""Thousands of objects of every kind that come, change and go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any

from tests.e2e import podmix
from tests.e2e.plane.api import Api, Refused

APPS = "apis/apps/v1"
SHARES = {"pods": 0.66, "deployments": 0.08, "statefulsets": 0.04, "daemonsets": 0.02,
          "events": 0.18, "nodes": 0.02}  # fmt: skip
"""Of all objects that are made; each deployment brings a replica set and a pod of its own."""


class Churn:
    """Makes, changes and deletes objects in some namespaces; what it does comes from a seed."""

    def __init__(self, api: Api, namespaces: Sequence[str], size: int, seed: int) -> None:
        self.planned = 0
        """Requests that are to be made so far."""
        self.done = 0
        """And those that were."""
        self._api = api
        self._namespaces = namespaces
        self._size = size
        self._chance = random.Random(seed)
        self._there: dict[str, list[str]] = {kind: [] for kind in SHARES}
        self._serial = 0

    async def create(self, share: float) -> None:
        """Make a share of all the objects that are ever to be."""
        jobs = []
        for kind, part in SHARES.items():
            for _ in range(max(1, int(self._size * part * share))):
                self._serial += 1
                name = f"{self._namespaces[0]}-{kind[:4]}-{self._serial:05d}"
                home = self._home(kind)
                jobs.append(self._make(kind, home, self._body(kind, name, home)))
        await self._send(jobs)

    async def _make(self, kind: str, home: str, body: dict[str, Any]) -> None:
        await self._api.post(home, body)
        self._there[kind].append(f"{home}/{body['metadata']['name']}")

    async def update(self, share: float) -> None:
        """Change a share of what is there: a pod's status, a workload's size, an event's count."""
        jobs = []
        for kind, paths in self._there.items():
            for path in self._some(paths, share):
                sub, body = self._change(kind)
                jobs.append(self._api.patch(path + sub, body))
        await self._send(jobs)

    async def delete(self, share: float) -> None:
        """Delete a share of what is there."""
        jobs = []
        for kind, paths in self._there.items():
            gone = self._some(paths, share)
            left = set(paths) - set(gone)
            self._there[kind] = [path for path in paths if path in left]
            jobs += [self._api.delete(path, propagationPolicy="Background") for path in gone]
        await self._send(jobs)

    async def all_at_once(self) -> None:
        """Make the rest, change half and delete a third, with nothing waiting for anything."""
        await asyncio.gather(self.create(0.3), self.update(0.5), self.delete(0.3))

    async def nodes_gone(self) -> None:
        """Delete the nodes, which no namespace takes with it."""
        await self._api.each(self._api.delete(path) for path in self._there.pop("nodes"))

    async def _send(self, jobs: list[Coroutine[Any, Any, Any]]) -> None:
        self._chance.shuffle(jobs)
        self.planned += len(jobs)
        await self._api.each(self._counted(job) for job in jobs)

    async def _counted(self, job: Coroutine[Any, Any, Any]) -> None:
        """Send one; what another one has deleted meanwhile is not missed."""
        try:
            await job
        except Refused as error:
            if error.code != 404:
                raise
        self.done += 1

    def _some(self, paths: list[str], share: float) -> list[str]:
        return self._chance.sample(paths, int(len(paths) * share))

    def _home(self, kind: str) -> str:
        if kind == "nodes":
            return "/api/v1/nodes"
        root = "api/v1" if kind in {"pods", "events"} else APPS
        return f"/{root}/namespaces/{self._chance.choice(self._namespaces)}/{kind}"

    def _body(self, kind: str, name: str, home: str) -> dict[str, Any]:
        match kind:
            case "pods":
                return podmix.pod(self._chance, name)
            case "nodes":
                return {"metadata": {"name": name}}
            case "events":
                return _event(name, home.split("/")[4], self._chance)
        return workload(name, kind, self._chance.choice((0, 1, 1, 2)))

    def _change(self, kind: str) -> tuple[str, dict[str, Any]]:
        match kind:
            case "pods":
                # Only what every pod of the mix has; its phase may go to and fro.
                return "/status", {"status": {"phase": self._chance.choice(podmix.PHASES)}}
            case "nodes":
                return "", {"spec": {"unschedulable": True}}
            case "events":
                return "", {"count": self._chance.randint(2, 99)}
            case "daemonsets":
                return "", {"metadata": {"labels": {"turn": str(self._chance.randint(1, 99))}}}
        return "", {"spec": {"replicas": self._chance.randint(0, 2)}}


def workload(name: str, kind: str, replicas: int = 1) -> dict[str, Any]:
    """Return a workload to create, whose pods no scheduler takes on."""
    labels = {"app": name}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "schedulerName": podmix.NOBODY,
                "containers": [{"name": "app", "image": "registry.example.com/app:1"}],
            },
        },
    }
    if kind != "daemonsets":
        spec["replicas"] = replicas
    if kind == "statefulsets":
        spec |= {"serviceName": name, "podManagementPolicy": "Parallel"}
    return {"metadata": {"name": name}, "spec": spec}


def _event(name: str, namespace: str, chance: random.Random) -> dict[str, Any]:
    at = f"2026-01-02T03:{chance.randint(10, 59)}:00Z"
    return {
        "metadata": {"name": name},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": f"of-{name}"},
        "reason": chance.choice(("Pulled", "BackOff", "Unhealthy")),
        "type": chance.choice(("Normal", "Warning")),
        "message": f"it happened to {name}",
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
    }
