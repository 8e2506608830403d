"""Running the simulator as a program of its own, for `topdeck simulate` and the demo."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

import orjson

from backends.clock import Clock
from backends.sim.blueprint import ScaleName
from backends.sim.folder import own_folder
from backends.sim.server import PortTaken, SimServer

PARENT_CHECK = 1.0
"""Seconds between looks at whether the process that started us is still there."""


def run(
    *,
    port: int = 0,
    kubeconfig: str = "",
    seed: int = 1,
    scale: ScaleName = "small",
    parent_pid: int | None = None,
    throttling: bool = True,
    clock: Clock | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code: 0, or 2 for a port that is taken.

    Prints one JSON line on standard output when it listens. `kubeconfig` is where the
    kubeconfig is written; empty: into a temporary directory, which is removed at the end, as
    the AWS files are. With `parent_pid` it also ends when standard input reaches its end, or
    when that process is no longer our parent. `clock` left out: the machine's own.
    """
    gc.disable()  # Nothing of what is laid out is garbage; looking for it takes half the time.
    with own_folder() as directory:
        server = SimServer(seed, scale, clock, port=port, throttling=throttling)
        try:
            asyncio.run(_serve(server, directory, kubeconfig, parent_pid))
        except PortTaken as error:
            print(  # noqa: T201 - the program's own message
                f"{error.strerror}: end what listens there, or use --port 0 for any free one.",
                file=sys.stderr,
            )
            return 2
    return 0


async def _serve(
    server: SimServer, directory: Path, kubeconfig: str, parent_pid: int | None
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    async with server:
        gc.collect()
        gc.freeze()
        gc.enable()
        _announce(server, directory, kubeconfig)
        watcher = None
        if parent_pid is not None:
            _watch_stdin(loop, ended)
            watcher = asyncio.create_task(_watch_parent(parent_pid, ended))
        await ended.wait()
        if watcher is not None:
            watcher.cancel()


def _announce(server: SimServer, directory: Path, kubeconfig: str) -> None:
    written = server.write_kubeconfig(kubeconfig or directory / "kubeconfig")
    config, credentials = server.write_aws_config(directory)
    line = orjson.dumps(
        {
            "aws_endpoint": server.url,
            "kubernetes_endpoints": server.kubernetes_endpoints,
            "kubeconfig": str(written.absolute()),
            "aws_config_file": str(config),
            "aws_shared_credentials_file": str(credentials),
        }
    )
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _watch_stdin(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """End when the pipe on standard input is closed at its other end."""
    fd = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(fd, 4096):
            loop.remove_reader(fd)
            ended.set()

    try:
        loop.add_reader(fd, readable)
    except (PermissionError, OSError):
        pass  # A plain file or /dev/null cannot be watched: the parent check remains.


async def _watch_parent(parent_pid: int, ended: asyncio.Event) -> None:
    while not ended.is_set():
        await asyncio.sleep(PARENT_CHECK)
        if os.getppid() != parent_pid:
            ended.set()
