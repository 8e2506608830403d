"""A simulator of 200 tasks and 200 pods in a process of its own, for measurements from outside.

``python -m tests.bench.crowd_server FOLDER`` writes the files by which it is found into a folder,
prints the URL and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from backends.sim.blueprint import Blueprint, SimAccount, SimCluster, SimWorkload
from backends.sim.server import SimServer

COUNT = 200
"""Tasks of the service, and pods of the deployment."""

ACCOUNT = SimAccount("ops", "111122223333", "AKIACROWD00000000001", "crowd-secret")
REGION = "us-east-1"


def layout() -> Blueprint:
    """Return a world of one service and one deployment."""
    horde = SimWorkload("horde", "shop", COUNT, "horde:1.9.0", 256, 512)
    clusters = (
        SimCluster("ecs", "crowd-ecs", ACCOUNT, REGION, (horde,)),
        SimCluster("eks", "crowd-eks", ACCOUNT, REGION, (horde,), "1.36", 20),
    )
    return Blueprint(1, "small", (ACCOUNT,), (REGION,), clusters)


async def _serve(folder: Path) -> None:
    async with SimServer(lively=False, layout=layout()) as sim:
        sim.write_kubeconfig(folder / "kubeconfig")
        sim.write_aws_config(folder)
        print(sim.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
