"""Descriptions of tasks, with why they stopped."""

from __future__ import annotations

from backends.ecs.describe.sections import pairs, present, table, tags, when
from backends.ecs.kinds.tasks import ips, service_of
from backends.ecs.reasons import explain, why_stopped
from backends.ecs.wire import Payload, details, items, moment, tail, text
from backends.model import Section


def task_sections(task: Payload) -> tuple[Section, ...]:
    """Describe a task of DescribeTasks."""
    stopped = task.get("lastStatus") == "STOPPED"
    return present(
        _stop(task) if stopped or task.get("stopCode") else None,
        pairs(
            "Summary",
            ("Task", tail(text(task, "taskArn"))),
            ("ARN", text(task, "taskArn")),
            ("Status", text(task, "lastStatus")),
            ("Wanted", text(task, "desiredStatus")),
            ("Health", text(task, "healthStatus")),
            ("Service", service_of(task)),
            ("Started by", text(task, "startedBy")),
            ("Task definition", tail(text(task, "taskDefinitionArn"))),
            ("Runs on", text(task, "capacityProviderName") or text(task, "launchType")),
            ("Platform", text(task, "platformVersion")),
            ("CPU units", text(task, "cpu")),
            ("Memory MiB", text(task, "memory")),
            ("Zone", text(task, "availabilityZone")),
            ("Container instance", tail(text(task, "containerInstanceArn"))),
            ("ECS Exec", "enabled" if task.get("enableExecuteCommand") else "disabled"),
        ),
        _containers(task),
        _task_network(task),
        pairs(
            "Times",
            *(
                (title, when(moment(task, key)))
                for title, key in (
                    ("Created", "createdAt"),
                    ("Pull started", "pullStartedAt"),
                    ("Pull ended", "pullStoppedAt"),
                    ("Started", "startedAt"),
                    ("Stopping", "stoppingAt"),
                    ("Stopped", "stoppedAt"),
                )
            ),
        ),
        tags(task),
    )


def _stop(task: Payload) -> Section:
    lines = tuple(f"→ {line}" for line in explain(task))
    return Section(
        "Why it stopped",
        pairs=tuple(
            (key, value)
            for key, value in (("Stop code", text(task, "stopCode")), ("Reason", why_stopped(task)))
            if value
        ),
        lines=lines,
    )


def _containers(task: Payload) -> Section | None:
    return table(
        "Containers",
        ("Name", "Status", "Health", "Exit", "Image", "Reason"),
        (
            (
                text(c, "name"),
                text(c, "lastStatus"),
                text(c, "healthStatus"),
                str(c["exitCode"]) if isinstance(c.get("exitCode"), int) else "",
                text(c, "image"),
                text(c, "reason"),
            )
            for c in items(task, "containers")
        ),
    )


def _task_network(task: Payload) -> Section | None:
    known: dict[str, str] = {}
    for attachment in items(task, "attachments"):
        if attachment.get("type") == "ElasticNetworkInterface":
            known = details(attachment)
    return pairs(
        "Network",
        ("Private IP", ", ".join(ips(task))),
        ("Interface", known.get("networkInterfaceId", "")),
        ("Subnet", known.get("subnetId", "")),
        ("MAC", known.get("macAddress", "")),
    )
