"""Running the screen: signals, exit codes, and what is left behind when something breaks."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import platform
import re
import sys
import time
import traceback
from pathlib import Path

from backends.board import Board
from backends.text import clean_block
from backends.version import __version__
from tui.app import TopdeckApp
from tui.cli import Options
from tui.compose import attach_backends, make_fleet, sources_of, state_folder
from tui.demo import DemoWorld
from tui.ending import Ending
from tui.keymap import check_keys

_SECRETS = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{12,}|k8s-aws-v1\.[\w-]+|eyJ[\w-]+\.[\w.-]+"
    r"|(?i:(?:secret|token|password|authorization|signature|credential)\w*\s*[=:]\s*)\S+"
    r"|X-Amz-(?:Signature|Security-Token|Credential)=[^&\s]+|[A-Za-z0-9/+=]{40,}"
)


def run_screen(options: Options, world: DemoWorld | None) -> int:
    """Open the screen and return the exit code once it has closed."""
    # What libraries log goes to standard error where nobody has asked for it: onto the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    check_keys(options.config.keys)
    fleet = make_fleet(options.config)
    board = Board(fleet)
    sources_for = sources_of(options.config, world)

    async def start() -> None:
        await attach_backends(fleet, sources_for)
        board.open()
        await fleet.audit.mend()
        # What start-up made stays, so it need not be looked at (a collection here would take
        # 50 ms); only what comes later is worth collecting.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()

    app = TopdeckApp(fleet, board, options.config, start, demo=world is not None)
    return asyncio.run(_run(app, options))


async def _run(app: TopdeckApp, options: Options) -> int:
    Ending(app)
    try:
        await app.run_async(mouse=options.config.mouse)
    finally:
        await app.shut_down()
    if app.crash is not None:
        _report(app.crash)
    return app.return_code or 0


def _report(error: BaseException) -> None:
    """Say that it broke, in two lines, and write the rest to a file of the user's own."""
    folder = state_folder() / "crashes"
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    where = f"The report is in {path}."
    try:
        write_crash_report(path, error)
    except OSError as failed:
        where = f"The report could not be written to {path}: {failed.strerror}."
    kind = type(error).__name__
    print(f"topdeck: stopped by a defect of its own ({kind}). {where}", file=sys.stderr)
    print("It holds no credentials; please attach it when you report this.", file=sys.stderr)


def write_crash_report(path: Path, error: BaseException) -> None:
    """Write what is needed to find a defect: versions and the trace, without values of variables
    and with everything that looks like a secret taken out."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    trace = "".join(traceback.format_exception(error))
    head = (
        f"topdeck {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}, TERM={os.environ.get('TERM', '')}\n\n"
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(head + clean_block(redact(trace)) + "\n")


def redact(text: str) -> str:
    """Take out of a text whatever looks like a key, a token or a signature."""
    return _SECRETS.sub("[removed]", text)


__all__ = ["redact", "run_screen", "write_crash_report"]
