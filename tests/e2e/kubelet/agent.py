"""The kubelet at work: pods that are bound to its nodes come to life, and go."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp

from backends.clock import Clock
from tests.e2e.kubelet.node import Node
from tests.e2e.kubelet.pod import PodMachine, Said
from tests.e2e.kubelet.recorder import Recorder
from tests.e2e.kubelet.watching import KubeletApi
from tests.e2e.plane.api import Refused

AT_ONCE = 16
"""Requests about pods in flight."""

RETRY = 0.5
"""Seconds until what the server did not take is sent again."""

FORGOTTEN = {404, 409}
"""Answers that say that this pod is not there any more, or is another one by now."""


class Worker:
    """Keeps one pod: its machine, and what the server was told of it last."""

    def __init__(self, machine: PodMachine, node: Node) -> None:
        self.machine = machine
        self.node = node
        self.wake = asyncio.Event()
        self.told: dict[str, Any] = {}
        self.task: asyncio.Task[None] | None = None


class Agent:
    """Runs the pods of some nodes."""

    def __init__(self, api: KubeletApi, nodes: list[Node], clock: Clock) -> None:
        self.nodes = {node.name: node for node in nodes}
        self._api = api
        self._clock = clock
        self._workers: dict[str, Worker] = {}
        self._by_name: dict[tuple[str, str], Worker] = {}
        self._recorder = Recorder(api)
        self._gate = asyncio.Semaphore(AT_ONCE)

    def find(self, namespace: str, name: str) -> Worker | None:
        """Return who keeps the pod of a name."""
        return self._by_name.get((namespace, name))

    @property
    def workers(self) -> list[Worker]:
        """All who keep a pod."""
        return list(self._workers.values())

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._recorder.run())
            async for kind, pod in self._api.watched("/api/v1/pods"):
                if kind == "SYNCED":
                    for uid in self._workers.keys() - pod["uids"]:
                        self._drop(uid)
                elif kind == "DELETED":
                    self._drop(pod["metadata"]["uid"])
                elif pod.get("spec", {}).get("nodeName") in self.nodes:
                    self._take(pod, group)

    def _take(self, pod: dict[str, Any], group: asyncio.TaskGroup) -> None:
        try:
            self._take_up(pod, group)
        except (ValueError, KeyError) as error:
            # What one test asks for in vain must not be the end of the others' pods.
            said = Said(self._clock.now(), "Warning", "NoSuchBehaviour", str(error), "")
            self._recorder.record(pod, pod["spec"]["nodeName"], said)

    def _take_up(self, pod: dict[str, Any], group: asyncio.TaskGroup) -> None:
        now, meta = self._clock.now(), pod["metadata"]
        worker = self._workers.get(meta["uid"])
        if worker is None:
            node = self.nodes[pod["spec"]["nodeName"]]
            machine = PodMachine(pod, node.next_ip(), "127.0.0.1", now)
            worker = self._workers[meta["uid"]] = Worker(machine, node)
            self._by_name[meta["namespace"], meta["name"]] = worker
            worker.task = group.create_task(self._keep(worker))
        worker.machine.update(pod, now)
        worker.wake.set()

    def _drop(self, uid: str) -> None:
        worker = self._workers.pop(uid, None)
        if worker is None:
            return
        meta = worker.machine.pod["metadata"]
        if self._by_name.get((meta["namespace"], meta["name"])) is worker:
            del self._by_name[meta["namespace"], meta["name"]]
        for container in worker.machine.containers:
            if container.log is not None and container.log.ended is None:
                container.log.ended = self._clock.now()
        if worker.task is not None:
            worker.task.cancel()

    async def _keep(self, worker: Worker) -> None:
        while True:
            worker.wake.clear()
            machine, now = worker.machine, self._clock.now()
            machine.step(now)
            for said in machine.said:
                self._recorder.record(machine.pod, worker.node.name, said)
            machine.said.clear()
            try:
                async with self._gate:
                    await self._tell(worker, now)
            except Refused as error:
                if error.code in FORGOTTEN:
                    return
                await asyncio.sleep(RETRY)
                continue
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(RETRY)
                continue
            pause = min(machine.due - self._clock.now(), 3600.0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, pause)):
                    await worker.wake.wait()

    async def _tell(self, worker: Worker, now: float) -> None:
        """Bring the server up to date."""
        machine = worker.machine
        meta = machine.pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        status = machine.status(now)
        if status != worker.told:
            change = {"metadata": {"uid": machine.uid}, "status": status}
            await self._api.patch(f"{path}/status", change, "strategic")
            worker.told = status
        if machine.finished:
            once = {"gracePeriodSeconds": 0, "preconditions": {"uid": machine.uid}}
            await self._api.delete(path, once)
