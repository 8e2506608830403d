"""Deployments, stateful sets, daemon sets and replica sets as rows: what they want and have."""

from __future__ import annotations

import msgspec

from backends.eks.kinds.pods import images
from backends.eks.kinds.spec import (
    AGE,
    NAME,
    NAMESPACE,
    READY,
    STATUS,
    KindSpec,
    Verdict,
    View,
    owner_refs,
)
from backends.eks.kinds.workloadstatus import (
    DaemonSet,
    Workload,
    judge_daemon_set,
    judge_deployment,
    judge_replica_set,
    judge_stateful_set,
)
from backends.eks.wire import epoch
from backends.model import Cell, Column, Format, Kind, Resource, Verb

REVISION = "deployment.kubernetes.io/revision"
"""The annotation by which a deployment and its newest replica set name the same revision."""

_OPERATE = frozenset({Verb.DESCRIBE, Verb.YAML, Verb.LOGS, Verb.RESTART, Verb.ROLLBACK})
_SCALE = frozenset({Verb.SCALE})


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
        group="apps",
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
