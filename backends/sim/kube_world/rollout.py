"""The arithmetic of a deployment's rolling update, and its status; pure functions on documents.

After Kubernetes' pkg/controller/deployment/util.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from backends.sim.kube_world.values import Doc, parse_stamp, pruned, stamp

REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"


def fenceposts(doc: Doc) -> tuple[int, int]:
    """Return (surge, unavailable): how many pods a rollout may have too many and too few."""
    rolling: Doc = doc["spec"]["strategy"].get("rollingUpdate") or {}
    if doc["spec"]["strategy"]["type"] == "Recreate":
        return 0, 0
    desired = doc["spec"]["replicas"]
    surge = _share(rolling.get("maxSurge", "25%"), desired, up=True)
    unavailable = min(_share(rolling.get("maxUnavailable", "25%"), desired, up=False), desired)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _share(value: Any, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    part = int(value.removesuffix("%")) * total / 100
    return ceil(part) if up else floor(part)


def size_marks(doc: Doc) -> Doc:
    """Return the annotations that tell a replica set how large its deployment is."""
    desired = doc["spec"]["replicas"]
    surge = fenceposts(doc)[0]
    return {DESIRED: str(desired), MAXIMUM: str(desired + surge)}


def revision(replica_set: Doc) -> int:
    """Return the revision that a replica set stands for."""
    return int(replica_set["metadata"].get("annotations", {}).get(REVISION, "0"))


def by_age(sets: list[Doc]) -> list[Doc]:
    """Return replica sets oldest first."""
    return sorted(sets, key=lambda s: (s["metadata"]["creationTimestamp"], s["metadata"]["name"]))


def current_set(doc: Doc, sets: list[Doc]) -> Doc | None:
    """Return the replica set whose template is the deployment's, or None."""
    wanted = doc["spec"]["template"]
    return next((s for s in sets if _plain(s["spec"]["template"]) == _plain(wanted)), None)


