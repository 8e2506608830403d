"""A cluster as it is found: nodes, namespaces and workloads that have been there for days."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from backends.sim.blueprint import SimCluster, SimWorkload
from backends.sim.kube_world import documents, kinds, nodes, pods, rollout
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.replicasets import with_status
from backends.sim.kube_world.scheduler import requested
from backends.sim.kube_world.seeds import Place, PodSeed, SeedState
from backends.sim.kube_world.store import Version, controller_of
from backends.sim.kube_world.values import Doc, pruned, suffix, template_hash, uid

if TYPE_CHECKING:
    from backends.sim.kube_world.cluster import KubeCluster

DAY = 86400.0
MISSING_TAG = "not-built"
"""The tag of images that were rolled out but never pushed."""


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
        for workload in self._laid_out.workloads:
            self._workload(workload)
        for kind in kinds.KINDS.values():
            self._state.of(kind).load(self._made.get(kind.kind, []))

    def _keep(self, kind: kinds.KubeKind, doc: Doc) -> None:
        rv = self._state.versions.tick()
        meta = {**doc["metadata"], "resourceVersion": str(rv)}
        self._made.setdefault(kind.kind, []).append(Version(
            meta.get("namespace", ""), meta["name"], meta["uid"], controller_of(doc), rv,
            {**doc, "metadata": meta},
        ))  # fmt: skip

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
            self._cluster.kubelet.networks[name] = f"10.{self._index + 100}.{number % 250}"

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

    def _workload(self, workload: SimWorkload) -> None:
        if workload.incident:
            self._cluster.kubelet.incidents[workload.namespace, workload.name] = workload.incident
        if workload.kind == "deployment":
            self._deployment(workload)

    def _deployment(self, workload: SimWorkload) -> None:
        rng = self._rng
        born = self._now - rng.uniform(5, 40) * DAY
        rolled = self._now - rng.uniform(0.1, 4) * DAY
        stuck = workload.incident == "image-pull"
        images = [_older(workload.image, 1 + rng.randint(1, 3)), workload.image]
        if stuck:
            images.append(f"{workload.image.rpartition(':')[0]}:{MISSING_TAG}")
        doc = documents.deployment(rng, workload, images[-1], born)
        doc["metadata"]["generation"] = len(images)
        begun = [rolled - 2 * DAY, rolled, self._now - rng.uniform(900, 2400)][: len(images)]
        surge = rollout.fenceposts(doc)[0]
        sizes = [0, workload.desired] if not stuck else [0, workload.desired, surge]
        sets = [
            self._replica_set(doc, workload, image, number + 1, size, at)
            for number, (image, size, at) in enumerate(zip(images, sizes, begun, strict=True))
        ]
        doc["metadata"]["annotations"] = {rollout.REVISION: str(len(images))}
        self._keep(kinds.DEPLOYMENTS, self._reported(doc, sets, begun[-1]))

    def _reported(self, doc: Doc, sets: list[Doc], begun: float) -> Doc:
        """Return a deployment with the status that it has had for a while."""
        name = sets[-1]["metadata"]["name"]
        early = rollout.condition(
            "Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"',
            begun,
        )  # fmt: skip
        doc = {**doc, "status": {"conditions": [early]}}
        settled = rollout.status(doc, sets, begun + 30)
        late = {**doc, "status": settled}
        return with_status(doc, rollout.status(late, sets, self._now), begun + 30)

    def _replica_set(
        self, deployment: Doc, workload: SimWorkload, image: str, revision: int, size: int,
        at: float,
    ) -> Doc:  # fmt: skip
        meta = deployment["metadata"]
        template = documents.pod_template(workload, image)
        hash_ = template_hash(template)
        labels = {**documents.labels_of(workload), rollout.HASH: hash_}
        made = documents.metadata(
            self._rng, f"{workload.name}-{hash_}", workload.namespace, at, labels
        )
        made["generation"] = 1 if size else 3
        made["annotations"] = rollout.size_marks(deployment) | {rollout.REVISION: str(revision)}
        made["ownerReferences"] = [
            pods.owner_reference("Deployment", "apps/v1", meta["name"], meta["uid"])
        ]
        spec = {
            "replicas": size, "selector": {"matchLabels": labels},
            "template": {**template, "metadata": {"labels": labels}},
        }  # fmt: skip
        keep = {k: made[k] for k in ("labels", "annotations", "ownerReferences")}
        fields = {"f:metadata": fields_of(keep), "f:spec": fields_of(spec, "spec")}
        made["managedFields"] = [managed("kube-controller-manager", "apps/v1", at, fields)]
        doc = {"metadata": made, "spec": spec, "status": {"replicas": 0}}
        state = _found(workload, image)
        shape = self._cluster.replica_sets.shape(doc)
        for _ in range(size):
            self._pod(shape, f"{made['name']}-{suffix(self._rng)}", workload, state, at)
        ready = size if state == "running" else 0
        status = pruned({
            "replicas": size, "fullyLabeledReplicas": size or None, "readyReplicas": ready or None,
            "availableReplicas": ready or None, "terminatingReplicas": 0,
            "observedGeneration": made["generation"],
        })  # fmt: skip
        doc = with_status(doc, status, at + 5)
        self._keep(kinds.REPLICA_SETS, doc)
        return doc

    # -- pods -------------------------------------------------------------------------------

    def _pod(
        self, shape: pods.PodShape, name: str, workload: SimWorkload, state: SeedState, at: float,
        place: Place | None = None, labels: Doc | None = None,
    ) -> None:  # fmt: skip
        rng = self._rng
        if place is None:
            place = self._places[self._turn % len(self._places)]
            self._turn += 1
        age = self._now - at
        seed = PodSeed(
            shape, workload.namespace, name, uid(rng), suffix(rng), at + rng.uniform(0, 20), place,
            self._cluster.kubelet.allocate(place.name), state,
            min(int(age / 45), rng.randint(8, 400)) if state in ("crash-loop", "oom") else 0,
            self._now - rng.uniform(1, 25) if state in ("crash-loop", "oom") else 0.0, labels,
        )  # fmt: skip
        self._cluster.scheduler.occupy(place.name, requested(shape.spec))
        self._made.setdefault("Pod", []).append(seed.version(self._state.versions.tick()))
        if workload.incident:
            self._cluster.kubelet.resume(workload.namespace, name, seed.uid)


def _found(workload: SimWorkload, image: str) -> SeedState:
    """Return how the pods of a workload that run `image` are found."""
    if image.endswith(MISSING_TAG):
        return "image-pull"
    if workload.incident == "crash-loop":
        return "crash-loop"
    return "oom" if workload.incident == "oom" else "running"


def _older(image: str, steps: int) -> str:
    """Return the image some minor versions earlier: ``web:1.12.0`` becomes ``web:1.9.0``."""
    repository, _, tag = image.rpartition(":")
    major, minor, patch = tag.split(".")
    return f"{repository}:{major}.{max(int(minor) - steps, 0)}.{int(patch) + 1}"
