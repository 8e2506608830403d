"""The command: arguments, then the fleet, then the screen or plain output.

What is imported at the top is light; textual comes when a screen is wanted, and the SDKs after
its first frame.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.cli import Options


def main(argv: Sequence[str] | None = None) -> int:
    """Run Topdeck and return its exit code; 2 for a usage or configuration error."""
    # Nothing that is made while starting up is garbage; collecting it costs frames.
    gc.disable()
    # Until there is a screen to put back, ctrl-c just ends the process, by the signal: an exception
    # in the middle of an import is printed, or even lost. A simulator of ours ends when we do.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from backends.text import clean
    from tui.cli import read
    from tui.config import ConfigError

    try:
        options = read(sys.argv[1:] if argv is None else argv, os.environ, _default_config())
        if options.command == "simulate":
            return _simulate(options)
        if options.command == "feed":
            return _feed_plan(options)
        if options.command == "get" or not _has_screen():
            return _plain(options)
        return _screen(options)
    except ConfigError as error:
        print(f"topdeck: {clean(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has gone, as in `topdeck get pods | head`; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _default_config() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "topdeck" / "config.toml"


def _has_screen() -> bool:
    """Whether there is a terminal to draw on and to read keys from.

    The interface goes to standard error where standard output is redirected in some terminals;
    all three must be terminals for it to be what the user wants.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if any(stream is None or not stream.isatty() for stream in streams):
        return False
    return os.environ.get("TERM", "") not in ("", "dumb")


def _simulate(options: Options) -> int:
    from backends.sim.main import run

    return run(
        port=options.port,
        kubeconfig=options.simulated_kubeconfig,
        seed=options.seed,
        scale=options.scale,
    )


def _feed_plan(options: Options) -> int:
    from backends.feedplan import plan

    print(plan(options.name), end="")
    return 0


def _plain(options: Options) -> int:
    import asyncio
    import logging

    from tui.compose import make_fleet, sources_of
    from tui.demo import DemoWorld
    from tui.plain import print_rows

    gc.enable()
    # What libraries log of a failure, the failure's own words say better.
    logging.getLogger().addHandler(logging.NullHandler())
    world = DemoWorld(options.seed, options.scale) if options.command == "demo" else None
    try:
        fleet = make_fleet(options.config)
        return asyncio.run(print_rows(fleet, sources_of(options.config, world), options))
    finally:
        if world is not None:
            world.stop()


def _screen(options: Options) -> int:
    from tui.demo import DemoWorld

    # Before textual is imported, so that both start at the same time.
    world = DemoWorld(options.seed, options.scale) if options.command == "demo" else None
    try:
        from tui.run import run_screen

        return run_screen(options, world)
    finally:
        if world is not None:
            world.stop()


if __name__ == "__main__":
    sys.exit(main())