def _plain(template: Doc) -> Doc:
    meta = {k: v for k, v in template["metadata"].items() if v is not None}
    labels = {k: v for k, v in meta.get("labels", {}).items() if k != HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


def room_for_new(doc: Doc, total: int, now: int) -> int:
    """Return how many replicas the new set may have, of `total` in all sets at present."""
    desired = doc["spec"]["replicas"]
    if doc["spec"]["strategy"]["type"] == "Recreate":
        return int(desired) if total == now else now
    if now >= desired:
        return int(desired)
    surge = fenceposts(doc)[0]
    return int(now + max(min(desired + surge - total, desired - now), 0))


def scale_downs(doc: Doc, old: list[Doc], current: Doc) -> list[tuple[Doc, int]]:
    """Return which old sets can shrink now, and to how many: first those that do not work."""
    desired = doc["spec"]["replicas"]
    least = desired - fenceposts(doc)[1]
    total = sum(s["spec"]["replicas"] for s in [*old, current])
    unready = current["spec"]["replicas"] - _available(current)
    spare = total - least - unready
    if spare <= 0:
        return []
    sizes = {s["metadata"]["uid"]: s["spec"]["replicas"] for s in old}
    cleaned = 0
    for s in old:
        broken = min(sizes[s["metadata"]["uid"]] - _available(s), spare - cleaned)
        if broken > 0:
            sizes[s["metadata"]["uid"]] -= broken
            cleaned += broken
    surplus = sum(_available(s) for s in [*old, current]) - least
    for s in old:
        step = min(sizes[s["metadata"]["uid"]], max(surplus, 0))
        sizes[s["metadata"]["uid"]] -= step
        surplus -= step
    shrunk = ((s, sizes[s["metadata"]["uid"]]) for s in old)
    return [(s, size) for s, size in shrunk if size != s["spec"]["replicas"]]


def _available(replica_set: Doc) -> int:
    return int(replica_set["status"].get("availableReplicas", 0))


def proportions(doc: Doc, sets: list[Doc], current: Doc | None) -> list[tuple[Doc, int]]:
    """Return what each set gets of a deployment's new size, larger ones first."""
    desired = doc["spec"]["replicas"]
    active = [s for s in sets if s["spec"]["replicas"]]
    if len(active) <= 1:
        only = active[0] if active else current
        return [(only, desired)] if only is not None else []
    if current is not None and _saturated(doc, current):
        return [(s, desired if s is current else 0) for s in active]
    allowed = desired + fenceposts(doc)[0] if desired else 0
    total = sum(s["spec"]["replicas"] for s in active)
    to_add, added = allowed - total, 0
    ordered = sorted(active, key=lambda s: s["spec"]["replicas"], reverse=True)
    sizes: list[int] = []
    for s in ordered:
        size = s["spec"]["replicas"]
        base = int(s["metadata"].get("annotations", {}).get(MAXIMUM, "0")) or total
        share = round(size * allowed / base) - size
        left = to_add - added
        share = min(max(share, 0), left) if to_add > 0 else max(min(share, 0), left)
        added += share
        sizes.append(size + share)
    sizes[0] = max(sizes[0] + to_add - added, 0)
    return list(zip(ordered, sizes, strict=True))


def _saturated(doc: Doc, replica_set: Doc) -> bool:
    desired = doc["spec"]["replicas"]
    marked = replica_set["metadata"].get("annotations", {}).get(DESIRED)
    return bool(
        replica_set["spec"]["replicas"] == desired
        and marked == str(desired)
        and _available(replica_set) == desired
    )


# -- status ---------------------------------------------------------------------------------


def condition(type_: str, status_: str, reason: str, message: str, at: float) -> Doc:
    """Return one condition of a deployment."""
    return {
        "type": type_, "status": status_, "lastUpdateTime": stamp(at),
        "lastTransitionTime": stamp(at), "reason": reason, "message": message,
    }  # fmt: skip


def replaced(conditions: list[Doc], new: Doc) -> list[Doc]:
    """Return conditions with one set: moved to the end where its status or reason changed."""
    old = next((c for c in conditions if c["type"] == new["type"]), None)
    if old is not None and (old["status"], old["reason"]) == (new["status"], new["reason"]):
        return conditions
    if old is not None and old["status"] == new["status"]:
        new = {**new, "lastTransitionTime": old["lastTransitionTime"]}
    return [*(c for c in conditions if c["type"] != new["type"]), new]


def complete(doc: Doc, status_: Doc) -> bool:
    """Return whether every replica is new and available and nothing else is left."""
    desired = doc["spec"]["replicas"]
    return bool(
        status_.get("updatedReplicas", 0) == desired
        and status_.get("replicas", 0) == desired
        and status_.get("availableReplicas", 0) == desired
        and status_.get("observedGeneration", 0) >= doc["metadata"]["generation"]
    )


def deadline(doc: Doc, status_: Doc) -> float | None:
    """Return when a rollout counts as stuck if nothing happens, or None where it can't."""
    progressing = _find(status_.get("conditions", []), "Progressing")
    limit = doc["spec"].get("progressDeadlineSeconds")
    if progressing is None or limit is None:
        return None
    if progressing["reason"] in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
        return None
    return parse_stamp(progressing["lastUpdateTime"]) + float(limit)


def _find(conditions: list[Doc], type_: str) -> Doc | None:
    return next((c for c in conditions if c["type"] == type_), None)


def status(doc: Doc, sets: list[Doc], at: float) -> Doc:
    """Return the status that a deployment has with these replica sets at epoch second `at`."""

    def total(key: str) -> int:
        return sum(s["status"].get(key, 0) for s in sets)

    current = current_set(doc, sets)
    available = total("availableReplicas")
    wanted = sum(s["spec"]["replicas"] for s in sets)
    made = pruned({
        "observedGeneration": doc["metadata"]["generation"],
        "replicas": total("replicas") or None,
        "updatedReplicas": (current["status"]["replicas"] if current else 0) or None,
        "readyReplicas": total("readyReplicas") or None,
        "availableReplicas": available or None,
        "unavailableReplicas": max(wanted - available, 0) or None,
        "terminatingReplicas": total("terminatingReplicas"),
        "collisionCount": doc["status"].get("collisionCount"),
    })  # fmt: skip
    conditions = _progressing(doc, made, current, at)
    enough = available >= doc["spec"]["replicas"] - fenceposts(doc)[1]
    made["conditions"] = replaced(conditions, condition(
        "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", at
    ) if enough else condition(
        "Available", "False", "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.", at,
    ))  # fmt: skip
    return made


def _progressing(doc: Doc, new: Doc, current: Doc | None, at: float) -> list[Doc]:
    """Return the conditions with Progressing brought up to date."""
    conditions: list[Doc] = doc["status"].get("conditions", [])
    before = _find(conditions, "Progressing")
    name = f'ReplicaSet "{current["metadata"]["name"]}"' if current else "Deployment"
    if doc["spec"].get("paused"):
        words = ("DeploymentPaused", "Deployment is paused")
        return replaced(conditions, condition("Progressing", "Unknown", *words, at))
    if before is not None and before["reason"] == "DeploymentPaused":
        words = ("DeploymentResumed", "Deployment is resumed")
        return replaced(conditions, condition("Progressing", "Unknown", *words, at))
    settled = new.get("replicas") == new.get("updatedReplicas")
    if settled and before is not None and before["reason"] == "NewReplicaSetAvailable":
        return conditions
    if complete(doc, new):
        words = ("NewReplicaSetAvailable", f"{name} has successfully progressed.")
        return replaced(conditions, condition("Progressing", "True", *words, at))
    if _moved(doc["status"], new):
        return _refreshed(conditions, before, name, at)
    due = deadline(doc, doc["status"])
    if due is not None and due < at:
        words = ("ProgressDeadlineExceeded", f"{name} has timed out progressing.")
        return replaced(conditions, condition("Progressing", "False", *words, at))
    return conditions


def _refreshed(conditions: list[Doc], before: Doc | None, name: str, at: float) -> list[Doc]:
    """Return the conditions with a fresh Progressing: its clock starts again at each step."""
    new = condition("Progressing", "True", "ReplicaSetUpdated", f"{name} is progressing.", at)
    if before is not None and before["status"] == "True":
        new["lastTransitionTime"] = before["lastTransitionTime"]
    return [*(c for c in conditions if c["type"] != "Progressing"), new]


def _moved(old: Doc, new: Doc) -> bool:
    def get(status_: Doc, key: str) -> int:
        return int(status_.get(key, 0))

    old_left = get(old, "replicas") - get(old, "updatedReplicas")
    new_left = get(new, "replicas") - get(new, "updatedReplicas")
    return new_left < old_left or any(
        get(new, key) > get(old, key)
        for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
