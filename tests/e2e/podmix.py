"""Pods in every state that a kubelet may report, put together by chance from a seed."""

from __future__ import annotations

import random
from typing import Any

NOBODY = "nobody-schedules-this"
"""A scheduler that does not exist: the pods are left to the test."""

WAITING = (
    "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ContainerCreating",
    "PodInitializing", "CreateContainerConfigError", "",
)  # fmt: skip
ENDED = ("Completed", "Error", "OOMKilled", "ContainerCannotRun", "")
PHASES = ("Pending", "Running", "Running", "Running", "Succeeded", "Failed", "Unknown")
REASONS = ("", "", "", "", "Evicted", "NodeLost", "Shutdown", "DeadlineExceeded")


def pod(chance: random.Random, name: str, *, held: bool = False) -> dict[str, Any]:
    """Return a pod to create; `held` by a finalizer, so that it lingers when it is deleted."""
    plain = [_container(f"app-{n}") for n in range(chance.randint(1, 3))]
    first = [_container(f"init-{n}") for n in range(chance.choice((0, 0, 0, 1, 2, 3)))]
    for one in first:
        if chance.random() < 0.4:
            one["restartPolicy"] = "Always"
    metadata: dict[str, Any] = {"name": name, "labels": {"app": f"app-{chance.randint(0, 9)}"}}
    if held:
        metadata["finalizers"] = ["topdeck.test/held"]
    spec: dict[str, Any] = {
        "schedulerName": NOBODY,
        "containers": plain,
        "initContainers": first,
        "terminationGracePeriodSeconds": 30,
    }
    if chance.random() < 0.05:
        spec["schedulingGates"] = [{"name": "topdeck.test/gate"}]
    return {"metadata": metadata, "spec": spec}


def _container(name: str) -> dict[str, Any]:
    return {"name": name, "image": f"registry.example.com/team/{name}:1.2.3"}


def status(chance: random.Random, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a status that a kubelet might report of a pod."""
    phase = chance.choice(PHASES)
    first = [_status(chance, c["name"]) for c in spec.get("initContainers", ())]
    done = chance.random() < 0.6
    if done:
        for one, asked in zip(first, spec.get("initContainers", ()), strict=True):
            if asked.get("restartPolicy") == "Always":
                one |= {"state": _running(), "started": True, "ready": chance.random() < 0.8}
            else:
                one["state"] = {"terminated": {"exitCode": 0, "reason": "Completed", **_times(9)}}
    conditions = [
        {"type": "Initialized", "status": str(done), "lastTransitionTime": _at(5)},
        {"type": "Ready", "status": str(chance.random() < 0.5), "lastTransitionTime": _at(4)},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": _at(9)},
    ]
    found: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [_status(chance, c["name"]) for c in spec["containers"]],
        "initContainerStatuses": first,
        "startTime": _at(9),
        "podIP": f"10.{chance.randint(0, 255)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}",
    }
    if reason := chance.choice(REASONS):
        found |= {"reason": reason, "message": f"it is {reason}"}
    if chance.random() < 0.1:
        found["containerStatuses"].pop()
    return found


def _status(chance: random.Random, name: str) -> dict[str, Any]:
    restarts = chance.choice((0, 0, 0, 1, 2, 17))
    made: dict[str, Any] = {
        "name": name,
        "image": f"registry.example.com/team/{name}:1.2.3",
        "imageID": "",
        "restartCount": restarts,
        "ready": False,
        "started": chance.choice((True, False)),
        "state": _state(chance),
    }
    if "running" in made["state"]:
        made["ready"] = chance.random() < 0.7
    if restarts:
        made["lastState"] = {"terminated": _ended(chance)}
    return made


def _state(chance: random.Random) -> dict[str, Any]:
    match chance.randint(0, 9):
        case 0 | 1:
            reason = chance.choice(WAITING)
            return {"waiting": {"reason": reason, "message": f"for {reason}"} if reason else {}}
        case 2 | 3:
            return {"terminated": _ended(chance)}
        case 4:
            return {}
        case _:
            return _running()


def _running() -> dict[str, Any]:
    return {"running": {"startedAt": _at(3)}}


def _ended(chance: random.Random) -> dict[str, Any]:
    code = chance.choice((0, 1, 2, 137, 139, 143))
    made = {"exitCode": code, "reason": chance.choice(ENDED), **_times(chance.randint(3, 8))}
    if chance.random() < 0.2:
        made["signal"] = chance.choice((9, 11, 15))
    return made


def _times(hours: int) -> dict[str, str]:
    return {"startedAt": _at(hours + 1), "finishedAt": _at(hours)}


def _at(hours: int) -> str:
    return f"2026-01-0{9 - min(hours, 8)}T{10 + hours:02d}:00:00Z"
