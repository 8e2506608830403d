"""Deployments, stateful sets, daemon sets and replica sets as read, and how they are."""

from __future__ import annotations

import msgspec

from backends.eks.kinds.spec import SETTLING, Verdict
from backends.eks.wire import Condition, LabelledMeta, Selector, Template, Wire
from backends.model import Health
from backends.text import clean

DEADLINE = "ProgressDeadlineExceeded"
"""The reason of a deployment's Progressing condition when a rollout has taken too long."""

_SETTLED = "NewReplicaSetAvailable"
"""The reason of that condition when the last rollout is complete."""


class RollingUpdate(Wire, frozen=True, gc=False):
    """The one setting of a rolling update that says when it is complete."""

    partition: int = 0


class UpdateStrategy(Wire, frozen=True, gc=False):
    """The updateStrategy of a stateful or daemon set."""

    type: str = ""
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(Wire, frozen=True, gc=False):
    """The spec of any of the four; what a kind does not have keeps its default."""

    replicas: int = 1
    paused: bool = False
    selector: Selector = Selector()
    template: Template = Template()
    update_strategy: UpdateStrategy = UpdateStrategy()


class WorkloadStatus(Wire, frozen=True, gc=False):
    """The status of deployments, stateful sets and replica sets."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    conditions: tuple[Condition, ...] = ()


class Workload(Wire, frozen=True, gc=False):
    """A deployment, stateful set or replica set."""

    metadata: LabelledMeta = LabelledMeta()
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()


class DaemonStatus(Wire, frozen=True, gc=False):
    """The status of a daemon set."""

    observed_generation: int = 0
    desired: int = msgspec.field(default=0, name="desiredNumberScheduled")
    ready: int = msgspec.field(default=0, name="numberReady")
    available: int = msgspec.field(default=0, name="numberAvailable")
    updated: int = msgspec.field(default=0, name="updatedNumberScheduled")
    misscheduled: int = msgspec.field(default=0, name="numberMisscheduled")


class DaemonSet(Wire, frozen=True, gc=False):
    """A daemon set."""

    metadata: LabelledMeta = LabelledMeta()
    spec: WorkloadSpec = WorkloadSpec()
    status: DaemonStatus = DaemonStatus()


def condition(found: tuple[Condition, ...], kind: str) -> Condition | None:
    """Return the condition of a type."""
    return next((c for c in found if c.type == kind), None)


def short_of(ready: int, desired: int, changed: float, now: float) -> Verdict:
    """Return the verdict on a workload whose rollout is complete, by how many pods it has.

    `changed` is when its spec was last seen to change: just after that, missing pods are on
    their way, and later they are trouble.
    """
    if desired == 0:
        return Verdict(Health.IDLE, "Scaled to zero")
    if ready >= desired:
        return Verdict(Health.OK, "Running")
    reason = f"{ready} of {desired} ready"
    if changed and now < changed + SETTLING:
        return Verdict(Health.PROGRESSING, "Scaling", reason, changed + SETTLING)
    if ready:
        return Verdict(Health.DEGRADED, "Degraded", reason)
    return Verdict(Health.FAILING, "Failing", reason)


def judge_deployment(obj: Workload, changed: float, now: float) -> Verdict:
    """Return how a deployment is, by its counts and conditions."""
    status, desired = obj.status, obj.spec.replicas
    progress = condition(status.conditions, "Progressing")
    failure = condition(status.conditions, "ReplicaFailure")
    ready = status.ready_replicas
    if failure is not None and failure.status == "True":
        health = Health.DEGRADED if ready else Health.FAILING
        return Verdict(health, "ReplicaFailure", clean(failure.message, 300))
    if progress is not None and progress.reason == DEADLINE:
        health = Health.DEGRADED if ready >= desired > 0 else Health.FAILING
        return Verdict(health, DEADLINE, f"progress deadline exceeded: {ready} of {desired} ready")
    if obj.spec.paused:
        verdict = short_of(ready, desired, changed, now)
        return msgspec.structs.replace(verdict, status="Paused", reason="its rollout is paused")
    settled = progress is None or progress.reason == _SETTLED
    rolling = obj.metadata.generation > status.observed_generation or not settled
    if (rolling or status.replicas > status.updated_replicas) and (desired or status.replicas):
        return Verdict(
            Health.PROGRESSING,
            "Rolling out",
            f"{min(status.updated_replicas, desired)} of {desired} updated, {ready} ready",
        )
    if status.replicas > desired:
        return Verdict(Health.PROGRESSING, "Scaling", f"{status.replicas} of {desired} left")
    return short_of(ready, desired, changed, now)


def judge_stateful_set(obj: Workload, changed: float, now: float) -> Verdict:
    """Return how a stateful set is; it has no deadline, so it is never late by itself."""
    status, desired = obj.status, obj.spec.replicas
    behind = obj.metadata.generation > status.observed_generation
    rolling = bool(status.update_revision) and status.current_revision != status.update_revision
    if desired and (behind or (rolling and status.updated_replicas < desired)):
        reason = f"{status.updated_replicas} of {desired} updated, {status.ready_replicas} ready"
        return Verdict(Health.PROGRESSING, "Rolling out", reason)
    if status.replicas > desired:
        return Verdict(Health.PROGRESSING, "Scaling", f"{status.replicas} of {desired} left")
    return short_of(status.ready_replicas, desired, changed, now)


def judge_replica_set(obj: Workload, changed: float, now: float) -> Verdict:
    """Return how a replica set is, by its counts alone."""
    status, desired = obj.status, obj.spec.replicas
    if status.replicas > desired:
        return Verdict(Health.PROGRESSING, "Scaling", f"{status.replicas} of {desired} left")
    return short_of(status.ready_replicas, desired, changed, now)


def judge_daemon_set(obj: DaemonSet, changed: float, now: float) -> Verdict:
    """Return how a daemon set is, by the nodes it should and does run on."""
    status = obj.status
    if obj.metadata.generation > status.observed_generation or status.updated < status.desired:
        reason = f"{status.updated} of {status.desired} updated, {status.ready} ready"
        return Verdict(Health.PROGRESSING, "Rolling out", reason)
    if not status.desired:
        return Verdict(Health.IDLE, "No nodes", "no node matches its selector")
    return short_of(status.ready, status.desired, changed, now)
