"""A cluster as it is found: nodes, namespaces and workloads that have been there for days."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from backends.sim.blueprint import SimCluster, SimWorkload
from backends.sim.kube_world import (
    autoscaling,
    daemonsets,
    documents,
    endpoints,
    frontends,
    kinds,
    life,
    nodes,
    past,
    pods,
    revisions,
    rollout,
    statefulsets,
)  # fmt: skip
from backends.sim.kube_world.belongings import belongings
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.scheduler import requested
from backends.sim.kube_world.seeds import Place, PodPress, PodSeed, SeedState
from backends.sim.kube_world.store import Version, controller_of
from backends.sim.kube_world.values import Doc, pruned, suffix, template_hash, uid

if TYPE_CHECKING:
    from backends.sim.kube_world.cluster import KubeCluster

DAY = 86400.0
"""Seconds."""


class _Mould(NamedTuple):
    """What a batch of pods is made from."""

    workload: SimWorkload
    press: PodPress
    state: SeedState
    millicores: int


class Layout:
    """Lays one cluster out; used once, when it is made."""

    def __init__(self, cluster: KubeCluster, laid_out: SimCluster, index: int) -> None:
        self._cluster = cluster
        self._laid_out = laid_out
        self._state = cluster.state
        self._rng: random.Random = cluster.state.rng
        self._now = cluster.state.now
        self._index = index
        self._places: list[Place] = []
        self._turn = 0
        self._made: dict[str, list[Version]] = {}

    def build(self) -> None:
        """Fill the cluster's collections."""
        self._nodes()
        self._namespaces()
        for number, workload in enumerate(self._laid_out.workloads):
            self._workload(workload, number)
        for kind, doc in belongings(self._laid_out, self._now, self._cluster.seed):
            self._keep(kind, doc)
        for kind in kinds.KINDS.values():
            self._state.of(kind).load(self._made.get(kind.kind, []))

    def remember(self) -> None:
        """Write the events that pods in trouble have left behind; after `build`."""
        for version in self._state.of(kinds.PODS).select():
            if not version.ready:
                past.recall(self._cluster.recorder, version.doc, self._now)

    def _keep(self, kind: kinds.KubeKind, doc: Doc) -> Doc:
        rv = self._state.versions.tick()
        meta = {**doc["metadata"], "resourceVersion": str(rv)}
        kept = {**doc, "metadata": meta}
        version = Version(
            meta.get("namespace", ""), meta["name"], meta["uid"], controller_of(doc), rv, kept
        )
        self._made.setdefault(kind.kind, []).append(version)
        return kept

    # -- nodes and namespaces ---------------------------------------------------------------

    def _nodes(self) -> None:
        laid_out, count = self._laid_out, self._laid_out.nodes
        cores = sum(w.desired * w.cpu / 1024 for w in laid_out.workloads) / max(count, 1)
        size = nodes.instance_size(max(cores * 1.6, 4))
        for number in range(count):
            address = f"10.{self._index}.{number // 200}.{number % 200 + 10}"
            joined = self._now - self._rng.uniform(2, 30) * DAY
            doc = nodes.node(
                self._rng, laid_out.region, address, size, laid_out.version or "1.36", joined
            )
            doc = nodes.heartbeat(doc, self._now - self._rng.uniform(0, nodes.HEARTBEAT))
            self._keep(kinds.NODES, doc)
            name = doc["metadata"]["name"]
            self._places.append(Place(name, doc["metadata"]["labels"][pods.ZONE], address))
            self._cluster.kubelet.addresses.networks[name] = (
                f"10.{self._index + 100}.{number % 250}"
            )

    def _namespaces(self) -> None:
        names = {"default", "kube-node-lease", "kube-public", "kube-system"}
        names |= {workload.namespace for workload in self._laid_out.workloads}
        for name in sorted(names):
            at = self._now - self._rng.uniform(40, 60) * DAY
            labels = {"kubernetes.io/metadata.name": name}
            meta = documents.metadata(self._rng, name, "", at, labels)
            del meta["generation"]
            fields = {"f:metadata": {"f:labels": fields_of(labels, "labels")}}
            meta["managedFields"] = [managed("kube-apiserver", "v1", at, fields)]
            self._keep(kinds.NAMESPACES, {
                "metadata": meta, "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            })  # fmt: skip

    # -- workloads --------------------------------------------------------------------------

    def _workload(self, workload: SimWorkload, number: int) -> None:
        if workload.incident and workload.incident != "image-pull":
            self._cluster.kubelet.incidents[workload.namespace, workload.name] = workload.incident
        before = len(self._made.get("Pod", ()))
        born = self._now - self._rng.uniform(5, 40) * DAY
        if workload.kind == "statefulset":
            self._stateful_set(workload, born)
        elif workload.kind == "daemonset":
            self._daemon_set(workload, born)
        else:
            self._deployment(workload, born)
        if workload.registered or workload.kind == "statefulset":
            self._service(workload, number, born, self._made.get("Pod", [])[before:])

    def _deployment(self, workload: SimWorkload, born: float) -> None:
        rng = self._rng
        rolled = self._now - rng.uniform(0.1, 4) * DAY
        images = [life.bumped(workload.image, -rng.randint(1, 3)), workload.image]
        sizes, begun = [0, workload.desired], [rolled - 2 * DAY, rolled]
        if workload.incident == "image-pull":
            images.append(f"{workload.image.rpartition(':')[0]}:{life.MISSING_TAG}")
            begun.append(self._now - rng.uniform(900, 2400))
        doc = documents.deployment(rng, workload, images[-1], born)
        doc["metadata"]["generation"] = len(images)
        if len(images) > len(sizes):
            sizes.append(rollout.fenceposts(doc)[0])
        sets = [
            self._replica_set(doc, workload, image, number + 1, size, at)
            for number, (image, size, at) in enumerate(zip(images, sizes, begun, strict=True))
        ]
        doc["metadata"]["annotations"] = {rollout.REVISION: str(len(images))}
        doc = self._keep(kinds.DEPLOYMENTS, self._rolled(doc, sets, begun[-1]))
        if workload.autoscaled:
            self._autoscaler(workload, doc, born)

    def _rolled(self, doc: Doc, sets: list[Doc], begun: float) -> Doc:
        """Return a deployment with the status that it has had for a while.

        A release that can't be pulled never progressed; any other trouble came after it had.
        """
        name = sets[-1]["metadata"]["name"]
        words = ("NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        if _image(sets[-1]).endswith(f":{life.MISSING_TAG}"):
            words = ("NewReplicaSetCreated", f'Created new replica set "{name}"')
        early = rollout.condition("Progressing", "True", *words, begun)
        doc = {**doc, "status": {"conditions": [early]}}
        settled = rollout.status(doc, sets, begun + 30)
        if words[0] == "NewReplicaSetCreated":
            settled = rollout.status({**doc, "status": settled}, sets, self._now)
        return with_status(doc, settled, begun + 30)

    def _replica_set(
        self, deployment: Doc, workload: SimWorkload, image: str, revision: int, size: int,
        at: float,
    ) -> Doc:  # fmt: skip
        template = documents.pod_template(workload, image)
        fields = documents.template_fields(workload)
        doc = documents.replica_set(
            self._rng, deployment, template_hash(template), revision, size, at,
            template=template, fields=fields, generation=1 if size else 3,
        )  # fmt: skip
        state = _found(workload, image)
        shape = self._cluster.replica_sets.shape(doc, fields["f:spec"])
        mould = self._mould(workload, shape, state)
        for _ in range(size):
            self._pod(mould, f"{doc['metadata']['name']}-{suffix(self._rng)}", at)
        ready = size if state == "running" else 0
        status = pruned({
            "replicas": size, "fullyLabeledReplicas": size or None, "readyReplicas": ready or None,
            "availableReplicas": ready or None, "terminatingReplicas": 0,
            "observedGeneration": doc["metadata"]["generation"],
        })  # fmt: skip
        return self._keep(kinds.REPLICA_SETS, with_status(doc, status, at + 5))

    def _stateful_set(self, workload: SimWorkload, born: float) -> None:
        doc = documents.stateful_set(self._rng, workload, workload.image, born)
        revision = self._revision("StatefulSet", doc, born)
        fields = documents.template_fields(workload)["f:spec"]
        shape = statefulsets.pod_shape(doc, revisions.hash_of(revision), fields)
        mould = self._mould(workload, shape, _found(workload, workload.image))
        for ordinal in range(workload.desired):
            self._pod(mould, f"{workload.name}-{ordinal}", born + 30 * ordinal)
        status = statefulsets.status(doc, revision, self._docs(workload.desired), workload.desired)
        self._keep(kinds.STATEFUL_SETS, with_status(doc, status, born + 60))

    def _daemon_set(self, workload: SimWorkload, born: float) -> None:
        doc = documents.daemon_set(self._rng, workload, workload.image, born)
        revision = self._revision("DaemonSet", doc, born)
        fields = documents.template_fields(workload)["f:spec"]
        shape = daemonsets.pod_shape(doc, revisions.hash_of(revision), fields)
        mould = self._mould(workload, shape, _found(workload, workload.image))
        for place in self._places:
            self._pod(mould, f"{workload.name}-{suffix(self._rng)}", born, place)
        count = len(self._places)
        status = daemonsets.status(doc, revision, self._docs(count), count)
        self._keep(kinds.DAEMON_SETS, with_status(doc, status, born + 30))

    def _docs(self, number: int) -> list[Doc]:
        """Return the documents of the pods that were made last."""
        return [version.doc for version in self._made["Pod"][-number:]] if number else []

    def _revision(self, kind: str, doc: Doc, at: float) -> Doc:
        hash_ = template_hash(doc["spec"]["template"])
        return self._keep(
            kinds.CONTROLLER_REVISIONS,
            documents.controller_revision(self._rng, kind, doc, hash_, 1, at),
        )

    # -- pods and what stands before them ---------------------------------------------------

    def _mould(self, workload: SimWorkload, shape: pods.PodShape, state: SeedState) -> _Mould:
        press = PodPress(shape, workload.namespace, state)
        return _Mould(workload, press, state, requested(shape.spec))

    def _pod(self, mould: _Mould, name: str, at: float, place: Place | None = None) -> None:
        rng = self._rng
        if place is None:
            place = self._places[self._turn % len(self._places)]
            self._turn += 1
        restarts, ended = 0, 0.0
        if mould.state in ("crash-loop", "oom"):
            restarts = min(int((self._now - at) / 45), rng.randint(8, 400))
            ended = self._now - rng.uniform(1, 25)
        namespace = mould.workload.namespace
        seed = PodSeed(
            namespace, name, uid(rng), suffix(rng), at + rng.random() * 20, place,
            self._cluster.kubelet.addresses.take(place.name), restarts, ended,
        )  # fmt: skip
        self._cluster.scheduler.occupy(place.name, mould.millicores)
        version = mould.press.version(seed, self._state.versions.tick())
        self._made.setdefault("Pod", []).append(version)
        if mould.workload.incident:
            self._cluster.kubelet.resume(namespace, name, seed.uid)

    def _service(
        self, workload: SimWorkload, number: int, born: float, behind: list[Version]
    ) -> None:
        headless = workload.kind == "statefulset"
        address = f"172.20.{number // 250}.{number % 250 + 5}"
        doc = self._keep(kinds.SERVICES, frontends.service(
            self._rng, workload, address, born, headless=headless
        ))  # fmt: skip
        found = [endpoints.endpoint(version.doc, headless) for version in behind]
        self._keep(kinds.ENDPOINT_SLICES, frontends.endpoint_slice(
            self._rng, doc, found[: endpoints.MOST], born
        ))  # fmt: skip

    def _autoscaler(self, workload: SimWorkload, deployment: Doc, born: float) -> None:
        spread = max(1, workload.desired // 3)
        doc = frontends.autoscaler(
            self._rng, workload, max(workload.desired - spread, 1), workload.desired + spread, born
        )
        wanted = workload.desired
        status = autoscaling.found(doc, deployment, 70, wanted, wanted, self._now)
        doc = with_status(doc, status, self._now, "autoscaling/v2")
        self._keep(kinds.AUTOSCALERS, doc)


def _found(workload: SimWorkload, image: str) -> SeedState:
    """Return how the pods of a workload that run `image` are found."""
    if image.endswith(f":{life.MISSING_TAG}"):
        return "image-pull"
    if workload.incident == "crash-loop":
        return "crash-loop"
    return "oom" if workload.incident == "oom" else "running"


def _image(replica_set: Doc) -> str:
    return str(replica_set["spec"]["template"]["spec"]["containers"][0]["image"])
