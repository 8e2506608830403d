"""What the fake kubelet tells an API server, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from backends.clock import SystemClock
from tests.e2e.kubelet.agent import Agent
from tests.e2e.kubelet.node import Node
from tests.e2e.plane.api import Refused
from tests.kubelet.kubelet_pods import pod

DEADLINE = 30.0


class FakeApi:
    """Takes what it is told, and tells of pods what it is given."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.told: list[tuple[str, str, Any]] = []
        self.refuse: list[int] = []

    async def watched(self, _: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        while True:
            yield await self.news.get()

    async def patch(self, path: str, body: Any, how: str = "merge") -> None:
        if self.refuse:
            raise Refused(path, self.refuse.pop(), {})
        self.told.append(("PATCH", path, body))

    async def post(self, path: str, body: Any) -> None:
        self.told.append(("POST", path, body))

    async def delete(self, path: str, body: Any = None) -> None:
        self.told.append(("DELETE", path, body))

    def phases(self) -> list[str]:
        """Return the words of all statuses so far: the phase, and whether it is ready."""
        return [
            f"{body['status']['phase']}{' ready' if _ready(body['status']) else ''}"
            for verb, path, body in self.told
            if verb == "PATCH" and path.endswith("/status")
        ]

    async def until(self, seen: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not seen():
                await asyncio.sleep(0.01)


def _ready(status: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in status["conditions"])


@asynccontextmanager
async def working(api: FakeApi) -> AsyncIterator[Agent]:
    agent = Agent(api, [Node(1, "fake-1", 10250, "v1.37.2")], SystemClock())  # type: ignore[arg-type]
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def bound(node: str = "fake-1", uid: str = "u-1", **said: str) -> dict[str, Any]:
    made = pod(**said)
    made["metadata"]["uid"] = uid
    made["spec"]["nodeName"] = node
    return made


async def test_a_pod_of_its_node_is_told_of_step_by_step() -> None:
    api = FakeApi()
    async with working(api):
        api.news.put_nowait(("ADDED", bound(node="another", uid="u-2")))
        api.news.put_nowait(("ADDED", bound()))
        await api.until(lambda: "Running ready" in api.phases())
    phases = api.phases()
    assert phases == sorted(phases)  # the words happen to be in order
    assert (phases[0], phases[-1]) == ("Pending", "Running ready")
    assert {path for verb, path, _ in api.told if verb == "PATCH"} == {
        "/api/v1/namespaces/shop/pods/web/status"
    }
    events = [body["reason"] for verb, _, body in api.told if verb == "POST"]
    assert events == ["Pulling", "Pulled", "Created", "Started"]


async def test_a_deleted_pod_is_taken_away_once_it_has_ended() -> None:
    api = FakeApi()
    async with working(api):
        api.news.put_nowait(("ADDED", bound()))
        await api.until(lambda: "Running ready" in api.phases())
        going = bound()
        going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z",
                              "deletionGracePeriodSeconds": 30}  # fmt: skip
        api.news.put_nowait(("MODIFIED", going))
        await api.until(lambda: any(verb == "DELETE" for verb, _, _ in api.told))
    assert api.phases()[-1] == "Succeeded"
    assert api.told[-1] == (
        "DELETE", "/api/v1/namespaces/shop/pods/web",
        {"gracePeriodSeconds": 0, "preconditions": {"uid": "u-1"}},
    )  # fmt: skip


async def test_a_status_that_was_not_taken_is_sent_again() -> None:
    api = FakeApi()
    api.refuse = [500]
    async with working(api):
        api.news.put_nowait(("ADDED", bound()))
        await api.until(lambda: "Running ready" in api.phases())
    assert not api.refuse


async def test_pods_that_are_no_longer_there_are_forgotten() -> None:
    api = FakeApi()
    async with working(api) as agent:
        for uid in ("u-1", "u-2"):
            made = bound(uid=uid)
            made["metadata"]["name"] = uid
            api.news.put_nowait(("ADDED", made))
        api.news.put_nowait(("SYNCED", {"uids": {"u-2"}}))
        await api.until(lambda: [w.machine.uid for w in agent.workers] == ["u-2"])
        assert agent.find("shop", "u-1") is None
        assert agent.find("shop", "u-2") is not None


async def test_a_behaviour_that_is_not_known_harms_no_other_pod() -> None:
    api = FakeApi()
    async with working(api):
        api.news.put_nowait(("ADDED", bound(uid="u-9", behaviour="dances")))
        api.news.put_nowait(("ADDED", bound()))
        await api.until(lambda: "Running ready" in api.phases())
        await api.until(
            lambda: any(v == "POST" and b["reason"] == "NoSuchBehaviour" for v, _, b in api.told)
        )
