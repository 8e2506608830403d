"""kubectl, which knows nothing of us, finds Kubernetes in the simulator."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.sim.server import SimServer

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]

DEADLINE = 60.0
"""Seconds for one command: a rollout takes 5 to 20, and the machine may be busy."""


class Kubectl:
    """Runs kubectl against one cluster of a simulator, in a home of its own."""

    def __init__(self, sim: SimServer, directory: Path) -> None:
        self._config = sim.write_kubeconfig(directory / "kubeconfig")
        self._cache = directory / "cache"
        self._env = {**os.environ, "HOME": str(directory), "KUBECONFIG": str(self._config)}

    async def start(self, *arguments: str) -> Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            "kubectl", f"--cache-dir={self._cache}", "--context=payments-prod",
            "--namespace=payments", *arguments, env=self._env, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip

    async def fails(self, *arguments: str) -> tuple[int, str]:
        """Run a command and return its exit code and all that it said."""
        process = await self.start(*arguments)
        async with asyncio.timeout(DEADLINE):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode() + err.decode()

    async def __call__(self, *arguments: str) -> str:
        """Run a command that succeeds and return what it printed."""
        code, said = await self.fails(*arguments)
        assert code == 0, said
        return said

    @asynccontextmanager
    async def lines(self, *arguments: str) -> AsyncIterator[AsyncIterator[str]]:
        """Run a command that does not end by itself, for as long as the block runs."""
        process = await self.start(*arguments)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(DEADLINE):
                yield (line.decode() async for line in process.stdout)
        finally:
            process.kill()
            await process.communicate()


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    async with SimServer(lively=False) as sim:
        yield Kubectl(sim, tmp_path)


async def test_kubectl_gets_and_describes(kubectl: Kubectl) -> None:
    pods = await kubectl("get", "pods")
    assert pods.split()[:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert "redis-0" in pods
    nodes = await kubectl("get", "nodes", "-o", "wide")
    assert "Amazon Linux" in nodes
    everything = await kubectl("get", "deploy,sts,ds,rs,hpa,svc,endpointslices,ns", "-A")
    assert "deployment.apps/ledger" in everything
    pod = json.loads(await kubectl("get", "pod", "redis-0", "-o", "json"))
    assert pod["metadata"]["namespace"] == "payments"
    described = await kubectl("describe", "pod", "redis-0")
    assert "Controlled By:  StatefulSet/redis" in described
    assert "QoS Class:" in described
    deployment = await kubectl("describe", "deploy", "ledger")
    assert "4 desired | 4 updated | 4 total | 4 available" in deployment
    node = await kubectl("describe", "node", nodes.splitlines()[1].split()[0])
    assert "Non-terminated Pods:" in node
    code, said = await kubectl.fails("get", "pod", "nosuch")
    assert code == 1
    assert 'Error from server (NotFound): pods "nosuch" not found' in said
    assert "Server Version: v1." in await kubectl("version")
    assert "deployments" in await kubectl("api-resources", "--api-group=apps")


async def test_kubectl_restarts_a_rollout_and_sees_it_to_its_end(kubectl: Kubectl) -> None:
    assert "restarted" in await kubectl("rollout", "restart", "deploy/ledger")
    said = await kubectl("rollout", "status", "deploy/ledger", "--timeout=50s")
    assert 'deployment "ledger" successfully rolled out' in said
    assert "Waiting for deployment" in said
    events = await kubectl("get", "events")
    assert "ScalingReplicaSet" in events
    assert "Scaled up replica set ledger-" in await kubectl("describe", "deploy", "ledger")
    history = await kubectl("rollout", "history", "deploy/ledger")
    assert history.split()[-2:] == ["3", "<none>"]
    assert "rolled back" in await kubectl("rollout", "undo", "deploy/ledger")


async def test_kubectl_watches_a_deployment_being_scaled(kubectl: Kubectl) -> None:
    async with kubectl.lines("get", "deploy", "fraud", "-w") as lines:
        assert (await anext(lines)).startswith("NAME")
        before = (await anext(lines)).split()[1]
        assert await kubectl("scale", "deploy/fraud", "--replicas=1")
        ready = [line.split()[1] async for line in _until(lines, "1/1")]
        assert ready[0] != before
    code, said = await kubectl.fails(
        "scale", "deploy/fraud", "--current-replicas=9", "--replicas=2"
    )
    assert code == 1
    assert "Expected replicas to be 9, was 1" in said


async def _until(lines: AsyncIterator[str], word: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if word in line:
            return


async def test_kubectl_deletes_a_pod_and_waits_for_its_end(kubectl: Kubectl) -> None:
    before = json.loads(await kubectl("get", "pod", "redis-0", "-o", "json"))["metadata"]["uid"]
    assert 'pod "redis-0" deleted' in await kubectl("delete", "pod", "redis-0")
    await kubectl("wait", "--for=create", "pod/redis-0", "--timeout=30s")
    after = json.loads(await kubectl("get", "pod", "redis-0", "-o", "json"))["metadata"]["uid"]
    assert before != after


async def test_kubectl_follows_logs(kubectl: Kubectl) -> None:
    async with kubectl.lines("logs", "-f", "deploy/ledger", "--tail=2", "--timestamps") as lines:
        stamps = [(await anext(lines)).split()[0] for _ in range(5)]
    assert stamps == sorted(stamps)
    both = await kubectl("logs", "deploy/card-api", "--all-containers", "--tail=1")
    assert both.count("\n") >= 2
    code, said = await kubectl.fails("logs", "redis-0", "--previous")
    assert code == 1
    assert 'previous terminated container "redis" in pod "redis-0" not found' in said


async def test_kubectl_asks_what_it_may_do(kubectl: Kubectl) -> None:
    assert await kubectl("auth", "can-i", "list", "pods") == "yes\n"
    code, said = await kubectl.fails("auth", "can-i", "delete", "pods", "--as=limited")
    assert (code, said) == (1, "no\n")
    assert "pods/log" in await kubectl("auth", "can-i", "--list", "--as=limited")
    assert "operator" in await kubectl("auth", "whoami")
    assert "redis-0" in await kubectl("get", "pods", "--as=limited")
    code, said = await kubectl.fails("delete", "pod", "redis-0", "--as=limited")
    assert code == 1
    assert "Error from server (Forbidden)" in said


async def test_kubectl_cordons_and_sets_an_image_that_is_not_there(kubectl: Kubectl) -> None:
    node = (await kubectl("get", "nodes", "-o", "name")).split()[0]
    assert "cordoned" in await kubectl("cordon", node)
    assert "SchedulingDisabled" in await kubectl("get", node)
    assert "image updated" in await kubectl("set", "image", "deploy/settlement", "*=nosuch:1.0")
    async with kubectl.lines("get", "pods", "-l", "app=settlement", "-w") as lines:
        seen = [line async for line in _until(lines, "ErrImagePull")]
    assert "ErrImagePull" in seen[-1]
    code, _ = await kubectl.fails("rollout", "status", "deploy/settlement", "--timeout=1s")
    assert code == 1
