"""The simulator as a program: what it prints, how it ends, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.sim.blueprint import blueprint
from backends.sim.server import PortTaken, SimServer

DEADLINE = 30


@contextmanager
def program(*options: str, **how: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "backends.sim", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    kubeconfig = tmp_path / "deep" / "kubeconfig"
    with program("--port", "0", "--kubeconfig", str(kubeconfig)) as process:
        info = first_line(process)
        assert set(info) == {
            "aws_endpoint", "kubernetes_endpoints", "kubeconfig", "aws_config_file",
            "aws_shared_credentials_file",
        }  # fmt: skip
        assert info["aws_endpoint"].startswith("http://127.0.0.1:")
        with urllib.request.urlopen(
            info["aws_endpoint"] + "/_sim/health", timeout=DEADLINE
        ) as answer:
            assert json.load(answer)["ok"]
        for name in ("kubeconfig", "aws_config_file", "aws_shared_credentials_file"):
            assert Path(info[name]).stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
        assert (process.returncode, out, err) == (0, "", "")
    assert kubeconfig.exists(), "the file that was asked for stays"
    assert not Path(info["aws_config_file"]).exists(), "its own files go with it"


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with program("--port", str(port)) as process:
            out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 2
    assert out == ""
    assert err.count("\n") == 1
    assert str(port) in err
    assert "--port 0" in err


def test_it_ends_when_its_standard_input_is_closed() -> None:
    with program("--die-with-parent", stdin=subprocess.PIPE) as process:
        first_line(process)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(timeout=DEADLINE) == 0


def test_it_ends_when_the_process_that_started_it_is_gone() -> None:
    script = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'backends.sim', '--die-with-parent'],"
        " stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\n"
        "print(p.pid, flush=True)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    pid = int(parent.stdout)
    fd = os.pidfd_open(pid) if Path(f"/proc/{pid}").exists() else None
    if fd is not None:
        import select

        ended, _, _ = select.select([fd], [], [], DEADLINE)
        os.close(fd)
        assert ended, "it lives on without its parent"


async def test_a_taken_port_has_an_error_of_its_own() -> None:
    async with SimServer(lively=False) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(PortTaken) as refused:
            async with SimServer(lively=False, port=port):
                pass
        assert refused.value.port == port


async def test_files_point_at_the_server_and_nobody_else_reads_them(
    calm: SimServer, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("old")
    path.chmod(0o644)
    calm.write_kubeconfig(path)
    config = yaml.safe_load(path.read_text())
    servers = {c["name"]: c["cluster"]["server"] for c in config["clusters"]}
    assert servers == calm.kubernetes_endpoints
    assert {c["name"]: c["context"]["cluster"] for c in config["contexts"]} == {
        n: n for n in servers
    }
    assert config["current-context"] in servers
    assert config["users"][0]["user"]["token"]
    written = [path, *calm.write_aws_config(tmp_path / "aws")]
    assert [p.stat().st_mode & 0o777 for p in written] == [0o600] * 3
    for account in blueprint().accounts:
        assert f"[profile {account.profile}]" in written[1].read_text()
        assert account.access_key in written[2].read_text()
    assert calm.url in written[1].read_text()


async def test_it_listens_on_loopback_only(calm: SimServer) -> None:
    assert calm.url.startswith("http://127.0.0.1:")
