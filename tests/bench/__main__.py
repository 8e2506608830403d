"""Runs every benchmark, each in a process of its own, and prints one table.

``python -m tests.bench [NAME ...] [--markdown]``; a benchmark is a module ``bench_*.py`` with
``measure() -> list[(what, value, unit and target)]``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIMIT = 300.0
"""Seconds that one benchmark may take."""

_RUN = (
    "import importlib.util, json, sys\n"
    "spec = importlib.util.spec_from_file_location('bench', sys.argv[1])\n"
    "module = importlib.util.module_from_spec(spec)\n"
    "sys.modules['bench'] = module\n"
    "spec.loader.exec_module(module)\n"
    "print('\\n' + json.dumps(module.measure()))\n"
)


def run(path: Path) -> list[tuple[str, str, str]]:
    """Return the rows of one benchmark, or a row that says how it failed."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(path)],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=LIMIT, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [(path.stem, "-", f"took more than {LIMIT:.0f} s")]
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return [(path.stem, "-", f"failed: {last}")]
    rows = json.loads(done.stdout.strip().splitlines()[-1])
    return [
        (what, f"{value:,.3g}" if value < 1000 else f"{value:,.0f}", rest)
        for what, value, rest in rows
    ]


def main(argv: list[str]) -> int:
    """Run what is named, or everything; return 1 if a benchmark failed."""
    names = [name for name in argv if not name.startswith("-")]
    markdown = "--markdown" in argv
    paths = sorted(HERE.glob("bench_*.py"))
    chosen = [path for path in paths if not names or any(name in path.stem for name in names)]
    rows = [row for path in chosen for row in run(path)]
    table = [("what", "measured", "unit and target"), *rows]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    for index, (what, value, rest) in enumerate(table):
        if markdown:
            print(f"| {what} | {value} | {rest} |")
            if index == 0:
                print("| --- | ---: | --- |")
        else:
            print(f"{what:<{widths[0]}}  {value:>{widths[1]}}  {rest}")
            if index == 0:
                print("-" * (sum(widths) + 4))
    return 1 if any(value == "-" for _, value, _ in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
