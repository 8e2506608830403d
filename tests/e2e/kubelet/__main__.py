"""``python -m tests.e2e.kubelet``: some nodes, until standard input ends.

Prints one line of JSON when the nodes are ready: their names and ports, and that of the metrics.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
from pathlib import Path

from backends.clock import SystemClock
from tests.e2e.kubelet.agent import Agent
from tests.e2e.kubelet.metrics import publish, unpublish
from tests.e2e.kubelet.node import Node, heartbeat
from tests.e2e.kubelet.server import Face, listen, tls
from tests.e2e.kubelet.watching import KubeletApi


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.kubelet", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="of an administrator")
    parser.add_argument("--ca", type=Path, required=True, help="who signed certificates of clients")
    parser.add_argument("--cert", type=Path, required=True, help="to serve nodes and metrics with")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--prefix", default="fake", help="how names of nodes begin")
    return parser.parse_args()


async def main(given: argparse.Namespace) -> None:
    """Run the nodes until standard input ends."""
    clock = SystemClock()
    async with KubeletApi(given.kubeconfig) as api:
        version = (await api.get("/version"))["gitVersion"]
        *sockets, for_metrics = [listen() for _ in range(given.nodes + 1)]
        nodes = [
            Node(i, f"{given.prefix}-{i}", s.getsockname()[1], version)
            for i, s in enumerate(sockets, 1)
        ]
        agent = Agent(api, nodes, clock)
        face, context = Face(agent, clock), tls(given.cert, given.key, given.ca)
        await face.open(sockets, context)
        await face.open_metrics(for_metrics, context)
        work = asyncio.create_task(agent.run())
        for node in nodes:
            await node.register(api, clock)
        port = for_metrics.getsockname()[1]
        await publish(api, port, base64.b64encode(given.ca.read_bytes()).decode())
        beats = asyncio.create_task(heartbeat(nodes, api, clock))
        ports = {node.name: node.port for node in nodes}
        print(json.dumps({"nodes": ports, "metrics": port}), flush=True)
        end = asyncio.create_task(asyncio.to_thread(sys.stdin.buffer.read))
        done, _ = await asyncio.wait((end, work, beats), return_when=asyncio.FIRST_COMPLETED)
        for task in (work, beats):
            task.cancel()
        await asyncio.gather(work, beats, return_exceptions=end in done)
        await face.close()
        await unpublish(api)
        await asyncio.gather(*(node.remove(api) for node in nodes))


if __name__ == "__main__":
    asyncio.run(main(arguments()))
