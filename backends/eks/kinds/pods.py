"""Pods and containers: both are rows made of the same objects."""

from __future__ import annotations

from collections.abc import Iterator

from backends.eks.kinds.judge import CALM, container_trouble, judge_pod
from backends.eks.kinds.podstatus import ContainerStatus, Pod, State, summarise
from backends.eks.kinds.spec import (
    AGE,
    NAME,
    NAMESPACE,
    OWNER_KINDS,
    READY,
    STATUS,
    KindSpec,
    Verdict,
    View,
    owner,
)
from backends.eks.wire import Container, epoch
from backends.model import Column, Format, Health, Kind, Link, Ref, Resource, Verb
from backends.text import clean

_LOOK = frozenset({Verb.DESCRIBE, Verb.YAML, Verb.LOGS})


def pod_parents(pod: Pod, view: View) -> tuple[Ref, ...]:
    """Return what a pod can be drilled to from: its owner, its deployment, its node."""
    meta = pod.metadata
    found = owner(meta)
    key = (
        meta.namespace,
        found.kind if found is not None else "",
        found.name if found is not None else "",
        meta.labels.template_hash,
    )
    owners = view.parents.get(key)
    if owners is None:
        owners = view.remember(key, tuple(_owners(view, *key)))
    # A replica set's pods are spread over the nodes: each pair of both is hardly met twice.
    node = pod.spec.node_name
    return (*owners, view.ref("k8s/nodes", "", node)) if node else owners


def _owners(
    view: View, namespace: str, owner_kind: str, name: str, template_hash: str
) -> Iterator[Ref]:
    kind = OWNER_KINDS.get(owner_kind)
    if kind is not None:
        yield view.ref(kind, namespace, name)
        suffix = f"-{template_hash}"
        if kind == "k8s/replicasets" and template_hash and name.endswith(suffix):
            yield view.ref("k8s/deployments", namespace, name.removesuffix(suffix))


def _pod_rows(pod: Pod, view: View) -> tuple[Resource, ...]:
    meta, status = pod.metadata, pod.status
    summary = summarise(pod)
    verdict = judge_pod(pod, summary, view.now)
    view.again(meta, pod, verdict.until)
    name = clean(meta.name)
    ip = view.text(status.pod_ip) if pod.spec.host_network else clean(status.pod_ip)
    created = epoch(meta.creation_timestamp)
    scope = view.at(meta.namespace)
    # A pod on its host's network has the address of a node, which says nothing of the pod.
    own = (ip,) if ip and not pod.spec.host_network else ()
    return (
        Resource(
            ref=Ref(scope, "k8s/pods", name),
            health=verdict.health,
            status=verdict.status,
            reason=verdict.reason,
            cells=(
                name,
                scope.namespace,
                f"{summary.ready}/{summary.total}",
                verdict.status,
                summary.restarts,
                epoch(summary.restarted),
                created,
                ip or None,
                view.text(pod.spec.node_name) or None,
                images(pod.spec.containers, view),
            ),
            ready=summary.ready,
            desired=summary.total,
            uid=meta.uid,
            created=created,
            parents=pod_parents(pod, view),
            links=(Link("Cloud Map instance", ("cloudmap/instances",), view.aws, addresses=own),)
            if own
            else (),
            addresses=own,
            raw=meta.resource_version,
        ),
    )


def images(containers: tuple[Container, ...] | None, view: View) -> str:
    """Return the images of containers, one after the other."""
    found = containers or ()
    if len(found) == 1:
        return view.text(found[0].image)
    return ", ".join(view.text(container.image) for container in found)


PODS = KindSpec(
    kind=Kind(
        id="k8s/pods",
        title="Pods",
        singular="pod",
        columns=(
            NAME,
            NAMESPACE,
            READY,
            STATUS,
            Column("restarts", "Restarts", Format.NUMBER),
            Column("restarted", "Restarted", Format.AGE, wide=True),
            AGE,
            Column("ip", "IP"),
            Column("node", "Node"),
            Column("images", "Images", wide=True),
        ),
        child="k8s/containers",
        verbs=_LOOK,
        aliases=("pods", "pod", "po"),
        namespaced=True,
        empty="No pod runs here.",
    ),
    api="/api/v1",
    plural="pods",
    object_kind="Pod",
    wire=Pod,
    rows=_pod_rows,
)


