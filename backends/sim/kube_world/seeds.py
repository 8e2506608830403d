"""Pods that were there before anybody looked: their documents are written when asked for."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from backends.sim.kube_world import pods, registry
from backends.sim.kube_world.kubelet import BACKOFF_CAP, ENDS
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc

SeedState: TypeAlias = Literal["running", "crash-loop", "oom", "image-pull"]
"""How a pod is found when the world begins."""


class Place(NamedTuple):
    """A node as its pods know it."""

    name: str
    zone: str
    address: str


class PodSeed(NamedTuple):
    """Everything from which the document of a pod that is there from the start is made."""

    shape: pods.PodShape
    namespace: str
    name: str
    uid: str
    volume: str
    created: float
    place: Place
    ip: str
    state: SeedState = "running"
    restarts: int = 0
    ended: float = 0.0
    """When the last run of the first container ended, where it keeps ending."""
    labels: Doc | None = None
    """More labels than the shape's."""

    def version(self, rv: int) -> Version:
        """Return the stored object, without a document for now."""
        owner = self.shape.owners[0]["uid"]
        return Version.lazy(self.namespace, self.name, self.uid, owner, rv, self.document)

    def document(self, rv: int) -> Doc:
        """Return the pod as an API server keeps it, under resource version `rv`."""
        pod = pods.new_pod(
            self.shape, self.namespace, self.name, self.uid, self.volume, self.created
        )
        pod["metadata"]["resourceVersion"] = str(rv)
        if self.labels:
            pod["metadata"]["labels"] = {**pod["metadata"]["labels"], **self.labels}
        pod = pods.bound(pod, self.place.name, self.place.zone, self.created)
        return pods.reported(
            pod, self.ended or self.created + 2.0, self._statuses(pod),
            host_ip=self.place.address, ip=self.ip,
            phase="Pending" if self.state == "image-pull" else "Running",
        )  # fmt: skip

    def _statuses(self, pod: Doc) -> list[Doc]:
        first, begun = pod["spec"]["containers"][0]["name"], self.created + 1.0
        made = []
        for status in pods.statuses_of(pod):
            troubled = self.state != "running" and status["name"] == first
            if troubled and self.state == "image-pull":
                made.append(_unpulled(pod, status))
                continue
            running = pods.as_running(
                pod, status, begun, ready=True, restart=self.restarts if troubled else 0
            )
            made.append(self._ended(pod, running) if troubled else running)
        return made

    def _ended(self, pod: Doc, running: Doc) -> Doc:
        begun = pods.as_running(pod, running, self.ended - 5.0, ready=False, restart=self.restarts)
        ended = pods.as_terminated(begun, self.ended, *ENDS[self.state])
        where = f"{self.name}_{self.namespace}({self.uid})"
        return pods.as_waiting(
            ended, "CrashLoopBackOff", f"back-off {BACKOFF_CAP:.0f}s restarting failed "
            f"container={running['name']} pod={where}",
        )  # fmt: skip


def _unpulled(pod: Doc, status: Doc) -> Doc:
    image = pods.container_image(pod, status["name"])
    why = f'Back-off pulling image "{image}": ErrImagePull: {registry.refusal(image)}'
    return pods.as_waiting(status, "ImagePullBackOff", why)
