"""Events, written as a kubelet does: the same words again count up the event that is there."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.e2e.kubelet.container import rfc3339
from tests.e2e.kubelet.pod import Said
from tests.e2e.plane.api import Api, Refused

WRITERS = 4


class Recorder:
    """Writes events one after the other, behind everything else."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._queue: asyncio.Queue[tuple[dict[str, Any], str, Said]] = asyncio.Queue()
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}

    def record(self, pod: dict[str, Any], node: str, said: Said) -> None:
        """Have an event about a pod written."""
        self._queue.put_nowait((pod, node, said))

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write())

    async def _write(self) -> None:
        while True:
            pod, node, said = await self._queue.get()
            try:
                await self._send(pod, node, said)
            except (Refused, OSError, TimeoutError):
                pass  # its namespace is going, or the server is: events are best effort

    async def _send(self, pod: dict[str, Any], node: str, said: Said) -> None:
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/events"
        key = (meta["uid"], *said[1:])
        name, count = self._known.get(key, (f"{meta['name']}.{abs(hash(key)):016x}", 0))
        self._known[key] = (name, count + 1)
        if count:
            change = {"count": count + 1, "lastTimestamp": rfc3339(said.at)}
            await self._api.patch(f"{path}/{name}", change)
            return
        involved = {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
        }
        if said.container:
            part = "initContainers" if _initial(pod, said.container) else "containers"
            involved["fieldPath"] = f"spec.{part}{{{said.container}}}"
        await self._api.post(
            path,
            {
                "metadata": {"name": name, "namespace": meta["namespace"]},
                "involvedObject": involved,
                "type": said.type,
                "reason": said.reason,
                "message": said.message,
                "source": {"component": "kubelet", "host": node},
                "reportingComponent": "kubelet",
                "reportingInstance": node,
                "firstTimestamp": rfc3339(said.at),
                "lastTimestamp": rfc3339(said.at),
                "count": 1,
            },
        )


def _initial(pod: dict[str, Any], container: str) -> bool:
    return any(c["name"] == container for c in pod["spec"].get("initContainers") or ())
