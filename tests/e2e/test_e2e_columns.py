"""Where Topdeck shows what kubectl prints, it is what kubectl prints."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backends.model import Resource
from tests.e2e import podmix
from tests.e2e.churn import workload
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import looking
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown

pytestmark = needs_kubectl

PODS = 400
SEED = 20261123


@pytest.fixture
def kubectl(plane: Plane, tmp_path: Path) -> Kubectl:
    return Kubectl(plane.kubeconfig, tmp_path)


@pytest.fixture
async def mixed(api: Api, namespace: str) -> AsyncIterator[str]:
    """A namespace with pods in every state; some are on their way out, and held."""
    chance = random.Random(SEED)
    home = f"/api/v1/namespaces/{namespace}/pods"
    pods = [podmix.pod(chance, f"p{n:04d}", held=n % 8 == 0) for n in range(PODS)]
    await api.each(api.post(home, pod) for pod in pods)
    held = [pod["metadata"]["name"] for pod in pods if "finalizers" in pod["metadata"]]
    try:
        await api.each(
            api.patch(
                f"{home}/{pod['metadata']['name']}/status",
                {"status": podmix.status(chance, pod["spec"])},
            )
            for pod in pods
        )
        await api.each(api.delete(f"{home}/{name}") for name in held)
        yield namespace
    finally:
        await api.each(
            api.patch(f"{home}/{name}", {"metadata": {"finalizers": None}}) for name in held
        )


async def test_pods_are_as_kubectl_prints_them(
    plane: Plane, kubectl: Kubectl, mixed: str, shown: Shown
) -> None:
    async with looking(plane.kubeconfig) as eyes:
        view = await (await eyes.on("pods")).live()
        printed = [line for line in await kubectl.table("pods") if line["NAMESPACE"] == mixed]
        rows = view.named(mixed)
        assert len(printed) == PODS == len(rows)
        ours = {name: said(row) for name, row in rows.items()}
        theirs = {
            line["NAME"]: (line["STATUS"], line["READY"], line["RESTARTS"].split(" ")[0])
            for line in printed
        }
        assert ours == theirs
        words = {line["STATUS"] for line in printed}
        assert {"Terminating", "Completed", "CrashLoopBackOff", "Unknown"} <= words
        assert any(word.startswith("Init:") for word in words)
    shown(f"status, ready and restarts of pods as kubectl prints them ({len(words)} words)", PODS)


def said(row: Resource) -> tuple[Any, ...]:
    return row.status, row.cells[2], str(row.cells[4])


RUNNING = {
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "app",
                "image": "registry.example.com/app:1",
                "imageID": "",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            }
        ],
    }
}


async def test_workloads_are_as_kubectl_prints_them(
    plane: Plane, api: Api, kubectl: Kubectl, namespace: str, shown: Shown
) -> None:
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    for kind in ("deployments", "statefulsets", "replicasets"):
        for replicas in (0, 1, 4):
            body = workload(f"{kind[0]}{replicas}", kind, replicas)
            await api.post(f"{apps}/{kind}", body)
    await api.post(f"{apps}/daemonsets", workload("agent", "daemonsets"))
    home = f"/api/v1/namespaces/{namespace}/pods"
    made = await api.until(home, lambda found: len(found["items"]) >= 15)
    # Every second pod becomes ready, so that the counts differ.
    ready = sorted(
        pod["metadata"]["name"] for pod in made["items"] if "agent" not in pod["metadata"]["name"]
    )[::2]
    await api.each(api.patch(f"{home}/{name}/status", RUNNING) for name in ready)
    compared = 0
    async with looking(plane.kubeconfig) as eyes:
        for kind, titles in {
            "deployments": ("READY", "UP-TO-DATE", "AVAILABLE"),
            "statefulsets": ("READY",),
            "replicasets": ("DESIRED", "CURRENT", "READY"),
            "daemonsets": ("DESIRED", "READY", "UP-TO-DATE", "AVAILABLE"),
        }.items():
            view = await eyes.on(kind)

            async def same() -> dict[str, tuple[str, ...]]:
                printed = await kubectl.table(kind)  # noqa: B023
                return {
                    line["NAME"]: tuple(line[title] for title in titles)  # noqa: B023
                    for line in printed
                    if line["NAMESPACE"] == namespace
                }

            await api.until(f"{apps}/{kind}", settled)
            theirs = await same()
            await view.until(
                lambda v: {n: counts(r, kind) for n, r in v.named(namespace).items()} == theirs,  # noqa: B023
                f"what kubectl prints of {kind}: {theirs}",
            )
            compared += len(theirs)
    assert compared >= 13
    shown("counts of workloads as kubectl prints them", compared)


def settled(found: dict[str, Any]) -> bool:
    """Whether the controllers have taken note of the pods that became ready."""
    statuses = [item["status"] for item in found["items"]]
    if found["kind"] == "DaemonSetList":
        return all("observedGeneration" in status for status in statuses)
    return sum(status.get("readyReplicas", 0) for status in statuses) > 0


def counts(row: Resource, kind: str) -> tuple[str, ...]:
    _, _, _, _, ready, updated, available, *_ = row.cells
    match kind:
        case "deployments":
            return str(ready), str(updated), str(available)
        case "statefulsets":
            return (str(ready),)
        case "replicasets":
            return str(row.desired), str((row.pending or 0) + (row.ready or 0)), str(row.ready)
        case _:
            return str(row.desired), str(row.ready), str(updated), str(available)


async def test_nodes_and_namespaces_are_as_kubectl_prints_them(
    plane: Plane, api: Api, kubectl: Kubectl, namespace: str, shown: Shown
) -> None:
    name = f"node-{namespace}"
    roles = {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/gpu": ""}
    await api.post("/api/v1/nodes", {"metadata": {"name": name, "labels": roles}})
    try:
        status = {
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": dict.fromkeys(NODE_INFO, "") | {"kubeletVersion": "v1.34.1-eks-1"},
        }
        await api.patch(f"/api/v1/nodes/{name}/status", {"status": status})
        await api.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
        async with looking(plane.kubeconfig) as eyes:
            nodes = await (await eyes.on("nodes")).live()
            theirs = {
                line["NAME"]: (line["STATUS"], line["ROLES"], line["VERSION"])
                for line in await kubectl.table("nodes")
            }
            assert theirs[name] == ("Ready,SchedulingDisabled", "gpu,worker", "v1.34.1-eks-1")
            await nodes.until(
                lambda v: {row.ref.name: node_cells(row) for row in v.rows} == theirs,
                f"what kubectl prints of nodes: {theirs}",
            )
            spaces = await (await eyes.on("namespaces")).live()
            printed = {line["NAME"]: line["STATUS"] for line in await kubectl.table("namespaces")}
            await spaces.until(
                lambda v: {row.ref.name: row.status for row in v.rows} == printed,
                f"what kubectl prints of namespaces: {printed}",
            )
    finally:
        await api.delete(f"/api/v1/nodes/{name}")
    shown("nodes and namespaces as kubectl prints them", len(theirs) + len(printed))


NODE_INFO = (
    "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion",
    "kubeProxyVersion", "operatingSystem", "architecture",
)  # fmt: skip


def node_cells(row: Resource) -> tuple[str, str, str]:
    roles = str(row.cells[2] or "<none>").replace(", ", ",")
    return row.status, roles, str(row.cells[4])
