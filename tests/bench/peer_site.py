"""The simulated servers that programs are compared on, and where in them they look."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
import yaml

PATIENCE = 300.0
"""Seconds for the first look at a whole cluster, which the simulator lays out at that moment."""


class Crowd(msgspec.Struct, frozen=True):
    """The Deployment that has most pods."""

    namespace: str
    name: str
    pods: frozenset[str]


class Site(msgspec.Struct, frozen=True):
    """The servers, and where in them the programs look."""

    url: str
    environ: Mapping[str, str]
    kubeconfig: str
    context: str
    pods: frozenset[str]
    endpoint: str
    """Of the Kubernetes API of that context."""
    profile: str
    region: str
    cluster: str
    services: frozenset[str]


@contextlib.contextmanager
def servers(scale: str, home: str) -> Iterator[Site]:
    """Run the simulator in a process of its own, and look at what is in it.

    It does not stand back behind a screen as the demo's does: it is the servers of all alike.
    """
    command = [sys.executable, "-m", "backends.sim", "--port", "0", "--scale", scale]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield _survey(json.loads(process.stdout.readline()), home)
        finally:
            process.terminate()


def _survey(info: Mapping[str, Any], home: str) -> Site:
    environ = {
        "HOME": home,
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_STATE_HOME": f"{home}/state",
        "XDG_DATA_HOME": f"{home}/data",
        "AWS_CONFIG_FILE": info["aws_config_file"],
        "AWS_SHARED_CREDENTIALS_FILE": info["aws_shared_credentials_file"],
        "AWS_ENDPOINT_URL": info["aws_endpoint"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "KUBECONFIG": info["kubeconfig"],
    }
    os.environ.update({key: environ[key] for key in environ if key.startswith("AWS_")})
    context = sorted(info["kubernetes_endpoints"])[0]
    endpoint = info["kubernetes_endpoints"][context]
    pods = _pods(endpoint, info["kubeconfig"])
    profile, region, cluster = _busiest()
    ecs = botocore.session.Session(profile=profile).create_client("ecs", region_name=region)
    return Site(
        info["aws_endpoint"], environ, info["kubeconfig"], context,
        frozenset(pod["metadata"]["name"] for pod in pods), endpoint,
        profile, region, cluster,
        _ids(ecs, "list_services", "serviceArns", cluster),
    )  # fmt: skip


def crowd(site: Site) -> Crowd:
    """Look which Deployment has most pods of one ReplicaSet at the moment."""
    sets: dict[tuple[str, str], set[str]] = {}
    for pod in (one["metadata"] for one in _pods(site.endpoint, site.kubeconfig)):
        for owner in pod.get("ownerReferences") or ():
            if owner["kind"] == "ReplicaSet":
                sets.setdefault((pod["namespace"], owner["name"]), set()).add(pod["name"])
    (namespace, name), names = max(sets.items(), key=lambda item: len(item[1]))
    return Crowd(namespace, name.rpartition("-")[0], frozenset(names))


def _pods(endpoint: str, kubeconfig: str) -> list[dict[str, Any]]:
    token = yaml.safe_load(Path(kubeconfig).read_text())["users"][0]["user"]["token"]
    request = urllib.request.Request(
        f"{endpoint}/api/v1/pods", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        items: list[dict[str, Any]] = json.load(answer)["items"]
    return items


def _busiest() -> tuple[str, str, str]:
    """Return the profile, region and name of the ECS cluster with most tasks."""
    best: tuple[int, str, str, str] = (-1, "", "", "")
    for profile, settings in botocore.session.Session().full_config["profiles"].items():
        region = settings["region"]
        ecs = botocore.session.Session(profile=profile).create_client("ecs", region_name=region)
        arns = ecs.list_clusters()["clusterArns"]
        for cluster in ecs.describe_clusters(clusters=arns)["clusters"] if arns else ():
            count = cluster["runningTasksCount"] + cluster["pendingTasksCount"]
            best = max(best, (count, profile, region, cluster["clusterName"]))
    return best[1:]


def tasks_of(site: Site) -> frozenset[str]:
    """Look which tasks the ECS cluster has at the moment, those that have stopped included."""
    session = botocore.session.Session(profile=site.profile)
    ecs = session.create_client("ecs", region_name=site.region)
    return frozenset().union(
        *(
            _ids(ecs, "list_tasks", "taskArns", site.cluster, desiredStatus=status)
            for status in ("RUNNING", "STOPPED")
        )
    )


def _ids(ecs: Any, operation: str, field: str, cluster: str, **more: str) -> frozenset[str]:
    """Return the last parts of the ARNs that an operation lists."""
    pages = ecs.get_paginator(operation).paginate(cluster=cluster, **more)
    return frozenset(arn.rpartition("/")[2] for page in pages for arn in page[field])
