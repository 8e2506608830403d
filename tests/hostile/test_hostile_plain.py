"""Output without a screen, and every file: hostile text in, nothing that commands anything out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given

from backends.audit import AuditLog
from backends.base import AwsSource, BackendError, Sources
from backends.clock import ManualClock, SystemClock
from backends.model import Accepted, Problem, Scale
from backends.sim.faults import Fault
from backends.sim.kube_world.trouble import Trouble
from backends.sim.server import SimServer
from backends.text import escaped
from tests.hostile import strategies as hostile
from tests.hostile.feed import ref
from tests.hostile.terminal import Terminal, unsafe
from tests.hostile.world import PROD, SAID, blueprint, environ_of, kubeconfig, sources_of
from tui.cli import Options
from tui.compose import make_fleet
from tui.config import Config
from tui.crash import write_crash_report
from tui.plain import print_rows

ROOT = Path(__file__).parents[2]

LEFT = ("STATUS", "CLUSTER", "REGION", "REASON", "MESSAGE", "TYPE", "PROFILE", "ACCOUNT")
"""Titles of columns that are aligned left."""


async def get(
    kind: str, where: Sources, folder: Path, output: str, timeout: float = 30.0
) -> tuple[int, str]:
    """Return the exit code and the output of ``topdeck get``."""
    fleet = make_fleet(Config(), clock=SystemClock(), state_dir=folder / "state")

    async def given_sources() -> Sources:
        return where

    out = io.StringIO()
    options = Options("get", Config(), kind=kind, output=output, timeout=timeout)
    return await print_rows(fleet, given_sources, options, out), out.getvalue()


def assert_tame(text: str) -> None:
    """Nothing in an output but characters and the ends of lines."""
    assert not unsafe(text, "\n"), unsafe(text, "\n")


def assert_aligned(table: str) -> None:
    """Every column begins in the same cell on each line, when a terminal draws it."""
    lines = table.splitlines()
    terminal = Terminal(len(lines), 6_000)
    terminal.feed(table.replace("\n", "\r\n").encode())
    grid = [row for row in terminal._grid if "".join(row).strip()]
    head = "".join(cell or " " for cell in grid[0])
    starts = [m.start() for m in re.finditer(r"\S+", head) if m[0] in LEFT and m.start()]
    assert starts
    for row in grid[1:]:
        for start in starts:
            assert [cell[:1] for cell in row[start - 2 : start]] == [" ", " "], "".join(row)
            assert row[start] != " ", "".join(row)


FEW = 1 if hostile.FACTOR > 1 else 12
"""Of the payloads, how many are skipped where each costs a whole start."""

KINDS = ("services", "tasks", "deployments", "pods", "k8s/events", "clusters")


async def test_whatever_is_listed_is_harmless_and_aligned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SimServer(layout=blueprint(), throttling=False) as sim:
        where = sources_of(sim, tmp_path)
        for kind in KINDS:
            code, table = await get(kind, where, tmp_path, "table")
            assert_tame(table)
            assert_aligned(table)
            assert code == 0, capsys.readouterr().err
            if kind in ("services", "deployments"):
                called = [text for text in hostile.MARKUP.values() if "/" not in text]
                assert all(text in table for text in called), table
            if hostile.FACTOR == 1 and kind not in ("services", "pods"):
                continue
            _, listed = await get(kind, where, tmp_path, "json")
            assert_tame(listed)
            assert json.loads(listed)


async def test_what_refuses_us_may_say_what_it_likes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SimServer(layout=blueprint(), throttling=False) as sim:
        where = sources_of(sim, tmp_path)
        for text in SAID[::FEW]:
            sim.world.faults.clear()
            fault = Fault(action="ecs:ListServices", times=-1, code="AccessDeniedException")
            fault.message = text
            sim.world.faults.add(fault)
            code, _ = await get("services", where, tmp_path, "table")
            said = capsys.readouterr().err
            assert code == 1
            assert "ecs:ListServices" in said
            assert_tame(said)
        for text in SAID[::FEW]:
            cluster = next(iter(sim.world.kube.values()))
            cluster.trouble.clear()
            cluster.trouble.make(Trouble(times=-1, status=403, message=text, reason=text[:40]))
            code, _ = await get("pods", where, tmp_path, "table")
            assert code == 1
            assert_tame(capsys.readouterr().err)


@contextlib.asynccontextmanager
async def rude(content: str, body: bytes, status: int) -> AsyncIterator[str]:
    """Serve one answer to everything; gives the address."""

    async def answer(_: web.Request) -> web.Response:
        headers = {"Content-Type": content, "x-amzn-RequestId": "r"}
        return web.Response(status=status, body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


_WORST = (
    tuple(hostile.COMMANDS.values()) if hostile.FACTOR > 1 else ("\x1b]52;c;eA==\x07\x9b31m\n",)
)
BODIES = [
    *(body for text in _WORST for body in hostile.bodies_saying(text)),
    ("application/json", b" ".join(hostile.INVALID)),
]


@hostile.always(of=BODIES)
@given(hostile.bodies())
@hostile.trying(1)
def test_any_body_of_an_error_is_told_harmlessly(answer: tuple[str, bytes]) -> None:
    asyncio.run(_meet(*answer))


async def _meet(content: str, body: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder, said = Path(name), io.StringIO()
        for status, kind in ((403, "pods"), (200, "services")):
            async with rude(content, body, status) as url:
                config = folder / "config"
                config.write_text("[profile p]\nregion = us-east-1\n", encoding="utf-8")
                keys = folder / "keys"
                keys.write_text("[p]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=none\n")
                aws = AwsSource("p", ("us-east-1",), url, str(config), str(keys))
                where = Sources(aws=(aws,), kube=(kubeconfig(folder / "k", url, ["one"]),))
                with contextlib.redirect_stderr(said):
                    code, out = await get(kind, where, folder, "table", 5.0)
                assert_tame(out)
                assert code == 1 or status == 200
        assert said.getvalue()
        assert_tame(said.getvalue())


NASTY = tuple(f"p{text}" for text in SAID if "\0" not in text)[::6]


@pytest.mark.parametrize("flag", ["--profile", "--context", "--theme", "--config", "--nonsense"])
def test_names_on_the_command_line_are_quoted_harmlessly(flag: str, tmp_path: Path) -> None:
    names = tuple(hostile.COMMANDS[name] for name in ("clipboard", "eight-bit sequences"))
    for name in names:
        argv = [sys.executable, "-m", "tui", "get", "pods", flag, f"x{name}", f"y{name}"]
        environ = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        ran = subprocess.run(argv, env=environ, cwd=ROOT, capture_output=True, timeout=60)
        assert ran.returncode in (1, 2)
        assert ran.stderr
        assert_tame(ran.stderr.decode())
        assert_tame(ran.stdout.decode())


async def test_names_in_a_kubeconfig_are_told_harmlessly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with rude("text/plain", b"no", 403) as url:
        where = Sources(kube=(kubeconfig(tmp_path / "k", url, NASTY),))
        code, table = await get("clusters", where, tmp_path, "table")
        assert_tame(table)
        assert code in (0, 1)
        _, listed = await get("", where, tmp_path, "json")
        assert_tame(listed)
        said = capsys.readouterr().err
        assert_tame(said)
        assert "one of them" not in said


def test_the_board_into_a_pipe_is_harmless(tmp_path: Path) -> None:
    async def board() -> bytes:
        async with SimServer(layout=blueprint(), throttling=False) as sim:
            argv = [sys.executable, "-m", "tui", "--profile", PROD.profile, "--region", "us-east-1"]
            environ = {**os.environ, **environ_of(sim, tmp_path)}
            ran = await asyncio.create_subprocess_exec(
                *argv, env=environ, cwd=ROOT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            out, _ = await asyncio.wait_for(ran.communicate(), 60)
            return out

    text = asyncio.run(board()).decode()
    assert "plain" in text
    assert_tame(text)


@hostile.always()
@given(hostile.texts())
@hostile.trying(50)
def test_json_stays_the_same_when_it_is_made_harmless(text: str) -> None:
    told = json.dumps({text: [text, 1]}, ensure_ascii=False, indent=1)
    assert_tame(escaped(told))
    assert json.loads(escaped(told)) == {text: [text, 1]}


async def test_the_audit_log_commands_nothing(tmp_path: Path) -> None:
    audit = AuditLog(tmp_path / "audit.jsonl", ManualClock(1.0))
    for text in SAID:
        entry = await audit.sending(Scale(ref(text), 1, 2, text))
        await audit.accepted(entry, Accepted(text, text))
        error = BackendError(text, text, text)
        error.problem = Problem("denied", text, text, text)  # one that nobody cleaned
        await audit.refused(entry, error)
        await audit.unknown(entry, text)
    told = (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    assert_tame(told)
    names = [json.loads(line).get("name") for line in told.splitlines()]
    assert [name for name in names if name is not None] == list(SAID)


def test_crash_reports_command_nothing(tmp_path: Path) -> None:
    for number, text in enumerate(hostile.CATALOGUE.values()):
        path = tmp_path / f"{number}.txt"
        try:
            raise RuntimeError(text)
        except RuntimeError as error:
            write_crash_report(path, error)
        report = path.read_text(encoding="utf-8")
        assert_tame(report)
        assert "RuntimeError" in report


def test_what_is_copied_commands_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.app import TopdeckApp

    written: list[str] = []

    class Driver:
        def write(self, data: str) -> None:
            written.append(data)

    app = object.__new__(TopdeckApp)
    monkeypatch.setattr(app, "_driver", Driver(), raising=False)
    for text in (*hostile.CATALOGUE.values(), "a\nb", *hostile.HUGE.values()):
        app.copy_to_clipboard(text)
        payload = re.fullmatch("\x1b]52;c;([A-Za-z0-9+/=]*)\x07", written.pop())
        assert payload
        assert_tame(base64.b64decode(payload[1]).decode())
    app.copy_to_clipboard("a: 1\n  b: 2")
    assert base64.b64encode(b"a: 1\n  b: 2").decode() in written.pop()
