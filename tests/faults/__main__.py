"""Tries every fault on both backends, one after another, and prints one table.

``python -m tests.faults [FAULT ...] [--backend ecs|eks] [--markdown]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

from tests.faults.catalogue import FAULTS
from tests.faults.one_by_one import tried
from tests.faults.report import COLUMNS, cells, sound, width


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(names))
    parser.add_argument("--backend", choices=("ecs", "eks"), action="append")
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.faults) - set(names):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    return chosen


def main(argv: Sequence[str]) -> int:
    """Try what is named, or everything; return 1 where a fault did harm."""
    chosen = _arguments(argv)
    names = chosen.faults or [fault.name for fault in FAULTS]
    backends = chosen.backend or ("ecs", "eks")
    # Each in a process of its own, side by side: most of the time is spent waiting.
    with ProcessPoolExecutor(len(backends), get_context("spawn")) as pool:
        outcomes = [one for found in pool.map(tried, backends, repeat(names)) for one in found]
    outcomes.sort(key=lambda one: (names.index(one.fault), one.backend))
    table = [COLUMNS, *(cells(one) for one in outcomes)]
    widths = width(table)
    for index, row in enumerate(table):
        if chosen.markdown:
            print(f"| {' | '.join(row)} |")
            if index == 0:
                print("| --- | --- | ---: | --- | --- | ---: | --- | --- |")
        else:
            print("  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)))
            if index == 0:
                print("-" * (sum(widths) + 2 * len(widths)))
    return 0 if all(sound(one) for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
