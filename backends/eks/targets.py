"""Which pods and containers a log is of, and what they are called in it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backends.eks.containerlog import status_of
from backends.eks.feed import pod_name
from backends.eks.kinds import SPECS
from backends.eks.kinds.pods import PODS
from backends.eks.kinds.podstatus import Pod
from backends.eks.kinds.workloadstatus import DaemonSet, Workload
from backends.eks.reflector import Target
from backends.eks.sink import Connect
from backends.model import LogRequest, Ref
from backends.text import clean


async def target_of(connect: Connect, ref: Ref) -> Target:
    """Return the pods to look at: the one, or all that a workload selects."""
    namespace = ref.scope.namespace
    if ref.kind in {"k8s/pods", "k8s/containers"}:
        return Target(PODS, namespace, fields=f"metadata.name={pod_name(ref)}")
    spec, client = SPECS[ref.kind], await connect()
    body = await client.get(spec.path(namespace, ref.name), spec.act("get", namespace, ref.name))
    obj: Workload | DaemonSet = msgspec.json.decode(body, type=spec.wire)
    return Target(PODS, namespace, labels=obj.spec.selector.query())


def container_of(ref: Ref, request: LogRequest) -> str:
    """Return the one container that is asked for; empty: all of them."""
    if request.container or ref.kind != "k8s/containers":
        return request.container
    return ref.name.partition("/")[2]


def wanted(pod: Pod, only: str, *, single: bool) -> Iterator[str]:
    """Yield the containers to read: `only` that one, if named; of several pods (not `single`)
    init containers only while they run."""
    for container in pod.spec.init_containers:
        status = status_of(pod, container.name)
        done = status is not None and status.state.terminated is not None
        finished = done and status is not None and status.ready
        if only == container.name or (not only and (single or not finished)):
            yield container.name
    for container in pod.spec.containers or ():
        if only in {"", container.name}:
            yield container.name


class Labels:
    """Short names for pods, each another."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._taken: set[str] = set()

    def label(self, pod: Pod) -> str:
        """Return a short name for a pod that no other pod has."""
        name = clean(pod.metadata.name)
        if name not in self._labels:
            short = name.rpartition("-")[2]
            generated = len(short) >= 5 and bool(pod.metadata.owner_references)
            self._labels[name] = short if generated and short not in self._taken else name
            self._taken.add(self._labels[name])
        return self._labels[name]

    def forget(self, pod: Pod) -> None:
        """Let go of a pod that is gone."""
        label = self._labels.pop(clean(pod.metadata.name), "")
        self._taken.discard(label)
