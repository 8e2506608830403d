"""kubectl cannot tell the fake kubelet's nodes from others."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.kubelet.process import Kubelet
from tests.e2e.plane.api import Api
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import DEADLINE, Apps

pytestmark = needs_kubectl


def environment(plane: Plane, home: Path) -> dict[str, str]:
    """Return what kubectl is to know of this machine."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(plane.kubeconfig)}


async def run(
    plane: Plane, home: Path, *arguments: str, given: bytes = b""
) -> tuple[int | None, str, str]:
    """Run kubectl with some input; return its exit code and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        "kubectl", *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE,
        env=environment(plane, home),
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE):
        out, err = await process.communicate(given)
    return process.returncode, out.decode(), err.decode()


async def test_commands_run_in_containers(
    plane: Plane, api: Api, namespace: str, kubelet: Kubelet, shown: Shown, tmp_path: Path
) -> None:
    await Apps(api, namespace).make("deployments", "web", 1)
    await Apps(api, namespace).ready("deployments", "web", 1)
    home = ("-n", namespace, "exec", "deploy/web")
    assert await run(plane, tmp_path, *home, "--", "echo", "a", "b") == (0, "a b\n", "")
    typed = await run(plane, tmp_path, *home, "-i", "--", "cat", given=b"there\nand back")
    assert typed == (0, "there\nand back", "")
    code, out, err = await run(plane, tmp_path, *home, "--", "sh", "-c", "warn oops; exit 3")
    assert (code, out) == (3, "")
    assert err.startswith("oops\n")
    code, _, err = await run(plane, tmp_path, *home, "--", "no-such-program")
    assert code == 1
    assert "executable file not found" in err
    code, out, _ = await run(
        plane, tmp_path, *home, "-i", "--", "sh", given=b"hostname\necho hi\nexit 5\n"
    )
    assert code == 5
    assert "hi" in out
    shown("kubectl exec", 5, against="kubectl and the fake kubelet")


async def test_ports_are_forwarded(
    plane: Plane, api: Api, namespace: str, kubelet: Kubelet, shown: Shown, tmp_path: Path
) -> None:
    await Apps(api, namespace).make("deployments", "web", 1)
    await Apps(api, namespace).ready("deployments", "web", 1)
    (pod,) = await Apps(api, namespace).of("web")
    process = await asyncio.create_subprocess_exec(
        "kubectl", "-n", namespace, "port-forward", "deploy/web", ":80", stdout=PIPE,
        env=environment(plane, tmp_path),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            said = (await process.stdout.readline()).decode()
        port = int(said.split("127.0.0.1:")[1].split(" ")[0])
        async with aiohttp.ClientSession() as session:
            for path in ("/one", "/two"):
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    assert await answer.text() == f"{pod['metadata']['name']}:80{path}\n"
    finally:
        process.terminate()
        await process.wait()
    shown("kubectl port-forward", 2, against="kubectl and the fake kubelet")


async def test_nodes_are_ready_and_pods_have_figures(
    plane: Plane, api: Api, namespace: str, kubelet: Kubelet, shown: Shown, tmp_path: Path
) -> None:
    await Apps(api, namespace).make("deployments", "web", 1, cpu="250m", memory="96Mi")
    await Apps(api, namespace).ready("deployments", "web", 1)
    kubectl = Kubectl(plane.kubeconfig, tmp_path)
    nodes = {line["NAME"]: line["STATUS"] for line in await kubectl.table("nodes")}
    assert {nodes[name] for name in kubelet.names} == {"Ready"}
    (line,) = (await kubectl("-n", namespace, "top", "pods", "--no-headers")).splitlines()
    assert line.split()[1:] == ["250m", "96Mi"]
    assert len((await kubectl("top", "nodes", "--no-headers")).splitlines()) == len(kubelet.names)
    shown("kubectl top", 1 + len(kubelet.names), against="kubectl and the fake kubelet")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (["--tail", "2"], "web run 0 line 8\nweb run 0 line 9\n"),
        (["--limit-bytes", "5"], "web r"),
        (["--since-time", "2100-01-01T00:00:00Z"], ""),
    ],
)
async def test_logs_are_cut_as_asked(
    plane: Plane, api: Api, namespace: str, kubelet: Kubelet, tmp_path: Path,
    asked: list[str], wanted: str,
) -> None:  # fmt: skip
    apps = Apps(api, namespace)
    await apps.pod("web", log_burst="10", log_rate="0")
    await api.until(f"{apps.pods}/web", lambda found: found["status"]["phase"] == "Running")
    kubectl = Kubectl(plane.kubeconfig, tmp_path)
    assert await kubectl("-n", namespace, "logs", "web", *asked) == wanted
