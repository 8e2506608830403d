"""Going back to an earlier revision of a workload, as ``kubectl rollout undo`` does.

Deployments keep their old templates in replica sets, stateful and daemon sets in controller
revisions. Source: kubectl's `pkg/polymorphichelpers/rollback.go` and `history.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from backends.base import Conflict, Invalid
from backends.differences import differences, variable
from backends.eks.connections import Connections
from backends.eks.errors import Act
from backends.eks.kinds import SPECS, KindSpec
from backends.eks.kinds.workloads import REPLICA_SETS, REVISION
from backends.eks.rest import JSON_PATCH, KubeClient, segment
from backends.eks.wire import Selector
from backends.model import Accepted, Ref, Resource, Rollback, RollbackPlan, Verb
from backends.text import clean

Doc: TypeAlias = Mapping[str, Any]

HASH = "pod-template-hash"
"""The label that a deployment adds to the template of each replica set; taken off again."""

KEPT = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)
"""Annotations that stay as the deployment has them; all others come from the replica set."""

MANAGER = "topdeck"
"""Who changed a field, in managedFields."""


class Past(msgspec.Struct, frozen=True):
    """One revision of a workload."""

    number: int
    name: str
    """Of the replica set or controller revision that keeps it."""
    template: Doc
    source: Doc
    """The object that keeps it."""


class History(msgspec.Struct, frozen=True):
    """A workload and what is known of its past, oldest first."""

    ref: Ref
    owner: Doc
    past: Sequence[Past]

    @property
    def current(self) -> Past:
        """The revision in use; raises `Invalid` where none is known."""
        if not self.past:
            raise Invalid(
                f"roll back {self.ref.name}", "no revision of it is known yet", "try again later"
            )
        return self.past[-1]

    def find(self, number: str) -> Past:
        """Return a revision by its number; raises `Invalid` where it is not kept any more."""
        for past in self.past:
            if str(past.number) == number:
                return past
        raise Invalid(
            f"roll back {self.ref.name}",
            f"revision {number} is not kept any more",
            "spec.revisionHistoryLimit says how many are; deploy that version again",
        )


async def plan(connections: Connections, resource: Resource) -> RollbackPlan:
    """Say what going back would do: to the revision of a replica set, else to the one before.

    Raises `Invalid` where there is nothing to go back to.
    """
    ref = resource.ref
    if ref.kind == "k8s/replicasets":
        owner = next((p for p in resource.parents if p.kind == "k8s/deployments"), None)
        if owner is None:
            raise Invalid(
                f"roll back {ref.name}", "no deployment owns it", "only deployments go back to one"
            )
        history = await _history(await connections.client(ref.scope), owner)
        target = next((p for p in history.past if p.name == ref.name), None)
        if target is None:
            raise Invalid(f"roll back {ref.name}", "it keeps no revision", "choose another one")
    else:
        history = await _history(await connections.client(ref.scope), ref)
        target = history.past[-2] if len(history.past) > 1 else history.current
    current = history.current
    _check(history, target)
    operation = Rollback(
        history.ref, str(current.number), str(target.number), str(history.owner["metadata"]["uid"])
    )
    return RollbackPlan(
        operation,
        f"revision {current.number}",
        f"revision {target.number}",
        _effects(history, target),
        differences(_parts(current.template), _parts(target.template)),
    )


async def perform(connections: Connections, operation: Rollback) -> Accepted:
    """Send the one patch that goes back; it fails on any other spec than was looked at.

    Raises `Conflict` where the workload was made anew or has got another revision since the
    operator was asked, `Invalid` where the revision is gone.
    """
    ref = operation.ref
    client = await connections.client(ref.scope)
    history = await _history(client, ref)
    meta = history.owner["metadata"]
    action = f"roll back {ref.name}"
    if operation.uid and meta["uid"] != operation.uid:
        raise Conflict(action, "it was deleted and made anew", "look at it before trying again")
    if str(history.current.number) != operation.current:
        raise Conflict(
            action,
            f"it is at revision {history.current.number} by now, not {operation.current}",
            "look at what was deployed before trying again",
        )
    target = history.find(operation.to)
    _check(history, target)
    spec = SPECS[ref.kind]
    try:
        _, request = await client.patch(
            spec.path(ref.scope.namespace, ref.name),
            spec.act("patch", ref.scope.namespace, ref.name),
            JSON_PATCH,
            msgspec.json.encode(_patch(spec, history.owner, target)),
            fieldManager=MANAGER,
        )
    except Invalid:
        # Also what a test that fails is answered with, in words that do not say so.
        now = await client.get_json(
            spec.path(ref.scope.namespace, ref.name),
            spec.act("get", ref.scope.namespace, ref.name),
        )
        if _state(now) == _state(history.owner):
            raise
        raise Conflict(
            action, "somebody changed it at the same moment", "look at what was deployed"
        ) from None
    return Accepted(f"revision {operation.current} -> {operation.to} requested", request)


def _state(doc: Doc) -> tuple[Any, Any]:
    """Return what a patch is held to."""
    return doc["metadata"].get("uid"), doc["metadata"].get("generation")


def _check(history: History, target: Past) -> None:
    """Raise `Invalid` where going back to a revision cannot be, or would change nothing."""
    action, owner = f"roll back {history.ref.name}", history.owner
    if owner["spec"].get("paused"):
        raise Invalid(
            action,
            "its rollout is paused",
            f"`kubectl rollout resume deployment/{history.ref.name}`",
        )
    if len(history.past) == 1:
        raise Invalid(action, "it has no earlier revision", "nothing was rolled out before")
    if _bare(target.template) == _bare(owner["spec"]["template"]):
        raise Invalid(
            action, f"its template is that of revision {target.number} already", "choose another"
        )


def _effects(history: History, target: Past) -> tuple[str, ...]:
    owner = history.owner
    count = owner["spec"].get("replicas")
    pods = f"{count} pods" if isinstance(count, int) and count != 1 else "pods"
    if history.ref.kind == "k8s/daemonsets":
        pods = "pods, one on each node,"
    said = [
        f"Its {pods} are replaced by a rollout of the template that {target.name} keeps.",
        "What else was changed in the template since then is undone with it.",
    ]
    strategy = owner["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        said.append("Its update strategy is OnDelete: pods change only as they are deleted.")
    return tuple(said)


def _patch(spec: KindSpec, owner: Doc, target: Past) -> list[dict[str, Any]]:
    """Return the JSON patch that goes back, as kubectl sends it; pure.

    Its tests have the server refuse it where the object is another one by then, or its spec has
    changed; a resourceVersion would also change with every pod that comes or goes meanwhile.
    """
    meta = owner["metadata"]
    patch = [
        {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": meta["generation"]},
        {"op": "replace", "path": "/spec/template", "value": _bare(target.template)},
    ]
    if spec.object_kind == "Deployment":
        own, old = _annotations(owner), _annotations(target.source)
        annotations = {k: v for k, v in own.items() if k in KEPT}
        annotations |= {k: v for k, v in old.items() if k not in KEPT}
        patch.append({"op": "add", "path": "/metadata/annotations", "value": annotations})
    return patch


def _annotations(doc: Doc) -> Doc:
    return doc["metadata"].get("annotations") or {}


def _bare(template: Doc) -> dict[str, Any]:
    """Return a template without the label that its deployment adds, and without nulls."""
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if v is not None}
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k != HASH}
    return {**template, "metadata": {**meta, "labels": labels}}


async def _history(client: KubeClient, ref: Ref) -> History:
    """Fetch a workload and its revisions; raises `Conflict` where its last change is too new."""
    spec = SPECS.get(ref.kind)
    action = f"roll back {ref.name}"
    if spec is None or Verb.ROLLBACK not in spec.kind.verbs:
        raise Invalid(action, f"{ref.kind} have no revisions", "choose the workload")
    space = ref.scope.namespace
    owner = await client.get_json(spec.path(space, ref.name), spec.act("get", space, ref.name))
    seen = (owner.get("status") or {}).get("observedGeneration", 0)
    if seen < owner["metadata"].get("generation", 0):
        raise Conflict(action, "it was changed just now", "wait until that has begun to roll out")
    if spec.object_kind == "Deployment":
        act = REPLICA_SETS.act("list", space)
        found = await client.get_json(REPLICA_SETS.path(space), act, **_selector(owner))
        past = [_from_replica_set(doc) for doc in _owned(found, owner)]
    else:
        path = f"/apis/apps/v1/namespaces/{segment(space)}/controllerrevisions"
        act = Act("list", "controllerrevisions", space)
        found = await client.get_json(path, act, **_selector(owner))
        past = [_from_revision(doc) for doc in _owned(found, owner)]
    return History(ref, owner, sorted(filter(None, past), key=lambda one: one.number))


def _selector(owner: Doc) -> dict[str, str]:
    selector = msgspec.convert(owner["spec"].get("selector") or {}, Selector)
    return {"labelSelector": selector.query()}


def _owned(found: Doc, owner: Doc) -> list[Doc]:
    """Return the objects of a list that an owner controls."""
    uid = owner["metadata"]["uid"]
    return [
        doc
        for doc in found.get("items") or ()
        if any(
            one.get("controller") and one.get("uid") == uid
            for one in doc["metadata"].get("ownerReferences") or ()
        )
    ]


def _from_replica_set(doc: Doc) -> Past | None:
    number = (doc["metadata"].get("annotations") or {}).get(REVISION, "")
    if not number.isdecimal():
        return None
    return Past(int(number), clean(doc["metadata"]["name"]), doc["spec"]["template"], doc)


def _from_revision(doc: Doc) -> Past:
    template = ((doc.get("data") or {}).get("spec") or {}).get("template") or {}
    template = {key: value for key, value in template.items() if key != "$patch"}
    return Past(int(doc["revision"]), clean(doc["metadata"]["name"]), template, doc)


def _parts(template: Doc) -> dict[str, str]:
    """Return what is compared of a pod template, by name."""
    found: dict[str, str] = {}
    spec = template.get("spec") or {}
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        name = container.get("name", "")
        found[f"{name} image"] = str(container.get("image", ""))
        for word, key in (("request", "requests"), ("limit", "limits")):
            for what, amount in ((container.get("resources") or {}).get(key) or {}).items():
                found[f"{name} {what} {word}"] = str(amount)
        for one in container.get("env") or ():
            known = one.get("value", "")
            source = msgspec.json.encode(one["valueFrom"]).decode() if "valueFrom" in one else ""
            value = f"from {source}" if source else variable(str(one["name"]), str(known))
            found[f"{name} variable {one['name']}"] = value
    return found
