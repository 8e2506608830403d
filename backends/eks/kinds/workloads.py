"""Deployments, stateful sets, daemon sets and replica sets: what they want and what they have."""

from __future__ import annotations

import msgspec

from backends.eks.kinds.pods import images
from backends.eks.kinds.spec import (
    AGE,
    NAME,
    NAMESPACE,
    READY,
    SETTLING,
    STATUS,
    KindSpec,
    Verdict,
    View,
    owner_refs,
)
from backends.eks.wire import Condition, LabelledMeta, Selector, Template, Wire, epoch
from backends.model import Cell, Column, Format, Health, Kind, Resource, Verb
from backends.text import clean

REVISION = "deployment.kubernetes.io/revision"
"""The annotation by which a deployment and its newest replica set name the same revision."""

DEADLINE = "ProgressDeadlineExceeded"
"""The reason of a deployment's Progressing condition when a rollout has taken too long."""

_SETTLED = "NewReplicaSetAvailable"
"""The reason of that condition when the last rollout is complete."""

_OPERATE = frozenset({Verb.DESCRIBE, Verb.YAML, Verb.LOGS, Verb.RESTART})
_SCALE = frozenset({Verb.SCALE})


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


def _row(
    obj: Workload | DaemonSet,
    view: View,
    kind: KindSpec,
    verdict: Verdict,
    counts: tuple[int, int, int, int, int],
    extra: tuple[Cell, ...] = (),
) -> tuple[Resource, ...]:
    """Make the one row; `counts` are desired, ready, updated, available and present pods."""
    desired, ready, updated, available, present = counts
    meta = obj.metadata
    view.again(meta, obj, verdict.until)
    ref = view.ref(kind.kind.id, meta.namespace, meta.name)
    created = epoch(meta.creation_timestamp)
    return (
        Resource(
            ref=ref,
            health=verdict.health,
            status=verdict.status,
            reason=verdict.reason,
            cells=(
                ref.name,
                ref.scope.namespace,
                kind.object_kind,
                verdict.status,
                f"{ready}/{desired}",
                updated,
                available,
                created,
                images(obj.spec.template.spec.containers, view),
                *extra,
            ),
            ready=ready,
            desired=desired,
            pending=max(0, present - ready),
            uid=meta.uid,
            created=created,
            parents=owner_refs(meta, view),
            raw=obj,
        ),
    )


def _deployment_rows(obj: Workload, view: View) -> tuple[Resource, ...]:
    verdict = judge_deployment(obj, view.changed_at(obj.metadata), view.now)
    return _row(obj, view, DEPLOYMENTS, verdict, _counts(obj))


def _stateful_set_rows(obj: Workload, view: View) -> tuple[Resource, ...]:
    verdict = judge_stateful_set(obj, view.changed_at(obj.metadata), view.now)
    return _row(obj, view, STATEFUL_SETS, verdict, _counts(obj))


def _replica_set_rows(obj: Workload, view: View) -> tuple[Resource, ...]:
    verdict = judge_replica_set(obj, view.changed_at(obj.metadata), view.now)
    desired, ready, _, available, present = _counts(obj)
    revision = obj.metadata.annotations.get(REVISION, "")
    number = int(revision) if revision.isdecimal() else None
    counts = (desired, ready, present, available, present)
    return _row(obj, view, REPLICA_SETS, verdict, counts, (number,))


def _counts(obj: Workload) -> tuple[int, int, int, int, int]:
    status = obj.status
    return (
        obj.spec.replicas,
        status.ready_replicas,
        status.updated_replicas,
        status.available_replicas,
        status.replicas,
    )


def _daemon_set_rows(obj: DaemonSet, view: View) -> tuple[Resource, ...]:
    status = obj.status
    verdict = judge_daemon_set(obj, view.changed_at(obj.metadata), view.now)
    counts = (status.desired, status.ready, status.updated, status.available, status.desired)
    return _row(obj, view, DAEMON_SETS, verdict, counts)


COLUMNS = (
    NAME,
    NAMESPACE,
    Column("kind", "Kind", wide=True),
    STATUS,
    READY,
    Column("up-to-date", "Up-to-date", Format.NUMBER),
    Column("available", "Available", Format.NUMBER),
    AGE,
    Column("images", "Images", wide=True),
)
"""What all workloads have in common."""


def _kind(name: str, title: str, singular: str, aliases: tuple[str, ...], **more: object) -> Kind:
    settings = {"columns": COLUMNS, "verbs": _OPERATE | _SCALE, "workload": True, **more}
    return Kind(
        id=f"k8s/{name}",
        title=title,
        singular=singular,
        child="k8s/pods",
        aliases=aliases,
        namespaced=True,
        **settings,  # type: ignore[arg-type]
    )


DEPLOYMENTS = KindSpec(
    kind=_kind(
        "deployments", "Deployments", "deployment", ("deployments", "deployment", "deploy", "dp")
    ),
    api="/apis/apps/v1",
    plural="deployments",
    object_kind="Deployment",
    wire=Workload,
    rows=_deployment_rows,
)

STATEFUL_SETS = KindSpec(
    kind=_kind(
        "statefulsets", "Stateful sets", "stateful set", ("statefulsets", "statefulset", "sts")
    ),
    api="/apis/apps/v1",
    plural="statefulsets",
    object_kind="StatefulSet",
    wire=Workload,
    rows=_stateful_set_rows,
)

DAEMON_SETS = KindSpec(
    kind=_kind(
        "daemonsets",
        "Daemon sets",
        "daemon set",
        ("daemonsets", "daemonset", "ds"),
        verbs=_OPERATE,
    ),
    api="/apis/apps/v1",
    plural="daemonsets",
    object_kind="DaemonSet",
    wire=DaemonSet,
    rows=_daemon_set_rows,
)

REPLICA_SETS = KindSpec(
    kind=_kind(
        "replicasets",
        "Replica sets",
        "replica set",
        ("replicasets", "replicaset", "rs"),
        columns=(*COLUMNS, Column("revision", "Revision", Format.NUMBER)),
        verbs=(_OPERATE | _SCALE) - {Verb.RESTART},
        workload=False,
    ),
    api="/apis/apps/v1",
    plural="replicasets",
    object_kind="ReplicaSet",
    wire=Workload,
    rows=_replica_set_rows,
)

WORKLOADS = Kind(
    id="k8s/workloads",
    title="Workloads",
    singular="workload",
    columns=tuple(
        msgspec.structs.replace(column, wide=False) if column.key == "kind" else column
        for column in COLUMNS
    ),
    child="k8s/pods",
    verbs=_OPERATE | _SCALE,
    aliases=("workloads", "workload", "wl"),
    namespaced=True,
    members=("k8s/deployments", "k8s/statefulsets", "k8s/daemonsets"),
    empty="No deployment, stateful set or daemon set is here.",
)
