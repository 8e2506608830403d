"""Running the screen: signals, exit codes, and what is left behind when something breaks."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys

from backends.board import Board
from tui.app import TopdeckApp
from tui.cli import Options
from tui.compose import attach_backends, make_fleet, sources_of
from tui.demo import DemoWorld
from tui.ending import Ending

SWITCH = 0.001
"""Seconds after which a thread gives way to another that waits. Python's 5 ms, several times in
a row, are a stutter while the SDKs are imported and their models parsed."""


def run_screen(options: Options, world: DemoWorld | None) -> int:
    """Open the screen and return the exit code once it has closed."""
    # What libraries log goes to standard error where nobody has asked for it: onto the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    if options.config.keys:
        from tui.keymap import check_keys

        check_keys(options.config.keys)
    sys.setswitchinterval(SWITCH)
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
        from tui.crash import report_crash

        report_crash(app.crash)
    return app.return_code or 0
