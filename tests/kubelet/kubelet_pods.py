"""Pods for the fake kubelet's own tests, and a look at them as kubectl would."""

from __future__ import annotations

from typing import Any

import msgspec

from backends.eks.kinds.podstatus import Pod, summarise
from tests.e2e.kubelet.behaviour import PREFIX
from tests.e2e.kubelet.pod import PodMachine

START = 1_790_000_000.0


def pod(
    *containers: str, init: tuple[str, ...] = (), policy: str = "Always", **said: str
) -> dict[str, Any]:
    """Return a pod as it is bound to a node; `said` are its annotations, with underscores."""
    notes = {PREFIX + key.replace("_", "-"): value for key, value in said.items()}
    made: dict[str, Any] = {
        "metadata": {
            "name": "web", "namespace": "shop", "uid": "u-1", "generation": 1, "annotations": notes,
        },
        "spec": {
            "restartPolicy": policy,
            "containers": [{"name": n, "image": f"{n}:1"} for n in containers or ("app",)],
        },
    }  # fmt: skip
    if init:
        made["spec"]["initContainers"] = [{"name": n, "image": f"{n}:1"} for n in init]
    return made


class Life:
    """A pod's machine, and the time, which only moves when it is told to."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.now = START
        self.machine = PodMachine(made, "10.1.0.1", "127.0.0.1", START)
        self.events: list[tuple[str, str]] = []

    def to(self, seconds: float) -> Life:
        """Let it be so many seconds after the beginning."""
        self.now = START + seconds
        self.machine.step(self.now)
        return self

    def annotate(self, **said: str) -> Life:
        """Change annotations now."""
        notes = {PREFIX + key.replace("_", "-"): value for key, value in said.items()}
        before = self.machine.pod
        meta = before["metadata"]
        self.machine.update(
            {**before, "metadata": {**meta, "annotations": meta["annotations"] | notes}}, self.now
        )
        return self

    def delete(self, grace: int) -> Life:
        """Delete it now."""
        before = self.machine.pod
        gone = {"deletionTimestamp": "2026-09-21T00:00:00Z", "deletionGracePeriodSeconds": grace}
        self.machine.update({**before, "metadata": before["metadata"] | gone}, self.now)
        return self

    @property
    def status(self) -> dict[str, Any]:
        """Its status now."""
        return self.machine.status(self.now)

    @property
    def word(self) -> str:
        """What kubectl shows as STATUS."""
        return self._seen().status

    @property
    def ready(self) -> str:
        """What kubectl shows as READY."""
        seen = self._seen()
        return f"{seen.ready}/{seen.total}"

    def condition(self, kind: str) -> dict[str, Any]:
        """Return one of its conditions."""
        return next(c for c in self.status["conditions"] if c["type"] == kind)

    def container(self, name: str = "app") -> dict[str, Any]:
        """Return the status of one of its containers."""
        status = self.status
        every = status["containerStatuses"] + status.get("initContainerStatuses", [])
        return next(c for c in every if c["name"] == name)

    def said(self, reason: str = "") -> list[str]:
        """Return the messages of its events so far, of one reason or all."""
        return [s.message for s in self.machine.said if reason in {"", s.reason}]

    def _seen(self) -> Any:
        raw = {**self.machine.pod, "status": _without_null(self.status)}
        return summarise(msgspec.convert(raw, Pod))


def _without_null(value: Any) -> Any:
    """Return what a strategic merge leaves of it."""
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    return [_without_null(v) for v in value] if isinstance(value, list) else value
