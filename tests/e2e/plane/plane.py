"""The cluster that the end-to-end tests run against: one of our own, or one that is named."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import ssl
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.plane import flags
from tests.e2e.plane.accounts import Account
from tests.e2e.plane.api import Api
from tests.e2e.plane.build import binary
from tests.e2e.plane.pki import Pki
from tests.e2e.plane.procs import Part, Workspace, free_ports

DEADLINE = 120.0
"""Seconds that the control plane may take to be ready; it takes four where nothing else runs."""

ATTEMPTS = 3
"""Times that it is started: between the choice of a port and its use somebody else may take it."""

CONTEXT = "e2e"
"""The context, cluster and user in the kubeconfigs that are written."""


class Plane:
    """A cluster. What needs power over its processes is asked for by `needs_own` first."""

    own = False

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        """Of an administrator; its current context is the cluster."""
        content = yaml.safe_load(kubeconfig.read_text())
        self.context: str = content["current-context"]
        clusters = {entry["name"]: entry["cluster"] for entry in content["clusters"]}
        contexts = {entry["name"]: entry["context"] for entry in content["contexts"]}
        self._cluster: dict[str, Any] = dict(clusters[contexts[self.context]["cluster"]])
        if file := self._cluster.pop("certificate-authority", ""):
            ca = (kubeconfig.parent / file).read_bytes()
            self._cluster["certificate-authority-data"] = base64.b64encode(ca).decode()

    def api(self) -> Api:
        """Return an administrator's session; enter it in the event loop that it is used in."""
        return Api(self.kubeconfig)

    def write_kubeconfig(
        self, path: Path, user: dict[str, Any], namespace: str = "", server: str = ""
    ) -> Path:
        """Write a kubeconfig for another user; `user` is such as ``{"token": ...}``."""
        context = {"cluster": CONTEXT, "user": CONTEXT}
        if namespace:
            context["namespace"] = namespace
        cluster = {**self._cluster, "server": server or self._cluster["server"]}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": CONTEXT, "user": user}],
            "contexts": [{"name": CONTEXT, "context": context}],
        }
        half = path.with_suffix(".part")
        half.touch(mode=0o600)
        half.write_text(json.dumps(content))
        return half.replace(path)

    def needs_own(self, what: str) -> OwnPlane:
        """Return it as one whose processes are ours, or skip the test."""
        if isinstance(self, OwnPlane):
            return self
        pytest.skip(f"{what} can only be done to a control plane of our own")

    def stop(self) -> None:
        """Let go of it."""


class OwnPlane(Plane):
    """A control plane that is started here, on loopback, and wiped when it is stopped."""

    own = True

    def __init__(self) -> None:
        self._workspace = Workspace()
        try:
            self._make()
        except BaseException:
            self.stop()
            raise

    def _make(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            folder = self._workspace.path / f"{attempt}"
            folder.mkdir()
            self._lay_out(folder)
            super().__init__(self.kubeconfig)
            try:
                self._start()
            except RuntimeError:
                self._end()
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _lay_out(self, folder: Path) -> None:
        program = str(binary())
        port, self._etcd_port, peer = free_ports(3)
        self.pki = Pki(folder / "pki")
        self.url = f"https://127.0.0.1:{port}"
        self.kubeconfig = self._admin(folder)
        (folder / "etcd.json").write_text(json.dumps(flags.etcd(folder, self._etcd_port, peer)))
        commands = {
            "etcd": [str(folder / "etcd.json")],
            "kube-apiserver": flags.apiserver(folder, self.pki, port, self._etcd_port),
            "kube-controller-manager": flags.controller_manager(self.kubeconfig, self.pki),
            "kube-scheduler": flags.scheduler(self.kubeconfig),
        }
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.parts = {
            name: Part(name, [program, name, *given], self.logs / f"{name}.log")
            for name, given in commands.items()
        }

    def _admin(self, folder: Path) -> Path:
        ca = base64.b64encode(self.pki.ca.read_bytes()).decode()
        self._cluster = {"server": self.url, "certificate-authority-data": ca}
        cert, key = self.pki.client("topdeck-e2e-admin", "system:masters")
        self.admin = {"client-certificate": str(cert), "client-key": str(key)}
        return self.write_kubeconfig(folder / "admin.kubeconfig", self.admin)

    def _start(self) -> None:
        self.parts["etcd"].start()
        self.parts["kube-apiserver"].start()
        self.wait_ready()
        self.parts["kube-controller-manager"].start()
        self.parts["kube-scheduler"].start()

    def wait_ready(self) -> None:
        """Wait until the API server says that it is ready."""
        trust = ssl.create_default_context(cafile=str(self.pki.ca))
        deadline = time.monotonic() + DEADLINE
        while True:
            for part in self.parts.values():
                if part.name in {"etcd", "kube-apiserver"} and not part.running:
                    raise RuntimeError(f"{part.name} ended:\n{part.said()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", context=trust, timeout=5):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    said = self.parts["kube-apiserver"].said()
                    raise RuntimeError(f"kube-apiserver is not ready: {error}\n{said}") from error
            time.sleep(0.1)

    def stop_api(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the API server."""
        self.parts["kube-apiserver"].stop(how=how)

    def start_api(self) -> None:
        """Start the API server again, at the same address, and wait until it is ready."""
        self.parts["kube-apiserver"].start()
        self.wait_ready()

    def compact(self) -> int:
        """Have etcd forget all versions but the latest; returns the version that this was."""
        revision = int(self._etcd("kv/range", {"key": "AA=="})["header"]["revision"])
        self._etcd("kv/compaction", {"revision": revision, "physical": True})
        return revision

    def _etcd(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._etcd_port}/v3/{what}"
        request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def mint(self, account: Account, seconds: float) -> str:
        """Return a token that the server takes for so many seconds, give or take ten."""
        return self.pki.token(account.namespace, account.name, account.uid, seconds)

    def _end(self) -> None:
        for part in reversed(self.parts.values()):
            part.stop()

    def stop(self) -> None:
        """End all of it and wipe what it wrote."""
        if hasattr(self, "parts"):
            self._end()
        self._workspace.remove()

    def keep_logs(self, folder: Path) -> None:
        """Copy what its processes said to where it survives them."""
        shutil.copytree(self.logs, folder, dirs_exist_ok=True)
