"""Following a service's deployments from the change until they settle or fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from backends.aws.access import AwsAccess
from backends.base import BackendError, Denied, Invalid, NotFound
from backends.clock import Clock
from backends.ecs.health import primary
from backends.ecs.reasons import gist, is_trouble
from backends.ecs.wire import Payload, count, items, moment, tail, text
from backends.model import FleetEvent, Ref, Revision, Rollout, RolloutState

INTERVAL = 2.0
"""Seconds between looks."""

EVENTS = 20
"""Events that a rollout shows."""

LEAD = 60.0
"""Seconds before the primary deployment from which on events belong to the rollout."""


async def find_service(access: AwsAccess, ref: Ref, **include: Any) -> Payload:
    """Return what DescribeServices says of a service; raises `NotFound` if it is gone."""
    answer = await access.call(
        ref.scope,
        "ecs",
        "DescribeServices",
        cluster=ref.scope.cluster,
        services=[ref.name],
        **include,
    )
    found = items(answer, "services")
    if not found:
        raise NotFound("ecs:DescribeServices", f"there is no service {ref.name}", "refresh")
    return found[0]


async def follow(access: AwsAccess, ref: Ref, clock: Clock) -> AsyncIterator[Rollout]:
    """Yield the rollout at every look; the last one has settled or failed.

    What fails on the way, but for a missing permission or service, is tried again.
    """
    if ref.kind != "ecs/services":
        raise Invalid("ecs:DescribeServices", f"{ref.name} has no rollout", "choose its service")
    since: float | None = None
    wanted = ""
    while True:
        try:
            service = await find_service(access, ref)
        except (Denied, NotFound, Invalid):
            raise
        except BackendError as error:
            yield _blind(ref, error, clock.now())
        else:
            if since is None:
                since = _beginning(service, clock.now())
                wanted = text(primary(service), "id")
            rollout = to_rollout(ref, service, since, clock.now(), wanted)
            yield rollout
            if rollout.state is not RolloutState.RUNNING:
                return
        await asyncio.sleep(INTERVAL)


def to_rollout(ref: Ref, service: Payload, since: float, now: float, wanted: str = "") -> Rollout:
    """Say where a service's rollout stands.

    `since` is when its events begin to matter, `wanted` the id of the deployment that was the
    primary one at first: where another one has taken its place after a failure, it was rolled
    back.
    """
    deployment = primary(service)
    state = _state(service, deployment)
    events = _events(service, since)
    summary = _summary(service, deployment, state)
    replaced = wanted and text(deployment, "id") != wanted
    if state is RolloutState.SETTLED and replaced and any(_gave_up(e.text) for e in events):
        state, summary = RolloutState.FAILED, f"it failed and was rolled back: {summary}"
    return Rollout(
        ref=ref,
        state=state,
        summary=summary,
        revisions=tuple(_revision(d) for d in items(service, "deployments")),
        events=events,
        at=now,
    )


def _state(service: Payload, deployment: Payload) -> RolloutState:
    """Take ECS's word where it gives one; else see whether the counts have come to rest."""
    said = deployment.get("rolloutState")
    if said == "FAILED":
        return RolloutState.FAILED
    settled = (
        count(service, "runningCount") == count(service, "desiredCount")
        and not count(service, "pendingCount")
        and len(items(service, "deployments")) <= 1
    )
    if settled and said != "IN_PROGRESS":
        return RolloutState.SETTLED
    return RolloutState.RUNNING


def _gave_up(message: str) -> bool:
    return "rolling back" in message or "deployment failed" in message


def _failed_deployment(service: Payload) -> Payload | None:
    """Return a deployment that failed and is being replaced by the one before it."""
    for deployment in items(service, "deployments"):
        if deployment.get("status") != "PRIMARY" and deployment.get("rolloutState") == "FAILED":
            return deployment
    return None


def _summary(service: Payload, deployment: Payload, state: RolloutState) -> str:
    running, desired = count(deployment, "runningCount"), count(deployment, "desiredCount")
    if not deployment:
        running, desired = count(service, "runningCount"), count(service, "desiredCount")
    name = tail(text(deployment, "taskDefinition") or text(service, "taskDefinition"))
    failed = count(deployment, "failedTasks")
    failures = f", {failed} failed" if failed else ""
    reason = text(deployment, "rolloutStateReason")
    if state is RolloutState.FAILED:
        return reason or f"the deployment of {name} failed{failures}"
    if (broken := _failed_deployment(service)) is not None:
        bad = tail(text(broken, "taskDefinition"))
        return f"{bad} failed, rolling back to {name}: {running} of {desired} tasks running"
    if state is RolloutState.SETTLED:
        return f"{running} of {desired} tasks of {name} running"
    pending = count(deployment, "pendingCount")
    starting = f", {pending} starting" if pending else ""
    old = sum(count(d, "runningCount") for d in items(service, "deployments")) - running
    leaving = f", {old} old still running" if old > 0 else ""
    new = "new tasks" if len(items(service, "deployments")) > 1 else "tasks"
    return f"{running} of {desired} {new} running{starting}{failures}{leaving}"


def _revision(deployment: Payload) -> Revision:
    return Revision(
        name=tail(text(deployment, "taskDefinition")),
        role="new" if deployment.get("status") == "PRIMARY" else "old",
        desired=count(deployment, "desiredCount"),
        running=count(deployment, "runningCount"),
        pending=count(deployment, "pendingCount"),
        failed=count(deployment, "failedTasks"),
    )


def _events(service: Payload, since: float) -> tuple[FleetEvent, ...]:
    found: list[FleetEvent] = []
    for event in items(service, "events"):
        at, message = moment(event, "createdAt"), text(event, "message")
        if at is None or at < since or len(found) == EVENTS:
            break
        found.append(FleetEvent(at, gist(message), is_trouble(message)))
    return tuple(found)


def _beginning(service: Payload, now: float) -> float:
    """Return when what is under way began: just before the primary deployment, or now."""
    updated = moment(primary(service), "updatedAt")
    created = moment(primary(service), "createdAt")
    times = [at for at in (created, updated) if at is not None]
    return max(times, default=now) - LEAD


def _blind(ref: Ref, error: BackendError, now: float) -> Rollout:
    """Return a rollout that nothing is known of at the moment."""
    return Rollout(ref, RolloutState.RUNNING, str(error), (), (), now)
