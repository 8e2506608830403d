"""Scaling and restarting: what to know before, and the one request that does it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from backends.base import BackendError, Denied, Invalid, NotFound
from backends.clock import Clock
from backends.eks import undo
from backends.eks.connections import Connections
from backends.eks.errors import Act
from backends.eks.kinds import SPECS, KindSpec
from backends.eks.kinds.workloadstatus import Workload
from backends.eks.rest import MERGE_PATCH, STRATEGIC_PATCH, KubeClient, segment
from backends.eks.wire import Condition, Wire
from backends.model import (
    Accepted,
    Autoscaler,
    Operation,
    Problem,
    Ref,
    Resource,
    Restart,
    Rollback,
    Scale,
    ScaleInfo,
    Verb,
)
from backends.text import clean

_T = TypeVar("_T")

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation of the pod template by which ``kubectl rollout restart`` restarts."""

MANAGER = "topdeck"
"""Who changed a field, in managedFields."""


class _Replicas(Wire, frozen=True, gc=False):
    replicas: int = 0


class _Scale(Wire, frozen=True, gc=False):
    """autoscaling/v1 Scale."""

    spec: _Replicas = _Replicas()
    status: _Replicas = _Replicas()


class _Target(Wire, frozen=True, gc=False):
    kind: str = ""
    name: str = ""


class _Metric(Wire, frozen=True, gc=False):
    average_utilization: int | None = None
    average_value: str = ""
    value: str = ""


class _Source(Wire, frozen=True, gc=False):
    name: str = ""
    target: _Metric = _Metric()


class _MetricSpec(Wire, frozen=True, gc=False):
    type: str = ""
    resource: _Source | None = None


class _HpaSpec(Wire, frozen=True, gc=False):
    scale_target_ref: _Target = _Target()
    min_replicas: int = 1
    max_replicas: int = 0
    metrics: tuple[_MetricSpec, ...] = ()


class _HpaStatus(Wire, frozen=True, gc=False):
    conditions: tuple[Condition, ...] = ()


class _HpaMeta(Wire, frozen=True, gc=False):
    name: str = ""


class _Hpa(Wire, frozen=True, gc=False):
    """autoscaling/v2 HorizontalPodAutoscaler."""

    metadata: _HpaMeta = _HpaMeta()
    spec: _HpaSpec = _HpaSpec()
    status: _HpaStatus = _HpaStatus()


class _Hpas(Wire, frozen=True, gc=False):
    items: tuple[_Hpa, ...] = ()


async def scale_info(connections: Connections, resource: Resource) -> ScaleInfo:
    """Fetch the present numbers of a workload and what else sets them."""
    spec, ref = _scalable(resource.ref), resource.ref
    client = await connections.client(ref.scope)
    namespace = ref.scope.namespace
    body, ready, (autoscaler, problem) = await asyncio.gather(
        client.get(
            spec.path(namespace, ref.name, "scale"), spec.act("get", namespace, ref.name, "scale")
        ),
        _ready(client, spec, ref),
        _autoscaler(client, spec, ref),
    )
    scale = _decode(body, _Scale)
    running = scale.status.replicas if ready is None else ready
    return ScaleInfo(
        desired=scale.spec.replicas,
        running=running,
        pending=max(0, scale.status.replicas - running),
        autoscaler=autoscaler,
        problem=problem,
    )


async def _ready(client: KubeClient, spec: KindSpec, ref: Ref) -> int | None:
    """Return how many pods are ready; None where the object itself may not be read."""
    namespace = ref.scope.namespace
    try:
        body = await client.get(
            spec.path(namespace, ref.name), spec.act("get", namespace, ref.name)
        )
    except Denied:
        return None
    return _decode(body, Workload).status.ready_replicas


async def _autoscaler(
    client: KubeClient, spec: KindSpec, ref: Ref
) -> tuple[Autoscaler | None, Problem | None]:
    namespace = ref.scope.namespace
    path = f"/apis/autoscaling/v2/namespaces/{segment(namespace)}/horizontalpodautoscalers"
    try:
        body = await client.get(path, Act("list", "horizontalpodautoscalers", namespace))
        found = _decode(body, _Hpas).items
    except NotFound:
        return None, None
    except BackendError as error:
        return None, error.problem
    for hpa in found:
        target = hpa.spec.scale_target_ref
        if (target.kind, target.name) == (spec.object_kind, ref.name):
            return _described(hpa), None
    return None, None


