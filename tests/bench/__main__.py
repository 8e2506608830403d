"""Runs every benchmark, each in a process of its own, and prints one table.

``python -m tests.bench [NAME ...] [--markdown]``; a benchmark is a module ``bench_*.py`` with
``measure() -> list[(what, value, unit and target)]``, where a target reads ``at most 50``,
``at least 50`` or ``target 0``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIMIT = 300.0
"""Seconds that one benchmark may take."""

_TARGET = re.compile(r"\b(at most|at least|target) ([\d.,]*\d)")
"""How a row says what it aims at; a bare target is to be hit exactly."""

_RUN = (
    "import importlib.util, json, sys\n"
    "spec = importlib.util.spec_from_file_location('bench', sys.argv[1])\n"
    "module = importlib.util.module_from_spec(spec)\n"
    "sys.modules['bench'] = module\n"
    "spec.loader.exec_module(module)\n"
    "print('\\n' + json.dumps(module.measure()))\n"
)


def verdict(value: float, rest: str) -> str:
    """Return ✓ or ✗ for a value beside its target; a row without one has none to meet."""
    found = _TARGET.search(rest)
    if found is None:
        return ""
    how, number = found[1], float(found[2].replace(",", ""))
    met = {"at most": value <= number, "at least": value >= number}.get(how, value == number)
    return "✓" if met else "✗"


def run(path: Path) -> list[tuple[str, str, str, str]]:
    """Return the rows of one benchmark, or a row that says how it failed."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(path)],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=LIMIT, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [(path.stem, "-", "✗", f"took more than {LIMIT:.0f} s")]
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return [(path.stem, "-", "✗", f"failed: {last}")]
    rows = json.loads(done.stdout.strip().splitlines()[-1])
    return [
        (what, f"{value:,.3g}" if value < 1000 else f"{value:,.0f}", verdict(value, rest), rest)
        for what, value, rest in rows
    ]


def pulse() -> float:
    """Return the ms of CPU that a loop of a million additions takes here and now: what other
    figures of CPU time have to be seen against, which differ as much from hour to hour."""
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return (time.process_time() - began) * 1000


def _told(path: Path) -> list[tuple[str, str, str, str]]:
    """Run one benchmark, and say on standard error that it goes on and how long it took."""
    began = time.monotonic()
    print(f"{path.stem} ...", end=" ", file=sys.stderr, flush=True)
    rows = run(path)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows


def main(argv: list[str]) -> int:
    """Run what is named, or everything; return 1 if a benchmark failed."""
    names = [name for name in argv if not name.startswith("-")]
    markdown = "--markdown" in argv
    paths = sorted(HERE.glob("bench_*.py"))
    chosen = [path for path in paths if not names or any(name in path.stem for name in names)]
    rows, pulses = [], [pulse()]
    for path in chosen:
        rows += _told(path)
        pulses.append(pulse())
    table = [("what", "measured", "", "unit and target"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    for index, (what, value, met, rest) in enumerate(table):
        if markdown:
            print(f"| {what} | {value} | {met} | {rest} |")
            if index == 0:
                print("| --- | ---: | --- | --- |")
        else:
            print(f"{what:<{widths[0]}}  {value:>{widths[1]}} {met:1} {rest}")
            if index == 0:
                print("-" * (sum(widths) + 5))
    missed = sum(met == "✗" for _, _, met, _ in rows)
    print(f"\n{len(rows)} figures, {missed} miss their target")
    print(f"A million additions took {min(pulses):.0f} to {max(pulses):.0f} ms of CPU meanwhile.")
    return 1 if any(value == "-" for _, value, _, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
