"""One pod on a node: its containers in order, its status, and its end."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.e2e.kubelet.behaviour import NEVER
from tests.e2e.kubelet.container import Container, rfc3339


class Said(NamedTuple):
    """An event to be recorded."""

    at: float
    type: str
    reason: str
    message: str
    container: str
    """Empty: it is about the pod."""


class PodMachine:
    """A pod bound to a node. Call `step` when `due` has come, then look at the rest."""

    def __init__(self, pod: dict[str, Any], ip: str, host_ip: str, now: float) -> None:
        self.pod = pod
        self.ip = ip
        self.host_ip = host_ip
        self.said: list[Said] = []
        """Events since they were last taken."""
        self._began = now
        self._deleted = False
        self._since: dict[str, tuple[str, str]] = {}
        spec = pod["spec"]
        self.init = [
            Container(
                pod, c, self._say, "sidecar" if c.get("restartPolicy") == "Always" else "init"
            )
            for c in spec.get("initContainers") or ()
        ]
        self.main = [Container(pod, c, self._say) for c in spec["containers"]]
        if self.init:
            for container in self.containers:
                container.state = {"waiting": {"reason": "PodInitializing"}}
        self._begun: set[str] = set()
        phase = (pod.get("status") or {}).get("phase")
        self._before = phase if phase in {"Succeeded", "Failed"} else ""
        self.step(now)

    @property
    def uid(self) -> str:
        """The pod's identity."""
        return str(self.pod["metadata"]["uid"])

    @property
    def containers(self) -> list[Container]:
        """All of them, init containers first."""
        return [*self.init, *self.main]

    def container(self, name: str) -> Container | None:
        """Return the container of a name."""
        return next((c for c in self.containers if c.name == name), None)

    @property
    def due(self) -> float:
        """When `step` has something to do next."""
        return min((c.next for c in self.containers), default=NEVER)

    @property
    def finished(self) -> bool:
        """Whether it was deleted and nothing of it runs: the API object may go."""
        return self._deleted and not any(c.running for c in self.containers)

    def update(self, pod: dict[str, Any], now: float) -> None:
        """Take over what the API server says of it now."""
        self.pod = pod
        self.step(now)
        for container in self.containers:
            container.update(pod, now)
        meta = pod["metadata"]
        if meta.get("deletionTimestamp") and not self._deleted:
            self._deleted = True
            grace = float(meta.get("deletionGracePeriodSeconds") or 0)
            for container in self.containers:
                container.stop(now, grace)
        self.step(now)

    def step(self, now: float) -> None:
        """Do all that is due, each thing at its own moment."""
        while self._begin_next(now):
            pass
        while (at := self.due) <= now:
            for container in self.containers:
                container.step(at)
            while self._begin_next(at):
                pass

    def _begin_next(self, now: float) -> bool:
        """Begin whatever may begin; return whether anything did."""
        if self._deleted or self._before:
            return False
        for container in self.init:
            if container.name not in self._begun:
                self._begun.add(container.name)
                container.begin(now)
                return True
            done = container.started if container.role == "sidecar" else container.exit_code == 0
            if not done:
                return False
        fresh = [c for c in self.main if c.name not in self._begun]
        for container in fresh:
            self._begun.add(container.name)
            container.begin(now)
        return bool(fresh)

    def _say(self, at: float, kind: str, reason: str, message: str, container: str) -> None:
        self.said.append(Said(at, kind, reason, message, container))

    @property
    def phase(self) -> str:
        """The pod's phase, by the kubelet's rules (`getPhase` of kubelet_pods.go)."""
        if self._before:
            return self._before
        regular = [c for c in self.init if c.role == "init"]
        if any(c.over and c.exit_code for c in regular):
            return "Failed"
        if any(c.exit_code != 0 for c in regular) and not self.finished:
            return "Pending"
        if all(c.over for c in self.main):
            return "Failed" if any(c.exit_code for c in self.main) else "Succeeded"
        if self.finished:
            return "Failed" if any(c.log is not None for c in self.main) else "Pending"
        if any(c.log is None for c in self.main):
            return "Pending"
        return "Running"

    def status(self, now: float) -> dict[str, Any]:
        """Return its PodStatus, as a strategic merge patch of it has it."""
        phase = self.phase
        made: dict[str, Any] = {
            "observedGeneration": self.pod["metadata"].get("generation", 0),
            "phase": phase,
            "conditions": self._conditions(phase, now),
            "hostIP": self.host_ip,
            "hostIPs": [{"ip": self.host_ip}],
            "startTime": (self.pod.get("status") or {}).get("startTime") or rfc3339(self._began),
            "containerStatuses": [c.status() for c in self.main],
        }
        if any(c.log is not None for c in self.containers):
            made |= {"podIP": self.ip, "podIPs": [{"ip": self.ip}]}
        if self.init:
            made["initContainerStatuses"] = [c.status() for c in self.init]
        return made

    def _conditions(self, phase: str, now: float) -> list[dict[str, Any]]:
        begun = any(c.log is not None for c in self.containers)
        waiting = [c.name for c in self.init if not self._initialized(c)]
        initialized: tuple[str, ...] = ("True",)
        if phase == "Succeeded":
            initialized = ("True", "PodCompleted")
        elif waiting:
            words = f"containers with incomplete status: [{' '.join(waiting)}]"
            initialized = ("False", "ContainersNotInitialized", words)
        containers = self._containers_ready(phase)
        return [
            self._condition("PodReadyToStartContainers", now, "True" if begun else "False"),
            self._condition("Initialized", now, *initialized),
            self._condition("Ready", now, *self._ready(containers)),
            self._condition("ContainersReady", now, *containers),
        ]

    def _initialized(self, container: Container) -> bool:
        return container.started if container.role == "sidecar" else container.exit_code == 0

    def _containers_ready(self, phase: str) -> tuple[str, ...]:
        if phase in {"Succeeded", "Failed"}:
            return ("False", "PodCompleted" if phase == "Succeeded" else "PodFailed")
        unready = [c.name for c in self.containers if c.role != "init" and not c.ready]
        if not unready:
            return ("True",)
        words = f"containers with unready status: [{' '.join(unready)}]"
        return ("False", "ContainersNotReady", words)

    def _ready(self, containers: tuple[str, ...]) -> tuple[str, ...]:
        if containers[0] != "True":
            return containers
        known = {
            c["type"]: c["status"] for c in (self.pod.get("status") or {}).get("conditions", ())
        }
        closed = []
        for gate in self.pod["spec"].get("readinessGates") or ():
            kind = gate["conditionType"]
            if kind not in known:
                closed.append(
                    f'corresponding condition of pod readiness gate "{kind}" does not exist.'
                )
            elif known[kind] != "True":
                closed.append(
                    f'the status of pod readiness gate "{kind}" is not "True", but {known[kind]}'
                )
        return ("False", "ReadinessGatesNotReady", ", ".join(closed)) if closed else ("True",)

    def _condition(
        self, kind: str, now: float, status: str, reason: str = "", message: str = ""
    ) -> dict[str, Any]:
        before = self._since.get(kind)
        if before is None or before[0] != status:
            before = self._since[kind] = (status, rfc3339(now))
        made: dict[str, Any] = {
            "type": kind,
            "status": status,
            "lastProbeTime": None,
            "lastTransitionTime": before[1],
            # Null, so that a merge takes away what was said before.
            "reason": reason or None,
            "message": message or None,
        }
        return made
