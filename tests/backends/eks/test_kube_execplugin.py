"""Credential plugins run without a terminal, within a deadline, and leak nothing."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from kube_help import until

from backends.base import BackendError, Expired, Invalid, Unreachable
from backends.eks import execplugin

V1 = execplugin.VERSIONS[0]


def plugin(tmp_path: Path, code: str, **section: object) -> execplugin.Plugin:
    """A plugin that is the Python program `code`."""
    script = tmp_path / "kubelogin"
    script.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{code}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    body = {"command": "./kubelogin", "apiVersion": V1, **section}
    return execplugin.parse(body, str(tmp_path), {"server": "https://h"})


def credential(**status: object) -> str:
    answer = {"kind": "ExecCredential", "apiVersion": V1, "status": status}
    return f"print({json.dumps(json.dumps(answer))})"


async def test_a_token_and_its_end(tmp_path) -> None:
    made = await execplugin.run(
        plugin(tmp_path, credential(token="t0ken\n", expirationTimestamp="2026-11-22T21:30:47Z")),
        10.0,
    )
    assert made.token == "t0ken"
    assert made.expires == 1_795_383_047
    assert "t0ken" not in repr(made)


async def test_a_certificate(tmp_path) -> None:
    code = credential(clientCertificateData="CERT", clientKeyData="KEY")
    made = await execplugin.run(plugin(tmp_path, code), 10.0)
    assert (made.cert, made.key) == (b"CERT", b"KEY")


async def test_it_is_told_its_job_and_its_environment(tmp_path) -> None:
    code = f"""
seen = {{"info": json.loads(os.environ["KUBERNETES_EXEC_INFO"]), "args": sys.argv[1:],
        "env": os.environ["WHO"]}}
open({str(tmp_path / "seen")!r}, "w").write(json.dumps(seen))
{credential(token="t")}"""
    made = plugin(
        tmp_path, code, args=["a", "b c"], env=[{"name": "WHO", "value": "me"}],
        provideClusterInfo=True,
    )  # fmt: skip
    await execplugin.run(made, 10.0)
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["args"] == ["a", "b c"]
    assert seen["env"] == "me"
    assert seen["info"]["spec"] == {"interactive": False, "cluster": {"server": "https://h"}}


async def test_it_has_no_terminal_and_no_input(tmp_path) -> None:
    code = f"""
try:
    tty = open("/dev/tty")
except OSError:
    tty = None
assert tty is None and sys.stdin.read() == "" and os.getsid(0) == os.getpid()
{credential(token="t")}"""
    assert (await execplugin.run(plugin(tmp_path, code), 10.0)).token == "t"


async def test_what_it_says_when_it_fails_is_in_the_error(tmp_path) -> None:
    code = "sys.stderr.write('\\x1b[31mplease log in\\x1b[0m\\n'); sys.exit(1)"
    with pytest.raises(Expired, match="please log in") as caught:
        await execplugin.run(plugin(tmp_path, code), 10.0)
    assert str(caught.value).isprintable()
    assert "kubelogin" in caught.value.problem.remedy


async def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path) -> None:
    code = f"""
child = os.fork()
if child:
    open({str(tmp_path / "pid")!r}, "w").write(str(child))
time.sleep(600)"""
    with pytest.raises(Unreachable, match="no answer within"):
        await execplugin.run(plugin(tmp_path, code), 0.5)
    child = int((tmp_path / "pid").read_text())
    await until(lambda: gone(child))


async def test_leaving_ends_the_plugin(tmp_path) -> None:
    code = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(execplugin.run(plugin(tmp_path, code), 600.0))
    path = tmp_path / "pid"
    await until(lambda: path.exists() and path.read_text())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: gone(int(path.read_text())))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().split()[2] == "Z"


async def test_the_loop_turns_while_it_runs(tmp_path) -> None:
    task = asyncio.create_task(
        execplugin.run(plugin(tmp_path, "time.sleep(0.3);" + credential(token="t")), 10.0)
    )
    turns, began = 0, time.monotonic()
    while not task.done() and time.monotonic() - began < 10:
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 3
    await task


async def test_one_that_must_ask_is_not_run(tmp_path) -> None:
    code = f"open({str(tmp_path / 'ran')!r}, 'w')"
    with pytest.raises(Invalid, match="interactiveMode"):
        await execplugin.run(plugin(tmp_path, code, interactiveMode="Always"), 10.0)
    assert not (tmp_path / "ran").exists()


async def test_one_that_is_not_installed_has_its_hint_as_remedy() -> None:
    section = {"command": "no-such-plugin", "installHint": "brew install no-such-plugin"}
    with pytest.raises(Invalid, match="not installed") as caught:
        await execplugin.run(execplugin.parse(section, "", {}), 10.0)
    assert caught.value.problem.remedy == "brew install no-such-plugin"


def says(**answer: object) -> str:
    return f"print(json.dumps({answer!r}))"


@pytest.mark.parametrize(
    "code",
    [
        "print('hunter2')",
        says(kind="ExecCredential", status={"token": 2, "x": "hunter2"}),
        says(kind="ExecCredential", apiVersion="v9", status={"token": "hunter2"}),
        says(kind="Secret", apiVersion=V1, status={"token": "hunter2"}),
        credential(),
    ],
)
async def test_an_answer_that_is_none_is_not_quoted(tmp_path, code) -> None:
    with pytest.raises(BackendError) as caught:
        await execplugin.run(plugin(tmp_path, code), 10.0)
    assert "hunter2" not in str(caught.value)


def test_a_section_without_a_command_is_invalid() -> None:
    with pytest.raises(Invalid, match="no command"):
        execplugin.parse({"args": ["x"]}, "", {})
