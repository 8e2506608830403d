"""How long the loop is blocked, and keys wait, while the demo's worlds are loading (real pty)."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.pty_app import PtyApp

SECONDS = {"small": 6.0, "large": 12.0}
"""How long each world is watched from its start; it is loaded within that."""

PROBED = """
import asyncio, gc, json, sys, time
gc.disable()
from tui.demo import DemoWorld
world = DemoWorld(1, sys.argv[1])
from tui.app import TopdeckApp
from tui.cli import Options
from tui.compose import attach_backends, make_fleet, sources_of
from backends.board import Board
from tui.config import Config
from pathlib import Path

seconds, report = float(sys.argv[2]), Path(sys.argv[3])
fleet = make_fleet(Config(), state_dir=report.parent)
board = Board(fleet)
lags = []

async def probe():
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.002)
        lags.append((before, time.perf_counter() - before - 0.002))

async def start():
    await attach_backends(fleet, sources_of(Config(), world))
    board.open()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()

async def main():
    app = TopdeckApp(fleet, board, Config(), start, demo=True)
    loop = asyncio.get_running_loop()
    ended = []

    def leave():
        ended.append(time.perf_counter())
        app.exit()

    loop.call_later(seconds, leave)
    painted = asyncio.create_task(probe())
    await app.run_async()
    painted.cancel()
    await app.shut_down()
    rows = len(board.rows)
    running = sum(row.ready or 0 for row in board.rows)
    # Leaving, which waits for the terminal, is no part of loading.
    loading = [lag for lag in lags if lag[0] + lag[1] < ended[0]]
    report.write_text(json.dumps([loading, rows, running]))

try:
    asyncio.run(main())
finally:
    world.stop()
"""


def _load(scale: str) -> tuple[float, list[float], int]:
    """Return the longest block of the loop, the latencies of keys (s), and what was running."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        seconds = SECONDS[scale]
        command = [sys.executable, "-c", PROBED, scale, str(seconds), str(report)]
        with PtyApp(command) as app:
            painted = app.wait_for("Cluster") + app.started
            latencies = []
            app.wait_for("prod" if scale == "small" else "large")
            while time.perf_counter() < app.started + seconds - 1:
                app.drain(0.05)
                app.forget()
                pressed = time.perf_counter()
                app.press("j" if len(latencies) % 2 else "k")
                app.wait_for("\x1b[", 5)
                latencies.append(time.perf_counter() - pressed)
            app.wait(30)
        lags, _rows, running = json.loads(report.read_text())
    # What happens before the first frame is start-up, which bench_start measures.
    return max(lag for at, lag in lags if at > painted), latencies, running


def measure() -> list[tuple[str, float, str]]:
    """Load both worlds once each."""
    rows: list[tuple[str, float, str]] = []
    for scale in ("small", "large"):
        longest, latencies, running = _load(scale)
        keys = statistics.quantiles(latencies, n=20)
        rows += [
            (f"{scale} world loading: longest block of the loop", longest * 1000, "ms, at most 50"),
            (f"{scale} world loading: a key answered, median", keys[9] * 1000, "ms"),
            (f"{scale} world loading: a key answered, 95%", keys[18] * 1000, "ms, at most 50"),
            (f"{scale} world: tasks and pods running on the board", running, ""),
        ]
    return rows
