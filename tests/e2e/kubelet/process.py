"""The fake kubelet in a process of its own, as the tests start it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.e2e.kubelet.node import TAINT
from tests.e2e.plane.plane import OwnPlane

START = 60.0
"""Seconds that it may take to have its nodes ready; it takes one where nothing else runs."""

GRACE = 20.0
"""Seconds that it may take to end."""

METRICS_HOST = "topdeck-metrics.kube-system.svc"
"""The name that the API server expects of who serves metrics.k8s.io."""


class Kubelet:
    """Nodes `names` on which pods run that `place` has placed there."""

    def __init__(self, plane: OwnPlane, nodes: int = 3) -> None:
        cert, key = plane.pki.server("fake-kubelet", METRICS_HOST)
        self._log = (plane.logs / "kubelet.log").open("ab")
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.e2e.kubelet", "--kubeconfig", str(plane.kubeconfig),
                "--ca", str(plane.pki.ca), "--cert", str(cert), "--key", str(key),
                "--nodes", str(nodes),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=Path(__file__).parents[3],
        )  # fmt: skip
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], START)
        said = self._process.stdout.readline() if ready else b""
        if not said:
            self.stop()
            raise RuntimeError((plane.logs / "kubelet.log").read_text()[-2000:])
        self.names = list(json.loads(said)["nodes"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it: it takes its nodes away."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


def place(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a pod's spec that runs on the nodes of the fake kubelet and on no others."""
    toleration = {"key": TAINT, "operator": "Exists"}
    return {**spec, "nodeSelector": {TAINT: "true"}, "tolerations": [toleration]}
