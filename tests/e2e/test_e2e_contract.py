"""The contract that the simulator is held to, held to a real API server."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.plane.api import Api
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import Apps

pytestmark = pytest.mark.usefixtures("kubelet")

ROOT = Path(__file__).parents[2]
DEADLINE = 300.0


async def test_a_real_server_keeps_the_contract_of_the_simulator(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    def alone(found: Any) -> bool:
        names = {item["metadata"]["name"] for item in found["items"]}
        return not {name for name in names - {namespace} if name.startswith("e2e-")}

    # The contract reads the whole cluster more than once, and what other tests left is still going.
    await api.until("/api/v1/namespaces", alone)
    apps = Apps(api, namespace)
    await apps.make("deployments", "web", 4, log_rate="5")
    await apps.make("daemonsets", "agent", None)
    await apps.ready("deployments", "web", 4)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "tests/contract/test_kube_contract.py", "-k", "real",
        cwd=ROOT, stdout=PIPE, stderr=STDOUT,
        env={
            **os.environ,
            "TOPDECK_TEST_KUBECONFIG": str(plane.kubeconfig),
            "TOPDECK_TEST_DEPLOYMENT": f"{namespace}/web",
        },
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE):
        out, _ = await process.communicate()
    said = out.decode()
    assert process.returncode == 0, said
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) > 20, said
    shown("the contract of the simulator, kept by a real server", int(passed[1]))
