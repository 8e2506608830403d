"""The aws program, which knows nothing of us, finds AWS in the simulator."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from backends.sim.server import SimServer

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the aws program is not installed"),
]

DEADLINE = 120
"""Seconds for all calls together: the program takes its time to start."""


class Cli:
    """Runs the aws program against a simulator, in an environment without the user's own."""

    def __init__(self, sim: SimServer, directory: Path) -> None:
        config, credentials = sim.write_aws_config(directory)
        self._url = sim.url
        self._turn = asyncio.Semaphore(2)
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    async def __call__(self, *arguments: str) -> Any:
        """Run one command and return what it printed, as JSON."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                "aws", "--endpoint-url", self._url, "--profile", "acme-prod", "--output", "json",
                *arguments, env=self._env,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return json.loads(out)


@pytest.fixture
def cli(calm: SimServer, tmp_path: Path) -> Cli:
    return Cli(calm, tmp_path)


async def test_the_aws_program_reads_every_service(calm: SimServer, cli: Cli) -> None:
    registry = calm.world.cloudmap.registry_of(calm.world.ecs.service("shop-prod", "web"))
    assert registry is not None
    task = next(iter(calm.world.ecs.service("shop-prod", "web").tasks))
    async with asyncio.timeout(DEADLINE):
        clusters, services, tasks, events, instances, eks, ecr = await asyncio.gather(
            cli("ecs", "list-clusters"),
            cli("ecs", "describe-services", "--cluster", "shop-prod", "--services", "web", "cart"),
            cli("ecs", "describe-tasks", "--cluster", "shop-prod", "--tasks", task),
            cli("logs", "filter-log-events", "--log-group-name", "/ecs/shop-prod/web",
                "--log-stream-names", f"ecs/web/{task}", "--max-items", "5"),
            cli("servicediscovery", "list-instances", "--service-id", registry.id),
            cli("eks", "describe-cluster", "--name", "payments-prod"),
            cli("ecr", "describe-repositories"),
        )  # fmt: skip
    assert clusters["clusterArns"] == ["arn:aws:ecs:us-east-1:111122223333:cluster/shop-prod"]
    assert [s["serviceName"] for s in services["services"]] == ["web", "cart"]
    assert tasks["tasks"][0]["lastStatus"] == "RUNNING"
    assert len(events["events"]) == 5
    assert task in {i["Id"] for i in instances["Instances"]}
    assert eks["cluster"]["endpoint"] == calm.kubernetes_endpoints["payments-prod"]
    assert {"web", "ledger"} <= {r["repositoryName"] for r in ecr["repositories"]}


async def test_the_aws_program_scales_a_service(calm: SimServer, cli: Cli) -> None:
    where = ("--cluster", "shop-prod", "--service", "web")
    async with asyncio.timeout(DEADLINE):
        answer = await cli("ecs", "update-service", *where, "--desired-count", "5")
        assert answer["service"]["desiredCount"] == 5
        assert answer["service"]["runningCount"] < 5
        await calm.advance(60)
        described = await cli(
            "ecs", "describe-services", "--cluster", "shop-prod", "--services", "web"
        )
    assert described["services"][0]["runningCount"] == 5
