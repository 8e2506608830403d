"""moto as a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from aws_facts import ACCOUNT, SERVICES, SHOP

HOST = "127.0.0.1"
START = 60.0
"""Seconds that the process may take to answer; on an idle machine it takes one."""


class MotoProcess:
    """``python -m moto.server`` on a free port of the loopback interface."""

    def __init__(self, log: Path) -> None:
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        settled = SERVICES[SHOP][0].desired
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(self.port)],
                env={
                    **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
                    "MOTO_ACCOUNT_ID": ACCOUNT.account_id,
                    "MOTO_ECS_SERVICE_RUNNING": str(settled),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._log = log

    def wait(self) -> None:
        """Wait until it answers; raises RuntimeError with its output where it does not."""
        deadline = time.monotonic() + START
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.post("reset")
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.stop()
        raise RuntimeError(f"moto did not start: {self._log.read_text(errors='replace')[-2000:]}")

    def post(self, path: str, body: object = None) -> None:
        """Call moto's own API, which sets it back and turns its knobs."""
        data = json.dumps(body).encode() if body is not None else b""
        self._send(path, data, "application/json")

    def _send(self, path: str, data: bytes, kind: str) -> None:
        request = urllib.request.Request(
            f"{self.url}/moto-api/{path}", data, {"Content-Type": kind}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def let_in(self, requests: float) -> None:
        """Check nobody's signature and permissions for so many requests, and then everybody's."""
        self._send("reset-auth", str(requests).encode(), "text/plain")

    def reset(self) -> None:
        """Forget everything that was made; tasks stay as they are until they are stopped."""
        self.post("reset")
        self.post(
            "state-manager/set-transition",
            {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 10**9}},
        )

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)


def _free_port() -> int:
    """Return a port that nobody listens on; werkzeug would not say which one it took."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
