"""Descriptions of containers, with their part of the task definition."""

from __future__ import annotations

from backends.differences import SECRET
from backends.ecs.describe.sections import pairs, present, table
from backends.ecs.wire import Payload, count, items, part, strings, tail, text
from backends.model import Section


def container_sections(
    task: Payload, container: Payload, definition: Payload
) -> tuple[Section, ...]:
    """Describe a container of a task, with its part of the task definition."""
    code = container.get("exitCode")
    logs = part(definition, "logConfiguration")
    environment = [_variable(e) for e in items(definition, "environment")]
    environment += [
        (text(s, "name"), f"from {text(s, 'valueFrom')}") for s in items(definition, "secrets")
    ]
    return present(
        pairs(
            "Summary",
            ("Container", text(container, "name")),
            ("Task", tail(text(task, "taskArn"))),
            ("Status", text(container, "lastStatus")),
            ("Health", text(container, "healthStatus")),
            ("Exit code", str(code) if isinstance(code, int) else ""),
            ("Reason", text(container, "reason")),
            ("Image", text(container, "image")),
            ("Digest", text(container, "imageDigest")),
            ("Runtime id", text(container, "runtimeId")),
            ("CPU units", text(container, "cpu")),
            ("Memory MiB", text(container, "memory")),
            ("Essential", "no" if definition.get("essential") is False else "yes"),
            ("Command", " ".join(strings(definition, "command"))),
        ),
        table(
            "Ports",
            ("Container", "Host", "Protocol"),
            (
                (str(count(b, "containerPort")), str(count(b, "hostPort")), text(b, "protocol"))
                for b in (*items(container, "networkBindings"), *items(definition, "portMappings"))
            ),
        ),
        table("Environment", ("Name", "Value"), environment),
        pairs(
            "Log",
            ("Driver", text(logs, "logDriver")),
            *((key, text(part(logs, "options"), key)) for key in part(logs, "options")),
        ),
        pairs(
            "Health check",
            ("Command", " ".join(strings(part(definition, "healthCheck"), "command"))),
        ),
    )


def container_definition(definition: Payload, name: str) -> Payload:
    """Return a container's part of a task definition; empty where it has none."""
    for container in items(definition, "containerDefinitions"):
        if container.get("name") == name:
            return container
    return {}


def _variable(variable: Payload) -> tuple[str, str]:
    name = text(variable, "name")
    return name, "(hidden)" if SECRET.search(name) else text(variable, "value")


def without_secrets(definition: Payload) -> Payload:
    """Return a container's definition with the values hidden that should have been secrets."""
    if not items(definition, "environment"):
        return definition
    shown = [
        {"name": name, "value": value}
        for name, value in map(_variable, items(definition, "environment"))
    ]
    return {**definition, "environment": shown}
