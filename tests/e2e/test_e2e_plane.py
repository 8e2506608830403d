"""The cluster itself is a whole one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.e2e.plane.accounts import READ, Account, rule
from tests.e2e.plane.api import Api, Refused
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.procs import Workspace
from tests.e2e.plane.shown import Shown

DEADLINE = 60.0


async def test_its_controllers_are_at_work(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    labels = {"app": "web"}
    await api.post(
        f"/apis/apps/v1/namespaces/{namespace}/deployments",
        {
            "metadata": {"name": "web"},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "app", "image": "example.com/web:1"}]},
                },
            },
        },
    )
    found = await api.until(
        f"/api/v1/namespaces/{namespace}/pods", lambda pods: len(pods["items"]) == 3
    )
    assert {pod["status"]["phase"] for pod in found["items"]} == {"Pending"}
    shown("a deployment makes its pods", 3)


async def test_it_grants_what_it_is_told_and_no_more(
    plane: Plane, api: Api, namespace: str, tmp_path: Path
) -> None:
    account = await Account.make(api, namespace)
    binding = await account.grant(rule(READ, "pods"), namespace=namespace)
    token = await account.token()
    user = plane.write_kubeconfig(tmp_path / "user", {"token": token.text})
    pods = f"/api/v1/namespaces/{namespace}/pods"
    async with Api(user) as mine:
        await mine.until(pods, lambda found: found["items"] == [])
        with pytest.raises(Refused, match=r"403 .* cannot list resource \"secrets\""):
            await mine.get(f"/api/v1/namespaces/{namespace}/secrets")
        await api.delete(binding)
        await refused(mine, pods, 403)


async def refused(api: Api, path: str, code: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                await api.get(path)
            except Refused as error:
                if error.code == code:
                    return
            await asyncio.sleep(0.1)


def test_it_ends_with_the_process_that_started_it(
    plane: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane.needs_own("killing its owner")
    script = (
        "import sys; from tests.e2e.plane.plane import OwnPlane; p = OwnPlane();"
        "print(*[part.pid for part in p.parts.values()], flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 4
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    deadline = time.monotonic() + DEADLINE
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # And what it could not remove is removed by the next to come.
    assert len(list(tmp_path.glob("topdeck-e2e-*"))) == 1
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Workspace().remove()
    assert not list(tmp_path.iterdir())


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody waits for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