def _container_rows(pod: Pod, view: View) -> tuple[Resource, ...]:
    statuses = {
        s.name: s for s in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    }
    own = view.ref("k8s/pods", pod.metadata.namespace, pod.metadata.name)
    parents = (own, *pod_parents(pod, view))
    rows, again = [], []
    for role, containers in (("init", pod.spec.init_containers), ("", pod.spec.containers or ())):
        for container in containers:
            status = statuses.get(container.name, ContainerStatus(container.name))
            part = "sidecar" if role and container.restart_policy == "Always" else role
            verdict = judge_container(status, part, view.now)
            again.append(verdict.until)
            rows.append(_container_row(pod, container, status, part, verdict, parents, view))
    view.again(pod.metadata, pod, min((t for t in again if t is not None), default=None))
    return tuple(rows)


def judge_container(status: ContainerStatus, role: str, now: float) -> Verdict:
    """Return how one container is; `role` is ``init``, ``sidecar`` or empty."""
    state = status.state
    trouble = container_trouble(status)
    word = state_word(state)
    if trouble:
        return Verdict(Health.FAILING, word, trouble)
    if state.terminated is not None:
        return Verdict(Health.IDLE, word)
    if state.running is None:
        return Verdict(Health.PROGRESSING, word)
    last = status.last_state.terminated
    if last is not None and last.finished_at is not None:
        calm = last.finished_at.timestamp() + CALM
        if now < calm:
            return Verdict(Health.DEGRADED, word, f"{clean(last.word)} a moment ago", calm)
    if not status.ready and role != "init":
        return Verdict(Health.PROGRESSING, word, "not ready yet")
    return Verdict(Health.OK, word)


def state_word(state: State) -> str:
    """Return a container's state in a word: its reason, or ``Running`` or ``Waiting``."""
    if state.waiting is not None:
        return clean(state.waiting.reason or "Waiting")
    if state.terminated is not None:
        return clean(state.terminated.word)
    return "Running" if state.running is not None else "Waiting"


def _container_row(
    pod: Pod,
    container: Container,
    status: ContainerStatus,
    role: str,
    verdict: Verdict,
    parents: tuple[Ref, ...],
    view: View,
) -> Resource:
    ended = status.state.terminated or status.last_state.terminated
    running = status.state.running
    started = epoch(running.started_at) if running is not None else None
    name, pod_name = clean(container.name), clean(pod.metadata.name)
    return Resource(
        ref=Ref(view.at(pod.metadata.namespace), "k8s/containers", f"{pod_name}/{name}"),
        health=verdict.health,
        status=verdict.status,
        reason=verdict.reason,
        cells=(
            name,
            pod_name,
            verdict.status,
            "yes" if status.ready else "no",
            status.restart_count,
            ended.exit_code if ended is not None else None,
            clean(ended.word) if ended is not None else None,
            started,
            view.text(container.image),
            role or None,
            view.at(pod.metadata.namespace).namespace,
        ),
        ready=int(status.ready),
        desired=1,
        uid=f"{pod.metadata.uid}/{name}",
        created=started,
        parents=parents,
        raw=pod.metadata.resource_version,
    )


CONTAINERS = KindSpec(
    kind=Kind(
        id="k8s/containers",
        title="Containers",
        singular="container",
        columns=(
            NAME,
            Column("pod", "Pod"),
            STATUS,
            Column("is-ready", "Ready"),
            Column("restarts", "Restarts", Format.NUMBER),
            Column("exit", "Exit", Format.NUMBER),
            Column("ended", "Last end"),
            AGE,
            Column("image", "Image"),
            Column("role", "Role", wide=True),
            Column("namespace", "Namespace", wide=True),
        ),
        verbs=_LOOK,
        aliases=("containers", "container", "co"),
        namespaced=True,
    ),
    api="/api/v1",
    plural="pods",
    object_kind="Pod",
    wire=Pod,
    rows=_container_rows,
)
