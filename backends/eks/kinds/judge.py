"""How a pod is: its health, and why in one line."""

from __future__ import annotations

from backends.eks.kinds.podstatus import (
    GATED,
    ContainerStatus,
    Pod,
    Summary,
    Terminated,
)
from backends.eks.kinds.spec import Verdict
from backends.eks.wire import epoch
from backends.model import Health
from backends.text import clean

STARTING = frozenset({"ContainerCreating", "PodInitializing", ""})
"""Reasons to wait that are no trouble by themselves."""

CALM = 600.0
"""Seconds without a restart after which a container no longer counts as restarting: the
kubelet's crash-loop back-off starts over after ten minutes."""

READY_LIMIT = 120.0
"""Seconds that a running container may take to become ready before it counts as trouble."""

START_LIMIT = 300.0
"""Seconds that a pod may take to be scheduled, pulled and started before it counts as late."""

GRACE = 60.0
"""Seconds after the end of its grace period that a pod may still be there."""


def judge_pod(pod: Pod, summary: Summary, now: float) -> Verdict:
    """Return how a pod is at the epoch second `now`; its status is kubectl's."""
    word, status = clean(summary.status), pod.status
    deleted = pod.metadata.deletion_timestamp
    if status.phase == "Succeeded":
        return Verdict(Health.IDLE, word)
    if deleted is not None:
        return _ending(word, deleted.timestamp() + GRACE, now)
    if status.phase == "Failed":
        return Verdict(Health.FAILING, word, _failed(pod))
    if status.phase == "Running" and summary.ready == summary.total:
        return _ready(pod, summary, word, now)
    trouble = pod_trouble(pod)
    if trouble:
        return Verdict(Health.FAILING, word, trouble)
    if status.phase == "Running":
        return _unready(pod, summary, word, now)
    return _pending(pod, word, now)


def pod_trouble(pod: Pod) -> str:
    """Return why a container of a pod cannot run, or the pod be scheduled; empty: it can."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        trouble = container_trouble(status)
        if trouble:
            return trouble
    for condition in pod.status.conditions:
        if condition.reason == "Unschedulable":
            return f"Unschedulable: {clean(condition.message, 300)}"
    return ""


def container_trouble(status: ContainerStatus) -> str:
    """Return why a container does not run though it should; empty where nothing is wrong."""
    state = status.state
    if state.waiting is not None and state.waiting.reason not in STARTING:
        last = status.last_state.terminated
        if state.waiting.reason == "CrashLoopBackOff" and last is not None:
            return ended(status, last)
        message = clean(state.waiting.message, 300)
        what = f"{clean(state.waiting.reason)}{': ' + message if message else ''}"
        return f"container {clean(status.name)}: {what}"
    if state.terminated is not None and state.terminated.exit_code != 0:
        return ended(status, state.terminated)
    return ""


def ended(status: ContainerStatus, how: Terminated) -> str:
    """Say how a container ended: ``container app: OOMKilled (exit 137), restarted 14 times``."""
    count = status.restart_count
    times = f", restarted {count} time{'s' if count != 1 else ''}" if count else ""
    code = f" (exit {how.exit_code})" if how.reason or how.signal else ""
    return f"container {clean(status.name)}: {clean(how.word)}{code}{times}"


def _ending(word: str, late: float, now: float) -> Verdict:
    if word == "Unknown":
        return Verdict(Health.FAILING, word, "its node does not answer")
    if now < late:
        return Verdict(Health.PROGRESSING, word, until=late)
    return Verdict(Health.DEGRADED, word, "should be gone by now: a finalizer or its node holds it")


def _failed(pod: Pod) -> str:
    if pod.status.message:
        reason = f"{clean(pod.status.reason)}: " if pod.status.reason else ""
        return reason + clean(pod.status.message, 300)
    return pod_trouble(pod) or clean(pod.status.reason) or "failed"


def _ready(pod: Pod, summary: Summary, word: str, now: float) -> Verdict:
    if summary.restarts and summary.restarted is not None:
        calm = summary.restarted.timestamp() + CALM
        if now < calm:
            return Verdict(Health.DEGRADED, word, _restarting(pod), calm)
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.status == "False":
            why = clean(condition.message, 300) or "a readiness gate is closed"
            return Verdict(Health.DEGRADED, word, why)
    return Verdict(Health.OK, word)


def _unready(pod: Pod, summary: Summary, word: str, now: float) -> Verdict:
    statuses = [s for s in pod.status.container_statuses if not s.ready]
    names = ", ".join(clean(s.name) for s in statuses)
    reason = f"{summary.ready} of {summary.total} ready" + (
        f": waiting for {names}" if names else ""
    )
    starts = [epoch(s.state.running.started_at) or 0.0 for s in statuses if s.state.running]
    late = max(starts, default=epoch(pod.metadata.creation_timestamp) or 0.0) + READY_LIMIT
    if now < late:
        return Verdict(Health.PROGRESSING, word, reason, late)
    return Verdict(Health.DEGRADED, word, reason)


def _restarting(pod: Pod) -> str:
    last = [
        (s.last_state.terminated.finished_at, s)
        for s in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if s.last_state.terminated is not None and s.last_state.terminated.finished_at is not None
    ]
    if not last:
        return "restarted lately"
    status = max(last, key=lambda pair: pair[0])[1]
    how = status.last_state.terminated
    return ended(status, how) if how is not None else "restarted lately"


def _pending(pod: Pod, word: str, now: float) -> Verdict:
    if word == GATED:
        return Verdict(Health.PROGRESSING, word, "its scheduling gates are closed")
    late = (epoch(pod.metadata.creation_timestamp) or now) + START_LIMIT
    if now < late:
        return Verdict(Health.PROGRESSING, word, until=late)
    return Verdict(Health.DEGRADED, word, f"still {word} after {START_LIMIT / 60:.0f} minutes")
