"""The task definitions of the simulated services, and where their containers log."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import replace
from functools import lru_cache

from backends.sim.blueprint import SimWorkload
from backends.sim.ecs.model import Cluster, ContainerDefinition, Task, TaskDefinition

PORT = 8080
"""The port that every simulated service listens on."""

_ROUTER_IMAGE = "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32.5"
_AGENT_IMAGE = "public.ecr.aws/datadog/agent:7.69.0"

_LOGS_ELSEWHERE = {"captions": "us-east-1"}
"""The workloads whose logs are kept in another region than their cluster's."""


def family(cluster: Cluster, workload: SimWorkload) -> str:
    """Return the family name of a workload's task definitions."""
    return f"{cluster.name}-{workload.name}"


def _driver(cluster: Cluster, workload: SimWorkload) -> tuple[str, dict[str, str]]:
    """Return a workload's log driver and its options: nearly always awslogs."""
    if workload.name in ("recommendations", "svc-007"):
        return "awsfirelens", {"Name": "opensearch", "Host": "logs.acme.internal", "Index": "shop"}
    if workload.name in ("dunning", "svc-017"):
        return "splunk", {"splunk-url": "https://splunk.acme.internal:8088", "splunk-source": "ecs"}
    if workload.name == "invoices":
        return "json-file", {"max-size": "10m", "max-file": "3"}
    options = {
        "awslogs-group": f"/ecs/{cluster.name}/{workload.name}",
        "awslogs-region": _LOGS_ELSEWHERE.get(workload.name, cluster.region),
    }
    if workload.name != "mailer":
        options["awslogs-stream-prefix"] = "ecs"
    return "awslogs", options


def define(
    cluster: Cluster, workload: SimWorkload, revision: int, image: str, registered: float
) -> TaskDefinition:
    """Return one revision of a workload's task definition."""
    name = family(cluster, workload)
    driver, options = _driver(cluster, workload)
    launch = "EC2" if workload.launch == "EC2" else "FARGATE"
    app = ContainerDefinition(
        name=workload.name,
        image=image,
        cpu=workload.cpu,
        memory=workload.memory,
        port=PORT,
        log_driver=driver,
        log_options=options,
        environment={"SERVICE": workload.name, "STAGE": cluster.name.rpartition("-")[2]},
        health_check=("CMD-SHELL", f"curl -f http://localhost:{PORT}/healthz || exit 1"),
    )
    return TaskDefinition(
        arn=f"arn:aws:ecs:{cluster.place}:task-definition/{name}:{revision}",
        family=name,
        revision=revision,
        cpu=workload.cpu,
        memory=workload.memory,
        network_mode="bridge" if workload.name == "sessions" else "awsvpc",
        launch=launch,
        role_arn=f"arn:aws:iam::{cluster.account}:role/{name}",
        containers=(app, *_sidecars(app)),
        registered=registered,
    )


def _sidecars(app: ContainerDefinition) -> tuple[ContainerDefinition, ...]:
    """Return what runs beside the application: a log router, a metrics agent, or nothing."""
    quiet = {name: value for name, value in app.log_options.items() if name.startswith("awslogs")}
    if app.log_driver == "awsfirelens":
        router = ContainerDefinition("log_router", _ROUTER_IMAGE, 0, 64, firelens=True)
        return (router,)
    if app.name in ("web", "checkout", "player-api", "svc-001"):
        return (
            ContainerDefinition(
                "datadog-agent", _AGENT_IMAGE, 10, 256, essential=False,
                log_driver="awslogs", log_options=quiet,
            ),
        )  # fmt: skip
    return ()


def next_image(image: str, *, steps: int = 1) -> str:
    """Return the image of a release `steps` later; negative ones are earlier.

    The second number of the tag's version counts releases.
    """
    found = re.fullmatch(r"(.*:\d+\.)(\d+)(\..*)", image)
    if found is None:
        return image
    return f"{found[1]}{max(0, int(found[2]) + steps)}{found[3]}"


def renew(definition: TaskDefinition, image: str, now: float, flaw: str = "") -> TaskDefinition:
    """Return the next revision of a definition, with another image of its application."""
    revision = definition.revision + 1
    app, *others = definition.containers
    return replace(
        definition,
        arn=f"{definition.arn.rpartition(':')[0]}:{revision}",
        revision=revision,
        containers=(replace(app, image=image), *others),
        registered=now,
        flaw=flaw,
    )


@lru_cache(maxsize=4096)
def image_digest(image: str) -> str:
    """Return the digest of an image, always the same for the same name."""
    return "sha256:" + hashlib.sha256(image.encode()).hexdigest()


def runtime_id(task: Task, container: ContainerDefinition) -> str:
    """Return a container's id in its runtime: Docker's on EC2, the task's with a count else."""
    tail = zlib.crc32(f"{task.id}/{container.name}".encode())
    if task.launch == "EC2":
        return f"{task.id}{tail:08x}{task.id[:24]}"
    return f"{task.id}-{tail % 10**10:010d}"
