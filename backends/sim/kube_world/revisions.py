"""Controller revisions: the templates that stateful sets and daemon sets have had."""

from __future__ import annotations

from backends.sim.kube_world import documents, kinds
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.values import Doc, template_hash

HASH = "controller-revision-hash"
"""The label by which a pod names the revision that it was made from."""


def update_revision(state: KubeState, owner_kind: str, owner: Doc) -> Doc:
    """Return the revision of an owner's present template, made where it is new.

    A revision that is taken up again gets the highest number, as kubectl's history expects.
    """
    uid = owner["metadata"]["uid"]
    known = [v.doc for v in state.of(kinds.CONTROLLER_REVISIONS).owned(uid)]
    data = {"spec": {"template": {"$patch": "replace", **owner["spec"]["template"]}}}
    highest = max((r["revision"] for r in known), default=0)
    found = next((r for r in known if r["data"] == data), None)
    if found is None:
        hash_ = template_hash(owner["spec"]["template"])
        found = documents.controller_revision(
            state.rng, owner_kind, owner, hash_, highest + 1, state.now
        )
        state.put(kinds.CONTROLLER_REVISIONS, found)
    elif found["revision"] < highest:
        found = {**found, "revision": highest + 1}
        state.put(kinds.CONTROLLER_REVISIONS, found)
    return found


def hash_of(revision: Doc) -> str:
    """Return the hash that pods of a revision carry."""
    return str(revision["metadata"]["labels"][HASH])


def discard(state: KubeState, owner: Doc, kept: set[str]) -> None:
    """Remove the oldest revisions beyond the owner's limit, but none whose name is in `kept`."""
    known = [v.doc for v in state.of(kinds.CONTROLLER_REVISIONS).owned(owner["metadata"]["uid"])]
    idle = sorted(
        (r for r in known if r["metadata"]["name"] not in kept), key=lambda r: int(r["revision"])
    )
    surplus = len(idle) - owner["spec"].get("revisionHistoryLimit", 10)
    for revision in idle[: max(surplus, 0)]:
        meta = revision["metadata"]
        state.remove(kinds.CONTROLLER_REVISIONS, meta["namespace"], meta["name"])
