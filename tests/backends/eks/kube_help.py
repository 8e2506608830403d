"""Values and small tools that the tests of the Kubernetes backend share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from backends.base import Demand
from backends.eks.backend import KubeBackend
from backends.eks.pace import Pace
from backends.model import Change, Query, Ref, Resource, Scope

NOW = 1_795_383_048.0
"""2026-11-22T21:30:48Z: just after what the golden files tell of."""

QUICK = Pace(backoff=0.01, backoff_max=0.05, denied=0.05, steady=0.0, poll=0.05, heartbeat=0.05)

SCOPE = Scope("k8s", "dev", cluster="dev-cluster")


def write_kubeconfig(path: Path, server: str, **user: object) -> Path:
    """Write a kubeconfig of one context, ``dev``, and return its path."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "dev-cluster", "cluster": {"server": server}}],
        "users": [{"name": "dev-user", "user": user or {"token": "secret-token"}}],
        "contexts": [{"name": "dev", "context": {"cluster": "dev-cluster", "user": "dev-user"}}],
        "current-context": "dev",
    }
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


class Shown:
    """The rows of a feed as a store would have them."""

    def __init__(self) -> None:
        self.rows: dict[Ref, Resource] = {}
        self.changes: list[Change] = []

    def apply(self, change: Change) -> None:
        self.changes.append(change)
        if change.resync:
            self.rows.clear()
        for ref in change.deletes:
            self.rows.pop(ref, None)
        self.rows.update((row.ref, row) for row in change.upserts)

    @property
    def names(self) -> set[str]:
        return {ref.name for ref in self.rows}

    @property
    def last(self) -> Change:
        return self.changes[-1]


class Watching:
    """A feed that is being read."""

    def __init__(self, backend: KubeBackend, query: Query) -> None:
        self.shown = Shown()
        self.demand = Demand()
        self._changes = backend.watch(query, self.demand)

    async def until(self, found: Callable[[Shown], object], seconds: float = 10.0) -> Shown:
        """Read changes until `found` holds."""
        async with asyncio.timeout(seconds):
            while not (self.shown.changes and found(self.shown)):
                self.shown.apply(await anext(self._changes))
        return self.shown

    async def close(self) -> None:
        await self._changes.aclose()


async def until(found: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for a condition that something else brings about."""
    async with asyncio.timeout(seconds):
        while not found():
            await asyncio.sleep(0.005)
