"""The kubeconfig and AWS files that point other programs at the simulator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from backends.sim.blueprint import Blueprint

TOKEN = "simulated-operator"  # noqa: S105 - opens nothing but the simulator
"""The bearer token of the simulated clusters' user, who may do everything."""


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read, replacing what was there, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        os.fchmod(fd, 0o600)
        file.write(text)
    return path


def kubeconfig(endpoints: Mapping[str, str]) -> str:
    """Return a kubeconfig in YAML with a context for each cluster; the first one is current."""
    lines = ["apiVersion: v1", "kind: Config"]
    lines.append(f"current-context: {next(iter(endpoints), '')}" if endpoints else "")
    lines.append("clusters:")
    for name, url in endpoints.items():
        lines += [f"- name: {name}", "  cluster:", f"    server: {url}"]
    lines.append("contexts:")
    for name in endpoints:
        lines += [f"- name: {name}", "  context:", f"    cluster: {name}", "    user: operator"]
    lines += ["users:", "- name: operator", "  user:", f"    token: {TOKEN}", ""]
    return "\n".join(lines)


def aws_config(blueprint: Blueprint, url: str) -> str:
    """Return an AWS config file with a profile for each account, all pointed at `url`."""
    return "\n".join(
        f"[profile {account.profile}]\nregion = {_home(blueprint, account.profile)}\n"
        f"endpoint_url = {url}\noutput = json\n"
        for account in blueprint.accounts
    )


def aws_credentials(blueprint: Blueprint) -> str:
    """Return an AWS shared credentials file with the made-up keys of each account."""
    return "\n".join(
        f"[{account.profile}]\naws_access_key_id = {account.access_key}\n"
        f"aws_secret_access_key = {account.secret_key}\n"
        for account in blueprint.accounts
    )


def _home(blueprint: Blueprint, profile: str) -> str:
    """Return the region of a profile's first cluster."""
    for cluster in blueprint.clusters:
        if cluster.account.profile == profile:
            return cluster.region
    return blueprint.regions[0]
