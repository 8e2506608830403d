"""Everything worth knowing of one object: fetched anew, and put into sections."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from backends.base import BackendError, Invalid
from backends.clock import Clock
from backends.eks import generic, sections
from backends.eks.connections import Connections, aws_scope
from backends.eks.feed import pod_name
from backends.eks.kinds import SPECS, KindSpec
from backends.eks.kinds.events import Event, seen
from backends.eks.kinds.workloads import REPLICA_SETS
from backends.eks.rest import KubeClient
from backends.eks.secrets import masked
from backends.eks.wire import Selector
from backends.model import Description, Ref, Resource, Section
from backends.text import clean, clean_block

_MOST_EVENTS = 30
"""Events shown of one object, the latest first."""

_MOST_PODS = 200
"""Pods shown of one node."""


async def describe(
    connections: Connections, resource: Resource, spec: KindSpec | None, clock: Clock
) -> Description:
    """Fetch an object, its events and what belongs to it. Raises `BackendError`.

    `spec` is that of its kind; None: a kind without objects of its own. Values of Secrets are
    left out here, so that no view has them.
    """
    ref = resource.ref
    if ref.kind == "k8s/clusters":
        return await _cluster(connections, resource, clock)
    if spec is None:
        raise Invalid(f"describe {ref.name}", f"there is no kind {ref.kind}", "look at a member")
    client = await connections.client(ref.scope)
    document, events = await asyncio.gather(
        _fetch(client, spec, ref), _events(client, spec, ref, clock.now())
    )
    extra = await _belonging(client, ref, document)
    own = generic.of(document) if spec.offered else sections.of(ref, document)
    made: list[Section] = [*own, *extra, events]
    return Description(ref, tuple(s for s in made if _filled(s)), tidy(document), clock.now())


def _filled(section: Section) -> bool:
    return bool(section.pairs or section.rows or section.lines)


def tidy(value: Any) -> Any:
    """Return a document without managedFields, its texts cleaned but for line breaks."""
    if isinstance(value, dict):
        return {clean(k): tidy(v) for k, v in value.items() if k != "managedFields"}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, str) and not value.isprintable():
        return clean_block(value) + ("\n" if value.endswith("\n") else "")
    return value


async def _fetch(client: KubeClient, spec: KindSpec, ref: Ref) -> Any:
    name = pod_name(ref)
    namespace = ref.scope.namespace
    act = spec.act("get", namespace, name)
    return masked(await client.get_json(spec.path(namespace, name), act))


async def _events(client: KubeClient, spec: KindSpec, ref: Ref, now: float) -> Section:
    """Return what happened to an object, or why that is not known."""
    about = SPECS["k8s/events"]
    namespace = "" if not spec.kind.namespaced else ref.scope.namespace
    wanted = {"involvedObject.kind": spec.object_kind, "involvedObject.name": pod_name(ref)}
    fields = ",".join(f"{key}={value}" for key, value in wanted.items())
    try:
        body = await client.get(
            about.path(namespace), about.act("list", namespace), fieldSelector=fields, limit=500
        )
        found = msgspec.json.decode(body, type=_Events).items
    except BackendError as error:
        return Section("Events", lines=(str(error),))
    except msgspec.MsgspecError as error:
        return Section("Events", lines=(f"they could not be read: {error}",))
    latest = sorted(found, key=lambda event: seen(event) or 0.0, reverse=True)[:_MOST_EVENTS]
    return sections.events(latest, now)


class _Events(msgspec.Struct):
    items: list[Event] = []


async def _belonging(client: KubeClient, ref: Ref, document: Any) -> tuple[Section, ...]:
    """Return a deployment's replica sets, or a node's pods."""
    try:
        if ref.kind == "k8s/deployments":
            return (await _replica_sets(client, ref, document),)
        if ref.kind == "k8s/nodes":
            return (await _node_pods(client, ref),)
    except BackendError as error:
        return (Section("What belongs to it", lines=(str(error),)),)
    return ()


async def _replica_sets(client: KubeClient, ref: Ref, document: Mapping[str, Any]) -> Section:
    selector = msgspec.convert(document["spec"]["selector"], Selector)
    found = await client.get_json(
        REPLICA_SETS.path(ref.scope.namespace),
        REPLICA_SETS.act("list", ref.scope.namespace),
        labelSelector=selector.query(),
    )
    return sections.replica_sets(found.get("items") or [], document["metadata"]["uid"])


async def _node_pods(client: KubeClient, ref: Ref) -> Section:
    pods = SPECS["k8s/pods"]
    found = await client.get_json(
        pods.path(), pods.act("list"), fieldSelector=f"spec.nodeName={ref.name}", limit=_MOST_PODS
    )
    return sections.node_pods(found.get("items") or [])


async def _cluster(connections: Connections, resource: Resource, clock: Clock) -> Description:
    ref, document = resource.ref, resource.raw
    if ref.scope.provider == "eks" and connections.aws is not None:
        answer = await connections.aws.call(
            aws_scope(ref.scope), "eks", "DescribeCluster", name=ref.scope.cluster
        )
        document = answer["cluster"]
    made = sections.cluster(ref, document or {})
    return Description(ref, tuple(s for s in made if _filled(s)), tidy(document), clock.now())
