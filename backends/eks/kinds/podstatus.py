"""A pod as read from the wire, and kubectl's STATUS, READY and RESTARTS of it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from backends.eks.wire import Condition, Meta, PodSpec, Wire

NODE_LOST = "NodeLost"
"""The reason of a pod whose node does not answer; pkg/util/node in Kubernetes."""

GATED = "SchedulingGated"


class Waiting(Wire, frozen=True, gc=False):
    """ContainerStateWaiting."""

    reason: str = ""
    message: str = ""


class Running(Wire, frozen=True, gc=False):
    """ContainerStateRunning."""

    started_at: datetime | None = None


class Terminated(Wire, frozen=True, gc=False):
    """ContainerStateTerminated."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def word(self) -> str:
        """Its reason, or how it ended where it has none."""
        if self.reason:
            return self.reason
        return f"Signal:{self.signal}" if self.signal else f"ExitCode:{self.exit_code}"


class State(Wire, frozen=True, gc=False):
    """ContainerState: one of three."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True, gc=False):
    """What the kubelet says of a container."""

    name: str = ""
    state: State = State()
    last_state: State = State()
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0


class PodStatus(Wire, frozen=True, gc=False):
    """The status of a pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    host_ip: str = msgspec.field(default="", name="hostIP")
    conditions: tuple[Condition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class PodLabels(Wire, frozen=True, gc=False):
    """The labels that say which deployment, and which revision, a pod is of."""

    template_hash: str = msgspec.field(default="", name="pod-template-hash")
    revision_hash: str = msgspec.field(default="", name="controller-revision-hash")


class PodMeta(Meta, frozen=True, gc=False):
    """A pod's metadata, without the rest of its labels."""

    labels: PodLabels = PodLabels()


class Pod(Wire, frozen=True, gc=False):
    """A pod."""

    metadata: PodMeta = PodMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Summary(NamedTuple):
    """What ``kubectl get pods`` prints of a pod."""

    status: str
    ready: int
    total: int
    restarts: int
    restarted: datetime | None
    """When the last of the restarts was."""


class _Tally:
    """Restarts and readiness, added up."""

    __slots__ = ("ready", "restarted", "restarts")

    def __init__(self) -> None:
        self.ready = 0
        self.restarts = 0
        self.restarted: datetime | None = None

    def add(self, status: ContainerStatus) -> None:
        self.restarts += status.restart_count
        last = status.last_state.terminated
        ended = last.finished_at if last is not None else None
        if ended is not None and (self.restarted is None or self.restarted < ended):
            self.restarted = ended


def summarise(pod: Pod) -> Summary:
    """Return what kubectl shows: `printPod` of Kubernetes' pkg/printers/internalversion."""
    spec, status = pod.spec, pod.status
    total = len(spec.containers or ())
    word = status.reason or status.phase
    for condition in status.conditions:
        if condition.reason == GATED and condition.type == "PodScheduled":
            word = GATED
    tally = _Tally()
    initializing = False
    if spec.init_containers:
        sidecars = {c.name for c in spec.init_containers if c.restart_policy == "Always"}
        total += len(sidecars)
        found, tally, everyone = _initializing(pod, sidecars)
        if found:
            word, initializing = found, True
            if not _true(pod, "Initialized"):
                tally = everyone
    if not initializing or _true(pod, "Initialized"):
        word = _running(pod, word, tally)
    word = _ending(pod, word)
    return Summary(word, tally.ready, total, tally.restarts, tally.restarted)


def _true(pod: Pod, kind: str) -> bool:
    return any(c.type == kind and c.status == "True" for c in pod.status.conditions)


def _initializing(pod: Pod, sidecars: set[str]) -> tuple[str, _Tally, _Tally]:
    """Return the word of the first init container that is not done, and two tallies.

    The first tally is that of sidecars alone, the second that of all init containers.
    """
    mine, everyone = _Tally(), _Tally()
    for index, status in enumerate(pod.status.init_container_statuses):
        sidecar = status.name in sidecars
        everyone.add(status)
        if sidecar:
            mine.add(status)
        ended, waiting = status.state.terminated, status.state.waiting
        if ended is not None and ended.exit_code == 0:
            continue
        if sidecar and status.started:
            mine.ready += status.ready
            everyone.ready += status.ready
            continue
        if ended is not None:
            word = f"Init:{ended.word}"
        elif waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
            word = f"Init:{waiting.reason}"
        else:
            word = f"Init:{index}/{len(pod.spec.init_containers)}"
        return word, mine, everyone
    return "", mine, everyone


def _running(pod: Pod, word: str, tally: _Tally) -> str:
    running, wrong = False, ""
    for status in reversed(pod.status.container_statuses):
        tally.add(status)
        state = status.state
        if state.waiting is not None and state.waiting.reason:
            word = state.waiting.reason
        elif state.terminated is not None:
            word = state.terminated.word
            if state.terminated.exit_code != 0:
                wrong = word
        elif status.ready and state.running is not None:
            running = True
            tally.ready += 1
    if word != "Completed":
        return word
    # One container is done; how the others are says more.
    if running and _true(pod, "Ready"):
        return "Running"
    return wrong or ("NotReady" if running else word)


def _ending(pod: Pod, word: str) -> str:
    if pod.metadata.deletion_timestamp is None:
        return word
    if pod.status.reason == NODE_LOST:
        return "Unknown"
    if pod.status.phase not in {"Succeeded", "Failed"}:
        return "Terminating"
    return word
