"""What the tests of the simulated Kubernetes clusters share: small clusters, and a client."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from backends.clock import ManualClock
from backends.sim import kube_face
from backends.sim.blueprint import ACCOUNTS, SimCluster, SimWorkload
from backends.sim.faults import Faults
from backends.sim.kube_world import KubeCluster, kinds, rollout
from backends.sim.kube_world.columns import pod_status

NAMESPACE = "shop"

GOLDEN = Path(__file__).parents[2] / "golden" / "kubernetes" / "server"

MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}

DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
STATEFUL_SETS = f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


def golden(name: str) -> Any:
    """Return a golden file's content."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def workload(name: str = "web", desired: int = 3, **more: Any) -> SimWorkload:
    image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{name}:1.4.0"
    made = {"namespace": NAMESPACE, "image": image, "cpu": 256, "memory": 512, **more}
    return SimWorkload(name=name, desired=desired, **made)


class Lab:
    """One cluster on a clock that stands still."""

    def __init__(
        self, *workloads: SimWorkload, nodes: int = 3, lively: bool = False, seed: int = 1,
        require_token: bool = False,
    ) -> None:  # fmt: skip
        laid_out = SimCluster(
            provider="eks", name="lab", account=ACCOUNTS[0], region="eu-west-1",
            workloads=workloads or (workload(),), version="1.36", nodes=nodes,
        )  # fmt: skip
        self.clock = ManualClock()
        self.faults: Faults | None = None
        self.cluster = KubeCluster(
            laid_out, self.clock, random.Random(seed), lively=lively, require_token=require_token
        )

    @property
    def kube(self) -> Mapping[str, KubeCluster]:
        return {"lab": self.cluster}

    def advance(self) -> None:
        self.cluster.advance()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.advance()

    def until(self, condition: Callable[[], bool], limit: float = 120.0) -> float:
        """Let time pass until something holds; returns how long that took."""
        passed = 0.0
        while not condition():
            assert passed < limit, "it did not happen in time"
            self.run(0.1)
            passed += 0.1
        return passed

    def docs(self, kind: kinds.KubeKind, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
        return [v.doc for v in self.cluster.state.of(kind).select(namespace)]

    def get(self, kind: kinds.KubeKind, name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
        version = self.cluster.state.get(kind, namespace if kind.namespaced else "", name)
        assert version is not None, f"no {kind.singular} {name}"
        return version.doc

    def put(self, kind: kinds.KubeKind, doc: dict[str, Any]) -> None:
        self.cluster.state.put(kind, doc)

    def pods(self, app: str = "web") -> list[dict[str, Any]]:
        return [p for p in self.docs(kinds.PODS) if p["metadata"]["labels"].get("app") == app]

    def words(self, app: str = "web") -> list[str]:
        """Return what kubectl's STATUS column says of an app's pods."""
        return sorted(pod_status(pod) for pod in self.pods(app))

    def events(self, reason: str) -> list[dict[str, Any]]:
        return [e for e in self.docs(kinds.EVENTS) if e["reason"] == reason]

    def respec(self, kind: kinds.KubeKind, name: str, **spec: Any) -> None:
        """Change a workload's spec as somebody's apply would."""
        doc = self.get(kind, name)
        meta = {**doc["metadata"], "generation": doc["metadata"]["generation"] + 1}
        self.put(kind, {**doc, "metadata": meta, "spec": {**doc["spec"], **spec}})

    def annotate(self, kind: kinds.KubeKind, name: str, value: str = "now") -> None:
        """Restart a workload as ``kubectl rollout restart`` does."""
        template = self.get(kind, name)["spec"]["template"]
        marks = {"annotations": {"kubectl.kubernetes.io/restartedAt": value}}
        self.respec(
            kind, name, template={**template, "metadata": {**template["metadata"], **marks}}
        )

    def reimage(self, kind: kinds.KubeKind, name: str, image: str) -> None:
        template = self.get(kind, name)["spec"]["template"]
        containers = [{**template["spec"]["containers"][0], "image": image}]
        spec = {**template["spec"], "containers": containers}
        self.respec(kind, name, template={**template, "spec": spec})


def condition(doc: dict[str, Any], type_: str) -> dict[str, Any]:
    """Return one condition of an object."""
    return next(c for c in doc["status"]["conditions"] if c["type"] == type_)


def rolled_out(lab: Lab, name: str = "web") -> bool:
    """Return whether a deployment has all its pods, and only new ones."""
    doc = lab.get(kinds.DEPLOYMENTS, name)
    return rollout.complete(doc, doc["status"])


def images(lab: Lab, app: str = "web") -> set[str]:
    """Return the image tags that an app's pods run."""
    return {p["spec"]["containers"][0]["image"].rpartition(":")[2] for p in lab.pods(app)}


class Answer:
    """An HTTP answer, read to its end."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = raw

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.body["items"]]


class Client:
    """Talks to the cluster of a `Lab` over HTTP."""

    def __init__(self, lab: Lab, session: aiohttp.ClientSession, base: str) -> None:
        self.lab = lab
        self.session = session
        self.base = base

    async def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        async with self.session.request(
            method, self.base + path, data=data, headers={**sent, **(headers or {})}
        ) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, headers=headers)

    async def watch(self, path: str, **headers: str) -> AsyncIterator[dict[str, Any]]:
        """Yield a watch's events until it ends."""
        async with self.session.get(self.base + path, headers=headers) as response:
            assert response.status == 200, await response.text()
            async for line in response.content:
                yield json.loads(line)


@asynccontextmanager
async def serving(lab: Lab) -> AsyncIterator[Client]:
    """Serve a lab's cluster on loopback."""
    app = web.Application()
    app.add_routes(kube_face.routes(lab))
    timeout = aiohttp.ClientTimeout(total=20)
    async with TestServer(app) as server, aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(lab, session, str(server.make_url("/k8s/lab")))
