"""Pods that were there before anybody looked: they are written when somebody asks for them.

All pods of one template in one state differ in a dozen words. So the document is made once,
with words that stand for those, and each pod is that document's bytes with its own words in.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import orjson

from backends.sim.kube_world import containers, pods, registry
from backends.sim.kube_world.kubelet import BACKOFF_CAP, ENDS
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc, stamp

SeedState: TypeAlias = Literal["running", "crash-loop", "oom", "image-pull"]
"""How a pod is found when the world begins."""

LAST_RUN = 5.0
"""Seconds that the last run of a container that keeps ending has taken."""


class Place(NamedTuple):
    """A node as its pods know it."""

    name: str
    zone: str
    address: str


class PodSeed(NamedTuple):
    """What tells one pod from the others of its template."""

    namespace: str
    name: str
    uid: str
    volume: str
    """The end of the name of its API token's volume."""
    created: float
    place: Place
    ip: str
    restarts: int = 0
    ended: float = 0.0
    """When the last run of its first container ended, where that keeps ending."""

    @property
    def ordinal(self) -> str:
        """Its number, where it belongs to a stateful set."""
        return self.name.rpartition("-")[2]


_BLANK = PodSeed(
    "", "@name@-@ordinal@", "@uid@", "@volume@", 1e9, Place("@node@", "@zone@", "@host@"), "@ip@",
    123454321, 1.1e9,
)  # fmt: skip


class PodPress:
    """Prints the pods of one template and state."""

    def __init__(self, shape: pods.PodShape, namespace: str, state: SeedState) -> None:
        self._shape = shape
        self._namespace = namespace
        self._state = state
        self._containers = [container["name"] for container in shape.spec["containers"]]
        self._parts: list[bytes] = []
        self._words: list[int] = []

    def version(self, seed: PodSeed, rv: int) -> Version:
        """Return the stored object of a seed; it is printed when somebody asks for it."""
        owner = self._shape.owners[0]["uid"]
        labels = {**self._shape.labels_of(seed.name), pods.ZONE: seed.place.zone}
        return Version.lazy(
            seed.namespace, seed.name, seed.uid, owner, rv, labels, partial(self._print, seed),
            ready=self._state == "running",
        )  # fmt: skip

    def _print(self, seed: PodSeed, rv: int) -> bytes:
        if not self._parts:
            self._cut()
        words = [orjson.dumps(word)[1:-1] for word in self._own_words(seed, rv)]
        made = [self._parts[0]]
        for part, word in zip(self._parts[1:], self._words, strict=True):
            made += (words[word], part)
        return b"".join(made)

    def _cut(self) -> None:
        """Make the document with blank words and cut it where those are."""
        blanks = self._own_words(_BLANK, 987656789)
        whole = orjson.dumps(self._document(_BLANK, "987656789")).decode()
        pattern = "|".join(re.escape(blank) for blank in dict.fromkeys(blanks))
        places = {blank: place for place, blank in reversed(list(enumerate(blanks)))}
        self._words = [places[match[0]] for match in re.finditer(pattern, whole)]
        self._parts = [part.encode() for part in re.split(pattern, whole)]

    def _own_words(self, seed: PodSeed, rv: int) -> list[str]:
        restarts = seed.restarts if self._state in ENDS else 0
        ids = [
            containers.container_id(seed.uid, name, restarts if first else 0)
            for first, name in zip([True, *[False] * 9], self._containers, strict=False)
        ]
        words = [
            seed.name, seed.uid, seed.volume, seed.place.name, seed.place.zone,
            seed.place.address, seed.ip, str(rv), *(stamp(seed.created + n) for n in (0, 1, 2)),
            *ids, seed.ordinal,
        ]  # fmt: skip
        if self._state in ENDS:
            words += [str(restarts), stamp(seed.ended), stamp(seed.ended - LAST_RUN)]
        return words

    def _document(self, seed: PodSeed, rv: str) -> Doc:
        """Return a pod as the API server keeps it."""
        pod = pods.new_pod(
            self._shape, self._namespace, seed.name, seed.uid, seed.volume, seed.created,
            seed.place.name,
        )  # fmt: skip
        pod["metadata"]["resourceVersion"] = rv
        pod = pods.bound(pod, seed.place.name, seed.place.zone, seed.created)
        steps = [("Pending", seed.created + 1, containers.statuses_of(pod))]
        steps.append(("Running", seed.created + 2, self._running(pod, seed.created + 1)))
        if self._state == "image-pull":
            steps[1] = ("Pending", seed.created + 2, self._troubled(pod, seed))
        elif self._state in ENDS:
            steps.append(("Running", seed.ended, self._troubled(pod, seed)))
        for phase, at, statuses in steps:
            pod = pods.reported(
                pod, at, statuses, host_ip=seed.place.address, ip=seed.ip, phase=phase
            )
        return pod

    def _running(self, pod: Doc, at: float) -> list[Doc]:
        return [
            containers.as_running(pod, status, at, ready=True, restart=0)
            for status in containers.statuses_of(pod)
        ]

    def _troubled(self, pod: Doc, seed: PodSeed) -> list[Doc]:
        """Return the statuses where the first container is in trouble and the others run."""
        made = []
        running = self._running(pod, seed.created + 1)
        for waiting, status in zip(containers.statuses_of(pod), running, strict=True):
            if status["name"] != self._containers[0]:
                made.append(status)
            elif self._state == "image-pull":
                made.append(_unpulled(pod, waiting))
            else:
                made.append(self._ended(pod, waiting, seed))
        return made

    def _ended(self, pod: Doc, status: Doc, seed: PodSeed) -> Doc:
        begun = seed.ended - LAST_RUN
        running = containers.as_running(pod, status, begun, ready=False, restart=seed.restarts)
        ended = containers.as_terminated(running, seed.ended, *ENDS[self._state])
        where = f"{seed.name}_{self._namespace}({seed.uid})"
        return containers.as_waiting(
            ended, "CrashLoopBackOff", f"back-off {BACKOFF_CAP:.0f}s restarting failed "
            f"container={status['name']} pod={where}",
        )  # fmt: skip


def _unpulled(pod: Doc, status: Doc) -> Doc:
    image = containers.container_image(pod, status["name"])
    why = f'Back-off pulling image "{image}": ErrImagePull: {registry.refusal(image)}'
    return containers.as_waiting(status, "ImagePullBackOff", why)
