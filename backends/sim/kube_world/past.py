"""The events that pods in trouble had left behind when the world began."""

from __future__ import annotations

from backends.sim.kube_world import containers, kinds, registry, wording
from backends.sim.kube_world.recorder import Recorder
from backends.sim.kube_world.values import Doc, parse_stamp

REACH = 3000.0
"""Seconds that the events reach back at most; the API server keeps them for an hour."""


def recall(recorder: Recorder, pod: Doc, now: float) -> None:
    """Record what scheduler and kubelet must have said of a pod that is in trouble."""
    meta, host = pod["metadata"], pod["spec"]["nodeName"]
    where = f"{meta['namespace']}/{meta['name']}"
    recorder.scheduled(pod, "Binding", "Scheduled", f"Successfully assigned {where} to {host}")
    name = pod["spec"]["containers"][0]["name"]
    status = next(s for s in containers.statuses_of(pod) if s["name"] == name)
    first = max(parse_stamp(meta["creationTimestamp"]), now - REACH)
    for reason, message, warning, every in _said(pod, status):
        recorder.record(
            kinds.PODS, pod, "kubelet", reason, message, host=host, container=name,
            warning=warning, first=first, count=int((now - first) // every) + 1,
        )  # fmt: skip


def _said(pod: Doc, status: Doc) -> list[tuple[str, str, bool, float]]:
    """Return (reason, message, whether it warns, seconds between) of what was said again and
    again."""
    image = status["image"]
    if "terminated" in status["lastState"]:
        said = wording.RESTARTING.format(status["name"], wording.where(pod))
        return [
            ("Pulled", wording.PRESENT.format(image), False, 45.0),
            ("Created", "Container created", False, 45.0),
            ("Started", "Container started", False, 45.0),
            ("BackOff", said, True, 45.0),
        ]
    refusal = f'Failed to pull image "{image}": {registry.refusal(image)}'
    return [
        ("Pulling", f'Pulling image "{image}"', False, 300.0),
        ("Failed", refusal, True, 300.0),
        ("Failed", "Error: ErrImagePull", True, 300.0),
        ("BackOff", f'Back-off pulling image "{image}"', False, 15.0),
        ("Failed", "Error: ImagePullBackOff", True, 15.0),
    ]
