"""How long a start takes to its first frame, beside an empty Textual app; how long the loop stalls
while the SDKs are imported and the first clusters load."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.pty_app import PtyApp

RUNS = 9
STALL_RUNS = 3
PROBE = """
import json, sys, time
from textual.drivers.linux_driver import LinuxDriver

wanted, told = json.loads(sys.argv.pop()), sys.argv.pop()

def write(driver, data, write=LinuxDriver.write):
    write(driver, data)
    if wanted:
        wanted[:] = [text for text in wanted if text not in data]
        if not wanted:
            with open(told, "w") as file:
                print(time.process_time(), file=file)

LinuxDriver.write = write
"""
"""Notes the CPU time at which the last part of the first frame was written: a look from outside
would come late on a busy machine, when what follows the frame has begun."""

EMPTY = """
from textual.app import App

class Empty(App[None]):
    pass

Empty().run()
"""
EMPTY_FRAME = ("\x1b[1;1H",)
"""The beginning of the frame: an empty app has nothing else to tell it by."""

TOPDECK = """
from tui.__main__ import main
sys.exit(main(["--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1", "--profile", "x"]))
"""
FRAME = ("topdeck", "Cluster", "Help")
"""Header, board and footer."""

DEMO = (sys.executable, "-m", "tui", "demo")
FIRST_ROW = "shop-prod"
STALLS = """
import asyncio, json, sys, time
from tui.app import TopdeckApp

async def beat(app):
    longest, settled, over = 0.0, None, time.perf_counter() + 30
    wall, work = time.perf_counter(), time.process_time()
    while (settled is None or wall < settled) and wall < over:
        await asyncio.sleep(0.001)
        now, done = time.perf_counter(), time.process_time()
        longest = max(longest, min(now - wall - 0.001, done - work))
        wall, work = now, done
        if settled is None and len(app.board.clusters) == 7:
            settled = wall + 2
    with open(sys.argv.pop(), "w") as file:
        json.dump([longest, settled is not None], file)
    app.exit()

def began(app, begin=TopdeckApp._begin):
    app.beating = asyncio.get_running_loop().create_task(beat(app))
    begin(app)

TopdeckApp._begin = began
from tui.__main__ import main
sys.exit(main(["demo"]))
"""


def started(program: str, frame: Sequence[str], home: str) -> tuple[float, float]:
    """Return the seconds until all of a frame was written, by the clock and of CPU."""
    told = Path(home) / "cpu"
    told.unlink(missing_ok=True)
    command = [sys.executable, "-c", PROBE + program, str(told), json.dumps(frame)]
    environ = {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
    with PtyApp(command, environ=environ) as app:
        wall = max(app.wait_for(text) for text in frame)
        app.drain(0.05)
    return wall, float(told.read_text())


def stall(home: str) -> float:
    """Return the longest CPU time, in seconds, between two turns of the loop from the first frame
    until two seconds after the demo's clusters are there."""
    told = Path(home) / "stall.json"
    with PtyApp([sys.executable, "-c", STALLS, str(told)]) as app:
        app.wait(90)
    longest, complete = json.loads(told.read_text())
    if not complete:
        raise RuntimeError("the demo's clusters did not arrive within 30 s")
    return float(longest)


def measure() -> list[tuple[str, float, str]]:
    """Take turns between both apps; return medians."""
    with tempfile.TemporaryDirectory() as home:
        empty, ours, rows = [], [], []
        for _ in range(RUNS + 1):
            empty.append(started(EMPTY, EMPTY_FRAME, home))
            ours.append(started(TOPDECK, FRAME, home))
        for _ in range(STALL_RUNS):
            with PtyApp(DEMO) as app:
                frame = app.wait_for(FRAME[-1])
                rows.append(app.wait_for(FIRST_ROW) - frame)
        stalls = [stall(home) for _ in range(STALL_RUNS)]
    # The first run of each warms the disk's cache and is not counted.
    base_wall, base = (statistics.median(run[i] for run in empty[1:]) for i in (0, 1))
    wall, cpu = (statistics.median(run[i] for run in ours[1:]) for i in (0, 1))
    return [
        ("empty Textual app: first frame", base * 1000, "ms of CPU"),
        ("topdeck: first frame (header, board, footer)", cpu * 1000, "ms of CPU"),
        ("topdeck / empty app, by CPU", cpu / base, "times, at most 1.35"),
        ("topdeck / empty app, by the clock", wall / base_wall, "times, at most 1.35"),
        ("demo: first live rows after the first frame", statistics.median(rows), "s, at most 1"),
        (
            "longest stall while warming up",
            statistics.median(stalls) * 1000,
            f"ms of CPU between two turns of the loop, median of {STALL_RUNS}, under 30",
        ),
    ]
