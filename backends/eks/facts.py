"""Facts in words, for the sections of a description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from backends.model import Section
from backends.text import clean

Doc: TypeAlias = Mapping[str, Any]
"""A part of an object, as plain JSON values."""


def ago(seconds: float) -> str:
    """Return a duration as kubectl would: ``45s``, ``3m``, ``5h``, ``2d``."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole >= 2 * size or (unit == "m" and whole >= 120):
            return f"{whole // size}{unit}"
    return f"{whole}s"


def pairs(title: str, facts: Iterable[tuple[Any, Any]]) -> Section:
    """Make a section of the facts that are known; numbers are, at nought, too."""
    kept = tuple(
        (clean(str(name)), clean(str(value)))
        for name, value in facts
        if value is not None and value != ""
    )
    return Section(title, pairs=kept)


def joined(labels: Any) -> str:
    """Return a mapping as ``key=value, ...``."""
    return ", ".join(f"{key}={value}" for key, value in (labels or {}).items())


def in_seconds(value: Any) -> str:
    """Return a number of seconds with its unit; empty where there is none."""
    return f"{value} s" if value else ""


def yes_or_no(value: Any) -> str:
    """Return a boolean as a word; empty where it is not known."""
    return "" if value is None else "yes" if value else "no"


def moment(stamp: Any) -> str:
    """Return a timestamp of the API as ``2026-11-22 21:27:23 UTC``."""
    try:
        return datetime.fromisoformat(str(stamp or "")).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return ""


def dig(doc: Any, *keys: str) -> Any:
    """Return what is below a path of keys; None where any of them is missing."""
    for key in keys:
        doc = (doc or {}).get(key)
    return doc


def container_facts(spec: Doc, status: Doc) -> Iterable[tuple[str, Any]]:
    """Yield what is worth knowing of a container: its state before what it was asked to be."""
    yield "State", _state(status.get("state") or {})
    yield "Last state", _state(status.get("lastState") or {})
    if status:
        yield "Ready", "yes" if status.get("ready") else "no"
        yield "Restarts", status.get("restartCount")
    yield "Image", spec.get("image")
    yield "Image id", status.get("imageID")
    yield "Command", " ".join(map(str, [*(spec.get("command") or []), *(spec.get("args") or [])]))
    ports = (
        f"{p.get('containerPort')}/{p.get('protocol', 'TCP')}" for p in spec.get("ports") or []
    )
    yield "Ports", ", ".join(ports)
    resources = spec.get("resources") or {}
    yield "Requests", joined(resources.get("requests"))
    yield "Limits", joined(resources.get("limits"))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield probe.removesuffix("Probe").capitalize() + " probe", _probe(spec.get(probe) or {})
    yield "Environment", ", ".join(str(e.get("name")) for e in spec.get("env") or [])
    mounts = (f"{m.get('mountPath')} from {m.get('name')}" for m in spec.get("volumeMounts") or [])
    yield "Mounts", ", ".join(mounts)


def _state(state: Doc) -> str:
    for word, facts in state.items():
        told = [word.capitalize()]
        if facts.get("reason"):
            told.append(f"({facts['reason']})")
        if "exitCode" in facts:
            told.append(f"exit {facts['exitCode']}")
        for label, key in (("since", "startedAt"), ("until", "finishedAt")):
            if facts.get(key):
                told.append(f"{label} {moment(facts[key])}")
        if facts.get("message"):
            told.append(f"— {facts['message']}")
        return " ".join(told)
    return ""


def _probe(probe: Doc) -> str:
    if not probe:
        return ""
    http, tcp, command = probe.get("httpGet"), probe.get("tcpSocket"), probe.get("exec")
    what = "gRPC"
    if http:
        what = f"GET {http.get('path', '/')} on port {http.get('port')}"
    elif tcp:
        what = f"TCP port {tcp.get('port')}"
    elif command:
        what = " ".join(map(str, command.get("command") or []))
    return (
        f"{what}, every {probe.get('periodSeconds', 10)} s, "
        f"fails after {probe.get('failureThreshold', 3)}"
    )
