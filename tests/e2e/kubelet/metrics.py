"""metrics.k8s.io/v1beta1 as metrics-server has it: what pods use is what they say they use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from backends.clock import Clock
from tests.e2e.kubelet.agent import Agent, Worker
from tests.e2e.kubelet.container import rfc3339
from tests.e2e.plane.api import Api, Refused

GROUP = "metrics.k8s.io"
VERSION = f"{GROUP}/v1beta1"
ROOT = f"/apis/{VERSION}"
SERVICE = "topdeck-metrics"
NAMESPACE = "kube-system"

WINDOW = "1s"
"""Over what time a figure is: short, so that the autoscaler takes those of young pods as well."""

SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def quantity(text: str) -> float:
    """Return a Kubernetes quantity as a number."""
    for suffix, factor in SUFFIXES.items():
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * factor
    return float(text)


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Return whether labels match a selector of equalities, as an autoscaler asks."""
    for term in filter(None, selector.split(",")):
        key, _, value = term.replace("==", "=").partition("=")
        if labels.get(key.strip()) != value.strip():
            return False
    return True


class Metrics:
    """Answers for the pods of an agent."""

    def __init__(self, agent: Agent, clock: Clock) -> None:
        self._agent = agent
        self._clock = clock

    def route(self, app: web.Application) -> None:
        """Add its paths to an application."""
        app.router.add_get("/apis", self._groups)
        app.router.add_get(f"/apis/{GROUP}", self._group)
        app.router.add_get(ROOT, self._resources)
        app.router.add_get(f"{ROOT}/nodes", self._nodes)
        app.router.add_get(f"{ROOT}/nodes/{{name}}", self._node)
        app.router.add_get(f"{ROOT}/pods", self._pods)
        app.router.add_get(f"{ROOT}/namespaces/{{namespace}}/pods", self._pods)
        app.router.add_get(f"{ROOT}/namespaces/{{namespace}}/pods/{{name}}", self._pod)

    async def _groups(self, _: web.Request) -> web.Response:
        head = {"kind": "APIGroupList", "apiVersion": "v1"}
        return web.json_response({**head, "groups": [self._described()]})

    async def _group(self, _: web.Request) -> web.Response:
        return web.json_response({"kind": "APIGroup", "apiVersion": "v1", **self._described()})

    def _described(self) -> dict[str, Any]:
        version = {"groupVersion": VERSION, "version": "v1beta1"}
        return {"name": GROUP, "versions": [version], "preferredVersion": version}

    async def _resources(self, _: web.Request) -> web.Response:
        resources = [
            {"name": name, "singularName": "", "namespaced": name == "pods", "kind": kind,
             "verbs": ["get", "list"]}
            for name, kind in (("nodes", "NodeMetrics"), ("pods", "PodMetrics"))
        ]  # fmt: skip
        head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION}
        return web.json_response({**head, "resources": resources})

    async def _pods(self, request: web.Request) -> web.Response:
        namespace = request.match_info.get("namespace", "")
        selector = request.query.get("labelSelector", "")
        items = []
        for worker in self._agent.workers:
            meta = worker.machine.pod["metadata"]
            if namespace in {"", meta["namespace"]} and selects(selector, meta.get("labels", {})):
                items += self._usage(worker)
        return self._list("PodMetricsList", items)

    async def _pod(self, request: web.Request) -> web.Response:
        names = request.match_info
        worker = self._agent.find(names["namespace"], names["name"])
        found = self._usage(worker) if worker is not None else []
        if not found:
            raise web.HTTPNotFound(text=f"no metrics of {names['name']}")
        head = {"kind": "PodMetrics", "apiVersion": VERSION}
        return web.json_response({**head, **found[0]})

    async def _nodes(self, _: web.Request) -> web.Response:
        return self._list("NodeMetricsList", [self._load(name) for name in self._agent.nodes])

    async def _node(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._agent.nodes:
            raise web.HTTPNotFound(text=f"no metrics of {name}")
        head = {"kind": "NodeMetrics", "apiVersion": VERSION}
        return web.json_response({**head, **self._load(name)})

    def _list(self, kind: str, items: list[dict[str, Any]]) -> web.Response:
        head = {"kind": kind, "apiVersion": VERSION, "metadata": {}}
        return web.json_response({**head, "items": items})

    def _usage(self, worker: Worker) -> list[dict[str, Any]]:
        """Return the figures of a pod; none of one in which nothing runs."""
        running = [c for c in worker.machine.containers if c.running]
        if not running:
            return []
        meta = worker.machine.pod["metadata"]
        containers = [
            {"name": c.name, "usage": {"cpu": c.does.cpu, "memory": c.does.memory}} for c in running
        ]
        named = {k: meta[k] for k in ("name", "namespace")}
        return [{**self._now(named | {"labels": meta.get("labels", {})}), "containers": containers}]

    def _now(self, meta: dict[str, Any]) -> dict[str, Any]:
        now = rfc3339(self._clock.now())
        return {"metadata": meta, "timestamp": now, "window": WINDOW}

    def _load(self, node: str) -> dict[str, Any]:
        running = [
            c.does
            for worker in self._agent.workers if worker.node.name == node
            for c in worker.machine.containers if c.running
        ]  # fmt: skip
        usage = {
            "cpu": f"{round(sum(quantity(c.cpu) for c in running) * 1000)}m",
            "memory": f"{round(sum(quantity(c.memory) for c in running))}",
        }
        return {**self._now({"name": node}), "usage": usage}


async def publish(api: Api, port: int, ca_bundle: str) -> None:
    """Have the API server pass metrics.k8s.io on to a port of this machine.

    The service is an ExternalName, since no address of an Endpoints object may be a loopback one.
    """
    service = {
        "metadata": {"name": SERVICE, "namespace": NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
    }
    spec = {
        "group": GROUP,
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "service": {"name": SERVICE, "namespace": NAMESPACE, "port": port},
        "caBundle": ca_bundle,
    }
    name = f"v1beta1.{GROUP}"
    api_service = {"metadata": {"name": name}, "spec": spec}
    await unpublish(api)
    await api.post(f"/api/v1/namespaces/{NAMESPACE}/services", service)
    await api.post("/apis/apiregistration.k8s.io/v1/apiservices", api_service)


async def unpublish(api: Api) -> None:
    """Take metrics.k8s.io away."""
    for path in (
        f"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.{GROUP}",
        f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}",
    ):
        try:
            await api.delete(path)
        except Refused as error:
            if error.code != 404:
                raise
