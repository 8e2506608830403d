"""How services and tasks are: pure judgements on what ECS answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backends.ecs.reasons import expected, gist, is_steady, is_trouble, why_stopped
from backends.ecs.wire import Payload, count, items, moment, tail, text
from backends.model import Health

RECENT = 300.0
"""Seconds for which an event that tells of trouble counts, unless a steady state followed it,
and for which a task that failed does: after that it is history."""

STARTING = 120.0
"""Seconds for which a service that is short of tasks, but has just started some, is not late."""

LATE = 600.0
"""Seconds after which a task that has still not started is late."""


class Verdict(NamedTuple):
    """How something is, and why in one line; the reason is empty when it is OK."""

    health: Health
    reason: str = ""


_ENDINGS: Mapping[str, Verdict] = {
    "INACTIVE": Verdict(Health.IDLE, "it was deleted"),
    "DRAINING": Verdict(Health.PROGRESSING, "it is being deleted; its last tasks are stopping"),
}


def primary(service: Payload) -> Payload:
    """Return the deployment that is wanted; empty under a CodeDeploy or external controller."""
    for deployment in items(service, "deployments"):
        if deployment.get("status") == "PRIMARY":
            return deployment
    return {}


def judge_service(service: Payload, now: float, failed: Sequence[Payload] = ()) -> Verdict:
    """Say how a service is, from its counts, its primary deployment and its latest events.

    `failed` are tasks of it that failed lately, the latest first.
    """
    if (ending := _ENDINGS.get(text(service, "status"))) is not None:
        return ending
    desired, running = count(service, "desiredCount"), count(service, "runningCount")
    if desired == 0:
        if running:
            return Verdict(Health.PROGRESSING, f"scaled to zero; {running} still running")
        return Verdict(Health.IDLE)
    deployment = primary(service)
    trouble = _with_losses(_trouble(service, deployment, now), failed)
    if deployment.get("rolloutState") == "FAILED":
        return Verdict(Health.FAILING, trouble or "its deployment failed")
    if running < desired:
        return _short(service, deployment, trouble, now)
    if trouble:
        return Verdict(Health.DEGRADED, trouble)
    if deployment.get("rolloutState") == "IN_PROGRESS":
        return Verdict(Health.PROGRESSING, _converging(service, deployment))
    return Verdict(Health.OK)


def judge_task(task: Payload, now: float) -> Verdict:
    """Say how a task is, from its state, its health check and why it stopped."""
    last = task.get("lastStatus")
    if last == "STOPPED":
        return _stopped(task, now)
    if task.get("desiredStatus") == "STOPPED":
        return Verdict(Health.PROGRESSING, text(task, "stoppedReason") or "it is stopping")
    if last == "RUNNING":
        return _running(task)
    created = moment(task, "createdAt")
    if created is not None and now - created > LATE:
        return Verdict(Health.DEGRADED, f"still {text(task, 'lastStatus')} after {LATE:.0f} s")
    return Verdict(Health.PROGRESSING)


def judge_container(container: Payload) -> Verdict:
    """Say how a container is, from its state, its health check and its exit code."""
    last, code = container.get("lastStatus"), container.get("exitCode")
    reason = text(container, "reason")
    if last == "STOPPED":
        if code == 0 or (code in (137, 143) and not reason):
            return Verdict(Health.IDLE)
        why = f"exit code {code}" if code is not None else "it never ran"
        return Verdict(Health.FAILING, reason or why)
    if last == "RUNNING":
        if container.get("healthStatus") == "UNHEALTHY":
            return Verdict(Health.DEGRADED, reason or "its health check fails")
        return Verdict(Health.OK)
    return Verdict(Health.PROGRESSING, reason)


_CLUSTERS: Mapping[str, Health] = {
    "ACTIVE": Health.OK,
    "PROVISIONING": Health.PROGRESSING,
    "DEPROVISIONING": Health.PROGRESSING,
    "FAILED": Health.FAILING,
    "INACTIVE": Health.IDLE,
}


def judge_cluster(cluster: Payload) -> Verdict:
    """Say how a cluster itself is; that of its services is counted elsewhere."""
    status = text(cluster, "status")
    health = _CLUSTERS.get(status, Health.UNKNOWN)
    if health is Health.FAILING:
        return Verdict(health, "its capacity providers could not be set up")
    return Verdict(health, "" if health is Health.OK else f"it is {status}")


def _short(service: Payload, deployment: Payload, trouble: str, now: float) -> Verdict:
    """Judge a service that runs fewer tasks than it should."""
    desired, running = count(service, "desiredCount"), count(service, "runningCount")
    if trouble:
        return Verdict(Health.DEGRADED if running else Health.FAILING, trouble)
    if (
        deployment.get("rolloutState") == "IN_PROGRESS"
        or count(service, "pendingCount")
        or _just_moved(service, deployment, now)
    ):
        return Verdict(Health.PROGRESSING, _converging(service, deployment))
    health = Health.DEGRADED if running else Health.FAILING
    return Verdict(health, f"{running} of {desired} tasks running, and none is starting")


def _just_moved(service: Payload, deployment: Payload, now: float) -> bool:
    """Whether it was changed, or did something about its tasks, a moment ago."""
    times = [moment(deployment, "updatedAt"), moment(deployment, "createdAt")]
    times += [moment(event, "createdAt") for event in items(service, "events")[:1]]
    return any(at is not None and now - at < STARTING for at in times)


def _converging(service: Payload, deployment: Payload) -> str:
    definition = tail(text(deployment, "taskDefinition"))
    running, desired = count(deployment, "runningCount"), count(deployment, "desiredCount")
    if not deployment:
        running, desired = count(service, "runningCount"), count(service, "desiredCount")
    return f"{running} of {desired} tasks of {definition or 'it'} running"


def _trouble(service: Payload, deployment: Payload, now: float) -> str:
    """Return what is going wrong, in one line; empty where nothing is."""
    event = _telling_event(service, now)
    failed = count(deployment, "failedTasks")
    reason = text(deployment, "rolloutStateReason")
    if deployment.get("rolloutState") == "FAILED":
        return reason or event
    if failed:
        what = event or (reason if is_trouble(reason) else "")
        tasks = f"{failed} task{'' if failed == 1 else 's'} failed"
        return f"{tasks}: {what}" if what else f"{tasks} in its deployment"
    return event


def _with_losses(trouble: str, failed: Sequence[Payload]) -> str:
    """Add why the last of the tasks that failed lately did; or say how many did, if that is all."""
    if not failed:
        return trouble
    why = why_stopped(failed[0])
    if trouble:
        return trouble if why in trouble else f"{trouble.rstrip('.')}; last task: {why}"
    return f"{len(failed)} task{'' if len(failed) == 1 else 's'} failed lately: {why}"


def _telling_event(service: Payload, now: float) -> str:
    """Return the latest event of trouble that no steady state has followed.

    A rollback is not the trouble but what is done about it: what came before it is told.
    """
    found = ""
    for event in items(service, "events"):
        message = text(event, "message")
        at = moment(event, "createdAt")
        if is_steady(message) or (at is not None and now - at > RECENT):
            break
        if is_trouble(message):
            found = gist(message)
            if "rolling back" not in message:
                break
    return found


def _running(task: Payload) -> Verdict:
    if task.get("healthStatus") == "UNHEALTHY":
        sick = [c for c in items(task, "containers") if c.get("healthStatus") == "UNHEALTHY"]
        names = ", ".join(text(container, "name") for container in sick) or "a container"
        return Verdict(Health.DEGRADED, f"the health check of {names} fails")
    for container in items(task, "containers"):
        if container.get("lastStatus") == "STOPPED" and container.get("exitCode"):
            name, code = text(container, "name"), container.get("exitCode")
            return Verdict(Health.DEGRADED, f"{name} ended with exit code {code}")
    return Verdict(Health.OK)


def _stopped(task: Payload, now: float) -> Verdict:
    """A failure counts while it is recent; after that it is history, reason and all."""
    if expected(task) or now - (moment(task, "stoppedAt") or now) > RECENT:
        return Verdict(Health.IDLE, why_stopped(task))
    taken = task.get("stopCode") in (
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
    )
    return Verdict(Health.DEGRADED if taken else Health.FAILING, why_stopped(task))
