"""The program as a process: exit codes, signals, what is printed, the terminal left as it was."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pty_app import PtyApp

TOPDECK = [sys.executable, "-m", "tui"]
LEFT = "\x1b[?1049l"
"""What leaves the alternate screen."""

MOUSE_OFF = "\x1b[?1000l"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment without the user's credentials, configuration and state."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL")}
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "TERM": "xterm-256color",
    }


def run(*argv: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TOPDECK, *argv], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_is_told_without_loading_anything_heavy(environ: dict[str, str]) -> None:
    code = (
        "import sys; from tui.__main__ import main\n"
        "try:\n    main(['--version'])\n"
        "except SystemExit as e:\n    assert not e.code\n"
        "heavy = {'textual', 'botocore', 'aiobotocore', 'kubernetes', 'aiohttp', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "topdeck 0.1.0\n[]\n"


def test_the_demo_into_a_pipe_prints_the_board(environ: dict[str, str]) -> None:
    done = run("demo", environ=environ)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("CLUSTER")
    assert {line.split()[0] for line in lines[1:]} == {
        "shop-prod", "media-prod", "batch-prod", "shop-staging",
        "payments-prod", "search-prod", "platform-staging",
    }  # fmt: skip
    assert "\x1b" not in done.stdout


def test_a_dumb_terminal_gets_plain_output(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], environ={**environ, "TERM": "dumb"}) as app:
        app.wait_for("search-prod")
        assert app.wait() == 0
        assert b"\x1b" not in app.output


def test_without_anything_to_look_at_it_says_what_to_name(environ: dict[str, str]) -> None:
    done = run(environ=environ)
    assert done.returncode == 1
    assert "region" in done.stderr or "credentials" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("get", "services", "--profile", "absent"), 1, "absent"),
        (("get", "services", "--region", "mars-1", "--profile", "x"), 1, "x"),
        (("get", "pods", "--kubeconfig", "/nonexistent/config"), 1, "/nonexistent/config"),
        (("--config", "/nonexistent/config.toml"), 2, "/nonexistent/config.toml"),
        (("get", "clusters", "--theme", "neon"), 2, "neon"),
    ],
)
def test_what_cannot_be_used_is_named(
    environ: dict[str, str], argv: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*argv, environ=environ)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_kubeconfig_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("{ this is: [not yaml")
    done = run("get", "pods", "--kubeconfig", str(broken), environ=environ)
    assert done.returncode == 1
    assert str(broken) in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_context_is_answered_with_those_there_are(
    environ: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: http://127.0.0.1:9}\n"
        "users:\n- name: u\n  user: {}\n"
        "contexts:\n- name: laptop\n  context: {cluster: c, user: u}\n"
    )
    done = run("get", "pods", "--kubeconfig", str(path), "--context", "lapdog", environ=environ)
    assert done.returncode == 1
    assert "laptop" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_kind_is_answered_with_the_nearest(environ: dict[str, str]) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
    where = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = run("get", "srvices", environ={**environ, **credentials, **where})
    assert done.returncode == 2
    assert "Did you mean services?" in done.stderr


def test_an_endpoint_that_refuses_is_said_and_is_no_traceback(environ: dict[str, str]) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
    where = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = run("get", "clusters", "--timeout", "20", environ={**environ, **credentials, **where})
    assert "127.0.0.1:9" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "hush-hush" not in done.stdout + done.stderr


def test_a_port_that_is_taken_is_said(environ: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("simulate", "--port", str(port), environ=environ)
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_simulate_says_where_it_listens_and_ends_quietly(
    environ: dict[str, str], tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    process = subprocess.Popen(
        [*TOPDECK, "simulate", "--port", "0", "--kubeconfig", str(kubeconfig)],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    info = json.loads(process.stdout.readline())
    assert info["aws_endpoint"].startswith("http://127.0.0.1:")
    assert set(info["kubernetes_endpoints"]) == {"payments-prod", "search-prod", "platform-staging"}
    assert info["kubeconfig"] == str(kubeconfig)
    assert kubeconfig.exists()
    process.send_signal(signal.SIGTERM)
    _out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert err == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(environ: dict[str, str], number: int) -> None:
    with PtyApp([*TOPDECK, "demo"], environ=environ) as app:
        app.wait_for("shop-prod")
        app.signal(number)
        assert app.wait() == 128 + number
        assert LEFT.encode() in app.output
        assert MOUSE_OFF.encode() in app.output
        assert b"Traceback" not in app.output


def test_ctrl_c_leaves_at_any_moment(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], environ=environ) as app:
        app.wait_for("Cluster")
        app.press("\x03")
        assert app.wait() == 0
        assert LEFT.encode() in app.output
        assert b"Traceback" not in app.output


def test_a_closed_terminal_ends_it_and_the_simulator(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], environ=environ) as app:
        app.wait_for("shop-prod")
        app.hang_up()
        assert app.wait() in (129, -signal.SIGHUP, 0)


def test_a_terminal_that_is_too_small_is_said(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], rows=20, columns=60, environ=environ) as app:
        app.wait_for("80")
        app.press("\x03")
        assert app.wait() == 0


def test_keys_typed_at_once_after_a_slash_are_text_and_not_verbs(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], environ=environ) as app:
        app.wait_for("search-prod")
        app.wait_for("shop-staging")
        app.press("/shop")
        app.wait_for("2 of 7")


def test_keys_typed_at_once_after_a_colon_are_a_command(environ: dict[str, str]) -> None:
    with PtyApp([*TOPDECK, "demo"], environ=environ) as app:
        app.wait_for("shop-staging")
        app.press(":q\r")
        assert app.wait() == 0
