"""``python -m backends.sim``: the simulator without the rest of Topdeck."""

from __future__ import annotations

import argparse
import os
import sys
import time

NICENESS = 10
"""How far a simulator that belongs to a screen stands back behind it, as `nice` counts."""


def main() -> int:
    """Read the options, serve, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m backends.sim", description="Serve a simulated ECS and EKS fleet."
    )
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free port")
    parser.add_argument("--kubeconfig", default="", help="where to write the kubeconfig")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", choices=("small", "large", "huge"), default="small")
    parser.add_argument("--no-throttling", action="store_true", help="lift AWS's request rates")
    parser.add_argument(
        "--standing-clock",
        action="store_true",
        help="time stands still until it is moved on at /_sim/advance",
    )
    parser.add_argument(
        "--die-with-parent",
        action="store_true",
        help="end when standard input is closed or the starting process is gone",
    )
    parser.add_argument(
        "--eager", action="store_true", help="don't stand back behind the starting process"
    )
    options = parser.parse_args()
    if options.die_with_parent and not options.eager:
        # Whoever started it is drawing a screen at this moment: that comes first.
        os.nice(NICENESS)
    from backends.clock import ManualClock
    from backends.sim.main import run

    return run(
        port=options.port,
        kubeconfig=options.kubeconfig,
        seed=options.seed,
        scale=options.scale,
        parent_pid=os.getppid() if options.die_with_parent else None,
        throttling=not options.no_throttling,
        clock=ManualClock(time.time()) if options.standing_clock else None,
    )


if __name__ == "__main__":
    sys.exit(main())
