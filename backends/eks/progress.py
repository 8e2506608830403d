"""Where a rollout stands, told from objects alone: the rules of kubectl rollout status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from backends.eks.kinds.judge import pod_trouble
from backends.eks.kinds.podstatus import Pod, summarise
from backends.eks.kinds.spec import KindSpec
from backends.eks.kinds.workloads import REVISION
from backends.eks.kinds.workloadstatus import DEADLINE, DaemonSet, Workload, condition
from backends.model import Revision, RolloutState
from backends.text import clean

_RUNNING, _SETTLED, _FAILED = RolloutState.RUNNING, RolloutState.SETTLED, RolloutState.FAILED


class Progress(msgspec.Struct, frozen=True):
    """A state and one sentence on it."""

    state: RolloutState
    summary: str


def progress_of(spec: KindSpec, obj: Any) -> Progress:
    """Return where the rollout of a workload of any kind stands."""
    if obj.metadata.generation > obj.status.observed_generation:
        return Progress(_RUNNING, "requested; its controller has not seen it yet")
    match spec.kind.id:
        case "k8s/deployments":
            return _deployment(obj)
        case "k8s/statefulsets":
            return _stateful_set(obj)
        case "k8s/daemonsets":
            return _daemon_set(obj)
    return _replicas(obj)


def _deployment(obj: Workload) -> Progress:
    status, desired = obj.status, obj.spec.replicas
    progressing = condition(status.conditions, "Progressing")
    failure = condition(status.conditions, "ReplicaFailure")
    if progressing is not None and progressing.reason == DEADLINE:
        ready = f"{status.updated_replicas} of {desired} new pods, {status.ready_replicas} ready"
        return Progress(_FAILED, f"progress deadline exceeded ({DEADLINE}): {ready}")
    if failure is not None and failure.status == "True":
        return Progress(_RUNNING, f"pods cannot be made: {clean(failure.message, 300)}")
    if status.updated_replicas < desired:
        held = "its rollout is paused: " if obj.spec.paused else ""
        return Progress(_RUNNING, f"{held}{status.updated_replicas} of {desired} new pods made")
    if status.replicas > status.updated_replicas:
        old = status.replicas - status.updated_replicas
        return Progress(_RUNNING, f"{old} old pod{'s' if old != 1 else ''} still to go")
    if status.available_replicas < desired:
        return Progress(_RUNNING, f"{status.available_replicas} of {desired} new pods available")
    return _replicas(obj)


def _stateful_set(obj: Workload) -> Progress:
    status, desired = obj.status, obj.spec.replicas
    if status.update_revision and status.update_revision != status.current_revision:
        strategy = obj.spec.update_strategy
        if strategy.type == "OnDelete":
            return Progress(_RUNNING, "waits for its pods to be deleted (OnDelete)")
        held = strategy.rolling_update.partition if strategy.rolling_update else 0
        if status.updated_replicas < desired - held:
            return Progress(_RUNNING, f"{status.updated_replicas} of {desired - held} pods updated")
    return _replicas(obj)


def _daemon_set(obj: DaemonSet) -> Progress:
    status = obj.status
    if obj.spec.update_strategy.type == "OnDelete" and status.updated < status.desired:
        return Progress(_RUNNING, "waits for its pods to be deleted (OnDelete)")
    if status.updated < status.desired:
        return Progress(_RUNNING, f"{status.updated} of {status.desired} pods updated")
    if status.available < status.desired:
        return Progress(_RUNNING, f"{status.available} of {status.desired} pods available")
    return Progress(_SETTLED, f"{status.available} of {status.desired} pods available")


def _replicas(obj: Workload) -> Progress:
    status, desired = obj.status, obj.spec.replicas
    if status.replicas > desired:
        return Progress(_RUNNING, f"{status.replicas - desired} pods still to stop")
    if status.ready_replicas < desired:
        return Progress(_RUNNING, f"{status.ready_replicas} of {desired} pods ready")
    return Progress(_SETTLED, f"{status.ready_replicas} of {desired} pods ready")


def trouble_of(spec: KindSpec, obj: Any, sets: Sequence[Workload], pods: Sequence[Pod]) -> str:
    """Return why a pod of the new revision does not run; empty where none is in trouble."""
    if spec.kind.id == "k8s/deployments":
        newest = obj.metadata.annotations.get(REVISION, "")
        new = {s.metadata.uid for s in sets if s.metadata.annotations.get(REVISION, "") == newest}
        pods = [p for p in pods if any(o.uid in new for o in p.metadata.owner_references)]
    elif isinstance(obj, Workload) and obj.status.update_revision:
        revision = obj.status.update_revision
        pods = [p for p in pods if revision.endswith(p.metadata.labels.revision_hash)]
    return next((trouble for pod in pods if (trouble := pod_trouble(pod))), "")


def revisions_of(
    spec: KindSpec, obj: Any, sets: Sequence[Workload], pods: Sequence[Pod]
) -> tuple[Revision, ...]:
    """Return the two sides of a rollout, the new one first; old ones only while they have pods."""
    if spec.kind.id == "k8s/deployments":
        return _of_sets(obj, sets, pods)
    if spec.kind.id == "k8s/replicasets":
        return (_of_pods(obj, obj.metadata.name, "new", obj.spec.replicas, pods),)
    return _of_hashes(obj, pods)


def _of_sets(obj: Workload, sets: Sequence[Workload], pods: Sequence[Pod]) -> tuple[Revision, ...]:
    newest = obj.metadata.annotations.get(REVISION, "")
    made = []
    for owner in sorted(sets, key=_number, reverse=True):
        new = owner.metadata.annotations.get(REVISION, "") == newest
        if new or owner.spec.replicas or owner.status.replicas:
            uid = owner.metadata.uid
            mine = [p for p in pods if any(o.uid == uid for o in p.metadata.owner_references)]
            role = "new" if new else "old"
            made.append(_of_pods(owner, owner.metadata.name, role, owner.spec.replicas, mine))
    return tuple(made)


def _number(owner: Workload) -> int:
    revision = owner.metadata.annotations.get(REVISION, "")
    return int(revision) if revision.isdecimal() else 0


def _of_hashes(obj: Workload | DaemonSet, pods: Sequence[Pod]) -> tuple[Revision, ...]:
    """Tell pods apart by the revision that their controller made them of."""
    desired = obj.spec.replicas if isinstance(obj, Workload) else obj.status.desired
    groups: dict[str, list[Pod]] = {}
    for pod in sorted(pods, key=lambda p: str(p.metadata.creation_timestamp)):
        groups.setdefault(pod.metadata.labels.revision_hash, []).append(pod)
    name = obj.metadata.name
    if isinstance(obj, Workload):
        new = obj.status.update_revision.removeprefix(f"{name}-")
        news = {h: p for h, p in groups.items() if h.removeprefix(f"{name}-") == new}
    else:
        # A daemon set does not say which revision is new: it is that of the latest pod, once
        # there is a pod of it at all.
        latest = max(
            groups, key=lambda h: str(groups[h][-1].metadata.creation_timestamp), default=""
        )
        news = {latest: groups[latest]} if groups and obj.status.updated else {}
    mine = [pod for group in news.values() for pod in group]
    made = [_of_pods(obj, next(iter(news), name), "new", desired, mine)]
    for label, group in groups.items():
        if label not in news:
            made.append(_of_pods(None, label or name, "old", len(group), group))
    return tuple(made)


def _of_pods(
    owner: Workload | DaemonSet | None, name: str, role: str, desired: int, pods: Sequence[Pod]
) -> Revision:
    ready = failed = 0
    for pod in pods:
        summary = summarise(pod)
        if pod.status.phase == "Running" and summary.total and summary.ready == summary.total:
            ready += 1
        elif pod_trouble(pod) or pod.status.phase == "Failed":
            failed += 1
    containers = owner.spec.template.spec.containers if owner is not None else None
    if containers is None and pods:
        containers = pods[0].spec.containers
    return Revision(
        name=clean(name),
        role=role,
        desired=desired,
        running=ready,
        pending=len(pods) - ready - failed,
        failed=failed,
        image=", ".join(clean(c.image) for c in containers or ()),
    )
