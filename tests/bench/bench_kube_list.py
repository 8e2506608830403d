"""What it costs to list 10,000 pods: bytes from the simulator in, rows out, live."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.base import Sources
    from backends.eks.backend import KubeBackend

ROUNDS = 3
"""Times that everything is listed; the median counts."""

BEAT = 0.005
"""Seconds between looks at whether the loop still turns."""


def measure() -> list[tuple[str, float, str]]:
    """Return the CPU and wall seconds of listing 10,000 pods, and the longest stall meanwhile."""
    from backends.base import KubeSource, Sources

    with _simulator() as kubeconfig:
        sources = Sources(kube=(KubeSource(str(kubeconfig)),), request_timeout=30.0)
        rounds = [asyncio.run(_load(sources)) for _ in range(ROUNDS + 1)]
    # The first round imports, and makes the simulator lay its clusters out.
    pods, cpu, wall, stall = (statistics.median(column) for column in zip(*rounds[1:], strict=True))
    return [
        ("Kubernetes: pods listed", pods, "pods in all clusters of the large world"),
        ("Kubernetes: CPU of listing them", cpu, "s (at most 0.5)"),
        ("Kubernetes: until all are live", wall, "s, the simulator's own time included"),
        ("Kubernetes: longest stall of the loop meanwhile", stall * 1000, "ms (at most 50)"),
    ]


@contextmanager
def _simulator() -> Iterator[Path]:
    """Run the large world in a process of its own; yield its kubeconfig."""
    code = "import sys; from backends.sim.main import run; sys.exit(run(scale='large'))"
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=errors
        )
        try:
            assert process.stdout is not None
            yield Path(json.loads(process.stdout.readline())["kubeconfig"])
        finally:
            process.terminate()
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()


async def _load(sources: Sources) -> tuple[int, float, float, float]:
    """List the pods of every cluster at once, as the fleet board would."""
    from backends.clock import SystemClock
    from backends.eks.backend import KubeBackend

    backend = KubeBackend(sources, SystemClock())
    scopes = [root.scope for root in backend.roots()]
    stall = asyncio.create_task(_longest_stall())
    await asyncio.sleep(0.05)
    began, cpu = time.perf_counter(), time.process_time()
    counts = await asyncio.gather(*(_until_live(backend, scope) for scope in scopes))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    stall.cancel()
    await backend.close()
    return sum(counts), cpu, wall, (await asyncio.gather(stall))[0]


async def _until_live(backend: KubeBackend, scope: object) -> int:
    from backends.base import Demand
    from backends.model import FeedState, Query, Scope

    assert isinstance(scope, Scope)
    rows = set()
    async with aclosing(backend.watch(Query(scope, "k8s/pods"), Demand())) as changes:
        async for change in changes:
            rows.update(row.ref for row in change.upserts)
            if change.status.state is FeedState.LIVE:
                break
            if change.status.problem is not None:
                raise RuntimeError(change.status.problem.message)
    return len(rows)


async def _longest_stall() -> float:
    """Return, when cancelled, the longest that the loop was late for a beat, in seconds."""
    loop, longest = asyncio.get_running_loop(), 0.0
    try:
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            longest = max(longest, loop.time() - due)
    except asyncio.CancelledError:
        return longest
