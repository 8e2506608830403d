"""A simulated world in which everything is called, tagged and said as badly as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from backends.base import AwsSource, KubeSource, Sources
from backends.sim.blueprint import ACCOUNTS, REGIONS, Blueprint, SimCluster, SimWorkload
from backends.sim.kube_face import logs as kube_logs
from backends.sim.logtext import LogVoice
from backends.sim.server import SimServer
from tests.hostile.strategies import CATALOGUE, INVALID

PROD = ACCOUNTS[0]

SAID: Sequence[str] = tuple(
    text for text in CATALOGUE.values() if text and text.encode(errors="replace").decode() == text
)
"""The catalogue without half surrogate pairs, which no server could put on the wire."""

LINES: Sequence[str] = tuple(f"line {text}" for text in SAID)
"""What containers write."""


def _workloads(kind: str) -> Iterator[SimWorkload]:
    for number, text in enumerate(SAID):
        incident = ("image-pull", "", "oom", "", "crash-loop", "", "", "")[number % 8]
        yield SimWorkload(
            text, "shop", 1, f"[/foo]{text}:1", 256, 512, kind=kind, incident=incident
        )


def blueprint() -> Blueprint:
    """Return one ECS and one EKS cluster, with a workload for each payload of the catalogue."""
    plain = SimCluster("ecs", "plain", PROD, REGIONS[0], tuple(_workloads("service")))
    kube = SimCluster(
        "eks", "kube", PROD, REGIONS[0], tuple(_workloads("deployment")), version="1.36"
    )
    return Blueprint(1, "small", ACCOUNTS, REGIONS, (plain, kube))


def write_hostile_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every container write one hostile line after the other."""

    def lines(self: LogVoice, start: float, end: float) -> Iterator[tuple[float, str]]:
        for second in range(int(start) + 1, int(end)):
            yield float(second), LINES[second % len(LINES)]

    def rendered(at: float, text: str, *, timestamps: bool) -> bytes:
        """CloudWatch has made UTF-8 of everything; a kubelet sends what was written."""
        raw = INVALID[round(at) % len(INVALID)]
        return rightly(at, text, timestamps=timestamps).replace(b"line ", b"line " + raw)

    rightly = kube_logs.render
    monkeypatch.setattr(kube_logs, "render", rendered)
    monkeypatch.setattr(LogVoice, "lines", lines)


def sources_of(sim: SimServer, folder: Path) -> Sources:
    """Return what points the backends at a simulator."""
    config, credentials = sim.write_aws_config(folder)
    return Sources(
        aws=(AwsSource(PROD.profile, REGIONS[:1], sim.url, str(config), str(credentials)),),
        budget_share=1.0,
    )


def environ_of(sim: SimServer, folder: Path) -> Mapping[str, str]:
    """Return the variables that point a process at a simulator."""
    config, credentials = sim.write_aws_config(folder)
    return {
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
        "TERM": "xterm-256color",
    }


def kubeconfig(path: Path, url: str, names: Sequence[str]) -> KubeSource:
    """Write a kubeconfig with contexts of these names, which all lead to one server."""
    whole = {
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "none"}}],
        "contexts": [{"name": n, "context": {"cluster": "c", "user": "u"}} for n in names],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return KubeSource(str(path))