def _described(hpa: _Hpa) -> Autoscaler:
    notes = [_metric(metric) for metric in hpa.spec.metrics if metric.resource is not None]
    for condition in hpa.status.conditions:
        if condition.type == "ScalingActive" and condition.status == "False":
            suspended = condition.reason == "ScalingDisabled"
            notes.insert(
                0,
                "suspended while scaled to zero"
                if suspended
                else f"does nothing at the moment: {clean(condition.reason)}",
            )
    return Autoscaler(
        name=f"HorizontalPodAutoscaler {clean(hpa.metadata.name)}",
        minimum=hpa.spec.min_replicas,
        maximum=hpa.spec.max_replicas,
        note=", ".join(notes),
    )


def _metric(metric: _MetricSpec) -> str:
    source = metric.resource or _Source()
    if source.target.average_utilization is not None:
        return f"{clean(source.name)} at {source.target.average_utilization}%"
    return f"{clean(source.name)} at {clean(source.target.average_value or source.target.value)}"


async def perform(connections: Connections, operation: Operation, clock: Clock) -> Accepted:
    """Send an operation once. Raises `BackendError`; `Conflict` where the uid is another."""
    if isinstance(operation, Scale):
        return await _scale(connections, operation)
    if isinstance(operation, Rollback):
        return await undo.perform(connections, operation)
    return await _restart(connections, operation, clock)


async def _scale(connections: Connections, operation: Scale) -> Accepted:
    ref, spec = operation.ref, _scalable(operation.ref)
    if operation.desired < 0:
        raise Invalid(f"scale {ref.name}", "less than none", "give a number from 0 up")
    client = await connections.client(ref.scope)
    change = {**_precondition(operation.uid), "spec": {"replicas": operation.desired}}
    _, request = await client.patch(
        spec.path(ref.scope.namespace, ref.name, "scale"),
        spec.act("patch", ref.scope.namespace, ref.name, "scale"),
        MERGE_PATCH,
        msgspec.json.encode(change),
        fieldManager=MANAGER,
    )
    return Accepted(f"{operation.current} -> {operation.desired} requested", request)


async def _restart(connections: Connections, operation: Restart, clock: Clock) -> Accepted:
    ref = operation.ref
    spec = _with_verb(ref, Verb.RESTART, "only deployments, stateful sets and daemon sets roll out")
    now = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    template = {"metadata": {"annotations": {RESTARTED_AT: now}}}
    change = {**_precondition(operation.uid), "spec": {"template": template}}
    client = await connections.client(ref.scope)
    body, request = await client.patch(
        spec.path(ref.scope.namespace, ref.name),
        spec.act("patch", ref.scope.namespace, ref.name),
        STRATEGIC_PATCH,
        msgspec.json.encode(change),
        fieldManager=MANAGER,
    )
    paused = ref.kind == "k8s/deployments" and _paused(body)
    waits = "; its rollout is paused, so it waits for that to be resumed" if paused else ""
    return Accepted(f"restart requested{waits}", request)


def _paused(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=Workload).spec.paused
    except msgspec.MsgspecError:
        return False  # it was accepted all the same


def _precondition(uid: str) -> dict[str, Any]:
    """Return the part of a patch that makes it fail on another incarnation of the name."""
    return {"metadata": {"uid": uid}} if uid else {}


def _scalable(ref: Ref) -> KindSpec:
    return _with_verb(ref, Verb.SCALE, "only deployments, stateful sets and replica sets scale")


def _with_verb(ref: Ref, verb: Verb, remedy: str) -> KindSpec:
    spec = SPECS.get(ref.kind)
    if spec is None or verb not in spec.kind.verbs:
        raise Invalid(f"{verb.value} {ref.name}", f"{ref.kind} has no {verb.value}", remedy)
    return spec


def _decode(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise BackendError("read answer", f"broken: {error}", "try again") from error
